"""Starting and stopping: the port, signals, and models closed at the end."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.loopback import chat, error_of, exchange, http
from tests.server.recital import Recital
from workbench.errors import InvalidModel, InvalidRequest, WorkbenchError
from workbench.listening import listen
from workbench.server import ModelPool, serve
from workbench.server.pool.model_offer import Progress

ROOT = Path(__file__).parents[2]


async def test_a_taken_port_is_said_before_any_model_is_opened() -> None:
    async def opener(progress: Progress) -> Recital:
        raise AssertionError("opened")

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(WorkbenchError, match=f"127.0.0.1:{port} is taken") as caught:
            await serve(ModelPool({"guide": opener}), port=port)
    assert "another port" in caught.value.remedy


async def test_small_writes_are_not_held_back() -> None:
    delayed = asyncio.Queue[int]()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted = writer.get_extra_info("socket")
        delayed.put_nowait(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = listen("127.0.0.1", 0)
    async with await asyncio.start_server(connected, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        assert await asyncio.wait_for(delayed.get(), 10)
        writer.close()


@pytest.mark.parametrize("port", [-1, 65536])
async def test_a_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(InvalidRequest, match="is no port"):
        await serve(ModelPool({}), port=port)


async def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(WorkbenchError, match=r"Cannot listen on 192\.0\.2\.1"):
        await serve(ModelPool({}), "192.0.2.1", 0)


async def test_a_model_that_cannot_be_opened_ends_it() -> None:
    async def opener(progress: Progress) -> Recital:
        raise InvalidModel("The file is cut short.", "Download it again.")

    other = Recital()
    with pytest.raises(InvalidModel):
        await serve(ModelPool({"other": other, "guide": opener}), port=0)
    assert other.closed


async def test_it_answers_while_its_models_load_and_says_that_they_do() -> None:
    released, told = asyncio.Event(), list[str]()

    async def opener(progress: Progress) -> Recital:
        progress(0.5)
        await released.wait()
        return Recital()

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = asyncio.create_task(serve(ModelPool({"guide": opener}), port=port, ready=told.append))
    url = f"http://127.0.0.1:{port}"
    async with asyncio.timeout(20):
        while b'"progress":{"guide":0.5}' not in await _health(url):
            await asyncio.sleep(0.01)
        asked = asyncio.create_task(
            exchange(url, http("POST", "/v1/chat/completions", json.dumps(chat("one")).encode()))
        )
        assert not told
        released.set()
        assert (await asked)[0] == 200
        while not told:
            await asyncio.sleep(0.01)
    server.cancel()
    with pytest.raises(asyncio.CancelledError):
        await server


async def _health(url: str) -> bytes:
    try:
        return (await exchange(url, http("GET", "/health")))[2]
    except OSError:
        return b""


async def test_cancelling_stops_it_in_order() -> None:
    model, address = Recital(), asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve(ModelPool({"guide": model}), port=0, ready=address.set_result))
    url = await address
    assert url.startswith("http://127.0.0.1:")
    server.cancel()
    with pytest.raises(asyncio.CancelledError):
        await server
    assert model.closed
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_streams_closes_models_and_is_no_failure(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.server.serve_recital",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout and process.stderr
    port = int((await process.stdout.readline()).rsplit(b":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(http("POST", "/v1/chat/completions", json.dumps(chat("one two", stream=True)).encode()))
    await reader.readuntil(b'"content":"one"')
    process.send_signal(number)
    rest = await asyncio.wait_for(reader.read(), 20)
    said, complaints = await asyncio.wait_for(process.communicate(), 20)
    writer.close()
    assert (process.returncode, said, complaints) == (0, b"closed 0\n", b"")
    last = rest.split(b"data: ")[-1].split(b"\r\n")[0]
    assert error_of(last)["code"] == "server_stopping"


def test_a_server_may_have_many_connections() -> None:
    """In a process of its own, since what was raised stays so."""
    code = (
        "import resource as r; from workbench.server.access.descriptors import allow_many;"
        "hard = r.getrlimit(r.RLIMIT_NOFILE)[1]; r.setrlimit(r.RLIMIT_NOFILE, (256, hard));"
        "allow_many(); print(r.getrlimit(r.RLIMIT_NOFILE)[0] == (min(hard, 16384) if hard > 0 else 16384))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "True\n"
