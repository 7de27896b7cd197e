"""Rows that were set aside because of another one: how many there are of each."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from workbench.datasets.lengths import Histogram, histogram
from workbench.datasets.row import Origin
from workbench.datasets.standing import Standing

_LARGEST = 5


class Copies(Struct, frozen=True):
    """Of exact, near and other copies alike.

    Attributes:
        rows: Rows that were set aside because of another one.
        groups: Rows that others were set aside for, by how many those are: powers of two, as in Lengths.
        largest: Those with the most copies, and how many.
    """

    rows: int
    groups: Histogram
    largest: tuple[tuple[Origin, int], ...]


def copies_of(standing: Standing) -> Copies:
    """A row that is a copy of a copy counts for the copy."""
    originals, copies = np.unique(standing.twin[standing.twin >= 0], return_counts=True)
    most = np.argsort(-copies, kind="stable")[:_LARGEST]
    return Copies(
        rows=int(copies.sum()),
        groups=histogram(np.sort(copies)),
        largest=tuple((standing.origin(int(originals[at])), int(copies[at])) for at in most),
    )
