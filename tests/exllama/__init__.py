"""The tests of the exllama backend."""
