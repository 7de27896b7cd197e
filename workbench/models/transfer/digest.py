"""The hash of a file while it arrives: a thread follows the frontier and reads back what is there.

What a former process left is read as well, so nothing is taken on trust. Hashing needs no lock of Python's
and so runs beside the network on another core.
"""

from __future__ import annotations

import hashlib
from threading import Condition, Thread
from typing import Protocol

from workbench.models.transfer.partial import PartialFile

BLOCK_BYTES = 1 << 20


class Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


def new_hash(etag: str, size: int) -> Hash:
    """The hash that an etag of the hub is made by: SHA-256, or for 40 digits git's SHA-1 of a blob."""
    if len(etag) != 40:
        return hashlib.sha256()
    digest = hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % size)
    return digest


class FrontierDigest:
    """Hashes the partial file from its first byte as far as it reaches, until `finish` or `stop`."""

    def __init__(self, partial: PartialFile, digest: Hash) -> None:
        self._partial, self._digest = partial, digest
        self._more = Condition()
        self._stopped = False
        self._failure: OSError | None = None
        self.hashed = 0
        self._thread = Thread(target=self._follow, name="digest", daemon=True)
        self._thread.start()

    def advanced(self) -> None:
        """Bytes have arrived, perhaps at the frontier."""
        with self._more:
            self._more.notify()

    def finish(self) -> str:
        """Wait for the last byte and return the hash in hexadecimal digits."""
        self._thread.join()
        if self._failure:
            raise self._failure
        return self._digest.hexdigest()

    def wait(self, seconds: float) -> None:
        """Wait until all is hashed, but no longer than that."""
        self._thread.join(seconds)

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End without a result."""
        with self._more:
            self._stopped = True
            self._more.notify()
        self._thread.join()

    def _follow(self) -> None:
        try:
            while self.hashed < self._partial.size and self._wait_for_more():
                self._hash_to(self._partial.frontier)
        except OSError as error:
            self._failure = error

    def _wait_for_more(self) -> bool:
        with self._more:
            self._more.wait_for(lambda: self._stopped or self._partial.frontier > self.hashed, timeout=None)
            return not self._stopped

    def _hash_to(self, frontier: int) -> None:
        while self.hashed < frontier and not self._stopped:
            block = self._partial.read(self.hashed, min(BLOCK_BYTES, frontier - self.hashed))
            if not block:
                raise OSError("a partial file became shorter while it was read")
            self._digest.update(block)
            self.hashed += len(block)
