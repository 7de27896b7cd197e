"""The bodies of POST /tokenize, /detokenize and /apply-template, as llama-server has them.

`model` may be left out where one model is served.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from workbench.openai_dialect.chat_request import ChatRequest
from workbench.openai_dialect.texts_or_tokens import Token


class TokenizeRequest(Struct, kw_only=True):
    """A text, or a list in which texts and tokens take turns.

    `add_special` adds what the model begins and ends texts with; `parse_special` reads control tokens.
    """

    model: str = ""
    content: str | list[str | Token]
    add_special: bool = False
    parse_special: bool = True
    with_pieces: bool = False


class TokenPiece(Struct):
    """A token and the text that it stands for, or its bytes where they are no whole characters."""

    id: int
    piece: str | list[int]


class TokenList(Struct):
    """The tokens."""

    tokens: Sequence[int | TokenPiece]


class DetokenizeRequest(Struct, kw_only=True):
    """Tokens whose text is wanted."""

    model: str = ""
    tokens: list[Token]


class TokenText(Struct):
    """The text; control tokens are written by their names."""

    content: str


class TemplateRequest(ChatRequest, kw_only=True):
    """A chat request that is not answered, only written as the model would read it."""

    model: str = ""


class RenderedPrompt(Struct):
    """The prompt."""

    prompt: str


def token_pieces(tokens: Sequence[int], pieces: Sequence[bytes]) -> list[TokenPiece]:
    return [TokenPiece(token, _readable(piece)) for token, piece in zip(tokens, pieces, strict=True)]


def _readable(piece: bytes) -> str | list[int]:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return list(piece)
