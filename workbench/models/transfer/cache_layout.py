"""Where a file of the hub lies in the Hugging Face cache, so that every other tool finds it offline.

    models--org--name/blobs/<etag>                   the bytes
    models--org--name/snapshots/<commit>/<path>      a link to them
    models--org--name/refs/<revision>                the commit that a branch stood at
    .locks/models--org--name/<etag>.lock             held while the bytes are fetched, by any tool

As huggingface_hub 2.4 lays it out. Fetches nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import InvalidRequest
from workbench.models.hub.repository import HubFile
from workbench.models.transfer.disk import flush_folder, unwritable
from workbench.models.transfer.partial import publish_partial


@dataclass(frozen=True, slots=True)
class CacheLayout:
    """The places of one repository at one commit in the cache below `cache`."""

    cache: Path
    repository: str
    commit: str

    @property
    def folder(self) -> Path:
        return self.cache / ("models--" + self.repository.replace("/", "--"))

    def blob(self, file: HubFile) -> Path:
        return _inside(self.folder / "blobs", file.etag)

    def partial(self, file: HubFile) -> Path:
        return self.blob(file).with_name(f"{file.etag}.workbench.incomplete")

    def lock(self, file: HubFile) -> Path:
        return _inside(self.cache / ".locks" / self.folder.name, f"{file.etag}.lock")

    def pointer(self, file: HubFile) -> Path:
        return _inside(self.folder / "snapshots" / self.commit, file.path)

    def has(self, file: HubFile) -> bool:
        """Whether all bytes of the file are here, by their number."""
        return any(_size(path) == file.size_bytes for path in (self.blob(file), self.pointer(file)))

    def publish(self, files: tuple[HubFile, ...], revision: str) -> tuple[Path, ...]:
        """Give partial files that are whole their names, then link all; returns the links."""
        for file in files:
            if self.partial(file).exists() and not self.has(file):
                publish_partial(self.partial(file), self.blob(file))
        try:
            for file in files:
                self._link(file)
            if revision != self.commit:
                self._write_ref(revision)
        except OSError as error:
            raise unwritable(self.folder, error) from error
        return tuple(self.pointer(file) for file in files)

    def _link(self, file: HubFile) -> None:
        blob, pointer = self.blob(file), self.pointer(file)
        if _size(pointer) == file.size_bytes:
            return
        pointer.parent.mkdir(parents=True, exist_ok=True)
        new = pointer.with_name(f".{os.getpid()}.new")
        new.unlink(missing_ok=True)
        try:
            new.symlink_to(os.path.relpath(blob, pointer.parent))
        except (OSError, NotImplementedError):
            os.replace(blob, new)  # where there are no links the hub's client does the same
        os.replace(new, pointer)
        flush_folder(pointer.parent)

    def _write_ref(self, revision: str) -> None:
        ref = _inside(self.folder / "refs", revision)
        ref.parent.mkdir(parents=True, exist_ok=True)
        new = ref.with_name(f".{os.getpid()}.new")
        new.write_text(self.commit)
        os.replace(new, ref)


def _inside(folder: Path, name: str) -> Path:
    """The path of that name below the folder. Raises InvalidRequest for one that would leave it."""
    parts = name.split("/")
    if not name or any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
        raise InvalidRequest(f"{name!r} is no safe name for a file.", "Use another repository.")
    return folder.joinpath(*parts)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
