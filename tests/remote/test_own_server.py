"""A server that is a process of ours: started with a key, watched, started anew, and gone when we are."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.contract.answers import ask, events_of, text_of
from workbench.errors import EngineDied, EngineUnavailable, LoadCancelled
from workbench.generation import Generation
from workbench.openai_client.own_provider import OwnProvider
from workbench.openai_client.own_server import OwnServer

PROGRAM = Path(__file__).with_name("program.py")
OWNER = """
import sys
from tests.remote.test_own_server import server_of
server = server_of(sys.argv[1])
server.start()
print(server.pid, flush=True)
sys.stdin.read()
"""


def server_of(file: Path | str) -> OwnServer:
    def command(port: int, key: str) -> list[str]:
        return [sys.executable, str(PROGRAM), "127.0.0.1", str(port), str(file)]

    return OwnServer(command, lambda key: {"PROGRAM_KEY": key})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.write_text("")
    return path


def opened(file: Path) -> OwnProvider:
    return OwnProvider.open(server_of(file), lambda facts: facts, lambda share: True)


async def test_it_answers_and_is_started_anew_after_it_died(file: Path) -> None:
    provider = await asyncio.to_thread(opened, file)
    try:
        assert provider.facts.context_length == 64
        before = provider.pid
        with pytest.raises(EngineDied, match="exit code 3"):
            await events_of(provider, Generation(prompt=ask("die")))
        assert text_of(await events_of(provider, Generation(prompt=ask("Hello?")))) == "Hello"
        assert provider.pid != before
    finally:
        await provider.close()
    assert not psutil.pid_exists(provider.pid)


def test_what_it_says_last_is_told_when_it_does_not_start(file: Path) -> None:
    file.write_text("refuse")
    with pytest.raises(EngineDied, match=r"loading the model \(exit code 1\).*not to my taste"):
        server_of(file).start()
    with pytest.raises(EngineUnavailable, match="no-such-program"):
        OwnServer(lambda port, key: ["no-such-program"]).start()


def test_a_load_that_is_cancelled_leaves_no_process(file: Path) -> None:
    server = server_of(file)
    with pytest.raises(LoadCancelled):
        server.start(lambda share: False)
    assert not server.alive


def test_it_ends_when_its_owner_is_killed(file: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        process = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
    psutil.wait_procs([process], timeout=10)
    assert not process.is_running()
