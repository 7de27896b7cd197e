"""Models of random weights that cost llama.cpp what a model costs of which only the header is here."""
