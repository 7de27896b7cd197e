"""New conversations, earlier ones, and what happens when they cannot be kept."""

from __future__ import annotations

from pathlib import Path

from tests.tui.driving import answered, ask, opened, until
from tests.tui.stage import Stage
from workbench.conversation import Conversation, Message
from workbench.tui.screens.conversation_picker import ConversationPicker
from workbench.tui.widgets.choice_list import ChoiceList
from workbench.tui.widgets.turns import Answer, Question


async def test_a_new_conversation_begins_empty_and_is_kept_apart(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        await ask(app, pilot, "first")
        await answered(app, pilot)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: not app.chat.query(Question))
        await ask(app, pilot, "second")
        await answered(app, pilot)
        assert stage.actor.heard[-1].prompt == Conversation((Message("user", "second"),))
    with stage.history() as history:
        assert sorted(summary.title for summary in history.recent()) == ["first", "second"]


async def test_an_earlier_conversation_is_reopened_and_goes_on(stage: Stage) -> None:
    with stage.history() as history:
        kept = history.start("guide")
        for role, content in (("user", "What is a *token*?"), ("assistant", "A **piece** of text.")):
            history.append(kept, Message(role, content))  # type: ignore[arg-type]
        history.append(history.start("guide"), Message("user", "Something else"))
    async with opened(stage) as (app, pilot):
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, ConversationPicker))
        await until(pilot, lambda: app.screen.query_one(ChoiceList).option_count == 2)
        await pilot.press(*"token")
        await until(pilot, lambda: app.screen.query_one(ChoiceList).option_count == 1)
        await pilot.press("enter")
        await until(pilot, lambda: app.chat.query(Answer))
        assert app.chat.last_answer == "A **piece** of text."
        await ask(app, pilot, "And a word?")
        await answered(app, pilot)
        assert len(stage.actor.heard[-1].prompt.messages) == 3  # type: ignore[union-attr]
    with stage.history() as history:
        assert len(history.conversation(kept).messages) == 4


async def test_reopened_questions_can_be_recalled(stage: Stage) -> None:
    with stage.history() as history:
        kept = history.start("guide")
        history.append(kept, Message("user", "old question"))
        history.append(kept, Message("assistant", "old answer"))
    async with opened(stage) as (app, pilot):
        await app.chat.reopen(app.dialogue.earlier()[0])
        await pilot.press("up")
        assert app.chat.prompt.text == "old question"


async def test_a_history_that_cannot_be_written_is_reported_once_and_the_chat_goes_on(
    stage: Stage, tmp_path: Path
) -> None:
    stage.folder = tmp_path / "file"
    stage.folder.write_text("not a folder")
    async with opened(stage) as (app, pilot):
        for question in ("one", "two"):
            answer = await ask(app, pilot, question)
            await answered(app, pilot)
            assert answer.text == f"You said: {question}"
        assert len(app._notifications) == 1
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(app._notifications) == 2)
        assert app.screen is app.chat
