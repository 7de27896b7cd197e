"""Models as transformers saves them, made into GGUF files: weights, tokenizer, chat templates and metadata.

A family of models is one small file in families/. Knows no engine, no command and no download; nothing in a
model's folder is ever executed.
"""
