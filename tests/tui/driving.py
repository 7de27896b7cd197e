"""Steps that several tests take: open the app on a model, ask, and wait for what is to come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from tests.tui.stage import GUIDE, Stage
from workbench.models import Description
from workbench.tui.app import WorkbenchApp
from workbench.tui.session import Ready
from workbench.tui.widgets.turns import Answer

PATIENCE = 20.0

AppPilot = Pilot[None]


async def until(pilot: AppPilot, happens: Callable[[], object]) -> None:
    """Let the app run until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not happens():
            await pilot.pause(0.01)
    await pilot.pause()


@asynccontextmanager
async def opened(
    stage: Stage, model: Description | None = GUIDE, size: tuple[int, int] = (100, 30)
) -> AsyncIterator[tuple[WorkbenchApp, AppPilot]]:
    """The app; with a model, on a chat with it, loaded."""
    app = WorkbenchApp(stage.surroundings(), model=model)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        if model is not None and not stage.held:
            await until(pilot, lambda: isinstance(app.session.state, Ready))
        yield app, pilot


async def ask(app: WorkbenchApp, pilot: AppPilot, question: str) -> Answer:
    """Type a question, send it, and return the answer that has begun."""
    before = len(app.chat.query(Answer))
    app.chat.prompt.write(question)
    await pilot.press("enter")
    await until(pilot, lambda: len(app.chat.query(Answer)) > before)
    return app.chat.query(Answer).last()


async def answered(app: WorkbenchApp, pilot: AppPilot) -> None:
    await until(pilot, lambda: not app.chat.answering)
