"""Groups of tensors that get the same type: of the same kind, in layers that lie together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from workbench.quantize_request import TensorType

_MOST_GROUPS = 48
_LAYER = re.compile(r"blk\.(\d+)\.(.+)")


@dataclass(frozen=True, slots=True)
class Group:
    """Tensors by name."""

    name: str
    tensors: tuple[str, ...]

    def of_type(self, kind: str) -> tuple[TensorType, ...]:
        """Orders that give each of them this type."""
        return tuple(TensorType(f"^{re.escape(tensor)}$", kind) for tensor in self.tensors)


def groups_of(tensors: Iterable[str]) -> tuple[Group, ...]:
    """At most some fifty; where there are few, each tensor is one of its own."""
    names = list(tensors)
    found = [match for name in names if (match := _LAYER.fullmatch(name))]
    layers = 1 + max((int(match[1]) for match in found), default=0)
    kinds = {match[2] for match in found}
    bands = max(1, min(layers, _MOST_GROUPS // max(1, len(kinds) + len(names) - len(found))))
    members: dict[str, list[str]] = defaultdict(list)
    for name in names:
        match = _LAYER.fullmatch(name)
        members[f"{match[2]} {int(match[1]) * bands // layers}" if match else name].append(name)
    return tuple(Group(name, tuple(each)) for name, each in members.items())
