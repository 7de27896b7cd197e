"""Texts that a command is given: on the command line, on standard input or in files. Knows no model."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench import wording
from workbench.cli import output
from workbench.errors import InvalidRequest

MOST_BYTES = 16 << 20
"""No single text is longer; tokenizing takes many times its size in memory."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text and where it came from, "" for the command line and standard input."""

    source: str
    content: str


def given_texts(text: str | None, files: Sequence[str]) -> Iterator[Text]:
    """The files, or the text; where it is missing or "-", standard input."""
    for file in files:
        yield _decoded(file, _read(file))
    if files:
        return
    if text is None or text == "-":
        yield _decoded("", _bounded("Standard input", sys.stdin.buffer.read(MOST_BYTES + 1)))
    else:
        yield _decoded("", text.encode(errors="surrogateescape"))


def _read(file: str) -> bytes:
    try:
        with Path(file).open("rb") as stream:
            return _bounded(file, stream.read(MOST_BYTES + 1))
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be read: {error.strerror}.", "Check the path.") from error


def _bounded(source: str, content: bytes) -> bytes:
    if len(content) > MOST_BYTES:
        raise InvalidRequest(
            f"{source} holds more than {wording.size(MOST_BYTES)}.", "Divide it, and count the parts."
        )
    return content


def _decoded(source: str, content: bytes) -> Text:
    try:
        return Text(source, content.decode())
    except UnicodeDecodeError:
        output.note(f"{source or 'The text'} is not all UTF-8; what is not was replaced.")
        return Text(source, content.decode(errors="replace"))
