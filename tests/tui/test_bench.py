"""The benchmark screen: measured in a job that outlives a change of screens, kept, and compared."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tests.tui.driving import opened, until
from tests.tui.stage import Stage
from workbench.backend import Provider
from workbench.benchmark.history import RunStore
from workbench.engine_settings import EngineSettings
from workbench.planning.opening import open_planned
from workbench.tui.app import WorkbenchApp
from workbench.tui.screens.bench import NOTHING, BenchScreen
from workbench.tui.screens.job_picker import JobPicker
from workbench.tui.screens.quit_question import QuitQuestion
from workbench.tui.widgets.bench_report import BenchReport
from workbench.tui.widgets.choice_list import ChoiceList


@pytest.fixture
def real(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage on which models are really loaded."""

    async def load(model: str, settings: EngineSettings, *, progress: Callable[[float], None]) -> Provider:
        return await open_planned(model, settings, progress=progress)

    monkeypatch.setattr(stage, "open_model", load)
    return stage


def status(app: WorkbenchApp) -> str:
    return str(app.screen.query_one("#status", Static).render())


def reports(app: WorkbenchApp) -> list[str]:
    return [str(report.render()) for report in app.screen.query(BenchReport)]


async def measuring(app: WorkbenchApp, pilot: Pilot[None], **written: str) -> None:
    await pilot.press("f9")
    await until(pilot, lambda: isinstance(app.screen, BenchScreen))
    for name, value in {
        "named": "guide",
        "prompt": "16",
        "generate": "8",
        "repetitions": "2",
        **written,
    }.items():
        app.screen.query_one(f"#{name}", Input).value = value
    await pilot.press("ctrl+g")


def ended(app: WorkbenchApp) -> bool:
    return bool(app.jobs.every) and not app.jobs.running


async def test_it_measures_while_others_are_looked_at_and_compares(real: Stage) -> None:
    async with opened(real, None, size=(120, 40)) as (app, pilot):
        await measuring(app, pilot)
        await pilot.press("f2")
        await until(pilot, lambda: ended(app))
        assert app.jobs.every[0].state == "done"
        await pilot.press("f9", "ctrl+g")
        await until(pilot, lambda: ended(app) and len(reports(app)) == 2)
        newest, first = reports(app)
        assert all(word in first for word in ("guide: llama", "pp16", "tg8", "first token", "measured"))
        assert "earlier run" in newest or "Nothing can be said" in newest
        assert "tokens/s read" in newest, "the trend of two runs is drawn"
        command = str(app.screen.query_one("#command", Static).render())
        assert command == "workbench bench guide --prompt 16 --generate 8"
    with RunStore() as store:
        assert len(store.runs()) == 2


async def test_a_job_is_listed_and_stopped(real: Stage) -> None:
    async with opened(real, None, size=(120, 40)) as (app, pilot):
        await measuring(app, pilot, repetitions="2000")
        await until(pilot, lambda: "tg8" in status(app) or "pp16" in status(app))
        await pilot.press("ctrl+l")
        await until(
            pilot, lambda: isinstance(app.screen, JobPicker) and app.screen.query_one(ChoiceList).option_count
        )
        await pilot.press("ctrl+s")
        await until(pilot, lambda: ended(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, BenchScreen) and status(app) == "Stopped.")
        assert not reports(app)


async def test_quitting_asks_while_a_job_runs(real: Stage) -> None:
    async with opened(real, None, size=(120, 40)) as (app, pilot):
        await measuring(app, pilot, repetitions="2000")
        await until(pilot, lambda: app.jobs.running)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, QuitQuestion))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, BenchScreen))
        assert app.jobs.running
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, QuitQuestion))
        await pilot.press("enter")
        await until(pilot, lambda: not app.is_running)
    assert not app.jobs.running


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"named": ""}, NOTHING),
        ({"named": "no-such-model"}, "no-such-model"),
        ({"prompt": "many"}, "'many' is no number"),
        ({"prompt": "0", "generate": "0"}, "nothing to measure"),
        ({"prompt": "-1"}, "negative"),
    ],
)
async def test_what_cannot_be_measured_is_said(real: Stage, written: dict[str, str], words: str) -> None:
    async with opened(real, None, size=(120, 40)) as (app, pilot):
        await measuring(app, pilot, **written)
        await until(pilot, lambda: words in status(app))
        assert not reports(app)
