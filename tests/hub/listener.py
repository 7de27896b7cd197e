"""A port whose connections are each served in a thread of their own; it can be closed and opened again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

PATIENCE = 5.0


class Listener:
    """Calls `serve` with each accepted socket; closing ends every connection."""

    def __init__(self, host: str, serve: Callable[[socket.socket], None], port: int = 0) -> None:
        self.host, self.port = host, port
        self._serve = serve
        self._lock = threading.Lock()
        self._clients: dict[threading.Thread, socket.socket] = {}
        self._closing = threading.Event()
        self._acceptor: threading.Thread | None = None

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.port}"

    def open(self) -> None:
        """Listen, on the same port as before where there was one."""
        server = socket.create_server((self.host, self.port), backlog=256)
        self.port = server.getsockname()[1]
        self._closing.clear()
        self._acceptor = threading.Thread(target=self._accept, args=(server,), daemon=True)
        self._acceptor.start()

    def close(self) -> None:
        """Refuse new connections, break the open ones and wait for their threads."""
        if self._acceptor is None:
            return
        self._closing.set()
        with suppress(OSError):  # wakes the acceptor
            socket.create_connection((self.host, self.port), 1).close()
        self._acceptor.join(PATIENCE)
        self._acceptor = None
        with self._lock:
            clients = dict(self._clients)
        for client in clients.values():
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in clients:
            thread.join(PATIENCE)

    def _accept(self, server: socket.socket) -> None:
        with server:
            while True:
                client, _ = server.accept()
                if self._closing.is_set():
                    client.close()
                    return
                thread = threading.Thread(target=self._attend, args=(client,), daemon=True)
                with self._lock:
                    self._clients[thread] = client
                thread.start()

    def _attend(self, client: socket.socket) -> None:
        try:
            with client, suppress(ConnectionError):
                self._serve(client)
        finally:
            with self._lock:
                del self._clients[threading.current_thread()]
