"""Choosing, loading, replacing and unloading a model."""

from __future__ import annotations

from textual.widgets import Input, ProgressBar

from tests.tui.driving import answered, ask, opened, until
from tests.tui.stage import BROKEN, GEMMA, GUIDE, QWEN, Stage
from workbench.errors import InvalidModel
from workbench.tui.screens.model_picker import ModelPicker
from workbench.tui.session import Failed, Loading, NoModel, Ready
from workbench.tui.widgets.choice_list import ChoiceList
from workbench.tui.widgets.problem import Problem
from workbench.tui.widgets.turns import Question


async def test_the_bar_follows_the_load(stage: Stage) -> None:
    stage.held = True
    async with opened(stage) as (app, pilot):
        stage.shares.put_nowait(0.4)
        await until(pilot, lambda: app.session.state == Loading(GUIDE, 0.4))
        bar = app.chat.query_one("LoadBar")
        assert bar.display and bar.query_one(ProgressBar).progress == 0.4
        stage.shares.put_nowait(1.0)
        await until(pilot, lambda: isinstance(app.session.state, Ready))
        assert not bar.display


async def test_a_question_asked_while_loading_is_answered_after_it(stage: Stage) -> None:
    stage.held = True
    async with opened(stage) as (app, pilot):
        answer = await ask(app, pilot, "early")
        stage.shares.put_nowait(1.0)
        await answered(app, pilot)
        assert answer.text == "You said: early"


async def test_escape_stops_a_load_and_gives_the_question_back(stage: Stage) -> None:
    stage.held = True
    async with opened(stage) as (app, pilot):
        await ask(app, pilot, "early")
        await pilot.press("escape")
        await answered(app, pilot)
        assert app.session.state == NoModel()
        assert app.chat.prompt.text == "early"
        assert not app.chat.query(Question)
        assert not app.chat.query(Problem)


async def test_a_model_that_does_not_load_says_why_and_another_can_be_chosen(stage: Stage) -> None:
    stage.held = True
    stage.load_failure = InvalidModel("The file is cut short.", "Fetch it again.")
    async with opened(stage) as (app, pilot):
        stage.shares.put_nowait(1.0)
        await until(pilot, lambda: isinstance(app.session.state, Failed))
        await until(pilot, lambda: app.chat.query(Problem))
        assert app.chat.query_one(Problem).error.remedy == "Fetch it again."
        stage.held, stage.load_failure = False, None
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ModelPicker))
        await until(pilot, lambda: app.screen.query_one(ChoiceList).option_count)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.session.state, Ready))


async def test_a_question_without_a_model_asks_for_one_first(stage: Stage) -> None:
    async with opened(stage, model=None) as (app, pilot):
        await pilot.press("f3")
        answer = await ask(app, pilot, "hello")
        await until(pilot, lambda: isinstance(app.screen, ModelPicker))
        await until(pilot, lambda: app.screen.query_one(ChoiceList).option_count)
        await pilot.press("enter")
        await answered(app, pilot)
        assert answer.text == "You said: hello"


async def test_no_model_chosen_gives_the_question_back(stage: Stage) -> None:
    async with opened(stage, model=None) as (app, pilot):
        await pilot.press("f3")
        await ask(app, pilot, "hello")
        await until(pilot, lambda: isinstance(app.screen, ModelPicker))
        await pilot.press("escape")
        await answered(app, pilot)
        assert app.chat.prompt.text == "hello"


async def test_typing_narrows_the_list_and_enter_takes_the_best(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ModelPicker))
        choices = app.screen.query_one(ChoiceList)
        await until(pilot, lambda: choices.option_count == 4)
        await pilot.press(*"gem")
        await until(pilot, lambda: choices.option_count == 1)
        await pilot.press("enter")
        await until(pilot, lambda: app.session.state == Ready(GEMMA, stage.actor))
        assert stage.actors[0].closed and not stage.actors[1].closed


async def test_the_picker_moves_with_the_arrows_and_passes_over_broken_files(stage: Stage) -> None:
    stage.models = [GUIDE, BROKEN, QWEN]
    async with opened(stage) as (app, pilot):
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ModelPicker))
        await until(pilot, lambda: app.screen.query_one(ChoiceList).option_count == 3)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.session.state, Ready))
        await until(pilot, lambda: stage.opened[-1] == str(QWEN.path))


async def test_nothing_that_matches_chooses_nothing(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ModelPicker))
        await pilot.press(*"zzz", "enter")
        assert isinstance(app.screen, ModelPicker)
        assert app.screen.query_one(Input).value == "zzz"


async def test_choosing_another_model_stops_the_answer_and_keeps_the_conversation(stage: Stage) -> None:
    stage.prepare = lambda actor: actor.wait_for_cues()
    async with opened(stage) as (app, pilot):
        answer = await ask(app, pilot, "a b c")
        stage.actor.cue(2)
        await until(pilot, lambda: answer.text == "You said:")
        first = stage.actor
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ModelPicker))
        await until(pilot, lambda: app.screen.query_one(ChoiceList).option_count)
        await pilot.press("down", "enter")
        await until(pilot, lambda: len(stage.actors) == 2)
        await until(pilot, lambda: isinstance(app.session.state, Ready))
        assert first.closed and first.cancelled == 1
        stage.actor.cue(20)
        await ask(app, pilot, "and now")
        await answered(app, pilot)
        contents = [message.content for message in stage.actor.heard[0].prompt.messages]  # type: ignore[union-attr]
        assert contents == ["a b c", "You said:", "and now"]


async def test_a_load_that_is_replaced_leaves_one_model_open(stage: Stage) -> None:
    stage.held = True
    async with opened(stage) as (app, pilot):
        await until(pilot, lambda: stage.opened == [str(GUIDE.path)])
        app.session.load(QWEN)
        await until(pilot, lambda: stage.opened == [str(GUIDE.path), str(QWEN.path)])
        stage.shares.put_nowait(1.0)
        await until(pilot, lambda: isinstance(app.session.state, Ready))
        assert app.session.state == Ready(QWEN, stage.actors[0])
        assert len(stage.actors) == 1


async def test_quitting_while_loading_ends_the_load(stage: Stage) -> None:
    stage.held = True
    async with opened(stage) as (app, pilot):
        await until(pilot, lambda: stage.opened)
        await pilot.press("ctrl+q")
    assert stage.actors == []
    assert app.session.state == NoModel()
