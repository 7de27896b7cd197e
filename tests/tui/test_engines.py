"""The app on the real runtime: an engine's process that answers, is killed, and ends with the app."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from tests.tui.driving import AppPilot, answered, ask, until
from workbench.models import Description
from workbench.runtime.engine_provider import EngineProvider
from workbench.tui.app import WorkbenchApp
from workbench.tui.session import Failed, Ready
from workbench.tui.surroundings import Surroundings
from workbench.tui.widgets.problem import Problem


@asynccontextmanager
async def running(model: Description) -> AsyncIterator[tuple[WorkbenchApp, AppPilot, EngineProvider]]:
    app = WorkbenchApp(Surroundings(models=lambda: [model]), model=model)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.session.state, Ready))
        assert isinstance(app.session.state, Ready)
        provider = app.session.state.provider
        assert isinstance(provider, EngineProvider)
        yield app, pilot, provider


async def test_an_engine_answers_and_its_process_ends_with_the_app(script: Description) -> None:
    async with running(script) as (app, pilot, provider):
        process = provider.pid
        answer = await ask(app, pilot, "How is the weather?")
        await answered(app, pilot)
        assert answer.text == "I do not look out of the window."
        assert "tokens/s" in answer.line.render().plain
    assert not psutil.pid_exists(process)


async def test_a_killed_engine_gives_one_message_and_the_next_question_is_answered(
    script: Description,
) -> None:
    async with running(script) as (app, pilot, provider):
        answer = await ask(app, pilot, "Tell me everything")
        await until(pilot, lambda: answer.text)
        os.kill(provider.pid, signal.SIGKILL)
        await answered(app, pilot)
        assert len(app.chat.query(Problem)) == 1
        assert app.chat.query_one(Problem).error.remedy
        later = await ask(app, pilot, "How is the weather?")
        await answered(app, pilot)
        assert later.text == "I do not look out of the window."
        assert len(app.chat.query(Problem)) == 1


async def test_quitting_in_the_middle_of_an_answer_leaves_no_process(script: Description) -> None:
    async with running(script) as (app, pilot, provider):
        process = provider.pid
        answer = await ask(app, pilot, "Tell me everything")
        await until(pilot, lambda: answer.text)
        await pilot.press("ctrl+q")
    assert not psutil.pid_exists(process)


@pytest.mark.slow
async def test_escape_stops_a_real_engine_at_once(script: Description) -> None:
    async with running(script) as (app, pilot, _):
        answer = await ask(app, pilot, "Tell me everything")
        await until(pilot, lambda: answer.text)
        await pilot.press("escape")
        await answered(app, pilot)
        assert answer.text in "word " * 4000
        later = await ask(app, pilot, "How is the weather?")
        await answered(app, pilot)
        assert later.text == "I do not look out of the window."


@pytest.mark.parametrize("content", [b"GGUF", b"no model at all"])
async def test_a_broken_file_says_what_is_wrong_and_what_to_do(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    app = WorkbenchApp(Surroundings(models=list), model=Description("broken", path, len(content)))
    async with app.run_test() as pilot:
        await until(pilot, lambda: isinstance(app.session.state, Failed))
        await until(pilot, lambda: app.chat.query(Problem))
        error = app.chat.query_one(Problem).error
        assert error.message and error.remedy
        assert "unexpected" not in error.message
