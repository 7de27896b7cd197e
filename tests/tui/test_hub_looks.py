"""How the hub and the downloads look, in a small and in a large terminal."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from tests.tui import made_up_hub
from tests.tui.driving import until
from tests.tui.looking import DARK, LIGHT, Compare
from tests.tui.looking import compare as compare
from tests.tui.stage import WORKSTATION, Stage
from workbench import repository_facts
from workbench.tui.app import WorkbenchApp
from workbench.tui.screens.link_question import LinkQuestion
from workbench.tui.widgets.choice_list import ChoiceList
from workbench.tui.widgets.model_card import ModelCard
from workbench.tui.widgets.problem import Problem

pytestmark = pytest.mark.slow

SMALL, LARGE, NARROW = (80, 24), (200, 50), (60, 20)


def called(value: tuple[int, int] | str) -> str:
    return value if isinstance(value, str) else "x".join(map(str, value))


@pytest.fixture(autouse=True)
def made_up(stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    stage.hub = made_up_hub.hub()
    monkeypatch.setattr(repository_facts, "MEANING_OF_FITS", "Fits here: made up for this picture.")
    stage.machine = WORKSTATION
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    for name in ("HF_ENDPOINT", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)


async def hub(app: WorkbenchApp, pilot: Pilot[None]) -> None:
    await pilot.press("f5")
    await until(pilot, lambda: app.current_mode == "hub" and app.screen.query(ChoiceList))
    await until(pilot, lambda: app.screen.query_one(ChoiceList).option_count)


async def repository(app: WorkbenchApp, pilot: Pilot[None]) -> None:
    await hub(app, pilot)
    await pilot.press("enter")
    await until(pilot, lambda: app.screen.query("ModelCard MarkdownFence"))
    await app.workers.wait_for_complete()


async def card(app: WorkbenchApp, pilot: Pilot[None]) -> None:
    await repository(app, pilot)
    await pilot.press("tab", "pagedown")
    await until(pilot, lambda: app.screen.query_one(ModelCard).scroll_y > 3)


async def downloads(app: WorkbenchApp, pilot: Pilot[None]) -> None:
    await app.workers.wait_for_complete()
    await pilot.press("f6")
    await until(pilot, lambda: len(app.downloads.entries) == 6 and app.current_mode == "downloads")


@pytest.mark.parametrize(
    ("size", "theme"), [(SMALL, DARK), (LARGE, DARK), (NARROW, DARK), (SMALL, LIGHT)], ids=called
)
def test_the_hub(compare: Compare, size: tuple[int, int], theme: str) -> None:
    """What was found, the order, and a mark at what is gated."""
    assert compare(hub, model=None, size=size, theme=theme)


@pytest.mark.parametrize("size", [SMALL, LARGE, NARROW], ids=called)
def test_a_repository(compare: Compare, size: tuple[int, int]) -> None:
    """Variants with what fits, and the card beside or below them."""
    assert compare(repository, model=None, size=size)


def test_a_model_card_that_is_read(compare: Compare) -> None:
    """The pane that is read takes the room."""
    assert compare(card, model=None, size=SMALL)


def test_a_hub_that_cannot_be_reached(compare: Compare, stage: Stage) -> None:
    stage.hub = made_up_hub.broken_hub()

    async def fail(app: WorkbenchApp, pilot: Pilot[None]) -> None:
        await pilot.press("f5")
        await until(pilot, lambda: app.screen.query(Problem))

    assert compare(fail, model=None, size=SMALL)


def test_an_address_before_it_is_opened(compare: Compare) -> None:
    async def ask(app: WorkbenchApp, pilot: Pilot[None]) -> None:
        await repository(app, pilot)
        app.push_screen(
            LinkQuestion("https://example.com/a/long/address?that=goes&on=and-on-and-on-and-on#end")
        )
        await until(pilot, lambda: isinstance(app.screen, LinkQuestion))

    assert compare(ask, model=None, size=SMALL)


@pytest.mark.parametrize(
    ("size", "theme"), [(SMALL, DARK), (LARGE, DARK), (NARROW, DARK), (SMALL, LIGHT)], ids=called
)
def test_the_downloads(compare: Compare, stage: Stage, size: tuple[int, int], theme: str) -> None:
    """One in each state: bar, speed and time left, trouble, error and remedy."""
    stage.queue = made_up_hub.queue
    assert compare(downloads, model=None, size=size, theme=theme)


def test_home_while_something_is_fetched(compare: Compare, stage: Stage) -> None:
    stage.queue = made_up_hub.queue

    async def home(app: WorkbenchApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.downloads.entries)
        await app.workers.wait_for_complete()

    assert compare(home, model=None, size=SMALL)
