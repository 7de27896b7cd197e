"""Whether a model's files are still what they were: by published hashes, recorded ones, and structure.

A hash that a store's names give was published with the file. Where there is none, the file's structure is
checked and its hash recorded, and later checks compare with that. Nothing is ever fetched or changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from workbench.errors import WorkbenchError
from workbench.gguf import check_whole, read_header
from workbench.models.checksums import Checksum, record_checksum, recorded_checksum
from workbench.models.local import LocalModel
from workbench.models.stores import StoredFile
from workbench.models.stores.safetensors_header import read_header as read_safetensors_header
from workbench.models.transfer.digest import new_hash

_BLOCK_BYTES = 4 << 20
_ORIGIN = "first verified here"

Progress = Callable[[int, int], None]
"""Told how many bytes of how many are hashed; may raise to stop."""
Status = Literal["whole", "recorded", "damaged", "missing", "unreadable"]
Basis = Literal["published", "recorded", "structure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one file.

    Attributes:
        status: "recorded" is a sound file whose hash was not known before; it is compared with from now on.
        basis: What the file was compared with.
        expected: The hash it should have; `actual` is the one it has.
        since: When the expected hash was recorded, in ISO form.
        message: What is wrong, in a sentence, or "".
    """

    path: Path
    size_bytes: int
    status: Status
    basis: Basis
    expected: str = ""
    actual: str = ""
    since: str = ""
    message: str = ""

    @property
    def sound(self) -> bool:
        return self.status in ("whole", "recorded")


def files_to_verify(model: LocalModel) -> list[StoredFile]:
    """Every file of the model, in all its places, once for each inode; a published hash is preferred."""
    files: dict[object, StoredFile] = {}
    for place in model.places or (model.place,):
        for file in place.all_files:
            key = _identity(file.path)
            if key not in files or (file.digest and not files[key].digest):
                files[key] = file
    return list(files.values())


def missing_files(model: LocalModel) -> list[Verdict]:
    """A verdict for each file that should be there and is not."""
    return [
        Verdict(
            path=place.path.with_name(name) if place.kind == "gguf" else place.path / name,
            size_bytes=0,
            status="missing",
            basis="structure",
            message=f"{name} is missing.",
        )
        for place in model.places or (model.place,)
        for name in place.missing
    ]


def verify(file: StoredFile, progress: Progress, *, renew: bool = False) -> Verdict:
    """Read the whole file and judge it; `renew` records its hash as the right one where none is published."""
    try:
        size = file.path.stat().st_size
        if not file.digest and (fault := _fault(file.path)):
            return _verdict(file, size, "damaged", "structure", message=fault)
        actual = hash_of(file.path, file.digest, progress)
    except OSError as error:
        reason = f"{file.path} cannot be read: {error.strerror}."
        return _verdict(file, 0, "unreadable", "structure", message=reason)
    if file.digest:
        return _against_published(file, size, actual)
    known = None if renew else recorded_checksum(file.path)
    if known is None:
        since = record_checksum(file.path, actual, _ORIGIN).date
        return _verdict(file, size, "recorded", "structure", actual=actual, since=since)
    return _against_recorded(file, size, actual, known)


def hash_of(path: Path, like: str, progress: Progress) -> str:
    """The file's SHA-256, or git's SHA-1 of a blob where `like` is one. Raises OSError."""
    block = memoryview(bytearray(_BLOCK_BYTES))
    with open(path, "rb", buffering=0) as stream:
        size, done = os.fstat(stream.fileno()).st_size, 0
        digest = new_hash(like, size)
        while count := stream.readinto(block):
            digest.update(block[:count])  # type: ignore[arg-type]  # any buffer will do
            done += count
            progress(done, size)
    return digest.hexdigest()


def _against_published(file: StoredFile, size: int, actual: str) -> Verdict:
    status: Status = "whole" if actual == file.digest else "damaged"
    message = "" if actual == file.digest else f"{file.path.name} is not what was published."
    return _verdict(file, size, status, "published", file.digest, actual, message=message)


def _against_recorded(file: StoredFile, size: int, actual: str, known: Checksum) -> Verdict:
    status: Status = "whole" if actual == known.sha256 else "damaged"
    message = "" if actual == known.sha256 else _change(file.path, known)
    return _verdict(file, size, status, "recorded", known.sha256, actual, known.date, message)


def _change(path: Path, known: Checksum) -> str:
    state = path.stat()
    if (state.st_size, state.st_mtime_ns) == (known.size_bytes, known.modified_ns):
        return f"{path.name} differs from {known.date}, and nothing wrote to it: the disk may be failing."
    written = datetime.fromtimestamp(state.st_mtime, UTC).isoformat(timespec="seconds")
    return f"{path.name} differs from {known.date}; it was last written to on {written}."


def _fault(path: Path) -> str:
    """What is wrong with the file's structure, or ""."""
    if path.suffix == ".safetensors":
        header = read_safetensors_header(path)
        if header is None:
            return f"{path.name} has no sound header."
        missing = header.needed_bytes - path.stat().st_size
        return f"{path.name} is truncated: {missing:,} bytes of it are missing." if missing > 0 else ""
    if path.suffix == ".bin":
        return ""
    try:
        check_whole(read_header(path))
    except WorkbenchError as error:
        return error.message
    return ""


def _verdict(
    file: StoredFile,
    size: int,
    status: Status,
    basis: Basis,
    expected: str = "",
    actual: str = "",
    since: str = "",
    message: str = "",
) -> Verdict:
    return Verdict(
        path=file.path,
        size_bytes=size,
        status=status,
        basis=basis,
        expected=expected,
        actual=actual,
        since=since,
        message=message,
    )


def _identity(path: Path) -> object:
    try:
        state = path.stat()
    except OSError:
        return path
    return state.st_dev, state.st_ino
