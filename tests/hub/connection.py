"""One client's connection: requests read from it, bytes written to it, and ways to wait on it and break it.

It knows HTTP's framing of a request, and nothing of what is asked.
"""

from __future__ import annotations

import fcntl
import math
import socket
import struct
import termios
import time
from contextlib import suppress
from types import TracebackType

from tests.hub.messages import Port, Request

MAX_LINE = 64 * 1024
MAX_HEADERS = 100


class Ended(ConnectionError):
    """The connection is over: its client left, a fault broke it, or the hub is being stopped."""


class Connection:
    """A socket with a reader on it."""

    def __init__(self, client: socket.socket, port: Port) -> None:
        self.socket = client
        self._port = port
        self._reader = client.makefile("rb")
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()
        self.socket.close()

    def read(self) -> Request | None:
        """The next request; nothing where the client closed the connection or speaks no HTTP."""
        words = self._reader.readline(MAX_LINE).decode("latin-1").split()
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return None
        headers: dict[str, str] = {}
        while line := self._reader.readline(MAX_LINE).decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
            if len(headers) > MAX_HEADERS:
                return None
        if words[2] == "HTTP/1.0":
            headers.setdefault("connection", "close")
        body = self._reader.read(int(headers.get("content-length", "0")))
        return Request(self._port, words[0], words[1], headers, body)

    def wait(self, seconds: float) -> None:
        """Let time pass, and raise Ended as soon as the client goes."""
        if seconds <= 0:
            return
        self.socket.settimeout(None if math.isinf(seconds) else seconds)
        try:
            if not self.socket.recv(1, socket.MSG_PEEK):
                raise Ended
        except TimeoutError:
            pass
        finally:
            self.socket.settimeout(None)

    def finish(self) -> None:
        """End in order (FIN), whatever was promised."""
        with suppress(OSError):  # the client may be gone already
            self.socket.shutdown(socket.SHUT_RDWR)
        raise Ended

    def reset(self) -> None:
        """End with a reset (RST), once what was sent before it has arrived, or cannot soon."""
        self.drain()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Ended

    def drain(self, seconds: float = 2.0) -> None:
        """Wait until all is acknowledged: a reset discards what is still queued."""
        deadline = time.monotonic() + seconds
        while self._queued() and time.monotonic() < deadline:
            time.sleep(0.002)

    def _queued(self) -> int:
        try:
            answer = fcntl.ioctl(self.socket.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        except OSError:  # a system that does not tell this of sockets
            return 0
        return int(struct.unpack("i", answer)[0])
