"""Devices that a server of ggml's RPC offers, on this machine or another one.

ggml's own client ends the whole process when a server is missing, busy, of another version or broken, and
waits forever for one that hangs. So the server is asked here first, for a bounded time, and only one that
answers is handed to ggml. The protocol has neither password nor encryption. Knows no model.
"""

from __future__ import annotations

import ctypes
import re
import socket

from workbench.errors import InvalidRequest, Unreachable, Unsupported
from workbench_llama_cpp import ggml
from workbench_llama_cpp.builds import install_command
from workbench_llama_cpp.rpc_connections import watch
from workbench_llama_cpp.rpc_protocol import (
    COUNT,
    DEVICE,
    GREETING,
    HELLO,
    MEMORY,
    VERSION,
    Command,
    Ended,
    asked,
)

SCHEME = "rpc://"
_ADDRESS = re.compile(r"([A-Za-z0-9._-]+):([0-9]{1,5})")
_PATIENCE = 5.0
_MOST_DEVICES = 64


def reach(address: str) -> list[int]:
    """The handles of the devices of the server at HOST:PORT, registered with ggml.

    Raises InvalidRequest for what is no address, Unsupported where this build has no RPC, and Unreachable.
    """
    host, port = parsed(address)
    backend = rpc_backend()
    _try_out(host, port)
    watch(port)
    return _registered(backend, f"{host}:{port}")


def parsed(address: str) -> tuple[str, int]:
    """The host and the port. Raises InvalidRequest."""
    match = _ADDRESS.fullmatch(address.removeprefix(SCHEME))
    if not match or not 0 < int(match[2]) < 2**16:
        raise InvalidRequest(
            f"{address.removeprefix(SCHEME)!r} is no address of an RPC server.",
            "Write it as HOST:PORT, such as 192.168.1.20:50052.",
        )
    return match[1], int(match[2])


def rpc_backend() -> int:
    """The handle of ggml's RPC. Raises Unsupported where this build of llama.cpp has none."""
    backend = ggml.backend("RPC")
    if backend is None:
        raise Unsupported(
            "This build of llama.cpp has no RPC.",
            "Run `workbench rpc-worker --install`, which adds it and needs a C++ compiler, "
            f"or build llama.cpp with it: {install_command('rpc')}",
        )
    return backend


def _try_out(host: str, port: int) -> None:
    """Ask all that ggml will ask of a server at first."""
    try:
        with socket.create_connection((host, port), timeout=_PATIENCE) as connection:
            _greet(connection, f"{host}:{port}")
            _ask_devices(connection, f"{host}:{port}")
    except TimeoutError:
        raise Unreachable(
            f"The RPC server at {host}:{port} does not answer.",
            "It serves one client at a time: unload the model that uses it, or start it anew.",
        ) from None
    except OSError as error:
        raise Unreachable(
            f"No RPC server can be reached at {host}:{port}: {error.strerror or error}.",
            "Start `workbench rpc-worker` there, or check the address.",
        ) from None


def _greet(connection: socket.socket, place: str) -> None:
    try:
        major, minor, _ = asked(connection, Command.HELLO, HELLO, GREETING)
        spoken = f"RPC {major}.{minor}"
    except (Ended, ConnectionError):
        major, minor, spoken = 0, 0, "no RPC"
    if major != VERSION[0] or minor > VERSION[1]:
        raise Unreachable(
            f"What listens at {place} speaks {spoken}, and RPC {VERSION[0]}.{VERSION[1]} is needed.",
            "Start `workbench rpc-worker` there, with the same version of llama.cpp as here.",
        )


def _ask_devices(connection: socket.socket, place: str) -> None:
    try:
        (count,) = asked(connection, Command.DEVICE_COUNT, b"", COUNT)
        for number in range(min(count, _MOST_DEVICES)):
            asked(connection, Command.GET_DEVICE_MEMORY, DEVICE.pack(number), MEMORY)
    except (Ended, ConnectionError):
        raise Unreachable(
            f"The RPC server at {place} does not tell of its devices.",
            "Start it anew, and read what it says.",
        ) from None
    if not 0 < count <= _MOST_DEVICES:
        raise Unreachable(f"The RPC server at {place} offers {count} devices.", "Start it with a device.")


def _registered(backend: int, endpoint: str) -> list[int]:
    """The server's devices. ggml knows a server again that was added before."""
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    add_server = ctypes.CFUNCTYPE(pointer, text)(procedure(backend, b"ggml_backend_rpc_add_server"))
    server = add_server(endpoint.encode())
    if not server:
        raise Unreachable(f"The RPC server at {endpoint} offers no device.", "Start it with a device.")
    ggml.function("ggml", "ggml_backend_register", None, pointer)(server)
    count = ggml.function("ggml-base", "ggml_backend_reg_dev_count", ctypes.c_size_t, pointer)(server)
    device = ggml.function("ggml-base", "ggml_backend_reg_dev_get", pointer, pointer, ctypes.c_size_t)
    return [device(server, index) for index in range(count)]


def procedure(backend: int, name: bytes) -> int:
    """The address of a function that only the backend itself knows."""
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    find = ggml.function("ggml-base", "ggml_backend_reg_get_proc_address", pointer, pointer, text)
    address: int = find(backend, name)
    return address
