"""How the screens look, as pictures that a person has approved (tests/tui/__snapshots__)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from tests.tui.driving import answered, ask, until
from tests.tui.looking import DARK, LIGHT, Compare
from tests.tui.looking import compare as compare
from tests.tui.stage import GUIDE, WORKSTATION, Actor, Stage
from workbench.errors import EngineDied
from workbench.tui.app import WorkbenchApp
from workbench.tui.screens.model_picker import ModelPicker
from workbench.tui.session import Loading
from workbench.tui.widgets.choice_list import ChoiceList

QUESTION = "What can you do?"
ANSWER = """I am **guide**, the small model that comes with the workbench. I can tell you:

1. how to *download* and run a model,
2. what words such as `Q4_K_M` mean,
3. how much memory a model needs.

```bash
workbench run guide "What is a token?"
```

| quantization | bits per weight | quality |
|---|---|---|
| Q8_0 | 8.5 | nearly the original |
| Q4_K_M | 4.8 | good |
"""


@pytest.fixture
def looks(stage: Stage, compare: Compare) -> Compare:
    """Compare with the approved picture; the actor knows the answer."""
    stage.prepare = _actor_with_lines
    return compare


def _actor_with_lines(actor: Actor) -> None:
    actor.lines[QUESTION] = ANSWER


async def look_around(app: WorkbenchApp, pilot: Pilot[None]) -> None:
    await app.workers.wait_for_complete()
    await pilot.pause()


async def whole_answer(app: WorkbenchApp, pilot: Pilot[None]) -> None:
    await ask(app, pilot, QUESTION)
    await answered(app, pilot)


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_home(looks: Callable[..., bool], theme: str) -> None:
    """Machine and models side by side, the next step below."""
    assert looks(look_around, model=None, theme=theme, size=(120, 36))


def test_home_with_a_gpu(looks: Callable[..., bool], stage: Stage) -> None:
    stage.machine = WORKSTATION
    assert looks(look_around, model=None, size=(80, 24))


def test_home_in_a_narrow_terminal(looks: Callable[..., bool]) -> None:
    """One pane above the other; the next step stays in sight."""
    assert looks(look_around, model=None, size=(60, 20))


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_a_finished_answer(looks: Callable[..., bool], theme: str) -> None:
    """The question set apart, Markdown rendered, the numbers below."""
    assert looks(whole_answer, theme=theme)


def test_a_finished_answer_in_a_narrow_terminal(looks: Callable[..., bool]) -> None:
    assert looks(whole_answer, size=(60, 20))


def test_an_answer_under_way(looks: Callable[..., bool], stage: Stage) -> None:
    """Half an answer, the next question already being typed, and a key to stop."""

    async def half(app: WorkbenchApp, pilot: Pilot[None]) -> None:
        stage.actor.wait_for_cues()
        answer = await ask(app, pilot, QUESTION)
        stage.time = 0.2
        stage.actor.cue()
        await until(pilot, lambda: answer.text)
        stage.time = 1.2
        stage.actor.cue(21)

        await until(pilot, lambda: "21.0 tokens/s" in answer.line.render().plain)
        await until(pilot, lambda: answer.query_one("Markdown").source == answer.text)
        await pilot.press(*"And then")

    assert looks(half)


def test_a_model_that_is_loading(looks: Callable[..., bool], stage: Stage) -> None:
    stage.held = True

    async def part(app: WorkbenchApp, pilot: Pilot[None]) -> None:
        stage.shares.put_nowait(0.4)
        await until(pilot, lambda: app.session.state == Loading(GUIDE, 0.4))

    assert looks(part)


def test_a_failure_and_its_remedy(looks: Callable[..., bool], stage: Stage) -> None:
    """What was said stays; the panel says what to do."""

    async def fail(app: WorkbenchApp, pilot: Pilot[None]) -> None:
        stage.actor.failure = EngineDied(
            "The engine's process ended in the middle of the answer.", "Ask again; it is started anew."
        )
        await whole_answer(app, pilot)

    assert looks(fail)


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_the_model_picker(looks: Callable[..., bool], theme: str) -> None:
    """Narrowed to two, the letters that match marked; a broken file says why."""

    async def pick(app: WorkbenchApp, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ModelPicker))
        await until(pilot, lambda: app.screen.query_one(ChoiceList).option_count == 4)
        await pilot.press(*"7b")
        await until(pilot, lambda: app.screen.query_one(ChoiceList).option_count == 2)

    assert looks(pick, theme=theme)


def test_help_beside_the_chat(looks: Callable[..., bool]) -> None:
    async def help_panel(app: WorkbenchApp, pilot: Pilot[None]) -> None:
        await pilot.press("f1")
        await until(pilot, lambda: app.screen.query("#widget-help MarkdownParagraph"))

    assert looks(help_panel, size=(120, 36))
