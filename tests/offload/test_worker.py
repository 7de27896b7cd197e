"""`workbench rpc-worker` at work: memory as predicted and as limited, and deaths on either side."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import openai
import psutil
import pytest

import workbench_guide
from tests.cli.process import Workbench
from tests.offload.device_server import DeviceServer
from tests.offload.loaded_model import LoadedModel
from workbench.engine_settings import EngineSettings
from workbench_llama_cpp.ggml import PLUGIN_FOLDER
from workbench_llama_cpp.rpc_protocol import GREETING, HEAD, HELLO, Command, asked

pytestmark = pytest.mark.slow

MODEL = str(workbench_guide.PATH)
QUESTION = ("Who are you?", "--temperature", "0", "--max-tokens", "16")


@pytest.fixture
def workbench(tmp_path: Path, plugins: Path) -> Iterator[Workbench]:
    command = Workbench(tmp_path)
    command.environment[PLUGIN_FOLDER] = str(plugins)
    yield command
    command.end()


def test_two_workers_give_the_tokens_of_one_machine(
    workbench: Workbench, server: DeviceServer, second_server: DeviceServer
) -> None:
    alone = workbench("run", MODEL, *QUESTION)
    both = ("--rpc", server.host_and_port, "--rpc", second_server.host_and_port)
    split = workbench("run", MODEL, *QUESTION, *both)
    assert alone.returncode == split.returncode == 0, split.stderr
    assert split.stdout == alone.stdout != ""
    for one in (server, second_server):
        one.wait_for(r"(127\.0\.0\.1) connected")
        one.wait_for("(had taken) .* MiB")


def test_what_fit_says_is_what_is_taken(workbench: Workbench, server: DeviceServer) -> None:
    told = workbench("fit", MODEL, "--context", "1024", "--rpc", server.host_and_port, "--json")
    (device,) = json.loads(told.stdout)["devices"]
    assert device["name"] == "RPC0" and 0 < device["free_bytes"] < 2**50 and not device["overhead_bytes"]
    settings = EngineSettings(context_length=1024, rpc_servers=(server.host_and_port,))
    with LoadedModel(Path(MODEL), settings) as loaded:
        (actual,) = loaded.state.devices
    parts = ("weights_bytes", "context_bytes", "compute_bytes")
    assert [device[part] for part in parts] == [getattr(actual, part) for part in parts]
    listed = workbench("backends", "--rpc", server.host_and_port, "--json")
    devices = {row["name"]: row["devices"] for row in json.loads(listed.stdout)}
    assert devices["llama-cpp"] == ["RPC0", "CPU"]


def test_more_than_the_worker_gives_is_refused(workbench: Workbench, plugins: Path) -> None:
    small = DeviceServer(plugins, "--memory", "8MiB")
    try:
        refused = workbench("run", MODEL, *QUESTION, "--rpc", small.host_and_port)
        assert (refused.returncode, refused.stdout) == (5, ""), refused.stderr
        part = workbench("run", MODEL, *QUESTION, "--rpc", small.host_and_port, "--gpu-layers", "1")
        assert part.returncode == 0, part.stderr
    finally:
        small.close()


def test_a_client_that_breaks_off_leaves_the_server_to_the_next_one(
    workbench: Workbench, server: DeviceServer
) -> None:
    before = server.pid
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        asked(connection, Command.HELLO, HELLO, GREETING)
        connection.sendall(HEAD.pack(Command.GRAPH_COMPUTE, 2**40) + bytes(4096))
    done = workbench("run", MODEL, *QUESTION, "--rpc", server.host_and_port)
    assert done.returncode == 0, done.stderr
    assert server.pid == before


def test_a_server_that_a_client_has_ended_is_started_anew(workbench: Workbench, server: DeviceServer) -> None:
    before = server.pid
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        asked(connection, Command.HELLO, HELLO, GREETING)
        psutil.Process(before).kill()
        connection.sendall(HEAD.pack(Command.DEVICE_COUNT, 0))
        assert server.wait_for("(started anew): signal 9")
    done = workbench("run", MODEL, *QUESTION, "--rpc", server.host_and_port)
    assert done.returncode == 0, done.stderr
    assert server.pid != before


def test_a_worker_that_is_stuck_holds_up_neither_its_client_s_end_nor_the_next(
    workbench: Workbench, server: DeviceServer
) -> None:
    options = ("--max-tokens", "1500", "--rpc", server.host_and_port)
    asking = workbench.start("run", MODEL, "Tell a story.", *options)
    assert asking.stdout is not None and asking.stdout.read(1)
    stuck = psutil.Process(server.pid)
    stuck.suspend()
    asking.send_signal(signal.SIGINT)
    assert asking.wait(20) == 130
    refused = workbench("run", MODEL, *QUESTION, "--rpc", server.host_and_port)
    assert refused.returncode == 8 and "does not answer" in refused.stderr
    stuck.resume()
    assert workbench("run", MODEL, *QUESTION, "--rpc", server.host_and_port).returncode == 0


def test_the_endpoint_outlives_a_worker_and_uses_the_next(
    workbench: Workbench, server: DeviceServer, plugins: Path
) -> None:
    options = ("--rpc", server.host_and_port, "--context", "2048", "--port", "0")
    served = workbench.start("serve", MODEL, *options)
    assert served.stderr is not None
    lines = (line.decode() for line in served.stderr)
    url = next(match[1] for line in lines if (match := re.search(r"Serving at (\S+);", line)))
    client = openai.OpenAI(base_url=url, api_key="any", max_retries=0)
    name = client.models.list().data[0].id
    stream = client.completions.create(
        model=name, prompt="Once", stream=True, max_tokens=1500, extra_body={"ignore_eos": True}
    )
    next(iter(stream))
    server.close()
    with pytest.raises(openai.APIError) as broken:
        list(stream)
    assert len(str(broken.value).splitlines()) == 1 and "RPC" in str(broken.value)
    with pytest.raises(openai.APIStatusError) as gone:
        client.completions.create(model=name, prompt="Once", max_tokens=2)
    assert "No RPC server can be reached" in str(gone.value)
    again = DeviceServer(plugins, port=server.port)
    try:
        assert client.completions.create(model=name, prompt="Once", max_tokens=2).choices[0].text
    finally:
        again.close()


def test_it_ends_with_its_server_whoever_ends_it(server: DeviceServer) -> None:
    held = psutil.Process(server.pid)
    server.close()
    assert not held.is_running() or held.status() == psutil.STATUS_ZOMBIE


def test_an_interrupt_ends_it_without_a_word(plugins: Path, workbench: Workbench) -> None:
    worker = workbench.start("rpc-worker", "--port", "0")
    assert worker.stderr is not None
    next(line for line in worker.stderr if b"Listening" in line)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(20) == 130
    assert b"Traceback" not in worker.stderr.read()
