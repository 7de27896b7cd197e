"""Tokenizers as transformers saves them, made into what GGUF says of a vocabulary."""
