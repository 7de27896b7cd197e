"""The command palette, the keys and the help know the state of the app."""

from __future__ import annotations

from textual.widgets import HelpPanel

from tests.tui.driving import answered, ask, opened, until
from tests.tui.stage import Stage
from workbench.tui.app import WorkbenchApp
from workbench.tui.session import NoModel


def titles(app: WorkbenchApp) -> set[str]:
    return {command.title for command in app.get_system_commands(app.screen)}


def command(app: WorkbenchApp, title: str) -> object:
    return next(entry.callback for entry in app.get_system_commands(app.screen) if entry.title == title)()


async def test_only_what_would_do_something_is_offered(stage: Stage) -> None:
    stage.prepare = lambda actor: actor.wait_for_cues()
    async with opened(stage) as (app, pilot):
        assert "Unload guide" in titles(app)
        assert not {"Stop the answer", "Copy the last answer", "New conversation", "Chat"} & titles(app)
        await ask(app, pilot, "hi")
        stage.actor.cue()
        await until(pilot, lambda: app.chat.last_answer)
        assert {"Stop the answer", "Copy the last answer", "New conversation", "Home"} <= titles(app)
        stage.actor.cue(20)
        await answered(app, pilot)
        assert "Stop the answer" not in titles(app)


async def test_on_the_home_screen_without_a_model(stage: Stage) -> None:
    async with opened(stage, model=None) as (app, _):
        assert "Chat" in titles(app) and "Home" not in titles(app)
        assert not any(title.startswith("Unload") for title in titles(app))


async def test_unloading_gives_the_model_back(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        command(app, "Unload guide")
        await until(pilot, lambda: app.session.state == NoModel())
        assert stage.actor.closed


async def test_the_palette_opens_and_runs_a_command(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        await pilot.press("ctrl+p", *"unload", "enter")
        await until(pilot, lambda: app.session.state == NoModel())


async def test_the_stop_key_is_shown_while_there_is_something_to_stop(stage: Stage) -> None:
    stage.prepare = lambda actor: actor.wait_for_cues()
    async with opened(stage) as (app, pilot):
        assert "escape" not in app.screen.active_bindings
        await ask(app, pilot, "hi")
        assert "escape" in app.screen.active_bindings


async def test_help_opens_for_what_has_the_focus_and_closes_again(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        await pilot.press("f1")
        await until(pilot, lambda: app.screen.query(HelpPanel))
        await until(pilot, lambda: "Asking" in app.screen.query_one("#widget-help").source)
        await pilot.press("f1")
        await until(pilot, lambda: not app.screen.query(HelpPanel))


async def test_keys_can_be_changed_by_their_ids(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        app.set_keymap({"chat.new": "ctrl+b"})
        await ask(app, pilot, "hi")
        await answered(app, pilot)
        await pilot.press("ctrl+b")
        await until(pilot, lambda: not app.dialogue.conversation.messages)
