"""The hub itself: its two ports, what it holds, what it was asked, and what is to go wrong."""

from __future__ import annotations

import math
import secrets
import socket
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.hub.connection import Connection
from tests.hub.content import Repository
from tests.hub.exchange import converse
from tests.hub.faults import Faults
from tests.hub.listener import Listener
from tests.hub.log import Record
from tests.hub.messages import Port


class FakeHub:
    """A hub and a cdn on two ports of loopback, which makes them two origins.

    Attributes:
        tokens: who has which token; a token that is not here is refused everywhere.
        faults: what is to go wrong.
        log: every request, oldest first.
        rate: bytes per second that each connection gets, or no limit.
        url_lifetime: seconds for which a signed address is good, or for ever.
        page_size: the most entries on a page of a listing.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.repositories: dict[str, Repository] = {}
        self.tokens: dict[str, str] = {"hf_good": "alice"}
        self.faults = Faults()
        self.log: list[Record] = []
        self.rate: float | None = None
        self.url_lifetime: float | None = None
        self.page_size = 1000
        self.key = secrets.token_bytes(16)
        self._listeners: dict[Port, Listener] = {
            "hub": Listener(host, partial(self._serve, "hub"), port),
            "cdn": Listener(host, partial(self._serve, "cdn")),
        }

    def start(self) -> None:
        for listener in self._listeners.values():
            listener.open()

    def stop(self) -> None:
        for listener in self._listeners.values():
            listener.close()

    def __enter__(self) -> FakeHub:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        return self.address("hub")

    @property
    def cdn_endpoint(self) -> str:
        return self.address("cdn")

    def address(self, port: Port) -> str:
        return self._listeners[port].address

    def close_port(self, port: Port) -> None:
        """Break the connections of the port and refuse new ones, until it is opened again."""
        self._listeners[port].close()

    def open_port(self, port: Port) -> None:
        self._listeners[port].open()

    def add_repository(
        self,
        id: str,
        files: Mapping[str, bytes | Path],
        *,
        last_modified: datetime | str | None = None,
        **facts: Any,
    ) -> str:
        """Publish a repository with one commit, whose hash is returned; `facts` are fields of Repository."""
        if isinstance(last_modified, str):
            last_modified = datetime.fromisoformat(last_modified)
        if last_modified and last_modified.tzinfo is None:
            last_modified = last_modified.replace(tzinfo=UTC)
        self.repositories[id] = Repository(id=id, last_modified=last_modified, **facts)
        return self.commit(id, files, title="initial commit")

    def commit(
        self, id: str, files: Mapping[str, bytes | Path], *, branch: str = "main", title: str = "update"
    ) -> str:
        """A new commit with exactly these files; earlier ones stay under their hashes."""
        return self.repositories[id].add(files, branch, title).sha

    def requests(self, method: str | None = None, path_contains: str = "") -> list[Record]:
        """The requests so far with that method, whose path or file contains the text."""
        return [
            record
            for record in list(self.log)
            if method in (None, record.method)
            and (path_contains in record.path or path_contains in record.file)
        ]

    def body_bytes(self) -> int:
        """How many bytes of files were sent so far."""
        return sum(record.bytes_sent for record in list(self.log) if record.is_file)

    def most_at_once(self, port: Port = "cdn") -> int:
        """How many requests of the port were being answered at the same time."""
        ended = [(record.ended or math.inf, -1) for record in list(self.log) if record.port == port]
        begun = [(record.at, 1) for record in list(self.log) if record.port == port]
        return max(accumulate(step for _, step in sorted(begun + ended)), default=0)

    def wait_until_sent(self, count: int, seconds: float = 30.0) -> None:
        """Wait until that many bytes of files were sent."""
        deadline = time.monotonic() + seconds
        while self.body_bytes() < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"Only {self.body_bytes()} of {count} bytes were sent within {seconds} s.")
            time.sleep(0.005)

    def clear(self) -> None:
        """Forget what was asked, and what was to go wrong."""
        self.log.clear()
        self.faults.clear()

    def _serve(self, port: Port, client: socket.socket) -> None:
        with Connection(client, port) as connection:
            converse(self, connection)
