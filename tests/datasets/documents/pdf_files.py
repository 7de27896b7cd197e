"""PDF files of our own making: pages of lines in Helvetica, and pages that are only a picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

_PIXEL = (
    b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray"
    b" /BitsPerComponent 8 /Length 1 >>"
)
PICTURE: tuple[str, ...] = ("\0picture",)
"""In place of a page's lines."""


def pdf(pages: Sequence[Sequence[str]], *, leading: int = 14) -> bytes:
    """Each page with its lines from the top; an empty one leaves a gap."""
    first = 5
    numbers = [first + 2 * index for index in range(len(pages))]
    kids = " ".join(f"{number} 0 R" for number in numbers)
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        _stream(_PIXEL, b"\x80"),
    ]
    for number, lines in zip(numbers, pages, strict=True):
        resources = "<< /Font << /F 3 0 R >> /XObject << /I 4 0 R >> >>"
        bodies.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources {resources}"
            f" /Contents {number + 1} 0 R >>".encode()
        )
        drawn = b"300 0 0 300 100 100 cm /I Do" if lines == PICTURE else _drawn(lines, leading)
        bodies.append(_stream(f"<< /Length {len(drawn)} >>".encode(), drawn))
    return _file(bodies)


def _drawn(lines: Sequence[str], leading: int) -> bytes:
    escaped = (line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in lines)
    shown = " ".join(f"({line}) Tj T*" for line in escaped)
    return f"BT /F 11 Tf {leading} TL 60 740 Td {shown} ET".encode("cp1252")


def _stream(head: bytes, data: bytes) -> bytes:
    return head + b"\nstream\n" + data + b"\nendstream"


def _file(bodies: Sequence[bytes]) -> bytes:
    objects = [b"%d 0 obj\n%b\nendobj\n" % (number, body) for number, body in enumerate(bodies, 1)]
    head = b"%PDF-1.4\n"
    places = [len(head) + place for place in accumulate(map(len, objects[:-1]), initial=0)]
    data = head + b"".join(objects)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(places) + 1, table, len(places) + 1, len(data))
    )
