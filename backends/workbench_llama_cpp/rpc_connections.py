"""Lets ggml's connections to RPC servers end when the other machine is gone without a word.

ggml waits on them without a limit, and switches on none of the system's: a machine that lost its power or its
network would leave the engine waiting forever. Here they are found among this process's own and told to give
up after half a minute without a sign of life. A server that lives and only computes long is waited for.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from functools import lru_cache

import psutil

_INTERVAL = 1.0
_OPTIONS = {
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPALIVE": 10,  # what macOS calls the same
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 4,
    "TCP_USER_TIMEOUT": 30_000,
}
"""In seconds, but for the last, which is in milliseconds."""


@lru_cache
def watch(port: int) -> None:
    """Look after all connections of this process to that port, those to come as well."""
    threading.Thread(target=_watch, args=(port,), daemon=True).start()


def end_when_gone(connection: socket.socket) -> None:
    """Have the system close the connection when the other side's machine has been silent for too long."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS.items():
        if (option := getattr(socket, name, None)) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)


def _watch(port: int) -> None:
    process = psutil.Process()
    known: set[tuple[int, int]] = set()
    while not sys.is_finalizing():
        try:
            found = {
                (one.fd, one.laddr.port)
                for one in process.net_connections("tcp")
                if one.raddr and one.raddr.port == port
            }
            for descriptor, _ in found - known:
                with socket.socket(fileno=os.dup(descriptor)) as connection:
                    end_when_gone(connection)
            known = found
        except (psutil.Error, OSError):
            pass  # it was closed meanwhile
        time.sleep(_INTERVAL)
