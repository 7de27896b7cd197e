"""A file of rows or a document: its kind, what it hashes to, and the parts in which it is read.

Parts of a file of lines end where lines end, and know the number of their first line, so that each can be
read without the others. Other files are one part each.
"""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal, cast, get_args

import xxhash
from msgspec import Struct

from workbench.datasets.documents.document import DocumentLayout
from workbench.datasets.reading.encodings import HEAD_BYTES, UTF_8, encoding_of, encoding_of_html
from workbench.errors import InvalidRequest

Layout = Literal["lines", "document", "table", "parquet", "history"] | DocumentLayout
PART_BYTES = 32 << 20
_SMALL_PARTS, _LEAST_PART_BYTES = 64, 256 << 10
_BLOCK_BYTES = 1 << 18
_BUFFER_BYTES = 1 << 16
ROWS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
DOCUMENTS: dict[str, DocumentLayout] = {
    **dict.fromkeys((".pdf",), "pdf"),
    **dict.fromkeys((".docx", ".docm", ".dotx", ".dotm"), "docx"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    **dict.fromkeys((".md", ".markdown"), "markdown"),
    **dict.fromkeys((".txt", ".text"), "text"),
}
"""By the ending of the name, in lower case; ROWS are the endings of files of rows."""
_BINARY = ("parquet", "history", "pdf", "docx")
_TABLES = (".csv", ".tsv")
_OBJECTS = re.compile(r"\[?\s*\{\s*[\"}]")
"""How JSON begins in a file that is called plain text."""
_KINDS = "Give JSONL, JSON, CSV, TSV, Parquet, PDF, DOCX, HTML, Markdown or plain text."


class Source(Struct, frozen=True):
    """One input: its path as it was named, its size and hash (XXH3, 128 bits), and how to read it."""

    path: str
    layout: Layout
    encoding: str
    size_bytes: int
    digest: str


class Part(Struct, frozen=True):
    """Bytes `start` to `end` of the source of that index; `first_line` counts from 1."""

    source: int
    start: int
    end: int
    first_line: int = 1


def survey(path: Path, index: int, *, small_parts: bool = False) -> tuple[Source, list[Part]]:
    """Read the file once. Raises InvalidRequest where that cannot be, and for an empty one of rows.

    Small parts are for rows that take long, so that all processes have some.
    """
    try:
        with open_plain(path) as file:
            head = file.read(HEAD_BYTES)
        layout = _layout(path, head)
        encoding = "" if layout in _BINARY else encoding_of(head)
        if layout == "html":
            encoding = encoding_of_html(head)
        splits = layout == "lines" and encoding in UTF_8 and not is_compressed(path)
        size = path.stat().st_size
        part_bytes = (
            min(PART_BYTES, max(size // _SMALL_PARTS, _LEAST_PART_BYTES)) if small_parts else PART_BYTES
        )
        digest, parts = _walked(path, index, part_bytes if splits else sys.maxsize)
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidRequest(f"{path} cannot be read: {reason}.", "Check the path.") from error
    if not head.strip() and layout not in get_args(DocumentLayout):
        raise InvalidRequest(f"{path} is empty.", "Give a file with rows.")
    return Source(str(path), layout, encoding, size, digest), parts


def open_plain(path: str | Path) -> IO[bytes]:
    """The file's bytes, unpacked where it is a .gz."""
    return cast(IO[bytes], gzip.open(path, "rb")) if is_compressed(path) else open(path, "rb", _BUFFER_BYTES)


def is_compressed(path: str | Path) -> bool:
    return str(path).endswith(".gz")


def suffix_of(path: str | Path) -> str:
    """The ending of the name in lower case, that of the unpacked file where it is a .gz."""
    return Path(str(path).removesuffix(".gz")).suffix.lower()


def _walked(path: Path, index: int, part_bytes: int) -> tuple[str, list[Part]]:
    """The hash of the file and its parts."""
    digest, parts = xxhash.xxh3_128(), list[Part]()
    start = at = 0
    line = first_line = 1
    for block in _blocks(path):
        digest.update(block)
        if at + len(block) - start > part_bytes and (cut := block.rfind(b"\n") + 1):
            line += block.count(b"\n", 0, cut)
            parts.append(Part(index, start, at + cut, first_line))
            start, first_line = at + cut, line
            line += block.count(b"\n", cut)
        else:
            line += block.count(b"\n")
        at += len(block)
    if at > start or not parts:
        parts.append(Part(index, start, at, first_line))
    return digest.hexdigest(), parts


def _blocks(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


def _layout(path: Path, head: bytes) -> Layout:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"SQLite format 3\x00"):
        return "history"
    suffix = suffix_of(path)
    if suffix in _TABLES:
        return "table"
    if head.startswith(b"%PDF-"):
        return "pdf"
    start = head.decode(encoding_of(head), "replace").lstrip("\ufeff \t\r\n")
    if suffix in DOCUMENTS and not (DOCUMENTS[suffix] == "text" and _OBJECTS.match(start)):
        return DOCUMENTS[suffix]
    if suffix in (".jsonl", ".ndjson"):
        return "lines"
    if start.startswith("[") or (start.startswith("{") and not _is_line(start)):
        return "document"
    if start.startswith("{") or suffix == ".json":
        return "lines"
    raise InvalidRequest(f"{path} is no file of rows that can be read, and no document.", _KINDS)


def _is_line(start: str) -> bool:
    """Whether the first line closes what it opens, as those of JSONL do and those of a document do not."""
    line, end, _ = start.partition("\n")
    return not end or line.rstrip().endswith("}")
