"""The engine's process ends when its owner goes away or when it can no longer listen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from workbench.engine_settings import EngineSettings
from workbench.runtime import messages
from workbench.sampling import SamplingSettings


def next_reply(stream: BinaryIO) -> messages.Reply:
    length = messages.LENGTH.unpack(stream.read(messages.LENGTH.size))[0]
    reply: messages.Reply = messages.reply_decoder.decode(stream.read(length))
    return reply


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that can recite without end."""
    script = tmp_path / "endless.script.toml"
    script.write_text('pause = 0.01\n[[reply]]\ntext = "and so on "\n')
    command = [sys.executable, "-m", "workbench.runtime.worker"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin and process.stdout
        process.stdin.write(
            messages.frame(messages.Open("scripted", str(script), EngineSettings(parallel=4)))
        )
        process.stdin.flush()
        while not isinstance(next_reply(process.stdout), messages.Opened):
            pass
        yield process
        process.kill()


def request(number: int) -> messages.Generate:
    return messages.Generate(number, "go", SamplingSettings(), None, (), None, True)


def first_step(process: subprocess.Popen[bytes], command: messages.Command) -> messages.Step:
    assert process.stdin and process.stdout
    process.stdin.write(messages.frame(command))
    process.stdin.flush()
    step = next_reply(process.stdout)
    assert isinstance(step, messages.Step)
    return step


@pytest.fixture
def worker(idle: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """A worker that recites."""
    first_step(idle, request(1))
    return idle


def test_requests_that_come_together_begin_with_the_same_step(idle: subprocess.Popen[bytes]) -> None:
    step = first_step(idle, messages.Together(tuple(request(number) for number in range(1, 5))))
    assert {event.id for event in step.events} == {1, 2, 3, 4}


def test_it_ends_with_its_owner(worker: subprocess.Popen[bytes]) -> None:
    assert worker.stdin
    worker.stdin.close()
    assert worker.wait(timeout=20) == 0


def test_it_ends_when_it_cannot_understand(worker: subprocess.Popen[bytes]) -> None:
    assert worker.stdin and worker.stderr
    worker.stdin.write(messages.LENGTH.pack(3) + b"\xc1\xc1\xc1")
    worker.stdin.flush()
    assert worker.wait(timeout=20) == 1
    assert b"DecodeError" in worker.stderr.read()
