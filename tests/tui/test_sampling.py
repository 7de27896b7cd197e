"""The sampling lab in the app: what comes next after a prompt, anew at each change of a setting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

import workbench_guide
from tests.tui.driving import AppPilot, opened, until
from tests.tui.looking import Compare
from tests.tui.looking import compare as compare
from tests.tui.stage import Actor, Stage
from workbench.backend import Provider
from workbench.engine_settings import EngineSettings
from workbench.generation import Generation
from workbench.models import Description
from workbench.planning.opening import open_planned
from workbench.sampler_trace import SamplerTrace, TracedToken, TraceStep
from workbench.tui.app import WorkbenchApp
from workbench.tui.screens.sampling import NO_MODEL, SamplingScreen

GUIDE = Description("guide", workbench_guide.PATH, workbench_guide.PATH.stat().st_size, "llama", "F16")


@pytest.fixture
def real(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage on which models are really loaded."""

    async def load(model: str, settings: EngineSettings, *, progress: Callable[[float], None]) -> Provider:
        return await open_planned(model, settings, progress=progress)

    monkeypatch.setattr(stage, "open_model", load)
    return stage


def field(app: WorkbenchApp, name: str) -> Input:
    return app.screen.query_one(f"#{name}", Input)


def shown(app: WorkbenchApp) -> str:
    return str(app.screen.query_one("#trace", Static).render())


def status(app: WorkbenchApp) -> str:
    return str(app.screen.query_one("#status", Static).render())


async def lab(app: WorkbenchApp, pilot: Pilot[None]) -> None:
    await pilot.press("f8")
    await until(pilot, lambda: isinstance(app.screen, SamplingScreen))


async def asked(app: WorkbenchApp, pilot: AppPilot) -> None:
    await lab(app, pilot)
    field(app, "prompt").value = "Which quantization should I take?"
    field(app, "answer").value = "A good"
    await until(pilot, lambda: "tokens left" in shown(app))


async def test_each_change_is_drawn(real: Stage) -> None:
    async with opened(real, GUIDE, size=(120, 34)) as (app, pilot):
        await asked(app, pilot)
        assert "top-k 40" in shown(app) and "temperature 0.8" in shown(app)
        field(app, "temperature").value = "1.5"
        field(app, "xtc_probability").value = "0.5"
        await until(pilot, lambda: "temperature 1.5" in shown(app) and "xtc 0.5/0.1" in shown(app))
        before = shown(app)
        field(app, "answer").value = "Take the"
        await until(pilot, lambda: shown(app) != before)


async def test_what_is_no_setting_is_told_and_the_usual_ones_come_back(real: Stage) -> None:
    async with opened(real, GUIDE) as (app, pilot):
        await asked(app, pilot)
        field(app, "top_p").value = "2"
        await until(pilot, lambda: "top_p is 2.0" in status(app))
        field(app, "top_p").value = "much"
        await until(pilot, lambda: "no number" in status(app))
        await pilot.press("ctrl+r")
        await until(pilot, lambda: status(app) == "" and field(app, "top_p").value == "0.95")


async def test_the_chat_takes_the_settings_over(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        await lab(app, pilot)
        field(app, "temperature").value = "0.3"
        await pilot.pause()
        await pilot.press("ctrl+u")
        await pilot.press("f3")
        app.chat.prompt.write("hi")
        await pilot.press("enter")
        await until(pilot, lambda: stage.actor.heard)
        assert stage.actor.heard[0].sampling.temperature == 0.3


async def test_an_engine_that_does_not_tell_is_said_to(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        await lab(app, pilot)
        field(app, "prompt").value = "hello"
        await until(pilot, lambda: "does not tell how it draws" in status(app))


async def test_without_a_model_it_says_how_to_get_one(stage: Stage) -> None:
    async with opened(stage, model=None) as (app, pilot):
        await lab(app, pilot)
        field(app, "prompt").value = "hello"
        await until(pilot, lambda: status(app) == NO_MODEL)


MADE_UP = SamplerTrace(
    (
        TracedToken(1, b" start"),
        TracedToken(2, " naïve".encode()),
        TracedToken(3, b"\n"),
        TracedToken(4, b" one"),
    ),
    (
        TraceStep("model", 4096, (0.45, 0.3, 0.15, 0.0001)),
        TraceStep("top-k", 40, (0.46, 0.31, 0.16, 0.0)),
        TraceStep("min-p", 3, (0.5, 0.33, 0.17, 0.0)),
        TraceStep("temperature", 3, (0.55, 0.32, 0.13, 0.0)),
    ),
    0,
    16,
)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (130, 34)], ids=["80x24", "130x34"])
def test_how_it_looks(stage: Stage, compare: Compare, size: tuple[int, int]) -> None:
    async def trace(generation: Generation) -> SamplerTrace:
        return MADE_UP

    def prepare(actor: Actor) -> None:
        actor.trace = trace  # type: ignore[assignment]

    stage.prepare = prepare
    assert compare(asked, size=size)
