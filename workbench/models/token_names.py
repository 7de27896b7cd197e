"""The names of a model's control tokens, from its header alone."""

from __future__ import annotations

from workbench.gguf import Header

_OWN_TYPES = (3, 4)
"""GGUF's numbers for control tokens and for tokens that were added."""


def special_tokens(header: Header) -> dict[str, str]:
    """Texts that the model's chat template may name: {"bos_token": "<s>"}."""
    names = {"bos_token": "bos", "eos_token": "eos"}
    numbers = {name: header.number(f"tokenizer.ggml.{key}_token_id") for name, key in names.items()}
    tokens = _list(header, "tokens")
    return {
        name: str(tokens[number])
        for name, number in numbers.items()
        if number is not None and 0 <= number < len(tokens)
    }


def own_tokens(header: Header) -> dict[str, int]:
    """Tokens that stand for themselves and not for text, by name."""
    pairs = zip(_list(header, "tokens"), _list(header, "token_type"), strict=False)
    return {str(name): number for number, (name, kind) in enumerate(pairs) if kind in _OWN_TYPES}


def _list(header: Header, key: str) -> list[object]:
    found = header.metadata.get(f"tokenizer.ggml.{key}")
    return [] if found is None or isinstance(found, str | int | float) else list(found)
