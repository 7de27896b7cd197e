"""PDF through PDFium: the text of each page in the order of its content, a form feed between pages."""

from __future__ import annotations

import re
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]

from workbench.datasets.documents.document import MOST_CHARACTERS, Document, Refused

PAGE_BREAK = "\f"
MOST_PAGES = 50_000
_HYPHEN = re.compile("[\ufffe\x02](?:\r?\n)?")
"""What PDFium has in place of a hyphen at the end of a line."""


def read_pdf(source: Path | bytes) -> Document:
    """Raises Refused."""
    try:
        file = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise Refused("encrypted", "It is encrypted; save it without a password.") from None
        raise Refused("damaged", "It is damaged, or no PDF.") from None
    if len(file) > MOST_PAGES:
        raise Refused("length", f"It has {len(file):,} pages, more than {MOST_PAGES:,}.")
    pages, length = list[str](), 0
    for number in range(len(file)):
        pages.append(_page(file, number))
        length += len(pages[-1])
        if length > MOST_CHARACTERS:
            raise Refused("length", f"Its text has more than {MOST_CHARACTERS >> 20} Mi characters.")
    empty = tuple(number for number, text in enumerate(pages, 1) if not text.strip())
    if len(empty) == len(pages):
        raise Refused("no-text", "Its pages hold no text; if they are images, run text recognition first.")
    title = str(file.get_metadata_value("Title") or "")
    return Document(PAGE_BREAK.join(pages), title, empty)


def _page(file: pypdfium2.PdfDocument, number: int) -> str:
    """The page's text; "" where the page is damaged."""
    try:
        page = file[number]
        try:
            text = page.get_textpage().get_text_bounded()
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return ""
    return _HYPHEN.sub("", text.replace(PAGE_BREAK, " ")).replace("\r\n", "\n")
