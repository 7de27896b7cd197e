"""A socket to listen on, bound before anything is loaded: a taken port is said at once."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

from workbench.errors import InvalidRequest, WorkbenchError

_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes a free one. Raises WorkbenchError."""
    family, address = _resolve(host, port)
    # Named as TCP, or asyncio would not turn off the delay that the kernel gives to small writes.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere the option lets two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error) from error
    return listener


def url_of(listener: socket.socket, secure: bool = False) -> str:
    """The address to call, such as http://127.0.0.1:8080."""
    host, port = listener.getsockname()[:2]
    return f"http{'s' if secure else ''}://{f'[{host}]' if ':' in host else host}:{port}"


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    if not 0 <= port <= 65535:
        raise InvalidRequest(f"{port} is no port.", "Give a port from 0 to 65535.")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise InvalidRequest(f"{host} is no address of this machine.", "Give another host.") from error
    family, _, _, _, address = found[0]
    return family, address


def _cannot_listen(host: str, port: int, error: OSError) -> WorkbenchError:
    place = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return WorkbenchError(
            f"{place} is taken by another program.", "Give another port, or stop that program."
        )
    if error.errno == errno.EACCES:
        return WorkbenchError(f"{place} needs more rights.", "Give a port of 1024 or above.")
    return WorkbenchError(f"Cannot listen on {place}: {error.strerror}.", "Give another host or port.")
