"""The fit screen: what a model takes, redrawn as one turns, here and on cards that are not here."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

import workbench_guide
from tests.hub import FakeHub
from tests.tui.driving import AppPilot, opened, until
from tests.tui.looking import LIGHT, Compare
from tests.tui.looking import compare as compare
from tests.tui.shelf import hub as hub
from tests.tui.stage import Stage
from workbench.backend import Provider
from workbench.engine_settings import EngineSettings
from workbench.tui.app import WorkbenchApp
from workbench.tui.screens.fit import NO_MODEL, FitScreen
from workbench.tui.widgets.dial import Dial
from workbench.tui.widgets.frontier_table import FrontierTable
from workbench.tui.widgets.memory_bars import MemoryBars


def told(app: WorkbenchApp, name: str = "#verdict") -> str:
    return str(app.screen.query_one(name, Static).render())


def bars(app: WorkbenchApp) -> str:
    return str(app.screen.query_one(MemoryBars).render())


def dial(app: WorkbenchApp, name: str) -> Dial:
    return app.screen.query_one(f"#{name}", Dial)


def by_engine(app: WorkbenchApp) -> bool:
    return "engine's own layout" in told(app)


async def fit_screen(app: WorkbenchApp, pilot: Pilot[None], model: str = "guide", cards: str = "") -> None:
    await pilot.press("f7")
    await until(pilot, lambda: isinstance(app.screen, FitScreen))
    app.screen.query_one("#cards", Input).value = cards
    app.screen.query_one("#named", Input).value = model
    app.screen.query_one("#named", Input).focus()
    await pilot.press("enter")


async def test_each_turn_is_redrawn_by_the_formula_and_then_by_the_engine(stage: Stage) -> None:
    async with opened(stage, None, size=(120, 40)) as (app, pilot):
        await fit_screen(app, pilot)
        await until(pilot, lambda: by_engine(app) and isinstance(app.focused, Dial))
        assert told(app).startswith("It fits.") and "Main memory" in bars(app)
        before = bars(app)
        await pilot.press("home")
        assert bars(app) != before and "by the formula" in told(app)
        await until(pilot, lambda: by_engine(app))
        assert told(app, "#command") == "workbench fit guide --context 512"


async def test_numbers_can_be_written_and_the_mouse_turns_too(stage: Stage) -> None:
    async with opened(stage, None, size=(120, 40)) as (app, pilot):
        await fit_screen(app, pilot)
        await until(pilot, lambda: isinstance(app.focused, Dial))
        await pilot.press("7", "7", "7")
        assert dial(app, "context-length").value == 777
        await pilot.press("down", "right", "right")
        assert dial(app, "parallel").value == 3
        await pilot.click("#kv-type", offset=(30, 0))
        assert dial(app, "kv-type").value == "bf16"
        await pilot.click("#kv-type", offset=(31, 0))
        assert dial(app, "kv-type").value == "f32"
        assert "--context 777" in told(app, "#command") and "--parallel 3" in told(app, "#command")


async def test_a_card_that_is_not_here_and_a_plan_for_it(stage: Stage) -> None:
    async with opened(stage, None, size=(120, 40)) as (app, pilot):
        await fit_screen(app, pilot, cards="RTX 4090, 64GiB RAM")
        await until(pilot, lambda: by_engine(app))
        assert "4090" in bars(app) and "of 64.0 GiB" in bars(app)
        assert dial(app, "gpu-layers").value == dial(app, "gpu-layers").stops[-1]
        dial(app, "parallel").focus()
        await pilot.press("end", "ctrl+r")
        assert dial(app, "parallel").value == 1
        await pilot.press("ctrl+g")
        await until(pilot, lambda: by_engine(app) and "--gpu 'RTX 4090' --ram 64GiB" in told(app, "#command"))
        await pilot.press("ctrl+u")
        await until(pilot, lambda: app.clipboard.startswith("workbench serve guide"))
        assert not stage.opened


async def test_what_is_here_is_loaded_as_the_dials_say(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[EngineSettings] = []
    load = stage.open_model

    async def remember(
        model: str, settings: EngineSettings, *, progress: Callable[[float], None]
    ) -> Provider:
        asked.append(settings)
        return await load(model, settings, progress=progress)

    monkeypatch.setattr(stage, "open_model", remember)
    async with opened(stage, None, size=(120, 40)) as (app, pilot):
        await fit_screen(app, pilot)
        await until(pilot, lambda: isinstance(app.focused, Dial))
        await pilot.press(*"640", "ctrl+u")
        await until(pilot, lambda: app.current_mode == "chat" and bool(asked))
        assert asked[0].context_length == 640


@pytest.mark.parametrize(
    ("model", "cards", "words"),
    [("nothing-like-it", "", "nothing-like-it"), ("guide", "RTX 1", "RTX 1"), ("", "", "")],
)
async def test_what_cannot_be_is_said_in_a_sentence(stage: Stage, model: str, cards: str, words: str) -> None:
    async with opened(stage, None) as (app, pilot):
        await fit_screen(app, pilot, model, cards)
        await until(pilot, lambda: told(app) not in (NO_MODEL, "Reading its header…"))
        assert words in told(app)
        await pilot.press("ctrl+g", "ctrl+t", "ctrl+r", "ctrl+u")


async def test_a_repository_is_looked_at_and_its_quantizations_compared(stage: Stage, hub: FakeHub) -> None:
    hub.add_repository("acme/guide-GGUF", {"guide-F16.gguf": workbench_guide.PATH})
    async with opened(stage, None, size=(120, 40)) as (app, pilot):
        await fit_screen(app, pilot, "acme/guide-GGUF:F16")
        await until(pilot, lambda: by_engine(app))
        await pilot.press("ctrl+t")
        await until(pilot, lambda: app.screen.query_one(FrontierTable).display)
        assert "F16" in told(app, "#frontier") and "q4_0" in told(app, "#frontier")
        await pilot.press("ctrl+u")
        await until(pilot, lambda: app.clipboard.startswith("workbench serve acme/guide-GGUF:F16"))


async def settled(app: WorkbenchApp, pilot: AppPilot) -> None:
    await fit_screen(app, pilot, cards="RTX 3060 12GB, 24GiB")
    await until(pilot, lambda: by_engine(app) and isinstance(app.focused, Dial))


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=["80x24", "120x40", "200x60"])
@pytest.mark.parametrize("theme", ["nord", LIGHT])
def test_how_it_looks(stage: Stage, compare: Compare, size: tuple[int, int], theme: str) -> None:
    assert compare(settled, model=None, size=size, theme=theme)
