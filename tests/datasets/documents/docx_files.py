"""Word documents out of raw XML, for what no program writes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    f'<Override PartName="/{{name}}" ContentType="{_MAIN}"/></Types>'
)
_BODY = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}</w:body></w:document>'


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def docx(body: str | bytes, *, name: str = "word/document.xml", before: str = "") -> bytes:
    """A document with this body; bytes are the whole part."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", _TYPES.format(name=name))
        file.writestr(name, body if isinstance(body, bytes) else before + _BODY.format(body))
    return packed.getvalue()


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
