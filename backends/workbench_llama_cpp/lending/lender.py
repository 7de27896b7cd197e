"""Lends this machine's devices to whoever connects, one client at a time, and tells who that is.

A server that a client has ended is started anew for the next one. Knows nothing of who may connect.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

from workbench.engine_device import Loan
from workbench.errors import EngineDied, error_of_kind
from workbench.ports import Lender
from workbench_llama_cpp.frames import Refused
from workbench_llama_cpp.job_process import JobProcess
from workbench_llama_cpp.lending.messages import Lend, Lent, Ready, answer
from workbench_llama_cpp.lending.plugin import install
from workbench_llama_cpp.lending.relay import Relay
from workbench_llama_cpp.rpc_connections import end_when_gone

_START_SECONDS = 30.0
_PAUSE = 0.05
_VISIT_SECONDS = 10.0
_MIB = 2**20


class LlamaCppLender(Lender):
    """By llama.cpp's RPC."""

    def install(self) -> Path:
        return install()

    def lend(self, listener: socket.socket, loan: Loan, tell: Callable[[str], None]) -> None:
        with DeviceServer(loan) as server:
            for device in server.start():
                tell(f"Lends {device.name}: {device.description}, {_size(device.total_bytes)}.")
            host, port = listener.getsockname()[:2]
            tell(f"Listening on {host}:{port}; Ctrl+C ends it.")
            desk = _Desk(server, loan, tell)
            while True:
                client, address = listener.accept()
                with client:
                    desk.serve(client, address[0])


class _Desk:
    """Serves clients, and tells of each machine when it comes and when it gives memory back."""

    def __init__(self, server: DeviceServer, loan: Loan, tell: Callable[[str], None]) -> None:
        self._server, self._loan, self._tell = server, loan, tell
        self._seen: dict[str, float] = {}

    def serve(self, client: socket.socket, who: str) -> None:
        self._greet(who)
        end_when_gone(client)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        hosts = {number for number, device in enumerate(self._server.start()) if device.host}
        with self._server.connection() as inside:
            relay = Relay(client, inside, self._loan.memory_bytes, hosts)
            try:
                relay.run()
            except OSError:
                if how := self._server.ended():
                    self._tell(f"{who} ended llama.cpp's server, which is started anew: {how}.")
        self._seen[who] = time.monotonic()
        if relay.refused_bytes:
            self._tell(f"{who} was refused {_size(relay.refused_bytes)}: it is more than may be taken.")
        if relay.most_bytes:
            self._tell(f"{who} left, and had taken {_size(relay.most_bytes)} at most.")

    def _greet(self, who: str) -> None:
        """Engines connect and leave several times before they stay."""
        if time.monotonic() - self._seen.get(who, -_VISIT_SECONDS) >= _VISIT_SECONDS:
            self._tell(f"{who} connected.")


class DeviceServer:
    """llama.cpp's server in its process, which runs while this context is open."""

    def __init__(self, loan: Loan) -> None:
        self._loan = loan
        self._process = JobProcess("workbench_llama_cpp.lending.device_server", "lent its devices")
        self._devices: tuple[Lent, ...] = ()
        self._port = 0

    def __enter__(self) -> DeviceServer:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.close()

    def start(self) -> tuple[Lent, ...]:
        """The devices, lent from now on if they were not. Raises as Lender.lend."""
        if not self._process.alive:
            self._process.close()
            self._port = _free_port()
            self._process.run(Lend(self._port, self._loan.devices, self._loan.threads), self._take)
        return self._devices

    def ended(self) -> str:
        """How it ended and what it said last; "" while it runs."""
        deadline = time.monotonic() + 1.0
        while self._process.alive and time.monotonic() < deadline:
            time.sleep(_PAUSE)
        return "" if self._process.alive else self._process.last_words()

    def connection(self) -> socket.socket:
        """Raises EngineDied where it takes none."""
        deadline = time.monotonic() + _START_SECONDS
        while self._process.alive and time.monotonic() < deadline:
            try:
                inside = socket.create_connection(("127.0.0.1", self._port), timeout=_START_SECONDS)
            except OSError:
                time.sleep(_PAUSE)
                continue
            inside.settimeout(None)
            inside.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return inside
        raise EngineDied("llama.cpp's RPC server takes no connection.", "Start it again.")

    def _take(self, body: bytes | None) -> bool:
        if body is None:
            return False
        match answer(body):
            case Ready(devices):
                self._devices = devices
            case Refused(kind, message, remedy):
                raise error_of_kind(kind, message, remedy)
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _size(number_of_bytes: int) -> str:
    return f"{number_of_bytes / _MIB:,.0f} MiB"
