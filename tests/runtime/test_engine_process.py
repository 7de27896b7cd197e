"""What the runtime writes to an engine's process, and in what order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from workbench.engine_settings import EngineSettings
from workbench.runtime import messages
from workbench.runtime.engine_process import EngineProcess
from workbench.sampling import SamplingSettings

Written = list[messages.Message]


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[EngineProcess]:
    script = tmp_path / "endless.script.toml"
    script.write_text('pause = 0.01\n[[reply]]\ntext = "and so on "\n')
    command = messages.Open("scripted", str(script), EngineSettings(parallel=2))
    process = await EngineProcess.start(command, lambda share: None)
    yield process
    await process.close()


@pytest.fixture
def written(process: EngineProcess, monkeypatch: pytest.MonkeyPatch) -> Written:
    """What is written from now on, as it is written."""
    kept, write = Written(), process._write

    def keep(message: messages.Message) -> None:
        kept.append(message)
        write(message)

    monkeypatch.setattr(process, "_write", keep)
    return kept


def request(number: int) -> messages.Generate:
    return messages.Generate(number, "go", SamplingSettings(), None, (), None, True)


async def test_requests_that_arrive_together_are_sent_together(
    process: EngineProcess, written: Written
) -> None:
    _, first = process.call(request)
    await asyncio.sleep(0)
    _, second = process.call(request)
    await asyncio.gather(first.get(), second.get())
    assert written == [messages.Together((request(1), request(2)))]


async def test_a_request_that_was_dropped_at_once_is_sent_before_that_is_said(
    process: EngineProcess, written: Written
) -> None:
    number, _ = process.call(request)
    process.cancel(number)
    assert written == [messages.Together((request(1),)), messages.Cancel(1)]
