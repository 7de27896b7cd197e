"""Which layers attend to a window of the last tokens only, by architecture.

The rules are llama.cpp's (`load_arch_hparams` of each architecture); what a file says itself goes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.planning.hyperparameters import Hyperparameters

_WINDOW = "attention.sliding_window"
_PATTERN = "attention.sliding_window_pattern"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """Of `period` layers one sees everything: the last, or the first where `dense_first`.

    Attributes:
        period: None where the file must name each layer.
        window: Taken where the file gives none; with `fixed`, whatever it gives.
        always: There are windows even where the file gives no length for them.
    """

    period: int | None = None
    dense_first: bool = False
    window: int = 0
    fixed: bool = False
    always: bool = False


_RULES = {
    "afmoe": _Rule(period=4),
    "cohere2": _Rule(period=4),
    "cohere2moe": _Rule(period=4, dense_first=True),
    "exaone-moe": _Rule(period=4, window=128, always=True),
    "exaone4": _Rule(period=4, window=4096, always=True),
    "gemma2": _Rule(period=2, window=4096, always=True),
    "gemma3": _Rule(period=6),
    "gemma3n": _Rule(period=5),
    "gemma4": _Rule(),
    "gpt-oss": _Rule(period=2),
    "granite_swa": _Rule(),
    "laguna": _Rule(period=4, dense_first=True),
    "llama4": _Rule(period=4, window=8192, fixed=True, always=True),
    "maple": _Rule(),
    "mellum": _Rule(period=4),
    "mimo2": _Rule(),
    "muse-glimmer": _Rule(period=4),
    "olmo2": _Rule(period=4),
    "plamo3": _Rule(period=8),
    "smallthinker": _Rule(period=4, dense_first=True, window=4096, fixed=True),
    "spark2_5": _Rule(),
    "step35": _Rule(),
}
_EXAONE_WITH_WINDOWS = 64


def windows(numbers: Hyperparameters) -> list[int | None]:
    """For each layer the tokens it sees back, or None where it sees all."""
    rule = _RULES.get(numbers.architecture)
    if rule is None or (numbers.architecture == "exaone4" and numbers.layers != _EXAONE_WITH_WINDOWS):
        return [None] * numbers.layers
    given = numbers.number(_WINDOW)
    if given == 0 and (not rule.always or numbers.is_given(_WINDOW)):
        return [None] * numbers.layers
    length = rule.window if rule.fixed or not given else given
    pattern = _pattern(numbers, rule)
    return [length if windowed else None for windowed in pattern]


def _pattern(numbers: Hyperparameters, rule: _Rule) -> Sequence[int]:
    if numbers.is_listed(_PATTERN):
        told = numbers.per_layer(_PATTERN, ())
        return [within if layer < numbers.trunk else 0 for layer, within in enumerate(told)]
    if rule.period is None:
        return [0] * numbers.layers
    period = numbers.number(_PATTERN, rule.period)
    return [
        _is_windowed(layer, period, rule.dense_first) if layer < numbers.trunk else 0
        for layer in range(numbers.layers)
    ]


def _is_windowed(layer: int, period: int, dense_first: bool) -> int:
    if period == 0:
        return 1
    return int(layer % period != 0 if dense_first else layer % period < period - 1)
