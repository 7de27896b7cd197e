"""Pictures of the app, compared with those that a person has approved (tests/tui/__snapshots__)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from tests.tui.driving import until
from tests.tui.stage import GUIDE, Stage
from workbench.models import Description
from workbench.tui.app import WorkbenchApp
from workbench.tui.session import Ready

LIGHT, DARK = "catppuccin-latte", "nord"

Compare = Callable[..., bool]
Steps = Callable[[WorkbenchApp, Pilot[None]], Awaitable[object]]


@pytest.fixture
def compare(stage: Stage, snap_compare: Compare) -> Compare:
    """Take some steps in the app and compare its picture with the approved one."""

    def compare(
        steps: Steps, model: Description | None = GUIDE, theme: str = DARK, size: tuple[int, int] = (100, 30)
    ) -> bool:
        app = WorkbenchApp(stage.surroundings(), model=model)
        app.theme = theme

        async def act(pilot: Pilot[None]) -> None:
            if model is not None and not stage.held:
                await until(pilot, lambda: isinstance(app.session.state, Ready))
            await steps(app, pilot)
            await pilot.wait_for_scheduled_animations()

        return snap_compare(app, terminal_size=size, run_before=act)

    return compare
