"""How the next token is drawn: one request's sampling settings, checked.

Neutral values mean "off", so that each setting can be read on its own. Knows no engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite

from workbench.errors import InvalidRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingSettings:
    """The settings of llama.cpp's sampler chain under the field's usual names.

    A temperature of 0 is greedy: the most likely token, always. `seed` None draws a fresh one.
    `repeat_last_n` is how many of the last tokens the penalties and DRY look at; -1 means all.
    `logit_bias` maps token ids to a value added to their logit.
    """

    temperature: float = 0.8
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    typical_p: float = 1.0
    repeat_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    repeat_last_n: int = 64
    dry_multiplier: float = 0.0
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    dry_sequence_breakers: tuple[str, ...] = ("\n", ":", '"', "*")
    xtc_probability: float = 0.0
    xtc_threshold: float = 0.1
    mirostat: int = 0
    mirostat_tau: float = 5.0
    mirostat_eta: float = 0.1
    logit_bias: dict[int, float] = field(default_factory=dict)
    seed: int | None = None

    def __post_init__(self) -> None:
        for name, lowest, highest in _BOUNDS:
            value = getattr(self, name)
            if not (isfinite(value) and lowest <= value <= highest):
                raise InvalidRequest(
                    f"{name} is {value}.", f"Give {name} a value from {lowest:g} to {highest:g}."
                )
        for token, bias in self.logit_bias.items():
            if token < 0 or not -100 <= bias <= 100:
                raise InvalidRequest(
                    f"logit_bias maps {token} to {bias}.", "Give token ids a bias from -100 to 100."
                )
        if self.seed is not None and not -(2**63) <= self.seed < 2**64:
            raise InvalidRequest(f"seed is {self.seed}.", "Give a seed of at most 64 bits.")

    @property
    def greedy(self) -> bool:
        return self.temperature == 0 and not self.mirostat


_BOUNDS: tuple[tuple[str, float, float], ...] = (
    ("temperature", 0, 100),
    ("top_k", 0, 2**31 - 1),
    ("top_p", 0, 1),
    ("min_p", 0, 1),
    ("typical_p", 0, 1),
    ("repeat_penalty", 0.01, 100),
    ("frequency_penalty", -2, 2),
    ("presence_penalty", -2, 2),
    ("repeat_last_n", -1, 2**31 - 1),
    ("dry_multiplier", 0, 100),
    ("dry_base", 1, 100),
    ("dry_allowed_length", 1, 2**31 - 1),
    ("xtc_probability", 0, 1),
    ("xtc_threshold", 0, 1),
    ("mirostat", 0, 2),
    ("mirostat_tau", 0, 100),
    ("mirostat_eta", 0, 10),
)
