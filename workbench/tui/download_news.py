"""Says it once, wherever the person is, when a download has arrived or failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.models.transfer.queue import Download, State
from workbench.tui.downloads import Downloads, Entries

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp


class DownloadNews:
    """Compares what the downloads were with what they are."""

    def __init__(self, app: WorkbenchApp) -> None:
        self._app = app
        self._states: dict[int, State] = {}

    def follow(self, downloads: Downloads) -> None:
        downloads.subscribe(self._compare)

    def _compare(self, entries: Entries) -> None:
        before = self._states
        self._states = {entry.id: entry.state for entry in entries}
        if self._app.current_mode == "downloads":
            return
        for entry in entries:
            if before.get(entry.id) not in (None, entry.state):
                self._tell(entry)

    def _tell(self, download: Download) -> None:
        if download.state == "done":
            title = f"{download.request.name} has arrived."
            self._app.notify("f6 shows it; enter there talks to it.", title=title, markup=False)
        elif download.state == "failed" and download.error is not None:
            self._app.report(download.error)
