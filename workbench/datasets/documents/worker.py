"""The process that parses documents, one after the other: requests as lines in, answers with lengths out.

A document that takes longer or more memory than it may ends the process; who asked starts another.
"""

from __future__ import annotations

import gzip
import io
import os
import resource
import signal
import sys
import zlib
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.datasets.documents.cleaning import cleaned
from workbench.datasets.documents.document import (
    MOST_BYTES,
    MOST_CHARACTERS,
    Document,
    DocumentLayout,
    Refusal,
    Refused,
)

MOST_MEMORY_BYTES = 3 << 30
LENGTH_BYTES = 8


class Request(Struct, frozen=True):
    """A file to read, packed with gzip where its name says so, and the seconds that it may take."""

    path: str
    layout: DocumentLayout
    encoding: str
    seconds: float


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    for line in sys.stdin.buffer:
        request = msgspec.json.decode(line, type=Request)
        signal.setitimer(signal.ITIMER_REAL, request.seconds)
        answer = msgspec.msgpack.encode(answered(request))
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(len(answer).to_bytes(LENGTH_BYTES, "little") + answer)
        answers.flush()


def answered(request: Request) -> Document | Refusal:
    try:
        document = _read(request)
    except Refused as refused:
        return refused.refusal
    except MemoryError:
        return Refusal("memory", "It takes more memory than a document may.")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        return Refusal("gzip", f"The packed file is damaged: {error}.")
    except OSError as error:
        return Refusal("file", f"It cannot be read: {error.strerror or error}.")
    if len(document.text) > MOST_CHARACTERS:
        return Refusal("length", f"Its text has more than {MOST_CHARACTERS >> 20} Mi characters.")
    return document


def _read(request: Request) -> Document:
    from workbench.datasets.documents.docx import read_docx
    from workbench.datasets.documents.html import read_html
    from workbench.datasets.documents.markdown import read_markdown
    from workbench.datasets.documents.pdf import read_pdf

    path = Path(request.path)
    packed = path.suffix == ".gz"
    match request.layout:
        case "pdf":
            found = read_pdf(_content(path) if packed else path)
        case "docx":
            found = read_docx(io.BytesIO(_content(path)) if packed else path)
        case "html":
            found = read_html(_content(path).decode(request.encoding, "replace"))
        case "markdown" | "text":
            found = read_markdown(_content(path).decode(request.encoding, "replace").replace("\r\n", "\n"))
    return msgspec.structs.replace(found, text=cleaned(found.text), title=cleaned(found.title)[:200])


def _content(path: Path) -> bytes:
    with open(path, "rb") as plain:
        file = gzip.GzipFile(fileobj=plain) if path.suffix == ".gz" else plain
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise Refused("length", f"It is larger than {MOST_BYTES >> 20} MiB.")
    return content


if __name__ == "__main__":
    main()
