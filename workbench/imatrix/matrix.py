"""An importance matrix as values, what quantizers take from it, and several as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from workbench.errors import InvalidRequest

Floats = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Entry:
    """Of one weight tensor the sums of its squared inputs, of shape (experts, columns), by `counts` inputs.

    A tensor without experts has one count, however many matrices it holds.
    """

    sums: Floats
    counts: Counts

    @property
    def means(self) -> Floats:
        """The mean square of each input, one after the other; 1 for experts that had none."""
        counts = self.counts.astype(np.float32)[:, None]
        ones = np.ones((), np.float32)
        return np.where(counts > 0, self.sums / np.where(counts > 0, counts, ones), ones).reshape(-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportanceMatrix:
    """Entries by the names of their tensors.

    Attributes:
        datasets: The names of the texts that it was made with.
        chunk_size: Tokens in each of the `chunk_count` pieces of the text; 0 in files that do not tell.
        legacy: It is from a .dat file, whose sums are means times chunks and whose counts are chunks.
        notes: What else its file says of how it was made, by key.
    """

    entries: Mapping[str, Entry] = field(repr=False)
    datasets: tuple[str, ...] = ()
    chunk_count: int = 0
    chunk_size: int = 0
    legacy: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)

    def in_tokens(self, chunk_size: int) -> ImportanceMatrix:
        """With sums and counts by tokens, where a .dat file has them by chunks."""
        if not self.legacy:
            return self
        entries = {
            name: Entry(entry.sums * np.float32(chunk_size), entry.counts * chunk_size)
            for name, entry in self.entries.items()
        }
        return replace(self, entries=entries, chunk_size=chunk_size, legacy=False)


def merged(matrices: Sequence[ImportanceMatrix], chunk_size: int) -> ImportanceMatrix:
    """All of them as one, as if made in one go. Raises InvalidRequest where they are of different models."""
    entries: dict[str, Entry] = {}
    for matrix in matrices:
        for name, entry in matrix.in_tokens(chunk_size).entries.items():
            entries[name] = _sum(name, entries[name], entry) if name in entries else entry
    most = max((int(entry.counts.max()) for entry in entries.values()), default=0)
    return ImportanceMatrix(
        entries=entries,
        datasets=tuple(name for matrix in matrices for name in matrix.datasets),
        chunk_count=most // chunk_size,
        chunk_size=chunk_size,
    )


def _sum(name: str, one: Entry, other: Entry) -> Entry:
    if one.sums.size != other.sums.size:
        raise InvalidRequest(
            f"The importance matrices are of different models: {name} has {one.sums.size:,} values in one "
            f"and {other.sums.size:,} in another.",
            "Merge those of one model.",
        )
    experts = max(len(one.counts), len(other.counts))
    counts = np.broadcast_to(one.counts, experts) + np.broadcast_to(other.counts, experts)
    return Entry(one.sums.reshape(experts, -1) + other.sums.reshape(experts, -1), counts)
