"""How a failure that belongs to no answer is shown: one notification with its remedy, never a crash."""

from __future__ import annotations

from textual.message_pump import MessagePump
from textual.worker import Worker, WorkerState

from workbench.errors import WorkbenchError

SECONDS = 12


class ReportsFailures(MessagePump):
    """For the app and its screens: a background worker that fails says so on the screen."""

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.report(event.worker.error)

    def report(self, error: BaseException) -> None:
        problem = as_problem(error)
        self.app.notify(
            problem.remedy, title=problem.message, severity="error", timeout=SECONDS, markup=False
        )


def as_problem(error: BaseException) -> WorkbenchError:
    """The error itself when it was made for people, else one that names it."""
    if isinstance(error, WorkbenchError):
        return error
    return WorkbenchError(f"Something failed unexpectedly: {error!r}", "Try again, or restart the app.")
