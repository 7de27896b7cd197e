"""The downloads in their order: how far each is, how fast, what troubles it, and how it ended.

Shows the entries of the queue and changes nothing about them.
"""

from __future__ import annotations

from typing import assert_never

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from workbench import wording
from workbench.models.transfer.progress import Progress
from workbench.models.transfer.queue import Download
from workbench.tui.downloads import Entries
from workbench.tui.widgets.bar import bar

BAR_CELLS = 14
QUIET = "$foreground 60%"


class DownloadList(OptionList):
    """Two or three lines for each; the cursor stays on its download while others come, go and move."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="list", markup=False)
        self._shown: Entries = ()

    def show(self, entries: Entries) -> None:
        before, marked = self._shown, self.marked
        self._shown = entries
        if [entry.id for entry in before] != [entry.id for entry in entries]:
            self._arrange(marked)
            return
        for old, new in zip(before, entries, strict=True):
            if old != new:
                self.replace_option_prompt(str(new.id), _prompt(new))

    @property
    def marked(self) -> Download | None:
        """The download under the cursor."""
        if self.highlighted is None or self.highlighted >= len(self._shown):
            return None
        return self._shown[self.highlighted]

    def _arrange(self, marked: Download | None) -> None:
        place = self.highlighted or 0
        self.set_options(Option(_prompt(entry), id=str(entry.id)) for entry in self._shown)
        places = [entry.id for entry in self._shown]
        if marked is not None and marked.id in places:
            place = places.index(marked.id)
        self.highlighted = min(place, len(places) - 1) if places else None


def _prompt(download: Download) -> Content:
    return Content("\n").join([Content.styled(download.request.name, "bold"), *_state(download)])


def _state(download: Download) -> list[Content]:
    progress = download.progress
    match download.state:
        case "waiting":
            return [Content.styled("waits for its turn", QUIET)]
        case "running":
            return [_running(progress)]
        case "paused":
            return [_paused(progress)]
        case "failed":
            return _failed(download)
        case "done":
            return [_done(download)]
        case _:
            assert_never(download.state)


def _running(progress: Progress | None) -> Content:
    if progress is None:
        return Content.styled("asks the hub for it", QUIET)
    style = "$text-warning" if progress.trouble else "$foreground"
    return _line(progress, "$primary", wording.transfer(progress), style)


def _paused(progress: Progress | None) -> Content:
    if progress is None or not progress.total_bytes:
        return Content.styled("paused; goes on where it stopped", QUIET)
    return _line(progress, "$foreground 40%", f"paused at {wording.arrived(progress)}", QUIET)


def _failed(download: Download) -> list[Content]:
    error = download.error
    if error is None:
        return [Content.styled("failed", "$text-error")]
    return [Content.styled(error.message, "$text-error"), Content.styled(error.remedy, QUIET)]


def _done(download: Download) -> Content:
    if download.pulled is None:
        return Content.styled("done", "$text-success")
    return Content.assemble(("✓ ", "$text-success"), (wording.received(download.pulled), QUIET))


def _line(progress: Progress, bar_style: str, words: str, style: str) -> Content:
    share = progress.done_bytes / progress.total_bytes if progress.total_bytes else 0.0
    return Content.assemble(
        bar(share, BAR_CELLS, bar_style), f"{wording.share(progress):>5}  ", (words, style)
    )
