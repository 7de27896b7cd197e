"""`normalise`: the same text in the same bytes, and conversations that end with an answer."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

import msgspec

from workbench.conversation import Message
from workbench.datasets.findings import Findings
from workbench.datasets.operation import RowOperation
from workbench.datasets.row import Rejection, Row


@dataclass
class Normalise(RowOperation):
    """Ends lines with a line feed, takes white space off both ends, and composes letters (NFC).

    Empty system messages and the turns after the last answer are left out, and told of.
    """

    strip: bool = True
    cut_unanswered: bool = True

    def apply(self, row: Row, findings: Findings) -> Row | Rejection:
        if row.messages:
            return self._chat(row, findings)
        if row.text:
            return msgspec.structs.replace(row, text=self._text(row.text))
        return msgspec.structs.replace(
            row,
            **{
                name: tuple(map(self._message, getattr(row, name)))
                for name in ("prompt", "chosen", "rejected", "completion")
            },
        )

    def _chat(self, row: Row, findings: Findings) -> Row:
        messages = row.messages
        if self._changes(messages) and not row.images:
            messages = tuple(map(self._message, messages))
        kept = len(messages)
        if self.cut_unanswered:
            while kept and messages[kept - 1].role != "assistant":
                kept -= 1
        first = 1 if kept and messages[0].role == "system" and not messages[0].content else 0
        if 0 < kept < len(messages):
            findings.add(
                "unanswered", "note", "The turns after the last answer are left out.",
                row.origin, "Set normalise.cut_unanswered to false to keep them.",
            )  # fmt: skip
        if messages is row.messages and not first and (kept == len(messages) or not kept):
            return row
        chosen = slice(first, kept or None)
        images = tuple(
            msgspec.structs.replace(image, message=image.message - first)
            for image in row.images
            if first <= image.message < (kept or len(messages))
        )
        return msgspec.structs.replace(
            row, messages=messages[chosen], weights=row.weights[chosen], images=images
        )

    def _changes(self, messages: tuple[Message, ...]) -> bool:
        return any(self._text(message.content) is not message.content for message in messages)

    def _message(self, message: Message) -> Message:
        text = self._text(message.content)
        return message if text is message.content else replace(message, content=text)

    def _text(self, text: str) -> str:
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if not text.isascii() and not unicodedata.is_normalized("NFC", text):
            text = unicodedata.normalize("NFC", text)
        return text.strip() if self.strip else text
