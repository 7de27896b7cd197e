"""Asking and answering, as a person at the keyboard sees it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.tui.driving import answered, ask, opened, until
from tests.tui.stage import Stage
from workbench.conversation import Conversation, Message
from workbench.errors import EngineDied
from workbench.tui.widgets.problem import Problem
from workbench.tui.widgets.prompt import Prompt
from workbench.tui.widgets.thoughts import Thoughts
from workbench.tui.widgets.turns import Answer, Question

LONG = "\n\n".join(f"Paragraph number {number} of a long answer." for number in range(60))


async def test_an_answer_streams_in_and_ends_with_its_numbers(stage: Stage) -> None:
    stage.prepare = lambda actor: actor.wait_for_cues()
    async with opened(stage) as (app, pilot):
        answer = await ask(app, pilot, "one two three")
        stage.actor.cue(2)
        await until(pilot, lambda: answer.query_one("Markdown").source == "You said:")
        assert app.chat.answering
        stage.actor.cue(3)
        await answered(app, pilot)
        assert answer.query_one("Markdown").source == "You said: one two three"
        line = answer.line.render().plain
        assert "4.0 tokens/s" in line and "0.21 s to first token" in line and "25 / 2,048" in line


async def test_thoughts_are_folded_above_the_answer_and_kept(stage: Stage) -> None:
    stage.prepare = lambda actor: setattr(actor, "thoughts", "Hm, [b]let me see[/b].")
    async with opened(stage) as (app, pilot):
        answer = await ask(app, pilot, "one")
        await answered(app, pilot)
        thoughts = answer.query_one(Thoughts)
        assert thoughts.display and thoughts.collapsed and answer.text == "You said: one"
        thoughts.collapsed = False
        await until(
            pilot, lambda: "Hm, [b]let me see[/b]." in str(thoughts.query_one("Contents Static").render())
        )
        assert app.chat.last_answer == "You said: one"
    with stage.history() as history:
        kept = history.conversation(history.recent()[0].id).messages[-1]
    assert kept == Message("assistant", "You said: one", "Hm, [b]let me see[/b].")


async def test_the_model_sees_the_whole_conversation(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        for question in ("first", "second"):
            await ask(app, pilot, question)
            await answered(app, pilot)
        assert stage.actor.heard[-1].prompt == Conversation(
            (Message("user", "first"), Message("assistant", "You said: first"), Message("user", "second"))
        )


async def test_escape_stops_the_answer_and_keeps_what_was_said(stage: Stage) -> None:
    stage.prepare = lambda actor: actor.wait_for_cues()
    async with opened(stage) as (app, pilot):
        answer = await ask(app, pilot, "a b c d e f")
        stage.actor.cue(3)
        await until(pilot, lambda: answer.text == "You said: a")
        await pilot.press("escape")
        await answered(app, pilot)
        assert stage.actor.cancelled == 1
        assert "stopped" in answer.line.render().plain
        stage.actor.cue(20)
        later = await ask(app, pilot, "again")
        await answered(app, pilot)
        assert later.text == "You said: again"
    with stage.history() as history:
        kept = history.conversation(history.recent()[0].id)
    assert [message.content for message in kept.messages] == [
        "a b c d e f", "You said: a", "again", "You said: again",
    ]  # fmt: skip


async def test_quitting_midway_stores_the_answer_and_closes_the_model(stage: Stage) -> None:
    stage.prepare = lambda actor: actor.wait_for_cues()
    async with opened(stage) as (app, pilot):
        answer = await ask(app, pilot, "a b c")
        stage.actor.cue(3)
        await until(pilot, lambda: answer.text == "You said: a")
        await pilot.press("ctrl+q")
    assert stage.actor.closed
    assert stage.actor.cancelled == 1
    with stage.history() as history:
        kept = history.conversation(history.recent()[0].id)
    assert kept.messages[-1] == Message("assistant", "You said: a")


async def test_a_dead_engine_gives_one_message_and_the_next_question_works(stage: Stage) -> None:
    stage.prepare = lambda actor: actor.wait_for_cues()
    async with opened(stage) as (app, pilot):
        answer = await ask(app, pilot, "a b c")
        stage.actor.cue(2)
        await until(pilot, lambda: answer.text == "You said:")
        stage.actor.failure = EngineDied("The engine ended unexpectedly.", "Ask again; it is started anew.")
        stage.actor.cue()
        await answered(app, pilot)
        assert [problem.error.message for problem in app.chat.query(Problem)] == [
            "The engine ended unexpectedly."
        ]
        stage.actor.cue(20)
        later = await ask(app, pilot, "again")
        await answered(app, pilot)
        assert later.text == "You said: again"
        assert len(app.chat.query(Problem)) == 1


async def test_an_unexpected_failure_of_an_engine_is_reported_and_the_app_lives(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        stage.actor.failure = ZeroDivisionError("division by zero")
        await ask(app, pilot, "a")
        await answered(app, pilot)
        assert "division by zero" in app.chat.query_one(Problem).error.message
        later = await ask(app, pilot, "b")
        await answered(app, pilot)
        assert later.text == "You said: b"


async def test_a_question_without_an_answer_is_not_sent_along_with_the_next(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        stage.actor.failure = EngineDied("It ended.", "Ask again.")
        await ask(app, pilot, "lost")
        await answered(app, pilot)
        await ask(app, pilot, "found")
        await answered(app, pilot)
        assert stage.actor.heard[-1].prompt == Conversation((Message("user", "found"),))


async def test_an_answer_cut_at_the_context_says_so(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        stage.actor.ending = "length"
        answer = await ask(app, pilot, "a")
        await answered(app, pilot)
        assert "the context is full" in answer.line.render().plain


async def test_a_second_question_waits_for_the_first_answer(stage: Stage) -> None:
    stage.prepare = lambda actor: actor.wait_for_cues()
    async with opened(stage) as (app, pilot):
        await ask(app, pilot, "first")
        await pilot.press(*"next", "enter")
        assert app.chat.prompt.text == "next"
        assert len(app.chat.query(Question)) == 1
        stage.actor.cue(20)
        await answered(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: len(stage.actor.heard) == 2)


@pytest.mark.slow
async def test_the_reader_who_scrolls_up_is_left_there(stage: Stage) -> None:
    stage.prepare = lambda actor: (actor.wait_for_cues(), actor.lines.update({"long": LONG}))[0]
    async with opened(stage) as (app, pilot):
        answer = await ask(app, pilot, "long")
        transcript = app.chat.transcript
        stage.actor.cue(200)
        await until(pilot, lambda: transcript.max_scroll_y > 30 and transcript.is_vertical_scroll_end)
        await pilot.press("pageup")
        await until(pilot, lambda: not transcript.is_vertical_scroll_end)
        await pilot.wait_for_scheduled_animations()
        position, height = transcript.scroll_y, transcript.max_scroll_y
        stage.actor.cue(150)
        await until(pilot, lambda: transcript.max_scroll_y > height)
        assert transcript.scroll_y == position
        stage.actor.cue(1000)
        await answered(app, pilot)
        assert answer.text == LONG
        await pilot.press("pagedown", "pagedown", "pagedown", "pagedown", "pagedown", "pagedown")
        await until(pilot, lambda: transcript.is_vertical_scroll_end)


async def test_selecting_text_with_the_mouse_copies_it(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        answer = await ask(app, pilot, "hello")
        await answered(app, pilot)
        paragraph = answer.query("MarkdownParagraph").first()
        await pilot.mouse_down(paragraph, offset=(0, 0))
        await pilot.hover(paragraph, offset=(8, 0))
        await pilot.mouse_up(paragraph, offset=(8, 0))
        await until(pilot, lambda: app.clipboard)
        assert "You said".startswith(app.clipboard) or app.clipboard.startswith("You said")


async def test_the_last_answer_is_copied_as_markdown(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        stage.actor.lines["hi"] = "some **bold** words"
        await ask(app, pilot, "hi")
        await answered(app, pilot)
        await pilot.press("ctrl+g")
        assert app.clipboard == "some **bold** words"


async def test_y_copies_when_the_conversation_has_the_focus_and_types_when_the_prompt_has(
    stage: Stage,
) -> None:
    async with opened(stage) as (app, pilot):
        await ask(app, pilot, "hi")
        await answered(app, pilot)
        await pilot.press("y")
        assert app.chat.prompt.text == "y"
        assert app.clipboard == ""
        app.chat.transcript.focus()
        await pilot.press("y")
        assert app.clipboard == "You said: hi"


async def test_tags_in_an_answer_are_shown_as_they_are(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        stage.actor.lines["hi"] = "<think>hm</think> yes"
        answer = await ask(app, pilot, "hi")
        await answered(app, pilot)
        shown = answer.query("MarkdownParagraph").first()
        assert shown.render().plain == "<think>hm</think> yes"  # type: ignore[union-attr]


async def test_only_web_addresses_are_opened(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    visited: list[str] = []
    async with opened(stage) as (app, pilot):
        monkeypatch.setattr(app, "open_url", lambda url, **_: visited.append(url))
        answer = await ask(app, pilot, "hi")
        await answered(app, pilot)
        markdown = answer.query_one("Markdown")
        for address in ("file:///etc/passwd", "https://example.org/"):
            markdown.post_message(markdown.LinkClicked(markdown, address))  # type: ignore[attr-defined]
        await until(pilot, lambda: visited)
        assert visited == ["https://example.org/"]


async def test_what_streamed_in_looks_like_the_whole(stage: Stage) -> None:
    """Fragments that end anywhere give the same blocks as the finished text."""
    text = (
        "# Title\n\nSome *text* here.\n\n- one\n- two\n\n"
        "```python\nx = 1\n\ny = 2\n```\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\nEnd."
    )
    async with opened(stage) as (app, pilot):
        stage.actor.lines["hi"] = text
        streamed = await ask(app, pilot, "hi")
        await answered(app, pilot)
        await app.chat.transcript.show(Conversation((Message("user", "hi"), Message("assistant", text))))
        await until(pilot, lambda: app.chat.query("MarkdownFence"))
        whole = app.chat.query(Answer).last()
        assert streamed.text == whole.text
        assert [type(block).__name__ for block in whole.query_one("Markdown").children] == [
            "MarkdownH1", "MarkdownParagraph", "MarkdownBulletList", "MarkdownFence",
            "MarkdownTable", "MarkdownParagraph",
        ]  # fmt: skip


async def test_what_an_answer_cost_is_kept(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        await ask(app, pilot, "hi")
        await answered(app, pilot)
    with closing(sqlite3.connect(stage.folder / "history.sqlite3")) as database:
        costs = database.execute("SELECT role, finish_reason, completion_tokens FROM message").fetchall()
    assert costs == [("user", None, None), ("assistant", "stop", 3)]


async def test_a_question_that_is_stopped_at_once_leaves_the_prompt_open(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        app.chat._ask(Prompt.Submitted("never asked"))
        assert app.chat.answering
        await app.chat.action_stop()
        assert not app.chat.answering
        answer = await ask(app, pilot, "asked")
        await answered(app, pilot)
        assert answer.text == "You said: asked"
