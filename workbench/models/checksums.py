"""What files hashed to, and since when that is known: a ledger for files that no one published a hash of.

Records are by real path. Other modules compute hashes; nothing is known here of models.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench import paths
from workbench.models.transfer.disk import unwritable
from workbench.models.transfer.locking import locked
from workbench.whole_file import write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """A file's SHA-256 in 64 hex digits, and what the file was when it was recorded.

    Attributes:
        modified_ns: Its time of change then, in nanoseconds since 1970.
        date: When it was recorded, in ISO form and UTC.
        origin: Where the hash comes from, such as "you" or "first verified here".
    """

    sha256: str
    size_bytes: int
    modified_ns: int
    date: str
    origin: str


def record_checksum(path: Path, sha256: str, origin: str) -> Checksum:
    """Remember that the file, as it is now, hashes to this. Raises WorkbenchError where it cannot."""
    try:
        state = os.stat(path)
    except OSError as error:
        raise unwritable(path, error) from error
    checksum = Checksum(
        sha256=sha256.lower(),
        size_bytes=state.st_size,
        modified_ns=state.st_mtime_ns,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        origin=origin,
    )
    with _ledger() as records:
        records[os.path.realpath(path)] = asdict(checksum)
    return checksum


def recorded_checksum(path: Path) -> Checksum | None:
    """What is recorded of the file at this path, whatever has become of it since."""
    record = _read(_file()).get(os.path.realpath(path))
    try:
        checksum = Checksum(**record) if isinstance(record, dict) else None
    except TypeError:
        return None
    sound = checksum and all(isinstance(text, str) for text in (checksum.sha256, checksum.date))
    return checksum if sound else None


def forget_checksums(files: list[Path]) -> None:
    """Drop the records of files that are about to go; another file may come to have their path."""
    known, gone = _read(_file()), [os.path.realpath(path) for path in files]
    if any(path in known for path in gone):
        with _ledger() as records:
            for path in gone:
                records.pop(path, None)


def _file() -> Path:
    return paths.data_folder() / "checksums.json"


@contextmanager
def _ledger() -> Iterator[dict[str, Any]]:
    """The records, to be changed by one process at a time and written back whole."""
    file = _file()
    with locked(file.with_suffix(".lock"), lambda: None):
        records = _read(file)
        yield records
        try:
            _write(file, records)
        except OSError as error:
            raise unwritable(file, error) from error


def _read(file: Path) -> dict[str, Any]:
    return _load(file) or {}


def _load(file: Path) -> dict[str, Any] | None:
    """The records, or None where the file is not there or not readable."""
    try:
        records = json.loads(file.read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return records if isinstance(records, dict) else None


def _write(file: Path, records: dict[str, Any]) -> None:
    if file.exists() and _load(file) is None:
        os.replace(file, file.with_suffix(".unreadable.json"))
    write_whole(file, json.dumps({"files": records}, indent=1).encode(), durable=True)
