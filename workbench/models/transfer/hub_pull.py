"""Brings files of a repository into the Hugging Face cache, as one unit: all of them appear, or none.

Every file is pinned to the commit and checked against the hash that the hub publishes. Processes that want
the same file take turns, and each goes on from what the one before left. Chooses no files.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from workbench.errors import TransferCancelled
from workbench.models.hub import client
from workbench.models.hub.repository import HubFile, Repository
from workbench.models.transfer.cache_layout import CacheLayout
from workbench.models.transfer.connections import Connections
from workbench.models.transfer.disk import check_space
from workbench.models.transfer.fetching import Limits
from workbench.models.transfer.file_transfer import FileTransfer
from workbench.models.transfer.locking import locked
from workbench.models.transfer.partial import PartialFile, arrived_bytes
from workbench.models.transfer.progress import Meter, Progress
from workbench.models.transfer.remote import RemoteFile
from workbench.models.transfer.throttle import Throttle
from workbench.models.transfer.xet_pull import xet_fetch


@dataclass(slots=True)
class HubPull:
    """The transfer of `files` of the repository into the cache below `cache`."""

    repository: Repository
    files: tuple[HubFile, ...]
    cache: Path
    limits: Limits
    report: Callable[[Progress], None]
    cancel: Event

    def run(self) -> tuple[Path, ...]:
        """Returns where the files are, in their order.

        Raises NoSpace before anything is fetched, and what FileTransfer raises; what has arrived is kept.
        """
        check_space(self.layout.folder, self.missing_bytes)
        meter = Meter(sum(file.size_bytes for file in self._blobs), self.report)
        connections, throttle = Connections(), Throttle(self.limits.bytes_per_second)
        try:
            with ExitStack() as locks:
                for file in sorted(self._blobs, key=lambda file: file.etag):
                    if not self.layout.has(file):
                        locks.enter_context(self._lock(file, meter))
                for file in self._blobs:
                    self._bring(file, meter, connections, throttle)
                return self.layout.publish(self.files, self.repository.revision)
        finally:
            connections.close()

    @property
    def here(self) -> frozenset[HubFile]:
        """The files that need not be fetched, judged by their sizes alone."""
        return frozenset(file for file in self.files if self.layout.has(file))

    @property
    def layout(self) -> CacheLayout:
        return CacheLayout(self.cache, self.repository.id, self.repository.commit)

    @property
    def missing_bytes(self) -> int:
        """How much is still to be fetched."""
        return sum(file.size_bytes - self._arrived(file) for file in self._blobs)

    @property
    def _blobs(self) -> list[HubFile]:
        """The files, but of those with the same bytes only one."""
        return list({file.etag: file for file in reversed(self.files)}.values())[::-1]

    def _arrived(self, file: HubFile) -> int:
        if self.layout.has(file):
            return file.size_bytes
        return arrived_bytes(self.layout.partial(file), file.size_bytes, _content(file))

    def _lock(self, file: HubFile, meter: Meter) -> AbstractContextManager[None]:
        def look() -> None:
            if self.cancel.is_set():
                raise TransferCancelled("The transfer was stopped.", "What has arrived is kept.")
            arrived = self._arrived(file)
            meter.tell("waiting", file.path, arrived, missing_bytes=file.size_bytes - arrived)

        return locked(self.layout.lock(file), while_waiting=look)

    def _bring(self, file: HubFile, meter: Meter, connections: Connections, throttle: Throttle) -> None:
        if not self.layout.has(file):
            if self.limits.xet:
                self._fetch_by_xet(file, meter)
            else:
                self._fetch(file, meter, connections, throttle)
        meter.finished(file.size_bytes)

    def _fetch(self, file: HubFile, meter: Meter, connections: Connections, throttle: Throttle) -> None:
        url = client.file_url(self.repository.id, self.repository.commit, file.path)
        remote = RemoteFile(url, file.size_bytes, client.headers(), connections)
        partial = PartialFile(self.layout.partial(file), file.size_bytes, _content(file))
        with closing(partial):
            FileTransfer(
                file.path, remote, partial, file.etag, self.limits, throttle, meter, self.cancel
            ).run()

    def _fetch_by_xet(self, file: HubFile, meter: Meter) -> None:
        def arrived(count: int) -> None:
            meter.tell(
                "fetching", file.path, count, fetched_bytes=count, missing_bytes=file.size_bytes - count
            )

        xet_fetch(self.layout, file, arrived, self.cancel)
        meter.fetched(file.size_bytes)


def _content(file: HubFile) -> str:
    """What the journal calls it: its hash, and the path that lists of unfinished downloads show."""
    return f"{file.etag} {file.path}"
