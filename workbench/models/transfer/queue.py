"""Downloads in a row: one at a time, in an order that can be changed, each can be paused, resumed or dropped.

What is not done survives the process. Knows no screen; whoever shows it asks for `downloads`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from threading import Condition, Event, RLock, Thread
from typing import Literal

from workbench.errors import InvalidRequest, TransferCancelled, WorkbenchError
from workbench.models.transfer.progress import Progress
from workbench.models.transfer.pulling import Pulled, PullRequest, pull
from workbench.models.transfer.wanted import forget, remember, remembered

State = Literal["waiting", "running", "paused", "failed", "done"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One entry of the queue at one moment."""

    id: int
    request: PullRequest
    state: State = "waiting"
    progress: Progress | None = None
    error: WorkbenchError | None = None
    pulled: Pulled | None = None


class DownloadQueue:
    """Runs downloads in a thread of its own, from the first `add` or `resume` to `close`.

    It begins with what earlier processes left undone, paused. `changed` is called, in that thread, whenever a
    download changes its state. Safe to use from several threads.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self._changed = changed
        self._ids = count(1)
        self._more = Condition(RLock())
        self._downloads = [self._new(request, "paused") for request in remembered()]
        self._cancel = Event()
        self._closed = False
        self._thread: Thread | None = None

    def downloads(self) -> list[Download]:
        """All downloads in their order."""
        with self._more:
            return list(self._downloads)

    def add(self, request: PullRequest) -> int:
        """Put it at the end; one that is there already goes on. Returns its id."""
        with self._more:
            for download in self._downloads:
                if download.request.name == request.name and download.state != "done":
                    self.resume(download.id)
                    return download.id
            remember(request, time.time())
            download = self._new(request, "waiting")
            self._downloads.append(download)
            self._wake()
            return download.id

    def pause(self, id: int) -> None:
        """Stop it for now; what has arrived is kept."""
        self._hold(id, "paused")

    def resume(self, id: int) -> None:
        with self._more:
            if self._find(id).state in ("paused", "failed"):
                self._set(id, state="waiting", error=None)
                self._wake()

    def drop(self, id: int) -> None:
        """Stop it for good and take it off the list; what has arrived stays until `workbench rm` takes it."""
        self._hold(id, "paused")
        with self._more:
            forget(self._find(id).request)
            self._downloads = [download for download in self._downloads if download.id != id]

    def move(self, id: int, position: int) -> None:
        """Put it at that place of the order, counted from 0."""
        with self._more:
            download = self._find(id)
            self._downloads.remove(download)
            self._downloads.insert(position, download)
            for place, each in enumerate(self._downloads):
                if each.state != "done":
                    remember(each.request, float(place))

    def close(self) -> None:
        """Stop what runs, keeping what has arrived."""
        with self._more:
            self._closed = True
            self._cancel.set()
            self._more.notify_all()
        if self._thread:
            self._thread.join()

    def _new(self, request: PullRequest, state: State) -> Download:
        return Download(id=next(self._ids), request=request, state=state)

    def _find(self, id: int) -> Download:
        for download in self._downloads:
            if download.id == id:
                return download
        raise InvalidRequest("There is no such download any more.", "Look at the list again.")

    def _set(self, id: int, **values: object) -> None:
        self._downloads = [
            replace(each, **values) if each.id == id else each  # type: ignore[arg-type]
            for each in self._downloads
        ]

    def _hold(self, id: int, state: State) -> None:
        with self._more:
            before = self._find(id).state
            if before == "done":
                return
            self._set(id, state=state)
            if before == "running":
                self._cancel.set()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._work, name="downloads", daemon=True)
            self._thread.start()
        self._more.notify_all()

    def _work(self) -> None:
        while (download := self._next()) is not None:
            self._changed()
            self._run(download)
            self._changed()

    def _next(self) -> Download | None:
        with self._more:
            while not self._closed:
                for download in self._downloads:
                    if download.state == "waiting":
                        self._cancel = Event()
                        self._set(download.id, state="running")
                        return download
                self._more.wait()
        return None

    def _run(self, download: Download) -> None:
        cancel = self._cancel

        def report(progress: Progress) -> None:
            with self._more:
                self._set(download.id, progress=progress)

        try:
            pulled = pull(download.request, report, cancel)
        except TransferCancelled:
            self._end(download.id, "paused")
        except WorkbenchError as error:
            self._end(download.id, "failed", error=error)
        except Exception as error:
            unexpected = WorkbenchError(f"Unexpected {type(error).__name__}: {error}.")
            self._end(download.id, "failed", error=unexpected)
        else:
            forget(download.request)
            self._end(download.id, "done", pulled=pulled)

    def _end(self, id: int, state: State, **values: object) -> None:
        """Enter how it ended, unless it was resumed while it stopped, or dropped."""
        with self._more:
            for download in self._downloads:
                if download.id == id and not (download.state == "waiting" and state == "paused"):
                    self._set(id, state=state, **values)
            self._more.notify_all()
