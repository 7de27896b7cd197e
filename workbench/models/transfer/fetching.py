"""Brings the missing bytes of one file, over as many connections as pay, until the last one is there.

Connections break and servers refuse; the pieces are then asked for again from where they broke. Does not look
at what the bytes are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock, Thread

from workbench.errors import Unreachable, WorkbenchError
from workbench.models.transfer.attempts import Attempts, TryAgain
from workbench.models.transfer.partial import PartialFile
from workbench.models.transfer.pieces import Pieces
from workbench.models.transfer.ranges import Range
from workbench.models.transfer.remote import Body, RemoteFile
from workbench.models.transfer.throttle import Throttle
from workbench.models.transfer.width import Width

TRICKLE_SECONDS = 15.0
TRICKLE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """What a transfer may use: connections at once (None finds out how many pay), and bytes per second.

    It gives up after `patience_seconds` without a single byte. `xet` lets the hub's own client fetch instead.
    """

    connections: int | None = None
    bytes_per_second: float | None = None
    patience_seconds: float = 60.0
    xet: bool = False


class Fetching:
    """Fetches what `partial` misses from `remote`. `advanced` is told whenever bytes have been written."""

    def __init__(
        self,
        remote: RemoteFile,
        partial: PartialFile,
        limits: Limits,
        throttle: Throttle,
        advanced: Callable[[], None],
    ) -> None:
        self._remote, self._partial, self._advanced = remote, partial, advanced
        self._throttle = throttle
        self._pieces = Pieces(partial.size)
        self._width = Width(fixed=limits.connections)
        self._attempts = Attempts(limits.patience_seconds)
        self._lock = Lock()
        self._stopped = Event()
        self._error: BaseException | None = None
        self._threads: list[Thread] = []
        self._bodies: set[Body] = set()
        self.fetched_bytes = 0
        self.trouble = ""

    @property
    def connections(self) -> int:
        return len(self._bodies)

    def step(self) -> bool:
        """Keep the right number of connections going; returns whether bytes are still missing.

        Raises what ended it: Unreachable, AccessDenied, ModelNotFound, NoSpace or Changed.
        """
        if self._error:
            raise self._error
        if not self._partial.missing():
            return False
        wanted = self._width.observe(time.monotonic(), self.fetched_bytes)
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        for number in range(len(self._threads), wanted):
            thread = Thread(target=self._work, args=(number,), name=f"transfer-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return True

    def stop(self) -> None:
        """End all connections; nothing is written any more when this returns."""
        with self._lock:
            self._stopped.set()
            bodies = list(self._bodies)
        for body in bodies:
            body.interrupt()
        for thread in self._threads:
            thread.join(timeout=0.5)  # one that waits for a server's first word ends later, by itself

    def _work(self, number: int) -> None:
        try:
            while not self._stopped.is_set() and number < self._width.connections:
                piece = self._pieces.take(self._partial.have(), self._remote.whole_only)
                if piece is None:
                    return
                self._attempt(piece)
        except BaseException as error:
            self._error = self._error or error
            self._stopped.set()

    def _attempt(self, piece: Range) -> None:
        try:
            self._fetch(piece)
        except TryAgain as failure:
            self._wait_after(failure)
        finally:
            self._pieces.give_back(piece)

    def _wait_after(self, failure: TryAgain) -> None:
        with self._lock:
            wait = self._attempts.wait(failure)
        if self._stopped.is_set():
            return
        if wait is None:
            raise self._given_up(failure)
        if wait >= 1:
            self.trouble = f"{failure.reason}; trying again in {wait:.0f} s"
        self._stopped.wait(wait)

    def _given_up(self, failure: TryAgain) -> WorkbenchError:
        kept = f"{self._partial.arrived_bytes:,} of {self._partial.size:,} bytes are kept"
        return Unreachable(
            f"{failure.reason[:1].upper()}{failure.reason[1:]}, again and again.",
            f"{kept}; start it again to go on.",
        )

    def _fetch(self, piece: Range) -> None:
        body = self._remote.open(*piece)
        with self._lock:
            self._bodies.add(body)
        try:
            if not self._stopped.is_set():
                self._receive(body, piece)
        except BaseException:
            body.close()
            raise
        else:
            body.close() if self._remote.whole_only or self._stopped.is_set() else body.release()
        finally:
            with self._lock:
                self._bodies.discard(body)

    def _receive(self, body: Body, piece: Range) -> None:
        offset, end = piece[0] - body.skip, piece[1]
        lull = _Lull()
        while offset < end:
            data = body.read(min(self._throttle.most, end - offset))
            if self._stopped.is_set():
                return
            if not data:
                raise TryAgain(f"{body.host} ended before the file did")
            self._take_in(offset, data, piece[0])
            offset += len(data)
            pause = self._throttle.delay(len(data))
            if pause > 0:
                self._stopped.wait(pause)
            else:
                lull.observe(len(data), body.host)

    def _take_in(self, offset: int, data: bytes, start: int) -> None:
        """Write what belongs to the piece; what comes before it is only passed over."""
        fresh = data[max(0, start - offset) :]
        with self._lock:
            if self._stopped.is_set():
                return
            if fresh:
                self._partial.write(offset + len(data) - len(fresh), fresh)
            self.fetched_bytes += len(data)
            self._attempts.progressed()
            self.trouble = ""
        self._advanced()


class _Lull:
    """Notices a connection that is alive and brings next to nothing."""

    def __init__(self) -> None:
        self._since, self._count = time.monotonic(), 0

    def observe(self, count: int, host: str) -> None:
        self._count += count
        now = time.monotonic()
        if now - self._since < TRICKLE_SECONDS:
            return
        if self._count < TRICKLE_BYTES:
            raise TryAgain(f"{host} sends next to nothing")
        self._since, self._count = now, 0
