"""Says it once, wherever the person is, when a job has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.tui.jobs import Job

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp


class JobNews:
    """Says nothing of what was stopped, nor on the screen that shows what came of it."""

    def __init__(self, app: WorkbenchApp) -> None:
        self._app = app
        app.jobs.subscribe(self._tell)

    def _tell(self, job: Job) -> None:
        if job.error is not None:
            self._app.report(job.error)
        elif job.state == "done" and self._app.current_mode != job.place:
            self._app.notify(
                "ctrl+l lists the jobs; enter there goes to what came of it.", title=f"{job.title} is done."
            )
