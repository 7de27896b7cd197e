"""What an evaluation found, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from workbench.cli import output
from workbench.datasets.evaluation.answers import Answered, Share, share
from workbench.datasets.evaluation.losses import (
    Interval,
    Losses,
    bits_per_byte_difference,
    per_token_difference,
)
from workbench.datasets.evaluation.subject import Subject

Found = Mapping[str, tuple[Sequence[Losses], int]]
Answers = Sequence[Sequence[Answered | None]]
_SETS = {"held_out": "held out", "train": "trained", "regression": "regression"}
_MEASURES: dict[str, tuple[str, Callable[[Answered], bool | None]]] = {
    "exact": ("the same answer", lambda one: one.exact),
    "same_words": ("the same words", lambda one: one.same_words),
    "json_valid": ("JSON", lambda one: one.json_valid),
    "schema": ("keeps to the schema", lambda one: one.schema),
    "tool_calls": ("the same calls", lambda one: one.calls),
    "stopped": ("ended by itself", lambda one: one.stopped),
}


def document(pair: Sequence[Subject], found: Found, answers: Answers) -> dict[str, object]:
    """The whole of it. All figures are measured; ranges hold with 95 % certainty."""
    losses: dict[str, object] = {}
    for kind, (both, rows) in found.items():
        base, tuned = both
        losses[kind] = {
            "rows": rows,
            "trained_tokens": int(tuned.tokens.sum()),
            "base": {"loss": _range(base.per_token), "bits_per_byte": _range(base.bits_per_byte)},
            "tuned": {"loss": _range(tuned.per_token), "bits_per_byte": _range(tuned.bits_per_byte)},
            "difference": {
                "loss": _range(per_token_difference(tuned, base)),
                "bits_per_byte": _range(bits_per_byte_difference(tuned, base)),
            },
        }
    names = ("base", "tuned")
    return {
        "base": pair[0].name,
        "tuned": pair[1].name,
        "basis": "measured",
        "losses": losses,
        "answers": {name: _shares(one) for name, one in zip(names, answers, strict=False)},
    }


def show(pair: Sequence[Subject], found: Found, answers: Answers) -> None:
    rows = list[tuple[str, str, str, str]]()
    for kind, (both, count) in found.items():
        base, tuned = both
        named = f"{_SETS[kind]}, {count} rows"
        rows += [
            (f"loss, {named}", *_cells(base.per_token, tuned.per_token, per_token_difference(tuned, base))),
            (
                f"bits per byte, {named}",
                *_cells(base.bits_per_byte, tuned.bits_per_byte, bits_per_byte_difference(tuned, base)),
            ),
        ]
    if answers:
        rows += _answer_rows(answers)
    output.table(("measured", pair[0].name, pair[1].name, "difference"), rows, right=(1, 2, 3))
    for subject, some in zip(pair, answers, strict=False):
        if not any(some):
            output.note(f"{subject.name} answered nothing: it has no chat template, or no row fits it.")
    _conclude(found)


def _cells(base: Interval, tuned: Interval, difference: Interval) -> tuple[str, str, str]:
    return (
        f"{base.value:.3f}",
        f"{tuned.value:.3f}",
        f"{difference.value:+.3f} ({difference.low:+.3f} to {difference.high:+.3f})",
    )


def _answer_rows(answers: Answers) -> list[tuple[str, str, str, str]]:
    rows = list[tuple[str, str, str, str]]()
    for words, measure in _MEASURES.values():
        both = [share([measure(one) for one in some if one]) for some in answers]
        if any(both):
            rows.append((words, *(_percent(one) for one in both), ""))  # type: ignore[arg-type]
    ratios = [_length_ratio(some) for some in answers]
    rows.append(("length of answers", *("" if one is None else f"{one:.2f}" for one in ratios), ""))  # type: ignore[arg-type]
    return rows


def _percent(found: Share | None) -> str:
    if found is None:
        return ""
    low, high = found.bounds
    return f"{found.value:.0%} ({low:.0%} to {high:.0%})"


def _conclude(found: Found) -> None:
    base, tuned = found["held_out"][0]
    difference = per_token_difference(tuned, base)
    if difference.high < 0:
        output.note("On rows that it has not seen, the tuned model expects the answers better.")
    elif difference.low > 0:
        output.note("On rows that it has not seen, the tuned model expects the answers worse.")
    else:
        output.note("These rows do not tell which of the two expects the answers better; give more.")
    if "train" in found:
        gap = tuned.per_token.value - found["train"][0][1].per_token.value
        output.note(f"Rows held out cost it {gap:+.3f} nats per token beside those it was trained on.")


def _range(interval: Interval) -> dict[str, float]:
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def _shares(answers: Sequence[Answered | None]) -> dict[str, object]:
    told: dict[str, object] = {"rows": sum(one is not None for one in answers)}
    for name, (_, measure) in _MEASURES.items():
        found = share([measure(one) for one in answers if one])
        if found:
            low, high = found.bounds
            told[name] = {"value": found.value, "low": low, "high": high, "rows": found.rows}
    return {**told, "length_ratio": _length_ratio(answers)}


def _length_ratio(answers: Sequence[Answered | None]) -> float | None:
    """The median, of answers that have an expected length."""
    ratios = [one.length_ratio for one in answers if one and one.length_ratio is not None]
    return median(ratios) if ratios else None
