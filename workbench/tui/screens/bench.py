"""The benchmark: how fast models read and write here, beside what was measured before.

Measures in a job, so that other screens can be looked at meanwhile, and keeps what it finds in the history.
"""

from __future__ import annotations

import shlex
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from workbench.benchmark import Workload
from workbench.tui.benching import benched
from workbench.tui.downloads import Downloads
from workbench.tui.failures import ReportsFailures, as_problem
from workbench.tui.jobs import Job, Jobs, Show
from workbench.tui.screens.model_picker import ModelPicker
from workbench.tui.session import Ready, Session
from workbench.tui.surroundings import Surroundings
from workbench.tui.widgets.bench_fields import BenchFields
from workbench.tui.widgets.bench_report import BenchReport
from workbench.tui.widgets.top_bar import TopBar

NOTHING = "Nothing was measured yet. Name a model above, and press ctrl+g."


class BenchScreen(ReportsFailures, Screen[None]):
    """The model and the tests above, what was measured below, the newest first."""

    CSS_PATH = "bench.tcss"
    AUTO_FOCUS = "#named"
    HELP = """
## The benchmark

How fast a model reads a prompt and writes an answer, by llama-bench's tests, how long the first token takes,
and how that changed. Numbers may be several, with commas. **ctrl+g** measures, **ctrl+s** stops that. Chat
and other programs disturb it, which the result then tells.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+o", "choose", "Model", id="bench.choose", priority=True),
        Binding("ctrl+g", "measure", "Measure", id="bench.measure", priority=True),
        Binding("ctrl+s", "stop", "Stop", id="bench.stop", priority=True),
        Binding("escape", "app.switch_mode('home')", "Home", id="bench.home"),
    ]

    def __init__(
        self, surroundings: Surroundings, session: Session, downloads: Downloads, jobs: Jobs
    ) -> None:
        super().__init__()
        self._surroundings, self._session, self._downloads = surroundings, session, downloads
        self._jobs = jobs
        self._job: Job | None = None

    def compose(self) -> ComposeResult:
        yield TopBar("bench", self._session, self._downloads)
        with Vertical(id="asked", classes="panel") as panel:
            panel.border_title = "Measure"
            yield Input(placeholder="A model here, or the address of one elsewhere", id="named", compact=True)
            yield BenchFields()
        with VerticalScroll(id="reports", classes="panel", can_focus=True) as reports:
            reports.border_title = "Measured"
            yield Static(NOTHING, id="status", markup=False)
        yield Static(id="command", markup=False)
        yield Footer(compact=True)

    def on_mount(self) -> None:
        self._jobs.subscribe(self._show_job)

    def on_screen_resume(self) -> None:
        state = self._session.state
        if isinstance(state, Ready) and not self._named:
            self.query_one("#named", Input).value = state.model.name

    @property
    def _named(self) -> str:
        return self.query_one("#named", Input).value.strip()

    @on(Input.Changed)
    def _show_command(self) -> None:
        written = {name: self.query_one(f"#{name}", Input).value for name in ("prompt", "generate")}
        flags = " ".join(f"--{name} {value}" for name, value in written.items() if value.isdigit())
        words = f"workbench bench {shlex.quote(self._named or 'MODEL')} {flags}"
        self.query_one("#command", Static).update(words)

    @on(Input.Submitted)
    def action_measure(self) -> None:
        """Begin, unless it is at it."""
        if self._job is not None and self._job.state == "running":
            self.notify("It is measuring. ctrl+s stops that.", timeout=3)
            return
        if not (name := self._named):
            self._say(NOTHING)
            return
        try:
            workload = self.query_one(BenchFields).workload()
        except Exception as error:
            self._say(str(as_problem(error)))
            return
        self._job = self._jobs.start(
            f"Benchmark of {name}", "bench", lambda show: self._measure(name, workload, show)
        )

    async def _measure(self, name: str, workload: Workload, show: Show) -> None:
        found = await benched(name, workload, self._surroundings.open_model, show)
        await self.query_one("#reports").mount(BenchReport(found), after=self.query_one("#status"))

    def action_stop(self) -> None:
        if self._job is not None:
            self._job.stop()

    @work(exclusive=True, group="choosing", exit_on_error=False)
    async def action_choose(self) -> None:
        if model := await self.app.push_screen_wait(ModelPicker(self._surroundings.models)):
            self.query_one("#named", Input).value = model.name

    def _show_job(self, job: Job) -> None:
        if job is not self._job or not self.is_attached:
            return
        ended = {"done": "", "stopped": "Stopped.", "failed": str(job.error)}
        self._say(f"{job.title}: {job.words or 'beginning'}" if job.state == "running" else ended[job.state])

    def _say(self, text: str) -> None:
        status = self.query_one("#status", Static)
        status.update(text)
        status.display = bool(text)
