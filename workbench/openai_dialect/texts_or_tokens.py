"""What several routes take as texts: one, or several, each as a string or as its tokens."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from workbench.openai_dialect.parameter_errors import InvalidParameter

Token = Annotated[int, Meta(ge=0, le=2**31 - 1)]
TextsOrTokens = str | list[str | Token | list[Token]]


def texts_or_tokens(given: TextsOrTokens, param: str) -> list[str | tuple[int, ...]]:
    """One entry for each text; a list of numbers is one text. Raises InvalidParameter."""
    if isinstance(given, str):
        return [given]
    if not given:
        raise InvalidParameter(f"{param} is empty.", "Send a text, tokens, or a list of either.", param)
    tokens = tuple(token for token in given if isinstance(token, int))
    if len(tokens) == len(given):
        return [tokens]
    texts = [text if isinstance(text, str) else tuple(text) for text in given if not isinstance(text, int)]
    if tokens or len({type(text) for text in texts}) > 1:
        raise InvalidParameter(f"{param} mixes texts and tokens.", "Send a list of one kind.", param)
    return texts
