"""How a model's bytes are spread over the roles that tensors have, and over the types they are stored in.

Roles are told by names, those of llama.cpp (`gguf-py/gguf/constants.py`) and those of transformers.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

_ROLES = (
    ("norm", r"norm|(^|\.)ln_"),
    ("experts", r"_exps\.|ffn_\w+\.\d+\.|experts\.\d+\.|\.experts\."),
    ("embedding", r"token_embd|position_embd|token_types|embed_tokens|embeddings|(^|\.)w[tp]e\."),
    ("output", r"^output\.|lm_head|^cls\."),
    ("attention", r"attn|attention"),
    ("state space", r"ssm|time_mix|mamba"),
    ("feed forward", r"ffn|mlp|feed_forward|channel_mix"),
)
_PATTERNS = tuple((role, re.compile(pattern)) for role, pattern in _ROLES)
OTHER = "other"
ORDER = ("attention", "state space", "feed forward", "experts", "embedding", "output", "norm", OTHER)


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor as far as sizes go."""

    name: str
    type: str
    elements: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class RoleMix:
    """All tensors of one role. `types` are names of types and the bytes in them, the largest first."""

    role: str
    elements: int
    size_bytes: int
    types: tuple[tuple[str, int], ...]

    @property
    def bits_per_weight(self) -> float:
        return self.size_bytes * 8 / self.elements if self.elements else 0.0


def role_of(tensor: str) -> str:
    return next((role for role, pattern in _PATTERNS if pattern.search(tensor)), OTHER)


def mix(tensors: Iterable[StoredTensor]) -> tuple[RoleMix, ...]:
    """The tensors by role, in a fixed order of roles."""
    elements: Counter[str] = Counter()
    types: dict[str, Counter[str]] = defaultdict(Counter)
    for tensor in tensors:
        role = role_of(tensor.name)
        elements[role] += tensor.elements
        types[role][tensor.type] += tensor.size_bytes
    return tuple(
        RoleMix(role, elements[role], types[role].total(), tuple(types[role].most_common()))
        for role in ORDER
        if role in types
    )


def active_parameters(mixes: Iterable[RoleMix], experts: int | None, used: int | None) -> int | None:
    """The parameters that take part in computing one token; None where that is not known.

    Of the experts' tensors `used` in `experts` parts count, of all others everything.
    """
    total = 0
    for part in mixes:
        if part.role != "experts":
            total += part.elements
        elif not experts or used is None or not 0 < used <= experts:
            return None
        else:
            total += part.elements * used // experts
    return total
