"""A server of ggml's RPC is greeted before ggml meets it, and what is wrong with it is said in a sentence."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from workbench.errors import InvalidRequest, Unreachable, Unsupported
from workbench_llama_cpp import ggml, rpc
from workbench_llama_cpp.rpc_connections import watch

Answer = Callable[[socket.socket], object]


@pytest.fixture
def with_rpc(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this build had RPC; nothing here may get as far as using it."""
    monkeypatch.setattr(ggml, "backend", lambda name: 1)
    monkeypatch.setattr(rpc, "_PATIENCE", 0.3)


@pytest.fixture
def listening() -> Iterator[Callable[[Answer], str]]:
    """Make a server that does one thing with a connection; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def start(answer: Answer) -> str:
            def serve() -> None:
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    answer(connection)
                    while connection.recv(100):
                        pass

            threading.Thread(target=serve, daemon=True).start()
            return f"rpc://127.0.0.1:{server.getsockname()[1]}"

        yield start


def version(major: int, minor: int) -> bytes:
    return struct.pack("<Q4B24x", 28, major, minor, 0, 0)


@pytest.mark.parametrize(
    "address",
    ["rpc://", "rpc://box", "rpc://box:0", "rpc://box:70000", "rpc://a b:1", "rpc://box:1/x", "rpc://:1"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidRequest, match="no address of an RPC server"):
        rpc.reach(address)


def test_a_build_without_rpc_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ggml, "backend", lambda name: None)
    with pytest.raises(Unsupported, match=r"rpc-worker --install.*-DGGML_RPC=on"):
        rpc.reach("127.0.0.1:50052")


def test_a_folder_without_the_plugin_is_as_good_as_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv(ggml.PLUGIN_FOLDER, str(tmp_path_factory.mktemp("plugins")))
    assert ggml.backend("nonesuch") is None


def test_nobody_there(with_rpc: None) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable, match="can be reached"):
            rpc.reach(f"rpc://127.0.0.1:{unused.getsockname()[1]}")


def test_one_that_is_busy_with_another_client(with_rpc: None, listening: Callable[[Answer], str]) -> None:
    with pytest.raises(Unreachable, match="does not answer") as raised:
        rpc.reach(listening(lambda connection: None))
    assert "one client at a time" in raised.value.remedy


@pytest.mark.parametrize(
    ("answer", "spoken"),
    [(version(6, 0), "RPC 6.0"), (version(7, 1), "RPC 7.1"), (b"HTTP/1.1 400 Bad Request\r\n" * 4, "no RPC")],
)
def test_one_of_another_version(
    answer: bytes, spoken: str, with_rpc: None, listening: Callable[[Answer], str]
) -> None:
    with pytest.raises(Unreachable, match=spoken):
        rpc.reach(listening(lambda connection: connection.sendall(answer)))


def scripted(*answers: bytes) -> Answer:
    """Greets, and gives one of the answers to each further request."""

    def answer(connection: socket.socket) -> None:
        for one in (version(7, 0), *answers):
            connection.recv(100)
            connection.sendall(one)

    return answer


def sized(body: bytes) -> bytes:
    return struct.pack("<Q", len(body)) + body


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ((), "does not answer"),
        ((sized(struct.pack("<I", 2)), sized(bytes(16))), "does not answer"),
        ((sized(struct.pack("<I", 0)),), "0 devices"),
        ((sized(struct.pack("<I", 2**31)), *[sized(bytes(16))] * 64), "2147483648 devices"),
        ((sized(b"much"), sized(b"more")), "does not tell of its devices"),
        ((sized(b"too much"),), "does not tell of its devices"),
    ],
)
def test_one_that_greets_and_no_more(
    answers: tuple[bytes, ...], words: str, with_rpc: None, listening: Callable[[Answer], str]
) -> None:
    with pytest.raises(Unreachable, match=words) as raised:
        rpc.reach(listening(scripted(*answers)))
    assert raised.value.remedy


def test_connections_end_when_the_other_machine_is_gone(listening: Callable[[Answer], str]) -> None:
    """Those of ggml are found among this process's own; the system then ends what stays silent."""
    host, port = rpc.parsed(listening(lambda connection: None))
    with socket.create_connection((host, port)) as connection:
        watch(port)
        deadline = time.monotonic() + 10
        while not connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000


def test_one_that_hangs_up(with_rpc: None, listening: Callable[[Answer], str]) -> None:
    with pytest.raises(Unreachable):
        rpc.reach(listening(lambda connection: connection.close()))
