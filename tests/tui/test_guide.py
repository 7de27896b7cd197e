"""The bundled model in the app: the first thing a person sees on a fresh machine."""

from __future__ import annotations

import os
import signal

import pytest

from tests.tui.driving import answered, ask, until
from workbench.models import describe, locate
from workbench.runtime.engine_provider import EngineProvider
from workbench.sampling import SamplingSettings
from workbench.tui.app import WorkbenchApp
from workbench.tui.session import Ready
from workbench.tui.widgets.choice_list import ChoiceList
from workbench.tui.widgets.problem import Problem

GREEDY = SamplingSettings(temperature=0)


async def test_enter_on_the_first_screen_leads_to_an_answer_of_guide() -> None:
    app = WorkbenchApp(sampling=GREEDY)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.home.query_one(ChoiceList).option_count)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.session.state, Ready))
        answer = await ask(app, pilot, "What can you do?")
        await answered(app, pilot)
        assert len(answer.text.split()) > 5
        line = answer.line.render().plain
        assert "tokens/s" in line and "to first token" in line and "context" in line


@pytest.mark.slow
async def test_guide_answers_the_same_after_a_stop_and_after_its_process_was_killed() -> None:
    app = WorkbenchApp(model=describe(locate("guide")), sampling=GREEDY)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.session.state, Ready))
        assert isinstance(app.session.state, Ready)
        provider = app.session.state.provider
        assert isinstance(provider, EngineProvider)
        first = await ask(app, pilot, "What can you do?")
        await answered(app, pilot)

        await app.chat.action_new_conversation()
        stopped = await ask(app, pilot, "What can you do?")
        await until(pilot, lambda: stopped.text)
        await pilot.press("escape")
        await answered(app, pilot)
        assert first.text.startswith(stopped.text)

        await app.chat.action_new_conversation()
        os.kill(provider.pid, signal.SIGSTOP)
        broken = await ask(app, pilot, "What can you do?")
        os.kill(provider.pid, signal.SIGKILL)
        await answered(app, pilot)
        assert broken.text == ""
        assert len(app.chat.query(Problem)) == 1

        await app.chat.action_new_conversation()
        again = await ask(app, pilot, "What can you do?")
        await answered(app, pilot)
        assert again.text == first.text
