"""The downloads, live: pause, resume, reorder, drop, and talk to what has arrived.

Changes the queue through the app's Downloads; how bytes travel is not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Footer, OptionList, Static

from workbench.errors import InvalidModel
from workbench.models import Description, describe, locate
from workbench.models.transfer.pulling import Pulled
from workbench.models.transfer.queue import Download, DownloadQueue
from workbench.tui.aside import aside
from workbench.tui.downloads import Downloads, Entries
from workbench.tui.failures import ReportsFailures
from workbench.tui.messages import ModelChosen
from workbench.tui.session import Session
from workbench.tui.widgets.download_list import DownloadList
from workbench.tui.widgets.top_bar import TopBar

NOTHING = "Nothing is being downloaded. Press f5 to find a model on the hub."


class DownloadsScreen(ReportsFailures, Screen[None]):
    """The queue; every key works on the download under the cursor."""

    CSS_PATH = "downloads.tcss"
    AUTO_FOCUS = "DownloadList"
    HELP = """
## Downloads

One at a time, in this order. A paused one keeps what has arrived and goes on from there, also after the app
was closed. **x** takes a download off the list; what has arrived of it stays on the disk.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "talk", "Talk", id="downloads.talk", priority=True),
        Binding("p", "pause", "Pause", id="downloads.pause"),
        Binding("r", "resume", "Resume", id="downloads.resume"),
        Binding("shift+up,k", "move(-1)", "Earlier", id="downloads.earlier"),
        Binding("shift+down,j", "move(1)", "Later", id="downloads.later"),
        Binding("x,delete", "drop", "Drop", id="downloads.drop"),
        Binding("question_mark", "app.toggle_help", "Help", id="downloads.help", show=False),
        Binding("q", "app.quit", "Quit", id="downloads.quit"),
    ]

    def __init__(self, session: Session, downloads: Downloads) -> None:
        super().__init__()
        self._session = session
        self._downloads = downloads
        self._offered: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield TopBar("downloads", self._session, self._downloads)
        with Vertical(id="queue", classes="panel") as panel:
            panel.border_title = "Downloads"
            yield DownloadList()
            yield Static(NOTHING, id="nothing", markup=False)
        yield Footer(compact=True)

    def on_mount(self) -> None:
        self._downloads.subscribe(self._show)

    def on_screen_resume(self) -> None:
        self.open()

    @work(exclusive=True, group="opening", exit_on_error=False)
    async def open(self) -> None:
        """Have the unfinished ones of earlier runs listed."""
        await self._downloads.open()

    @property
    def _list(self) -> DownloadList:
        return self.query_one(DownloadList)

    def _show(self, entries: Entries) -> None:
        self._list.show(entries)
        self._list.display = bool(entries)
        self.query_one("#nothing").display = not entries
        self._offer_keys()

    @on(OptionList.OptionHighlighted)
    def _offer_keys(self) -> None:
        """Draw the footer anew only when another choice of keys makes sense."""
        marked, count = self._list.marked, len(self._downloads.entries)
        offered = (marked and (marked.id, marked.state), self._list.highlighted, count)
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    @on(OptionList.OptionSelected)
    def action_talk(self) -> None:
        if (marked := self._list.marked) and marked.pulled:
            self.talk_to(marked.pulled)

    @work(exclusive=True, group="describing", exit_on_error=False)
    async def talk_to(self, pulled: Pulled) -> None:
        model = await aside(lambda: _described(pulled))
        self.post_message(ModelChosen(model))

    def action_pause(self) -> None:
        self._change(DownloadQueue.pause)

    def action_resume(self) -> None:
        self._change(DownloadQueue.resume)

    def action_drop(self) -> None:
        self._change(DownloadQueue.drop)

    def action_move(self, step: int) -> None:
        self._change(lambda queue, id: _shift(queue, id, step))

    def _change(self, act: Callable[[DownloadQueue, int], object]) -> None:
        if marked := self._list.marked:
            self.change(marked, act)

    @work(group="changing", exit_on_error=False)
    async def change(self, download: Download, act: Callable[[DownloadQueue, int], object]) -> None:
        await self._downloads.change(lambda queue: act(queue, download.id))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what would do something to the download under the cursor."""
        marked = self._list.marked if self.is_mounted else None
        state = marked.state if marked else ""
        match action:
            case "talk":
                return state == "done"
            case "pause":
                return state in ("running", "waiting")
            case "resume":
                return state in ("paused", "failed")
            case "drop":
                return bool(state)
            case "move":
                return bool(state) and len(self._downloads.entries) > 1
            case _:
                return True


def _shift(queue: DownloadQueue, id: int, step: int) -> None:
    """Move it from where it is by then, for keys may come faster than changes."""
    order = [download.id for download in queue.downloads()]
    if id in order and 0 <= (place := order.index(id) + step) < len(order):
        queue.move(id, place)


def _described(pulled: Pulled) -> Description:
    """The model that has arrived. Raises WorkbenchError where it cannot be talked to."""
    model = describe(locate(str(pulled.paths[0])))
    if model.problem:
        raise InvalidModel(model.problem, "Choose another model.")
    return model
