"""Ranged requests: which part of a file is asked for, how the answer says so, and the faults in that."""

from __future__ import annotations

import re

from tests.hub.faults import RANGES, Faults
from tests.hub.messages import Request, Response

RANGE = re.compile(r"bytes=(\d+)-(\d*)|bytes=-(\d+)")


def apply_range(request: Request, response: Response, faults: Faults) -> tuple[range, int]:
    """The bytes to send, and how far from there they are really taken; makes the answer a partial one."""
    whole = range(response.size)
    part = asked_part(request, response)
    if part is None:
        return whole, 0
    taken = {fault.kind: fault for fault in faults.take(request, RANGES, part or None, most=1)}
    if "ignore_range" in taken:
        return whole, 0
    if not part or "unsatisfiable" in taken:
        response.status, response.blob, response.body = 416, None, b""
        response.headers["Content-Range"] = f"bytes */{len(whole)}"
        return range(0), 0
    told = taken["wrong_range"].shift if "wrong_range" in taken else 0
    response.status = 206
    response.headers["Content-Range"] = content_range(range(part.start + told, part.stop + told), len(whole))
    return part, taken["wrong_bytes"].shift if "wrong_bytes" in taken else 0


def asked_part(request: Request, response: Response) -> range | None:
    """The part that is asked for, empty where there is none, or nothing where the whole is due.

    Several ranges at once are answered with the whole, as a server may.
    """
    match = RANGE.fullmatch((request.range or "").replace(" ", ""))
    condition = request.headers.get("if-range")
    if response.blob is None or not match or condition not in (None, response.headers.get("ETag")):
        return None
    size = response.size
    if match[3]:
        return range(max(0, size - int(match[3])), size)
    return range(int(match[1]), min(int(match[2]) + 1, size) if match[2] else size)


def content_range(part: range, size: int) -> str:
    return f"bytes {part.start}-{part.stop - 1}/{size}"
