"""What is made of one document, or why nothing can be. Plain values, which cross a pipe."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

DocumentLayout = Literal["pdf", "docx", "html", "markdown", "text"]

MOST_BYTES = 512 << 20
MOST_CHARACTERS = 64 << 20


class Document(Struct, frozen=True, tag=True, omit_defaults=True):
    """The text, and the pages, counted from 1, on which there is none."""

    text: str
    title: str = ""
    empty_pages: tuple[int, ...] = ()


class Refusal(Struct, frozen=True, tag=True):
    """The rule that the document breaks, and a sentence."""

    rule: str
    reason: str


class Refused(Exception):
    """Raised where a document is read."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(rule, reason)
        self.refusal = Refusal(rule, reason)


NO_TEXT = Refused("no-text", "It holds no text.")
