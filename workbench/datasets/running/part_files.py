"""The files of one part in a run's folder: its rows, what was set aside, keys of its rows, and a summary.

The summary is written last, so a part that has one is done. Knows nothing of what is in the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from workbench.datasets.findings import Finding
from workbench.datasets.row import Row
from workbench.datasets.standing import Keys
from workbench.whole_file import write_whole

_SUMMARY, _ROWS, _QUARANTINE = "summary.json", "rows.msgpack", "quarantine.jsonl"
_encode = msgspec.msgpack.Encoder(enc_hook=str).encode
_decode = msgspec.msgpack.Decoder(list[Row]).decode


class Summary(Struct, kw_only=True):
    """What became of a part. `steps` holds for each step, 0 being reading, how many rows it set aside."""

    rows_in: int = 0
    rows_added: int = 0
    rows_out: int = 0
    rejected: dict[str, int] = msgspec.field(default_factory=dict)
    steps: list[int] = msgspec.field(default_factory=list)
    kinds: dict[str, int] = msgspec.field(default_factory=dict)
    findings: list[Finding] = msgspec.field(default_factory=list)

    @property
    def rows_rejected(self) -> int:
        return sum(self.steps)


@dataclass(slots=True)
class PartFiles:
    """One part's folder."""

    folder: Path

    @property
    def summary_path(self) -> Path:
        return self.folder / _SUMMARY

    def summary(self) -> Summary | None:
        """None where the part is not done."""
        try:
            return msgspec.json.decode(self.summary_path.read_bytes(), type=Summary)
        except (OSError, msgspec.DecodeError):
            return None

    def rows(self) -> Iterator[list[Row]]:
        """All rows, in the batches in which they were written."""
        with open(self.folder / _ROWS, "rb") as file:
            while size := file.read(4):
                yield _decode(file.read(int.from_bytes(size, "little")))

    def quarantine(self) -> Path:
        return self.folder / _QUARANTINE

    def keys(self, step: int) -> dict[str, Path]:
        return {
            path.name.split(".", 1)[1].removesuffix(".npy"): path for path in self.folder.glob(f"{step}.*")
        }


@dataclass(slots=True)
class PartWriter:
    """Writes a part's files; `finish` makes it done."""

    folder: Path
    keeps_rows: bool
    _rows: BinaryIO = field(init=False)
    _quarantine: BinaryIO = field(init=False)
    _keys: dict[str, list[NDArray[Any]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            path.unlink()
        self._rows = open(self.folder / _ROWS, "wb")  # noqa: SIM115 - closed by `close`
        self._quarantine = open(self.folder / _QUARANTINE, "wb")  # noqa: SIM115

    def add(self, rows: Sequence[Row]) -> None:
        if self.keeps_rows:
            encoded = _encode(rows)
            self._rows.write(len(encoded).to_bytes(4, "little") + encoded)

    def add_keys(self, step: int, keys: Keys) -> None:
        for name, array in keys.items():
            self._keys.setdefault(f"{step}.{name}", []).append(array)

    def quarantine(self, line: bytes) -> None:
        self._quarantine.write(line)

    def finish(self, summary: Summary) -> None:
        for name, arrays in self._keys.items():
            array = np.concatenate(arrays)
            np.save(self.folder / f"{name}.npy", np.asfortranarray(array))
            if name.endswith(".length"):
                ends = np.cumsum(array, dtype=np.int64)
                np.save(self.folder / f"{name.removesuffix('.length')}.end.npy", ends)
        self.close()
        write_whole(self.folder / _SUMMARY, msgspec.json.encode(summary))

    def close(self) -> None:
        self._rows.close()
        self._quarantine.close()


def part_folder(folder: Path, number: int) -> Path:
    return folder / "parts" / f"{number:06}"
