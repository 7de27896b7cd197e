"""Finding models on the hub: results while one types, orders, pages, and hubs that do not answer."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from textual.widgets import Input, Static

from tests.hub import FakeHub
from tests.tui.driving import AppPilot, opened, until
from tests.tui.shelf import MODEL, OTHERS, on_the_hub
from tests.tui.shelf import hub as hub
from tests.tui.stage import Stage
from workbench.tui.app import WorkbenchApp
from workbench.tui.screens.model_picker import ModelPicker
from workbench.tui.screens.repository import RepositoryScreen
from workbench.tui.widgets.choice_list import ChoiceList
from workbench.tui.widgets.problem import Problem

pytestmark = pytest.mark.slow


def status(app: WorkbenchApp) -> str:
    return str(app.screen.query_one("#status", Static).render())


def titles(results: ChoiceList[object]) -> list[str]:
    return [str(option.prompt).partition("\n")[0] for option in results.options]


def asked(hub: FakeHub, field: str) -> list[str]:
    """What the searches so far asked for."""
    queries = [parse_qs(urlsplit(record.target).query) for record in hub.requests("GET", "/api/models")]
    return [query.get(field, [""])[0] for query in queries]


async def typed(app: WorkbenchApp, pilot: AppPilot, text: str) -> None:
    await pilot.press(*text)
    await until(pilot, lambda: status(app) not in ("Searching…", "") and app.screen._answered == text)


async def test_it_opens_on_what_is_fetched_most(stage: Stage, hub: FakeHub) -> None:
    async with opened(stage, model=None) as (app, pilot):
        results = await on_the_hub(app, pilot)
        assert titles(results)[:2] == [MODEL, "others/model-00-GGUF  gated"]
        assert asked(hub, "sort") == ["downloads"]
        facts = str(results.options[0].prompt).partition("\n")[2].split()
        assert facts == ["10.0M", "2.5M", "downloads", "40", "likes", "apache-2.0", "2025-01-01"]


async def test_only_the_last_of_what_is_typed_is_asked_for(stage: Stage, hub: FakeHub) -> None:
    async with opened(stage, model=None) as (app, pilot):
        results = await on_the_hub(app, pilot)
        await typed(app, pilot, "tiny")
        assert titles(results) == [MODEL]
        assert asked(hub, "search") == ["", "tiny"]


async def test_a_late_answer_to_an_earlier_question_is_not_shown(stage: Stage, hub: FakeHub) -> None:
    async with opened(stage, model=None) as (app, pilot):
        results = await on_the_hub(app, pilot)
        slow = hub.faults.add("delay", seconds=1.0, path="*/api/models")
        await pilot.press(*"model-0")
        await until(pilot, lambda: slow.hits)
        await pilot.press("7")
        await until(pilot, lambda: titles(results) == ["others/model-07-GGUF"])
        await pilot.pause(1.2)
        assert titles(results) == ["others/model-07-GGUF"]


async def test_enter_never_opens_the_answer_to_an_earlier_question(stage: Stage, hub: FakeHub) -> None:
    async with opened(stage, model=None) as (app, pilot):
        results = await on_the_hub(app, pilot)
        await pilot.press(*"model-07", "enter")
        assert not isinstance(app.screen, RepositoryScreen)
        await until(pilot, lambda: titles(results) == ["others/model-07-GGUF"])
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RepositoryScreen))


async def test_the_order_goes_round_by_key_and_by_click(stage: Stage, hub: FakeHub) -> None:
    async with opened(stage, model=None) as (app, pilot):
        results = await on_the_hub(app, pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: titles(results)[0] == f"others/model-{OTHERS - 1}-GGUF")
        await pilot.press("ctrl+s", "ctrl+s")
        await until(pilot, lambda: asked(hub, "sort")[-1] == "trendingScore")
        await pilot.click("SortBar", offset=(6, 0))
        await until(pilot, lambda: asked(hub, "sort")[-1] == "downloads")
        await until(pilot, lambda: titles(results)[0] == MODEL)
        assert asked(hub, "sort")[1] == "likes"


async def test_the_next_page_comes_as_one_goes_down(stage: Stage, hub: FakeHub) -> None:
    async with opened(stage, model=None) as (app, pilot):
        results = await on_the_hub(app, pilot)
        assert results.option_count == 20 and status(app) == "20 models, more below"
        await pilot.press("pagedown", "pagedown")
        marked = results.marked
        await until(pilot, lambda: results.option_count == OTHERS + 1)
        assert results.marked == marked
        assert status(app) == f"{OTHERS + 1} models"
        assert len(set(titles(results))) == OTHERS + 1


async def test_a_page_that_fails_leaves_what_is_there_and_is_asked_for_again(
    stage: Stage, hub: FakeHub
) -> None:
    async with opened(stage, model=None) as (app, pilot):
        results = await on_the_hub(app, pilot)
        failing = hub.faults.add("status", status=404, path="*/api/models", times=1)
        await pilot.press("pagedown", "pagedown")
        await until(pilot, lambda: failing.hits and app._notifications)
        assert results.option_count == 20
        await pilot.press("up")
        await until(pilot, lambda: results.option_count == OTHERS + 1)


async def test_what_nothing_is_called_says_what_to_try(stage: Stage, hub: FakeHub) -> None:
    async with opened(stage, model=None) as (app, pilot):
        await on_the_hub(app, pilot)
        await typed(app, pilot, "[red]x")
        assert "No model on the hub has '[red]x' in its name." in status(app)


@pytest.mark.parametrize("trouble", ["offline", "refused", "page"])
async def test_a_hub_that_does_not_answer_is_told_and_asked_again(
    stage: Stage, hub: FakeHub, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    sentences = {
        "offline": "HF_HUB_OFFLINE is set",
        "refused": "refuses the connection",
        "page": "answered with a web page",
    }
    if trouble == "offline":
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    elif trouble == "refused":
        hub.close_port("hub")
    else:
        hub.faults.add("html", times=-1)
    async with opened(stage, model=None) as (app, pilot):
        await pilot.press("f5")
        await until(pilot, lambda: app.screen.query(Problem))
        error = app.screen.query_one(Problem).error
        assert sentences[trouble] in error.message and error.remedy
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        hub.faults.clear()
        if trouble == "refused":
            hub.open_port("hub")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: app.screen.query_one(ChoiceList).option_count == 20)
        assert not app.screen.query(Problem)


async def test_a_hub_that_stays_silent_neither_stops_the_screen_nor_the_end(
    stage: Stage, hub: FakeHub
) -> None:
    silent = hub.faults.add("delay", times=-1)
    async with opened(stage, model=None) as (app, pilot):
        await pilot.press("f5")
        await until(pilot, lambda: silent.hits)
        await pilot.press(*"abc")
        assert app.screen.query_one(Input).value == "abc"
        await until(pilot, lambda: silent.hits > 1)
        await pilot.press("f2")
        await until(pilot, lambda: app.current_mode == "home" and app.screen.query(ChoiceList))
        await until(pilot, lambda: app.screen.query_one(ChoiceList).option_count)
        left = time.monotonic()
        await pilot.press("ctrl+q")
    assert time.monotonic() - left < 4


async def test_what_the_hub_says_is_text_and_nothing_else(stage: Stage, hub: FakeHub) -> None:
    hub.add_repository("acme/odd", {}, tags=["gguf"], downloads=9_999_999, licence="[red]x\x1b[31m")
    async with opened(stage, model=None) as (app, pilot):
        results = await on_the_hub(app, pilot)
        assert "[red]x[31m" in str(results.options[0].prompt)


async def test_the_model_picker_leads_to_the_hub(stage: Stage, hub: FakeHub) -> None:
    async with opened(stage, model=None) as (app, pilot):
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(app.screen, ModelPicker))
        await pilot.press("f5")
        await until(pilot, lambda: app.current_mode == "hub" and app.screen.query(ChoiceList))
        await until(pilot, lambda: app.screen.query_one(ChoiceList).option_count == 20)
