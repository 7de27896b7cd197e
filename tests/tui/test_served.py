"""A model that a server of this user has loaded: the app uses it, and goes on when the server is gone."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.cli.process import Workbench
from tests.tui.driving import AppPilot, answered, ask, until
from workbench.models import Description
from workbench.tui.app import WorkbenchApp
from workbench.tui.session import Lost, Ready
from workbench.tui.surroundings import Surroundings
from workbench.tui.widgets.intro import Intro
from workbench.tui.widgets.problem import Problem


@pytest.fixture
def server(tmp_path: Path, script: Description) -> Iterator[subprocess.Popen[bytes]]:
    """`workbench serve`, with the script loaded."""
    workbench = Workbench(tmp_path / "home")
    process = workbench.start("serve", str(script.path), "--port", "0")
    assert process.stderr is not None
    while b"print(" not in process.stderr.readline():
        assert process.poll() is None
    yield process
    workbench.end()


@asynccontextmanager
async def opened(model: Description) -> AsyncIterator[tuple[WorkbenchApp, AppPilot]]:
    app = WorkbenchApp(Surroundings(models=lambda: [model]), model=model)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.session.state, Ready))
        yield app, pilot


def introduction(app: WorkbenchApp) -> str:
    return str(app.chat.query_one(Intro).render())


async def test_what_a_server_has_loaded_is_used_there_until_it_is_gone(
    script: Description, server: subprocess.Popen[bytes]
) -> None:
    async with opened(script) as (app, pilot):
        assert "answers in the server that runs" in introduction(app)
        first = await ask(app, pilot, "How is the weather?")
        await answered(app, pilot)
        assert first.text == "I do not look out of the window." and "tokens/s" in first.line.render().plain
        cut = await ask(app, pilot, "Tell me everything")
        await until(pilot, lambda: cut.text)
        server.kill()
        await until(pilot, lambda: isinstance(app.session.state, Lost))
        await answered(app, pilot)
        assert app.chat.query_one(Problem).error.remedy.startswith("Ask again")
        assert [notice.title for notice in app._notifications] == [app.chat.query_one(Problem).error.message]
        assert "went away" in introduction(app) and cut.text
        again = await ask(app, pilot, "How is the weather?")
        await answered(app, pilot)
        assert again.text == "I do not look out of the window."
        assert isinstance(app.session.state, Ready) and not app.session.state.is_served
        said = [message.content for message in app.dialogue.conversation.messages]
        assert (
            said[:3] == ["How is the weather?", first.text, "Tell me everything"] and said[-1] == again.text
        )


@pytest.mark.slow
async def test_it_can_be_loaded_here_all_the_same(
    script: Description, server: subprocess.Popen[bytes]
) -> None:
    async with opened(script) as (app, pilot):
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert f"Load {script.name} here" in titles
        app.action_load_here()
        await until(pilot, lambda: isinstance(app.session.state, Ready) and not app.session.state.is_served)
        assert "server" not in introduction(app)
    assert server.poll() is None
