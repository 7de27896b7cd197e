"""In which encoding a text file is written, told by its beginning."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
HEAD_BYTES = 1 << 20
UTF_8 = ("utf-8", "utf-8-sig")
_CHARSET = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE
)
_CHARSET_BYTES = 4096


def encoding_of(head: bytes) -> str:
    """The name that Python has for it. `head` is the file's beginning, of HEAD_BYTES where it is that long.

    What is neither UTF-8 nor marked is taken for UTF-16 by its zeros, and else for Windows-1252. Binary junk
    is called UTF-8, so that each of its lines is found unreadable.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if _is_utf8(head):
        return "utf-8"
    if b"\x00" not in head:
        return "cp1252"
    pairs = len(head) // 2
    for name, start in (("utf-16-le", 1), ("utf-16-be", 0)):
        if head[start::2].count(0) > pairs * 0.4 and head[1 - start :: 2].count(0) == 0:
            return name
    return "utf-8"


def encoding_of_html(head: bytes) -> str:
    """The same, where a page that is neither UTF-8 nor marked may name its encoding."""
    told, named = encoding_of(head), _CHARSET.search(head[:_CHARSET_BYTES])
    if told != "cp1252" or named is None:
        return told
    try:
        b"".decode(name := codecs.lookup(named[1].decode()).name)
    except LookupError:
        return told
    return told if name in ("iso8859-1", "ascii", "utf-8") else name


def _is_utf8(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True
