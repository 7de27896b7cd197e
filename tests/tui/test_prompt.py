"""Typing: sending, new lines, and recalling what was sent."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.events import Key, Paste
from textual.pilot import Pilot

from workbench.tui.widgets.prompt import Prompt


class PromptApp(App[None]):
    """A prompt alone, and what it sent."""

    CSS = "Prompt { height: auto; }"

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.refused = 0

    def compose(self) -> ComposeResult:
        yield Prompt()

    def on_prompt_submitted(self, event: Prompt.Submitted) -> None:
        self.sent.append(event.text)

    def on_prompt_refused(self) -> None:
        self.refused += 1


def text(pilot: Pilot[None]) -> str:
    return pilot.app.query_one(Prompt).text


@pytest.mark.parametrize("key", ["shift+enter", "ctrl+j"])
async def test_a_new_line_is_typed_and_enter_sends_both(key: str) -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press("a", key, "b")
        assert text(pilot) == "a\nb"
        assert app.query_one(Prompt).size.height == 2
        await pilot.press("enter")
        assert app.sent == ["a\nb"]
        assert text(pilot) == ""


async def test_nothing_but_space_is_not_sent() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press("enter", "space", "enter")
        assert app.sent == []


async def test_up_and_down_recall_and_the_draft_comes_back() -> None:
    async with PromptApp().run_test() as pilot:
        await pilot.press("a", "enter", "b", "enter", "c")
        for key, shown in (
            ("up", "b"),
            ("up", "a"),
            ("up", "a"),
            ("down", "b"),
            ("down", "c"),
            ("down", "c"),
        ):
            await pilot.press(key)
            assert text(pilot) == shown


async def test_inside_a_text_of_several_lines_the_arrows_move_the_cursor() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        await pilot.press("z", "enter", "a", "ctrl+j", "b", "up")
        assert text(pilot) == "a\nb"
        await pilot.press("up")
        assert text(pilot) == "z"


async def test_a_pasted_text_keeps_its_lines() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        app.post_message(Paste("one\ntwo"))
        await pilot.pause()
        assert text(pilot) == "one\ntwo"
        assert app.sent == []


async def test_keys_that_arrive_all_at_once_are_taken_in_their_order() -> None:
    """A slow screen must not send half a question."""
    app = PromptApp()
    async with app.run_test() as pilot:
        for key in ("h", "i", "enter", "y", "o", "u"):
            app.post_message(Key(key, None if key == "enter" else key))
        await pilot.pause()
        await pilot.pause()
        assert app.sent == ["hi"]
        assert text(pilot) == "you"


async def test_while_questions_are_refused_the_text_stays() -> None:
    app = PromptApp()
    async with app.run_test() as pilot:
        app.query_one(Prompt).accepting = False
        await pilot.press("a", "enter")
        assert app.sent == []
        assert text(pilot) == "a"
        assert app.refused == 1
