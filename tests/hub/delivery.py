"""How an answer goes out: its framing, its pace, and what breaks or changes on the way.

All positions are those in the file, so that a fault finds its place in each of several ranged answers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.hub.connection import Connection, Ended
from tests.hub.faults import CUTS, Fault
from tests.hub.log import Record
from tests.hub.messages import Response
from tests.hub.ranges import content_range
from tests.hub.sources import Source, opened

BLOCK = 1024 * 1024
TICKS_PER_SECOND = 20
WRONG = bytes(value ^ 0xA5 for value in range(256))

Change = Callable[[bytes, int], bytes]


@dataclass(slots=True)
class Delivery:
    """One answer on its way: `span` of its source, or as many bytes from `shift` further on."""

    connection: Connection
    response: Response
    record: Record
    span: range
    shift: int
    faults: list[Fault]
    rate: float | None

    def run(self, head_only: bool) -> None:
        """Send head and body; raises Ended where the connection does not outlive it."""
        self._frame()
        self.record.status = self.response.status
        self.record.response_headers = dict(self.response.headers)
        self.connection.socket.sendall(self.response.head())
        if not head_only and self.span:
            with opened(self.response) as source:
                self._send(source)
        if self._chunked:
            self.connection.socket.sendall(b"0\r\n\r\n")
        elif "Content-Length" not in self.response.headers:
            self.connection.finish()

    def _frame(self) -> None:
        """Say how long the body is, or in which other way it ends."""
        if short := self._fault("short"):
            self._shorten(short.after)
        if self._chunked:
            self.response.headers["Transfer-Encoding"] = "chunked"
        elif self.response.blob is None or not self._fault("no_length"):
            self.response.headers["Content-Length"] = str(len(self.span))

    def _shorten(self, length: int) -> None:
        """Send less than was asked for; a partial answer says so, as a server may."""
        self.span = self.span[:length]
        if self.response.status == 206:
            self.response.headers["Content-Range"] = content_range(self.span, self.response.size)

    def _send(self, source: Source) -> None:
        changes = self._changes()
        rate = slow.rate if (slow := self._fault("slow")) else self.rate
        block = max(1, min(BLOCK, int(rate / TICKS_PER_SECOND))) if rate else BLOCK
        cuts = sorted((fault for fault in self.faults if fault.kind in CUTS), key=self._place)
        due = time.monotonic()
        position = self.span.start
        while position < self.span.stop:
            while cuts and self._place(cuts[0]) <= position:
                self._cut(cuts.pop(0))
            stop = min(position + block, self.span.stop, *map(self._place, cuts[:1]))
            if changes or self._chunked:
                self._write(source, position, stop, changes)
            else:
                self._push(source, position, stop)
            if rate:
                due = max(due, time.monotonic() - 1 / TICKS_PER_SECOND) + (stop - position) / rate
                self.connection.wait(due - time.monotonic())
            position = stop

    def _push(self, source: Source, start: int, stop: int) -> None:
        """Send the bytes as they are, counted beforehand: the client may look as soon as it has the last."""
        self.record.bytes_sent += stop - start
        try:
            while start < stop:
                sent = source.push(self.connection.socket, start, stop)
                if not sent:
                    raise Ended("the file is shorter than it was")
                start += sent
        finally:
            self.record.bytes_sent -= stop - start

    def _write(self, source: Source, start: int, stop: int, changes: list[Change]) -> None:
        place = (start + self.shift) % self.response.size
        content = source.read(place, place + stop - start).ljust(stop - start, b"\0")
        for change in changes:
            content = change(content, start)
        self.record.bytes_sent += len(content)
        framed = b"%x\r\n%b\r\n" % (len(content), content) if self._chunked else content
        self.connection.socket.sendall(framed)

    def _cut(self, fault: Fault) -> None:
        if fault.kind == "stall":
            self.connection.wait(math.inf if fault.seconds is None else fault.seconds)
        elif fault.kind == "reset":
            self.connection.reset()
        else:
            self.connection.finish()

    def _changes(self) -> list[Change]:
        """What happens to the bytes, in order; an empty list where they go out as they are."""
        changes: list[Change] = []
        padded = self.response.blob is not None and self._fault("wrong_size") is not None
        if self.shift or padded:
            changes.append(unchanged)
        for fault in self.faults:
            if fault.kind == "corrupt":
                changes.append(partial(flip, fault.offset or 0))
            elif fault.kind == "garbage":
                changes.append(spoil)
        return changes

    def _place(self, fault: Fault) -> int:
        return fault.place(self.span)

    @property
    def _chunked(self) -> bool:
        return self._fault("chunked", "unfinished") is not None

    def _fault(self, *kinds: str) -> Fault | None:
        return next((fault for fault in self.faults if fault.kind in kinds), None)


def unchanged(content: bytes, start: int) -> bytes:
    return content


def spoil(content: bytes, start: int) -> bytes:
    return content.translate(WRONG)


def flip(offset: int, content: bytes, start: int) -> bytes:
    """The bytes with the lowest bit of the one at the offset flipped, if it is among them."""
    at = offset - start
    if not 0 <= at < len(content):
        return content
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
