"""Text without what only its layout needed: control characters, soft hyphens, ligatures, blanks at ends."""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff\ufff9-\ufffb\ufffe\uffff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_LETTERS = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
_LETTERS |= dict.fromkeys((0xA0, 0x2007, 0x202F), " ")
_LINE_END = re.compile(r"[ \t]+(?=\n|\f|\Z)")
_GAP = re.compile(r"\n{3,}")


def cleaned(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    text = _SURROGATES.sub("\ufffd", _UNSEEN.sub("", text)).translate(_LETTERS)
    return _GAP.sub("\n\n", _LINE_END.sub("", text))
