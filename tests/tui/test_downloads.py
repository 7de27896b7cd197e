"""The queue on the screen: it moves, stops, goes on, changes its order, fails, ends, and outlives the app."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from textual.widgets import OptionList, Static

from tests.hub import FakeHub
from tests.tui.driving import AppPilot, opened, until
from tests.tui.shelf import MODEL, Q4, Q8, SIZE
from tests.tui.shelf import hub as hub
from tests.tui.stage import Stage
from workbench.models.transfer.fetching import Limits
from workbench.models.transfer.pulling import PullRequest
from workbench.models.transfer.queue import Download
from workbench.tui.app import WorkbenchApp
from workbench.tui.session import Ready
from workbench.tui.widgets.download_list import DownloadList

pytestmark = pytest.mark.slow

SLOW = 1_500_000
OTHER = "others/model-01-GGUF:Q8_0"
NONE = "acme/none:Q8_0"


def request(name: str, seconds: float = 60.0) -> PullRequest:
    return PullRequest(name=name, limits=Limits(connections=1, patience_seconds=seconds))


async def queued(app: WorkbenchApp, pilot: AppPilot, *requests: PullRequest) -> DownloadList:
    """Go to the downloads with these in the queue."""
    for each in requests:
        await app.downloads.change(lambda queue, each=each: queue.add(each))
    await pilot.press("f6")
    await until(pilot, lambda: app.current_mode == "downloads" and app.screen.query(DownloadList))
    shown = app.screen.query_one(DownloadList)
    await until(pilot, lambda: shown.option_count == len(app.downloads.entries))
    return shown


def prompts(app: WorkbenchApp) -> list[str]:
    return [str(option.prompt) for option in app.screen.query_one(OptionList).options]


def names(app: WorkbenchApp) -> list[str]:
    return [prompt.partition("\n")[0] for prompt in prompts(app)]


def states(app: WorkbenchApp) -> list[str]:
    return [entry.state for entry in app.downloads.entries]


def sign(app: WorkbenchApp) -> str:
    return str(app.screen.query_one("TopBar #sign", Static).render())


def keys(app: WorkbenchApp) -> set[str]:
    return {key for key, active in app.screen.active_bindings.items() if active.enabled}


def moving(app: WorkbenchApp, place: int = 0) -> bool:
    progress = app.downloads.entries[place].progress
    return progress is not None and progress.done_bytes > 500_000


async def test_bar_speed_and_time_left_move(stage: Stage, hub: FakeHub) -> None:
    hub.rate = SLOW
    async with opened(stage, model=None) as (app, pilot):
        await queued(app, pilot, request(Q4), request(OTHER))
        await until(pilot, lambda: " left" in prompts(app)[0])
        assert "━" in prompts(app)[0] and "iB/s" in prompts(app)[0] and "of 5.7 MiB" in prompts(app)[0]
        assert prompts(app)[1] == f"{OTHER}\nwaits for its turn"
        before = prompts(app)[0]
        await until(pilot, lambda: prompts(app)[0] != before)
        hub.rate = None
        await until(pilot, lambda: states(app) == ["done", "done"])
        await until(pilot, lambda: "checked against the hash that the hub publishes" in prompts(app)[0])


async def test_home_shows_how_far_it_is(stage: Stage, hub: FakeHub) -> None:
    hub.rate = SLOW
    async with opened(stage, model=None) as (app, pilot):
        assert sign(app) == ""
        await app.downloads.change(lambda queue: queue.add(request(Q4)))
        await until(pilot, lambda: sign(app).startswith("↓") and sign(app).endswith("%"))
        before = sign(app)
        await until(pilot, lambda: sign(app) != before)
        assert app.current_mode == "home"
        await app.downloads.change(lambda queue: queue.pause(app.downloads.entries[0].id))
        await until(pilot, lambda: sign(app) == "1 paused")


async def test_pausing_keeps_what_has_arrived_and_resuming_goes_on(stage: Stage, hub: FakeHub) -> None:
    hub.rate = SLOW
    async with opened(stage, model=None) as (app, pilot):
        await queued(app, pilot, request(Q4), request(OTHER))
        await until(pilot, lambda: moving(app))
        assert "p" in keys(app) and "r" not in keys(app)
        await pilot.press("p")
        await until(pilot, lambda: states(app) == ["paused", "done"])
        assert "paused at" in prompts(app)[0] and "MiB/s" not in prompts(app)[0]
        assert "r" in keys(app) and "p" not in keys(app)
        hub.rate = None
        await pilot.press("r")
        await until(pilot, lambda: states(app) == ["done", "done"])
        assert hub.body_bytes() < 1.4 * SIZE


async def test_the_order_can_be_changed_and_the_cursor_goes_along(stage: Stage, hub: FakeHub) -> None:
    hub.rate = SLOW
    async with opened(stage, model=None) as (app, pilot):
        shown = await queued(app, pilot, request(Q4), request(Q8), request(OTHER))
        await pilot.press("down", "down")
        await pilot.press("shift+up", "shift+up")
        await until(pilot, lambda: names(app) == [OTHER, Q4, Q8])
        assert shown.marked.request.name == OTHER
        await pilot.press("shift+up")
        await pilot.press("j", "j", "j")
        await until(pilot, lambda: names(app) == [Q4, Q8, OTHER])
        await pilot.press("k")
        await until(pilot, lambda: names(app) == [Q4, OTHER, Q8])
        await app.workers.wait_for_complete()


async def test_a_dropped_one_is_gone_for_good(stage: Stage, hub: FakeHub) -> None:
    hub.rate = SLOW
    async with opened(stage, model=None) as (app, pilot):
        await queued(app, pilot, request(Q4), request(OTHER))
        await until(pilot, lambda: moving(app))
        await pilot.press("x")
        await until(pilot, lambda: names(app) == [OTHER] and states(app) == ["done"])
        await pilot.press("x")
        await until(pilot, lambda: not app.downloads.entries)
        assert app.screen.query_one("#nothing").display and not app.screen.query_one(DownloadList).display
    async with opened(stage, model=None) as (app, pilot):
        await app.workers.wait_for_complete()
        assert app.downloads.entries == ()


async def test_trouble_is_told_while_it_is_tried_again(stage: Stage, hub: FakeHub) -> None:
    hub.faults.add("reset", port="cdn", after=1_000_000, times=1)
    hub.faults.add("refuse", port="cdn", times=-1, skip=1)
    async with opened(stage, model=None) as (app, pilot):
        await queued(app, pilot, request(Q4))
        await until(pilot, lambda: "trying again in" in prompts(app)[0])
        assert "17%" in prompts(app)[0] or "16%" in prompts(app)[0]
        hub.faults.clear()
        await until(pilot, lambda: states(app) == ["done"])


async def test_what_fails_says_why_and_can_be_tried_again(stage: Stage, hub: FakeHub) -> None:
    async with opened(stage, model=None) as (app, pilot):
        await queued(app, pilot, request(NONE), request(OTHER))
        await until(pilot, lambda: states(app) == ["failed", "done"])
        error = app.downloads.entries[0].error
        assert error is not None
        assert prompts(app)[0].split("\n") == [NONE, error.message, error.remedy]
        hub.add_repository("acme/none", {"m-Q8_0.gguf": b"GGUF" + bytes(100)}, tags=["gguf"])
        await pilot.press("r")
        await until(pilot, lambda: states(app) == ["done", "done"])


async def test_a_failure_is_told_on_other_screens_too(stage: Stage, hub: FakeHub) -> None:
    async with opened(stage, model=None) as (app, pilot):
        await app.downloads.change(lambda queue: queue.add(request(NONE)))
        await until(pilot, lambda: any("acme/none" in notice.title for notice in app._notifications))
        assert sign(app) == "1 failed"


async def test_one_that_runs_when_the_app_ends_is_paused_in_the_next(stage: Stage, hub: FakeHub) -> None:
    hub.rate = SLOW
    async with opened(stage, model=None) as (app, pilot):
        await queued(app, pilot, request(Q4), request(OTHER))
        await until(pilot, lambda: moving(app))
        await pilot.press("ctrl+q")
    hub.rate = None
    fetched = hub.body_bytes()
    async with opened(stage, model=None) as (app, pilot):
        await until(pilot, lambda: sign(app) == "2 paused")
        await pilot.press("d")
        await until(pilot, lambda: app.current_mode == "downloads" and app.screen.query(DownloadList))
        assert names(app) == [Q4, OTHER]
        assert "paused" in prompts(app)[0]
        await pilot.press("r")
        await until(pilot, lambda: states(app) == ["done", "paused"])
    assert fetched > 500_000
    assert hub.body_bytes() < 1.4 * SIZE


async def test_a_silent_hub_does_not_hold_the_app_back(stage: Stage, hub: FakeHub) -> None:
    silent = hub.faults.add("delay", times=-1)
    async with opened(stage, model=None) as (app, pilot):
        await queued(app, pilot, request(Q4))
        await until(pilot, lambda: silent.hits)
        await pilot.press("p")
        await until(pilot, lambda: states(app) == ["paused"])
        left = time.monotonic()
        await pilot.press("ctrl+q")
    assert time.monotonic() - left < 5


async def test_what_has_arrived_can_be_talked_to(stage: Stage, hub: FakeHub, tmp_path: Path) -> None:
    async with opened(stage, model=None) as (app, pilot):
        await queued(app, pilot, request(Q4))
        await until(pilot, lambda: states(app) == ["done"])
        await until(pilot, lambda: "enter" in keys(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.session.state, Ready))
        assert app.current_mode == "chat"
        assert Path(stage.opened[-1]).is_relative_to(tmp_path / "hf")
        assert MODEL.partition("/")[2] in str(app.session.state.model.path)


async def test_what_is_no_model_is_not_talked_to(stage: Stage, hub: FakeHub) -> None:
    hub.add_repository("acme/fake", {"m-Q8_0.gguf": b"no model at all"}, tags=["gguf"])
    async with opened(stage, model=None) as (app, pilot):
        await queued(app, pilot, request("acme/fake:Q8_0"))
        await until(pilot, lambda: states(app) == ["done"])
        await until(pilot, lambda: "enter" in keys(app))
        await pilot.press("enter")
        await until(pilot, lambda: app._notifications)
        assert app.current_mode == "downloads" and not stage.opened


async def test_names_and_errors_are_text_and_nothing_else(stage: Stage) -> None:
    async with opened(stage, model=None) as (app, pilot):
        shown = await queued(app, pilot)
        odd = "[bold red]x[/]"
        shown.show((Download(id=1, request=PullRequest(name=odd)),))
        assert str(shown.options[0].prompt).startswith(odd)
