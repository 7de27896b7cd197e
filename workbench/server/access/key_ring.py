"""The keys that a running server accepts, read anew when their file changes. Knows nothing of requests."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Sequence

from workbench.errors import InvalidRequest, WorkbenchError
from workbench.server.access.keys import Key, KeyFile, digest

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0
_COMMAND_LINE = "command line"


class KeyRing:
    """Those of a file, and one that was given when the server was started, which may do everything."""

    def __init__(self, file: KeyFile, given: str | None = None) -> None:
        """Raises WorkbenchError where the file cannot be read, and InvalidRequest for an empty key."""
        self._file = file
        self._given = () if given is None else (_given(given),)
        self._looked = time.monotonic()
        self._stamp = file.stamp()
        self._keys: Sequence[Key] = (*self._given, *file.read())
        self._wanted = False

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def is_wanted(self) -> bool:
        """Whether there is any key, or was since the start: from then on nobody is answered without."""
        self._look_again()
        self._wanted = self._wanted or bool(self._keys)
        return self._wanted

    def find(self, secret: str) -> Key | None:
        """The valid key that it is. The time this takes tells nothing of any key."""
        self._look_again()
        sent, found = digest(secret), None
        for key in self._keys:
            if secrets.compare_digest(sent, key.digest):
                found = key
        return found if found is not None and found.is_valid() else None

    def of(self, owner: str) -> Key | None:
        """The valid key whose things are marked so."""
        self._look_again()
        return next((key for key in self._keys if key.owner == owner and key.is_valid()), None)

    def _look_again(self) -> None:
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        stamp = self._file.stamp()
        if stamp == self._stamp:
            return
        try:
            self._keys = (*self._given, *self._file.read())
            self._stamp = stamp
        except WorkbenchError as error:  # the keys that were good stay so
            _LOG.error("%s", error)


def _given(secret: str) -> Key:
    if not secret.strip():
        raise InvalidRequest("The API key is empty.", "Give a key, or leave it out.")
    return Key(name=_COMMAND_LINE, digest=digest(secret), admin=True, created=time.time())
