"""Files that are one JSON document: a list of rows, an object that holds one, or a single row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from workbench.datasets.reading.encodings import UTF_8
from workbench.datasets.reading.lines import Read
from workbench.datasets.reading.source import Source, open_plain
from workbench.datasets.strict_json import Unreadable, decode

MOST_DOCUMENT_BYTES = 2 << 30
_HOLDERS = ("data", "rows", "train", "examples", "items")
_listed = msgspec.json.Decoder(list[msgspec.Raw])


def read_document(source: Source) -> Iterator[Read]:
    """The rows by number. The file is held whole, its rows one at a time."""
    with open_plain(source.path) as file:
        content = file.read(MOST_DOCUMENT_BYTES + 1)
    if len(content) > MOST_DOCUMENT_BYTES:
        reason = f"The document is larger than {MOST_DOCUMENT_BYTES >> 30} GiB; JSONL may be of any size."
        yield 1, Unreadable("length", reason)
        return
    if source.encoding not in UTF_8:
        content = content.decode(source.encoding, "replace").encode()
    content = content.removeprefix("\ufeff".encode())
    try:
        rows = _listed.decode(content)
    except (msgspec.DecodeError, RecursionError):
        yield from _single(content)
        return
    for number, raw in enumerate(rows, 1):
        yield number, _value(bytes(raw))


def _single(content: bytes) -> Iterator[Read]:
    value = _value(content)
    held = (
        next((value[name] for name in _HOLDERS if name in value), None) if isinstance(value, dict) else None
    )
    if isinstance(held, list) and all(isinstance(one, dict) for one in held):
        yield from enumerate(held, 1)
    else:
        yield 1, value


def _value(raw: bytes) -> Any:
    try:
        return decode(raw)
    except Unreadable as unreadable:
        return unreadable
