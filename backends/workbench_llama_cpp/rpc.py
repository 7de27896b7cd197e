"""Devices that a server of ggml's RPC offers, on this machine or another one, named rpc://HOST:PORT.

ggml's own client ends the whole process when a server is missing, busy or of another version. So the server
is greeted here first, and only one that answers is handed to ggml. The protocol has neither password nor
encryption. Knows no model.
"""

from __future__ import annotations

import ctypes
import re
import socket
import struct

from workbench.errors import InvalidRequest, Unreachable, Unsupported
from workbench_llama_cpp import ggml
from workbench_llama_cpp.builds import install_command

SCHEME = "rpc://"
_ADDRESS = re.compile(r"rpc://([A-Za-z0-9._-]+):([0-9]{1,5})")
_VERSION = (7, 0)  # the protocol of the pinned llama.cpp
_HELLO = struct.pack("<BQ24x", 14, 24)  # command, size, and no offer of another transport
_GREETING = struct.Struct("<Q3Bx24x")
_PATIENCE = 5.0


def reach(address: str) -> list[int]:
    """The handles of the server's devices, registered with ggml.

    Raises InvalidRequest for what is no address, Unsupported where this build has no RPC, and Unreachable.
    """
    host, port = _parsed(address)
    backend = ggml.backend("RPC")
    if backend is None:
        raise Unsupported(
            "This build of llama.cpp cannot use an RPC server's devices.",
            f"Build it with RPC: {install_command('rpc')}",
        )
    _greet(host, port)
    return _registered(backend, f"{host}:{port}")


def _parsed(address: str) -> tuple[str, int]:
    match = _ADDRESS.fullmatch(address)
    if not match or not 0 < int(match[2]) < 2**16:
        raise InvalidRequest(
            f"{address!r} is no address of an RPC server.",
            "Write it as rpc://HOST:PORT, such as rpc://192.168.1.20:50052.",
        )
    return match[1], int(match[2])


def _greet(host: str, port: int) -> None:
    try:
        with socket.create_connection((host, port), timeout=_PATIENCE) as connection:
            version = _version(connection)
    except OSError as error:
        raise Unreachable(
            f"No RPC server can be reached at {host}:{port}: {error.strerror or error}.",
            "Start llama.cpp's rpc-server there, or check the address.",
        ) from None
    if version is None or version[0] != _VERSION[0] or version[1] > _VERSION[1]:
        spoken = "no RPC" if version is None else "RPC {}.{}".format(*version)
        raise Unreachable(
            f"What listens at {host}:{port} speaks {spoken}, and RPC {_VERSION[0]}.{_VERSION[1]} is needed.",
            "Run the rpc-server of the same llama.cpp version there.",
        )


def _version(connection: socket.socket) -> tuple[int, int] | None:
    """What the server answers to a greeting; None for anything else than a version."""
    connection.sendall(_HELLO)
    answer = b""
    try:
        while len(answer) < _GREETING.size and (more := connection.recv(_GREETING.size - len(answer))):
            answer += more
    except TimeoutError:
        raise Unreachable(
            "The RPC server at {}:{} takes the connection but does not answer.".format(
                *connection.getpeername()
            ),
            "It serves one client at a time: unload the model that uses it, or start it anew.",
        ) from None
    if len(answer) < _GREETING.size:
        return None
    size, major, minor, _ = _GREETING.unpack(answer)
    return (major, minor) if size == _GREETING.size - 8 else None


def _registered(backend: int, endpoint: str) -> list[int]:
    """The server's devices. ggml knows a server again that was added before."""
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    address = ggml.function("ggml-base", "ggml_backend_reg_get_proc_address", pointer, pointer, text)
    add_server = ctypes.CFUNCTYPE(pointer, text)(address(backend, b"ggml_backend_rpc_add_server"))
    server = add_server(endpoint.encode())
    if not server:
        raise Unreachable(f"The RPC server at {endpoint} offers no device.", "Start it with a device.")
    ggml.function("ggml", "ggml_backend_register", None, pointer)(server)
    count = ggml.function("ggml-base", "ggml_backend_reg_dev_count", ctypes.c_size_t, pointer)(server)
    device = ggml.function("ggml-base", "ggml_backend_reg_dev_get", pointer, pointer, ctypes.c_size_t)
    return [device(server, index) for index in range(count)]
