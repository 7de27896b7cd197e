"""One file, from its server to a partial file that is whole and hashes to what was published.

Where it lies and what it is called afterwards is not known here.
"""

from __future__ import annotations

from threading import Event

from workbench.errors import CorruptDownload, TransferCancelled
from workbench.models.transfer.digest import FrontierDigest, new_hash
from workbench.models.transfer.fetching import Fetching, Limits
from workbench.models.transfer.partial import PartialFile
from workbench.models.transfer.progress import Meter
from workbench.models.transfer.remote import RemoteFile
from workbench.models.transfer.throttle import Throttle

TICK_SECONDS = 0.1
MOST_TRIES = 2


class FileTransfer:
    """Fetches one file. `etag` is its published hash, SHA-256 or git's SHA-1, or "" where there is none.

    `meter` is told ten times a second how far it is; `cancel` ends it, keeping what has arrived.
    """

    def __init__(
        self,
        name: str,
        remote: RemoteFile,
        partial: PartialFile,
        etag: str,
        limits: Limits,
        throttle: Throttle,
        meter: Meter,
        cancel: Event,
    ) -> None:
        self._name, self._remote, self._partial, self._etag = name, remote, partial, etag
        self._limits, self._throttle = limits, throttle
        self._meter, self._cancel = meter, cancel

    def run(self) -> str:
        """Returns the hash once the file is whole and flushed to the disk.

        Raises CorruptDownload when the bytes were wrong twice, and forgets them; TransferCancelled; and what
        Fetching raises.
        """
        for _ in range(MOST_TRIES):
            found = self._fetch_and_hash()
            if not self._etag or found == self._etag:
                self._partial.sync()
                return found
            self._partial.start_over()
        raise CorruptDownload(
            "What arrived is not what was published, twice in a row.",
            "Nothing of it was kept. Try again later, or from another network.",
        )

    def _fetch_and_hash(self) -> str:
        digest = FrontierDigest(self._partial, new_hash(self._etag, self._partial.size))
        fetching = Fetching(self._remote, self._partial, self._limits, self._throttle, digest.advanced)
        try:
            while fetching.step() or not digest.done:
                self._tell(fetching, digest)
                digest.wait(TICK_SECONDS)
                if self._cancel.is_set():
                    raise TransferCancelled("The transfer was stopped.", "What has arrived is kept.")
                self._partial.sync_now_and_then()
            return digest.finish()
        finally:
            fetching.stop()
            digest.stop()
            self._meter.fetched(fetching.fetched_bytes)

    def _tell(self, fetching: Fetching, digest: FrontierDigest) -> None:
        missing = self._partial.size - self._partial.arrived_bytes
        self._meter.tell(
            "fetching" if missing else "checking",
            self._name,
            self._partial.arrived_bytes if missing else digest.hashed,
            fetched_bytes=fetching.fetched_bytes,
            missing_bytes=missing,
            connections=fetching.connections,
            trouble=fetching.trouble,
        )
