"""`exact-duplicates`: rows that say the same as one before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import xxhash

from workbench.datasets.findings import Findings
from workbench.datasets.operation import SetOperation
from workbench.datasets.row import Origin, Rejection, Row
from workbench.datasets.standing import KeyFiles, Keys, Standing

_encode = msgspec.msgpack.Encoder().encode


@dataclass
class ExactDuplicates(SetOperation):
    """Sets aside all rows but the first of those with the same turns, answers, labels, tools and images.

    What else is in a row, such as its source, does not matter. Keys are XXH3 of 128 bits.
    """

    def keys(self, rows: Sequence[Row]) -> Keys:
        digests = b"".join([content_digest(row) for row in rows])
        return {"digest": np.frombuffer(digests, "<u8").reshape(len(rows), 2)}

    def judge(self, keys: KeyFiles, standing: Standing, step: int, findings: Findings) -> None:
        low, kept = keys.column("digest", 1), standing.kept
        for rows in keys.groups("digest", 0):
            first: dict[int, int] = {}
            for row in rows[kept[rows]].tolist():
                original = first.setdefault(int(low[row]), row)
                if original != row:
                    standing.reject(step, row, original)

    def rejection(self, twin: Origin | None) -> Rejection:
        return Rejection("duplicate", f"It says the same as {twin}.")


def content_digest(row: Row) -> bytes:
    """16 bytes of what the row says."""
    answers = (row.prompt, row.chosen, row.rejected, row.completion, row.label)
    images = [(image.source, image.message, image.at) for image in row.images]
    return xxhash.xxh3_128_digest(_encode((row.messages, row.weights, answers, row.text, row.tools, images)))
