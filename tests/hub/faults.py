"""Faults that a test asks for: what goes wrong, for which requests and how often.

This module matches and counts; `tests.hub.exchange` and `tests.hub.delivery` make them happen.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from tests.hub.messages import Port, Request

ANSWERS = frozenset(
    {
        "status",  # `status` with `headers` and `body`
        "too_many",  # 429; wait `seconds`, told in the way of `form`
        "expired",  # 403, as a signed address that is out of date (on the cdn)
        "html",  # 200 and a page, as a captive portal gives to everything
        "loop",  # a redirect to the same address
        "refuse",  # reset before the first byte of an answer; see also FakeHub.close_port
    }
)
WAITS = frozenset({"delay"})  # `seconds` before the answer, or until the client leaves
HEADS = frozenset(
    {
        "redirect",  # 302 to `location`, with the other headers as they would be
        "no_commit",  # without X-Repo-Commit
        "no_etag",  # without ETag and X-Linked-Etag
        "no_length",  # without X-Linked-Size; a file without Content-Length, ended by the connection
        "wrong_size",  # files, redirects and listings with `size` bytes: cut off, or zeros added
    }
)
RANGES = frozenset(
    {
        "unsatisfiable",  # 416
        "ignore_range",  # 200 and the whole file
        "wrong_bytes",  # 206 with the right Content-Range and bytes from `shift` further on, or zeros
        "wrong_range",  # 206 with the right bytes and a Content-Range `shift` further on
    }
)
BODIES = frozenset(
    {
        "drop",  # FIN after `after` bytes of this answer, or at `offset` of the file
        "reset",  # RST there
        "stall",  # nothing there for `seconds`, or until the client leaves; then the rest
        "slow",  # `rate` bytes per second
        "short",  # `after` bytes, and a Content-Length and Content-Range that say so
        "chunked",  # chunks and no length
        "unfinished",  # chunks, and FIN after `after` bytes without the last one
        "corrupt",  # the lowest bit at `offset` of the file flipped
        "garbage",  # the right number of wrong bytes
    }
)
BREAKS = frozenset({"drop", "reset", "unfinished"})
CUTS = BREAKS | {"stall"}
KINDS = ANSWERS | WAITS | HEADS | RANGES | BODIES


@dataclass(slots=True)
class Fault:
    """What goes wrong for `times` requests that match (-1: for all), after `skip` that go well."""

    kind: str
    times: int = 1
    skip: int = 0
    port: Port | None = None
    method: str | None = None
    path: str = "*"
    ranged: bool | None = None
    after: int = 0
    offset: int | None = None
    seconds: float | None = None
    rate: int = 100_000
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    form: Literal["seconds", "date", "ratelimit"] = "seconds"
    location: str = ""
    shift: int = 1
    size: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"There is no fault called {self.kind!r}; there are {', '.join(sorted(KINDS))}.")
        if self.kind == "corrupt" and self.offset is None:
            self.offset = 0

    def concerns(self, request: Request, span: range | None) -> bool:
        """Whether the request matches, and its span of the file holds the place where it is to happen."""
        return (
            self.times != 0
            and self.port in (None, request.port)
            and self.method in (None, request.method)
            and self.ranged in (None, request.range is not None)
            and any(fnmatchcase(name, self.path) for name in request.names if name)
            and (span is None or self.place(span) in span)
        )

    def place(self, span: range) -> int:
        """Where in the file it happens to an answer with that span of it."""
        if self.offset is not None:
            return self.offset
        return span.start + (self.after if self.kind in CUTS else 0)


class Faults:
    """The faults that are to happen, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, kind: str, **fields: Any) -> Fault:
        """Plan a fault; its `hits` tell later how often it happened, and `times = 0` ends it."""
        fault = Fault(kind, **fields)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(
        self, request: Request, kinds: Collection[str], span: range | None = None, most: int = len(KINDS)
    ) -> list[Fault]:
        """The faults of these kinds that now happen to the request, counted as having happened."""
        taken: list[Fault] = []
        with self._lock:
            for fault in self._faults:
                if len(taken) < most and fault.kind in kinds and fault.concerns(request, span):
                    if fault.skip > 0:
                        fault.skip -= 1
                        continue
                    fault.times -= 1 if fault.times > 0 else 0
                    fault.hits += 1
                    taken.append(fault)
        return taken
