"""Word documents: paragraphs, headings by their styles, lists, tables and footnotes, from the XML in the zip.

Nothing is unpacked to the disk. A document type, which entities need, is refused, as the format has none.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO
from xml.parsers import expat

from workbench.datasets.documents.document import MOST_CHARACTERS, NO_TEXT, Document, Refused
from workbench.datasets.documents.docx_body import Body
from workbench.datasets.documents.docx_styles import Styles

MOST_XML_BYTES = 128 << 20
_BLOCK_BYTES = 1 << 20
_TYPES = "[Content_Types].xml"
_OLD = b"\xd0\xcf\x11\xe0"
Start = Callable[[str, dict[str, str]], None]


def read_docx(source: Path | IO[bytes]) -> Document:
    """Raises Refused."""
    try:
        with zipfile.ZipFile(source) as packed:
            return _read(packed)
    except zipfile.BadZipFile:
        raise Refused("damaged", _told_of(source)) from None
    except (zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError) as error:
        raise Refused("damaged", f"The zip that a DOCX is cannot be unpacked: {error}.") from None
    except expat.ExpatError as error:
        raise Refused("damaged", f"Its XML is not well-formed: {error}.") from None


def _read(packed: zipfile.ZipFile) -> Document:
    parts = _parts(packed)
    if "main" not in parts:
        raise Refused("damaged", "It is a zip, but no Word document.")
    styles = Styles()
    if "styles" in parts:
        _parse(packed, parts["styles"], styles.start)
    texts = []
    for kind in ("main", "footnotes", "endnotes"):
        if kind in parts:
            body = Body(styles, MOST_CHARACTERS)
            _parse(packed, parts[kind], body.start, body.end, body.data)
            texts.append(body.text)
    text = "\n\n".join(filter(None, texts))
    if not text.strip():
        raise NO_TEXT
    return Document(text)


def _parts(packed: zipfile.ZipFile) -> dict[str, str]:
    """The names of the parts that hold text, told by their types, as programs name them in several ways."""
    found: dict[str, str] = {}
    endings = {
        "main": ("document.main+xml", "template.main+xml", "documentMacroEnabled.main+xml",
                 "templateMacroEnabledTemplate.main+xml"),
        "styles": (".styles+xml",), "footnotes": (".footnotes+xml",), "endnotes": (".endnotes+xml",),
    }  # fmt: skip

    def start(tag: str, attributes: dict[str, str]) -> None:
        told = attributes.get("ContentType", "")
        for kind, of_kind in endings.items():
            if tag.endswith("Override") and told.endswith(of_kind):
                found.setdefault(kind, attributes.get("PartName", "").lstrip("/"))

    _parse(packed, _TYPES, start)
    return found


def _parse(
    packed: zipfile.ZipFile, name: str, start: Start,
    end: Callable[[str], None] | None = None, data: Callable[[str], None] | None = None,
) -> None:  # fmt: skip
    """Elements and attributes have their local names. Raises Refused, ExpatError and what unpacking does."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = lambda tag, attributes: start(
        _local(tag), {_local(name): value for name, value in attributes.items()}
    )
    if end is not None:
        parser.EndElementHandler = lambda tag: end(_local(tag))
    if data is not None:
        parser.CharacterDataHandler = data
    if packed.getinfo(name).file_size > MOST_XML_BYTES:  # what is read of a part ends there
        raise Refused("length", f"A part of it unpacks to more than {MOST_XML_BYTES >> 20} MiB.")
    with packed.open(name) as part:
        while block := part.read(_BLOCK_BYTES):
            parser.Parse(block, False)
        parser.Parse(b"", True)


def _refuse(*_: object) -> None:
    raise Refused("document-type", "It declares a document type, which a Word document must not have.")


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _told_of(source: Path | IO[bytes]) -> str:
    head = source.open("rb").read(4) if isinstance(source, Path) else b""
    if head == _OLD:
        return "It is encrypted, or in the format of Word before 2007; save it as a DOCX without a password."
    return "It is no zip, which a DOCX is, or it is cut short."
