"""The jobs, running and ended: go to where one belongs, or stop it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from workbench.tui.jobs import Job, Jobs
from workbench.tui.screens.picker import Picker
from workbench.tui.widgets.choice_list import Choice, ChoiceList

_LOOKING_SECONDS = 0.5


class JobPicker(Picker[Job]):
    """Returns the job to go to."""

    TITLE = "Jobs"
    NOTHING = "Nothing runs, and nothing has ended yet."
    HELP = """
## Jobs

What goes on beside the screens, and what has ended. **enter** goes to where a job belongs, **ctrl+s**
stops it.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "stop", "Stop", id="jobs.stop", priority=True),
    ]

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._jobs = jobs

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(_LOOKING_SECONDS, self._look)

    async def choices(self) -> list[Choice[Job]]:
        return [Choice(job, job.title, _details(job)) for job in self._jobs.every]

    async def _look(self) -> None:
        """Show how they are now, and stay where the cursor is."""
        shown = self.query_one(ChoiceList)
        place = shown.highlighted
        shown.offer(await self.choices(), self.query_one(Input).value)
        if place is not None and place < shown.option_count:
            shown.highlighted = place

    def action_stop(self) -> None:
        if (marked := self.query_one(ChoiceList).marked) is not None:
            marked.value.stop()


def _details(job: Job) -> str:
    if job.error is not None:
        return f"failed: {job.error.message}"
    return f"{job.state}: {job.words}" if job.words else job.state
