"""What a dataset is made of: who speaks how often, which labels and answers there are, and what calls tools.

Counted of each row when it is read, and added up over the rows that stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from workbench.conversation import Message, Role
from workbench.datasets.row import Row
from workbench.datasets.standing import KeyFiles, Keys

ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")
_COUNTS = ("calls", "tools", "images", "chosen", "rejected")
_LABELS = {"wanted": 1, "not wanted": 0}
_NO_LABEL = 2


class Balance(Struct, frozen=True):
    """Of the rows that stay.

    Attributes:
        roles: Messages by who speaks.
        labels: Rows by their label; empty where none has one.
        with_tools: Rows that offer tools; `calls` are the calls of tools in all rows.
        with_images: Rows that name images.
        pairs: Rows with a chosen and a rejected answer; of `longer_chosen` of them the chosen one is longer.
        chosen: Characters of all chosen answers; `rejected` those of all rejected ones.
    """

    roles: dict[str, int]
    labels: dict[str, int]
    with_tools: int
    with_images: int
    calls: int
    pairs: int
    longer_chosen: int
    chosen: int
    rejected: int


def keys_of(rows: Sequence[Row]) -> Keys:
    """One place for each row in every array."""
    roles = [_by_role(tuple([message.role for message in row.turns])) for row in rows]
    labels = [_NO_LABEL if row.label is None else int(row.label) for row in rows]
    return {
        "roles": np.array(roles, np.uint32).reshape(len(rows), len(ROLES)),
        "label": np.array(labels, np.uint8),
        "counts": np.array([_counts(row) for row in rows], np.uint32).reshape(len(rows), len(_COUNTS)),
    }


def balance_of(keys: KeyFiles, kept: NDArray[np.bool_]) -> Balance:
    """Of the rows that are `kept`."""
    found, start = Counter[str](), 0
    arrays = (keys.pieces(name) for name in ("roles", "label", "counts"))
    for roles, labels, counts in zip(*arrays, strict=True):
        stay = kept[start : start + len(labels)]
        found.update(_found(roles[stay], labels[stay], counts[stay]))
        start += len(stay)
    labelled = any(found[name] for name in _LABELS)
    return Balance(
        roles={role: found[role] for role in ROLES if found[role]},
        labels={name: found[name] for name in _LABELS} if labelled else {},
        with_tools=found["with_tools"],
        with_images=found["with_images"],
        calls=found["calls"],
        pairs=found["pairs"],
        longer_chosen=found["longer_chosen"],
        chosen=found["chosen"],
        rejected=found["rejected"],
    )


def _found(roles: NDArray[Any], labels: NDArray[Any], counts: NDArray[Any]) -> dict[str, int]:
    """The figures of some rows."""
    calls, tools, images, chosen, rejected = counts.astype(np.int64).T
    return {
        **{role: int(roles[:, at].sum(dtype=np.int64)) for at, role in enumerate(ROLES)},
        **{name: int((labels == value).sum()) for name, value in _LABELS.items()},
        "with_tools": int((tools > 0).sum()),
        "with_images": int((images > 0).sum()),
        "calls": int(calls.sum()),
        "pairs": int(((chosen > 0) | (rejected > 0)).sum()),
        "longer_chosen": int((chosen > rejected).sum()),
        "chosen": int(chosen.sum()),
        "rejected": int(rejected.sum()),
    }


@lru_cache(maxsize=1000)
def _by_role(roles: tuple[Role, ...]) -> tuple[int, ...]:
    return tuple(roles.count(role) for role in ROLES)


_NOTHING = (0,) * len(_COUNTS)


def _counts(row: Row) -> tuple[int, ...]:
    calls = sum([len(message.tool_calls) for message in row.turns])
    if not (calls or row.tools or row.images or row.chosen or row.rejected):
        return _NOTHING
    return calls, len(row.tools), len(row.images), _letters(row.chosen), _letters(row.rejected)


def _letters(messages: Sequence[Message]) -> int:
    return sum(len(message.content) for message in messages)
