"""The first screen: the machine, its models, and the next step."""

from __future__ import annotations

from textual.widgets import Static

from tests.tui.driving import AppPilot, opened, until
from tests.tui.stage import BROKEN, GUIDE, QWEN, WORKSTATION, Stage
from workbench.tui.app import WorkbenchApp
from workbench.tui.session import Ready
from workbench.tui.widgets.choice_list import ChoiceList
from workbench.tui.widgets.machine_panel import MachinePanel


def words(app: WorkbenchApp, selector: str) -> str:
    """The text of all the statics below a selector, as it is shown."""
    return "\n".join(str(part.render()) for part in app.screen.query(f"{selector} Static").results(Static))


async def looked_around(app: WorkbenchApp, pilot: AppPilot) -> None:
    await app.workers.wait_for_complete()
    await pilot.pause()


async def test_it_says_what_the_machine_is_and_what_no_gpu_means(stage: Stage) -> None:
    async with opened(stage, model=None) as (app, pilot):
        await looked_around(app, pilot)
        shown = words(app, "MachinePanel")
        assert "AMD Ryzen 7 7840U" in shown
        assert "8 cores, 16 threads" in shown
        assert "21.0 GiB of 32.0 GiB free" in shown
        assert "None found. Models run on the processor" in shown


async def test_it_names_the_gpu_and_its_memory(stage: Stage) -> None:
    stage.machine = WORKSTATION
    async with opened(stage, model=None) as (app, pilot):
        await looked_around(app, pilot)
        assert "NVIDIA GeForce RTX 4090, 24.0 GiB" in words(app, "MachinePanel")


async def test_enter_on_a_fresh_machine_talks_to_guide(stage: Stage) -> None:
    async with opened(stage, model=None) as (app, pilot):
        await looked_around(app, pilot)
        assert str(app.screen.query_one("#next", Static).render()) == "Press enter to talk to guide."
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.session.state, Ready))
        assert app.current_mode == "chat"
        assert stage.opened == [str(GUIDE.path)]
        assert app.focused is app.chat.prompt


async def test_the_next_step_follows_the_cursor(stage: Stage) -> None:
    async with opened(stage, model=None) as (app, pilot):
        await looked_around(app, pilot)
        await pilot.press("down")
        assert QWEN.name in str(app.screen.query_one("#next", Static).render())
        await pilot.press("enter")
        await until(pilot, lambda: stage.opened == [str(QWEN.path)])


async def test_a_broken_file_is_listed_with_its_reason_and_cannot_be_chosen(stage: Stage) -> None:
    stage.models = [BROKEN]
    async with opened(stage, model=None) as (app, pilot):
        await looked_around(app, pilot)
        option = app.screen.query_one(ChoiceList).get_option_at_index(0)
        assert BROKEN.problem in str(option.prompt)
        await pilot.press("enter")
        assert app.current_mode == "home"
        assert stage.opened == []


async def test_without_models_it_says_where_to_put_one_and_r_finds_it(stage: Stage) -> None:
    stage.models = []
    async with opened(stage, model=None) as (app, pilot):
        await looked_around(app, pilot)
        assert "Put a GGUF file into" in str(app.screen.query_one("#no-models", Static).render())
        stage.models = [GUIDE]
        await pilot.press("r")
        await looked_around(app, pilot)
        assert app.screen.query_one(ChoiceList).option_count == 1
        assert not app.screen.query_one("#no-models").display


async def test_a_machine_that_cannot_be_read_is_reported_and_the_app_lives(stage: Stage) -> None:
    def broken() -> list[object]:
        raise OSError("no such folder")

    stage.list_models = broken
    async with opened(stage, model=None) as (app, pilot):
        await until(pilot, lambda: any("no such folder" in notice.title for notice in app._notifications))
        await pilot.press("f3")
        assert app.current_mode == "chat"


async def test_going_home_and_back_keeps_the_model(stage: Stage) -> None:
    async with opened(stage) as (app, pilot):
        await pilot.press("f2")
        await looked_around(app, pilot)
        assert app.screen.query(MachinePanel)
        await pilot.press("enter")
        await until(pilot, lambda: app.current_mode == "chat")
        assert stage.opened == [str(GUIDE.path)]
        assert not stage.actor.closed


async def test_a_click_on_a_place_goes_there(stage: Stage) -> None:
    async with opened(stage, model=None) as (app, pilot):
        await looked_around(app, pilot)
        for place, name in ((1, "chat"), (2, "hub"), (3, "downloads"), (0, "home")):
            await pilot.click(app.screen.query(".place")[place])
            await until(pilot, lambda name=name: app.current_mode == name)
