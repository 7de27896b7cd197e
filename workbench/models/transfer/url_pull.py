"""Brings one file from a plain address into the user's models folder.

Such an address has no commit, so the edition is told by its ETag: a file that changes while it arrives is
begun again. It is checked against the SHA-256 that the user names; without one, a model is at least read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from urllib.parse import unquote, urlsplit

from workbench.errors import InvalidModel, InvalidRequest, TransferCancelled, Unreachable
from workbench.gguf import check_whole, read_header
from workbench.models.transfer.attempts import Attempts, TryAgain
from workbench.models.transfer.connections import Connections
from workbench.models.transfer.disk import check_space
from workbench.models.transfer.fetching import Limits
from workbench.models.transfer.file_transfer import FileTransfer
from workbench.models.transfer.locking import locked
from workbench.models.transfer.offer import Offer, offered
from workbench.models.transfer.partial import PartialFile, arrived_bytes, publish_partial, remove_partial
from workbench.models.transfer.progress import Meter, Progress
from workbench.models.transfer.remote import Changed, RemoteFile
from workbench.models.transfer.throttle import Throttle
from workbench.paths import cache_folder

MOST_EDITIONS = 3
OFFER_SECONDS = 8.0
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that has arrived, with its hash."""

    path: Path
    sha256: str


@dataclass(slots=True)
class UrlPull:
    """The transfer of the file at `url` into `folder`; `sha256` is what it must hash to, or ""."""

    url: str
    sha256: str
    folder: Path
    limits: Limits
    report: Callable[[Progress], None]
    cancel: Event

    def __post_init__(self) -> None:
        self.sha256 = self.sha256.strip().lower()
        if self.sha256 and not _SHA256.fullmatch(self.sha256):
            raise InvalidRequest("A SHA-256 has 64 hexadecimal digits.", "Copy it whole.")
        if not self.sha256 and urlsplit(self.url).scheme != "https":
            raise InvalidRequest(
                "What comes over plain http could be changed on the way.", "Name its hash with --sha256."
            )

    @property
    def path(self) -> Path:
        """Where the file will be."""
        name = unquote(urlsplit(self.url).path).rpartition("/")[2]
        if not name.strip(". ") or not name.isprintable() or len(name.encode()) > 200:
            raise InvalidRequest("The address names no file.", "Give the address of the file itself.")
        return self.folder / name

    def run(self) -> Fetched:
        """Raises InvalidRequest, NoSpace, and what FileTransfer raises; what has arrived is kept."""
        path = self.path
        if path.exists():
            raise InvalidRequest(f"{path} is there already.", "`workbench verify` looks whether it is whole.")
        connections = Connections()
        try:
            with locked(_lock(path), while_waiting=self._wait):
                return self._fetch(path, connections)
        finally:
            connections.close()

    def _wait(self) -> None:
        if self.cancel.is_set():
            raise TransferCancelled("The transfer was stopped.", "What has arrived is kept.")
        self.report(Progress(phase="waiting", done_bytes=0, total_bytes=0, file=self.path.name))

    def _fetch(self, path: Path, connections: Connections) -> Fetched:
        for _ in range(MOST_EDITIONS):
            offer = self._offer(connections)
            try:
                return self._fetch_edition(path, offer, connections)
            except Changed:
                continue
        raise Unreachable("The file keeps changing while it is fetched.", "Try again later.")

    def _offer(self, connections: Connections) -> Offer:
        attempts = Attempts(min(self.limits.patience_seconds, OFFER_SECONDS))
        while True:
            try:
                return offered(self.url, connections)
            except TryAgain as failure:
                wait = attempts.wait(failure)
                if wait is None:
                    raise Unreachable(f"{failure.reason}, again and again.", "Try again later.") from failure
                if self.cancel.wait(wait):
                    self._wait()

    def _fetch_edition(self, path: Path, offer: Offer, connections: Connections) -> Fetched:
        partial_path = path.with_name(f".{path.name}.incomplete")
        content = self.sha256 or f"{self.url} {offer.validator}"
        check_space(path.parent, offer.size - arrived_bytes(partial_path, offer.size, content))
        remote = RemoteFile(self.url, offer.size, {}, connections, validator=offer.validator)
        meter, throttle = Meter(offer.size, self.report), Throttle(self.limits.bytes_per_second)
        partial = PartialFile(partial_path, offer.size, content)
        with closing(partial):
            found = FileTransfer(
                path.name, remote, partial, self.sha256, self.limits, throttle, meter, self.cancel
            ).run()
        self._check_model(partial_path)
        publish_partial(partial_path, path)
        return Fetched(path, found)

    def _check_model(self, partial: Path) -> None:
        """A page that says "please log in" must not pass for a model."""
        if self.sha256 or not self.path.name.endswith(".gguf"):
            return
        try:
            check_whole(read_header(partial))
        except InvalidModel:
            remove_partial(partial)
            raise


def _lock(path: Path) -> Path:
    """Not beside the file: locks are never removed, and folders of models stay tidy."""
    name = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:32]
    return cache_folder() / "locks" / f"{name}.lock"
