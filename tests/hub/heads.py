"""Faults in the head of an answer: headers that are missing or wrong, and sizes that are not so."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.hub.faults import HEADS, Fault, Faults
from tests.hub.messages import Request, Response

MISSING = {
    "no_commit": {"X-Repo-Commit"},
    "no_etag": {"ETag", "X-Linked-Etag"},
    "no_length": {"X-Linked-Size"},
}


def alter_head(request: Request, response: Response, faults: Faults) -> list[Fault]:
    """Change the answer by the faults that make a difference to it, and say which they were."""
    kinds = {kind for kind in HEADS if _matters(kind, response)}
    taken = faults.take(request, kinds)
    for fault in taken:
        if fault.kind == "redirect":
            _redirect(response, fault.location)
        elif fault.kind == "wrong_size":
            _resize(response, fault.size)
        for name in MISSING.get(fault.kind, ()):
            response.headers.pop(name, None)
    return taken


def _matters(kind: str, response: Response) -> bool:
    is_file = response.blob is not None
    if kind == "wrong_size":
        return is_file or "X-Linked-Size" in response.headers or b'"lfs"' in response.body
    if kind == "no_length" and is_file:
        return True
    return kind not in MISSING or not MISSING[kind].isdisjoint(response.headers)


def _redirect(response: Response, location: str) -> None:
    response.status, response.body, response.blob = 302, b"", None
    response.headers["Location"] = location


def _resize(response: Response, size: int) -> None:
    """Let the file have that many bytes, or a redirect or a listing say so."""
    if response.blob is not None:
        response.blob = replace(response.blob, size=size)
    elif "X-Linked-Size" in response.headers:
        response.headers["X-Linked-Size"] = str(size)
    else:
        listing = json.loads(response.body, object_hook=lambda entry: _resized(entry, size))
        response.body = json.dumps(listing).encode()


def _resized(entry: dict[str, Any], size: int) -> dict[str, Any]:
    if "lfs" not in entry:
        return entry
    return entry | {"size": size, "lfs": entry["lfs"] | {"size": size}}
