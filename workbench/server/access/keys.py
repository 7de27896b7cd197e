"""Named keys: who may ask for what, how often, and until when. A key itself is shown once and never stored.

What is stored is a hash. The keys are long and random, so a fast hash gives nothing away. Knows no HTTP.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
from filelock import FileLock

from workbench.errors import InvalidRequest, WorkbenchError
from workbench.server.access.caller import Caller
from workbench.whole_file import write_whole

_PREFIX = "wb-"
_LOCK_SECONDS = 10


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """What a key allows.

    Attributes:
        digest: SHA-256 of the key, in hexadecimal.
        models: Names of the only models it may use; empty for all.
        created: Seconds since 1970, as is `expires`; None never expires.
        per_minute: Requests that it may make in a minute; None for any number.
    """

    name: str
    digest: str
    admin: bool = False
    models: tuple[str, ...] = ()
    created: float
    expires: float | None = None
    per_minute: int | None = None

    @property
    def owner(self) -> str:
        """What marks the things that are made with it; another key of the same name has another."""
        return self.digest[:32]

    def holder(self, address: str = "") -> Caller:
        """Whoever asks with it, from there."""
        models = frozenset(self.models) if self.models else None
        return Caller(self.name, self.admin, models, address, self.owner)

    def is_valid(self) -> bool:
        return self.expires is None or time.time() < self.expires


class KeyFile:
    """The keys of this user, in one file that only they may read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[Key, ...]:
        """Raises WorkbenchError for a file that is damaged or cannot be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=tuple[Key, ...])
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.DecodeError) as error:
            raise WorkbenchError(f"Cannot read the keys in {self._path}: {error}.", "Restore it.") from error

    def stamp(self) -> tuple[int, int] | None:
        """Changes whenever the file does."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino

    def add(
        self,
        name: str,
        *,
        admin: bool = False,
        models: Iterable[str] = (),
        lifetime: float | None = None,
        per_minute: int | None = None,
    ) -> str:
        """Make a key and return it. Raises InvalidRequest where there is one of that name."""
        if not name.strip() or not name.isprintable() or len(name) > 100:
            raise InvalidRequest(f"{name[:40]!r} is no name for a key.", "Give a short word.")
        secret, now = _PREFIX + secrets.token_urlsafe(32), time.time()
        key = Key(
            name=name,
            digest=digest(secret),
            admin=admin,
            models=tuple(models),
            created=now,
            expires=None if lifetime is None else now + lifetime,
            per_minute=per_minute,
        )
        with self._locked():
            keys = self.read()
            if any(other.name == name for other in keys):
                raise InvalidRequest(f"There is a key named {name!r}.", "Revoke it, or take another name.")
            self._write((*keys, key))
        return secret

    def revoke(self, name: str) -> None:
        """Raises InvalidRequest where there is no key of that name."""
        with self._locked():
            keys = self.read()
            left = tuple(key for key in keys if key.name != name)
            if len(left) == len(keys):
                raise InvalidRequest(f"There is no key named {name!r}.", "`workbench keys list` lists them.")
            self._write(left)

    def _write(self, keys: tuple[Key, ...]) -> None:
        write_whole(self._path, msgspec.json.format(msgspec.json.encode(keys)), durable=True)

    def _locked(self) -> FileLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(f"{self._path}.lock", timeout=_LOCK_SECONDS, mode=0o600)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
