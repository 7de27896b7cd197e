"""The text that a model is calibrated with: plain texts, and rows of data sets as the model would see them.

A row of JSON holds a text, a prompt and its completion, or a conversation, which is written by the model's
own chat template. Knows no engine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from workbench.chat.template import render
from workbench.errors import InvalidRequest, WorkbenchError
from workbench.gguf import Header
from workbench.models.token_names import special_tokens
from workbench.openai_dialect.chat_message import ChatMessage, to_conversation
from workbench.openai_dialect.chat_tools import ChatTool, to_tools

_MOST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Corpus:
    """`special`: it holds control tokens that are to be read as such."""

    name: str
    text: str = field(repr=False)
    special: bool = False

    @property
    def digest(self) -> str:
        """The SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class Row(msgspec.Struct, kw_only=True):
    """A line of a data set; what else it holds is passed over."""

    text: str | None = None
    prompt: str | None = None
    completion: str | None = None
    messages: list[ChatMessage] | None = None
    tools: list[ChatTool] | None = None


_rows = msgspec.json.Decoder(Row)


def corpus(texts: Sequence[tuple[str, str]], datasets: Sequence[Path], header: Header) -> Corpus:
    """All of them in order, one below the other. Raises InvalidRequest, with the line that is at fault."""
    parts, special = [content.removesuffix("\n") for _, content in texts], False
    for path in datasets:
        for text, is_chat in _texts(path, header):
            parts.append(text)
            special = special or is_chat
    names = [*(name for name, _ in texts), *map(str, datasets)]
    return Corpus(", ".join(names), "\n".join(parts), special)


def _texts(path: Path, header: Header) -> Iterator[tuple[str, bool]]:
    """Each row's text, and whether it is a conversation."""
    number = 0
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            row = _rows.decode(line)
            yield _text(row, header), row.messages is not None
        except (msgspec.DecodeError, WorkbenchError, UnicodeDecodeError, RecursionError) as error:
            reason = error.message if isinstance(error, WorkbenchError) else f"{error}"
            raise InvalidRequest(
                f"Line {number} of {path} cannot be used: {reason.rstrip('.')}.",
                "Each line is JSON with messages, with text, or with prompt and completion.",
            ) from error
    if not number:
        raise InvalidRequest(f"{path} is empty.", "Give a file with a row of JSON on each line.")


def _lines(path: Path) -> list[bytes]:
    try:
        with open(path, "rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    if len(content) > _MOST_BYTES:
        raise InvalidRequest(f"{path} holds more than 1 GiB.", "A few megabytes are enough.")
    return content.splitlines()


def _text(row: Row, header: Header) -> str:
    if row.messages is not None:
        conversation = to_conversation(row.messages, to_tools(row.tools or (), ()))
        if conversation.media:
            raise InvalidRequest("it holds pictures or sound")
        return render(header.chat_template, conversation, special_tokens(header), asks=False)
    if row.text is not None:
        return row.text
    if row.prompt is not None and row.completion is not None:
        return row.prompt + row.completion
    raise InvalidRequest("it has none of these fields")
