"""What an evaluation found, as JSON. All figures are measured; ranges hold with 95 % certainty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.cli.recipe_evaluation_report import MEASURES, length_ratio
from workbench.datasets.evaluation.answers import question_of
from workbench.datasets.evaluation.asking import Answers
from workbench.datasets.evaluation.evaluating import Evaluated
from workbench.datasets.evaluation.judging import Judged
from workbench.datasets.evaluation.losses import (
    Interval,
    Losses,
    bits_per_byte_difference,
    gap,
    per_token_difference,
)
from workbench.datasets.evaluation.shares import Share, share
from workbench.datasets.row import Row

_NAMES = ("base", "tuned")
Document = dict[str, Any]


def document(found: Evaluated) -> Document:
    """The whole of it."""
    held_out = found.answers.get("held_out", ())
    told: Document = {
        **{name: subject.name for name, subject in zip(_NAMES, found.pair, strict=True)},
        "basis": "measured",
        "losses": {kind: _losses(both, rows) for kind, (both, rows) in found.losses.items()},
        "answers": {name: _shares(one) for name, one in zip(_NAMES, held_out, strict=False)},
    }
    if "train" in found.losses:
        sets = zip(_NAMES, found.losses["held_out"][0], found.losses["train"][0], strict=True)
        told["gap"] = {name: _range(gap(one, trained)) for name, one, trained in sets}
    if found.judged is not None:
        told["judge"] = {"model": found.judge, **_verdicts(found.judged)}
    if found.forgetting is not None:
        told["regression"] = _regression(found)
    return told


def _losses(both: Sequence[Losses], rows: int) -> Document:
    base, tuned = both
    return {
        "rows": rows,
        "trained_tokens": int(tuned.tokens.sum()),
        "base": {"loss": _range(base.per_token), "bits_per_byte": _range(base.bits_per_byte)},
        "tuned": {"loss": _range(tuned.per_token), "bits_per_byte": _range(tuned.bits_per_byte)},
        "difference": {
            "loss": _range(per_token_difference(tuned, base)),
            "bits_per_byte": _range(bits_per_byte_difference(tuned, base)),
        },
    }


def _shares(answers: Answers) -> Document:
    told: Document = {"rows": sum(one is not None for one in answers)}
    for name, (_, measure) in MEASURES.items():
        if found := share([measure(one) for one in answers if one]):
            told[name] = _share(found)
    return {**told, "length_ratio": length_ratio(answers)}


def _verdicts(judged: Judged) -> Document:
    rates = {"win_rate": judged.win_rate, "win_rate_of_like_length": judged.win_rate_of_like_length}
    return {
        "rows": len(judged.verdicts),
        "wins": judged.count(1),
        "ties": judged.count(0.5),
        "losses": judged.count(0),
        "turned": judged.turned,
        "without_verdict": judged.without_verdict,
        **{name: _share(rate) for name, rate in rates.items() if rate},
    }


def _regression(found: Evaluated) -> Document:
    known = found.forgetting
    assert known is not None
    base, tuned = found.answers["regression"]
    rows = found.rows["regression"]
    told: Document = {"rows": known.rows, "kept": known.kept, "gained": len(known.gained)}
    if known.lost_share:
        told["lost"] = _share(known.lost_share)
    return told | {"lost_rows": [_lost(rows[at], base[at], tuned[at]) for at in known.lost]}


def _lost(row: Row, before: Any, now: Any) -> Document:
    asked = question_of(row)
    assert asked is not None
    return {
        "file": row.origin.file,
        "line": row.origin.line,
        "question": asked[0].messages[-1].content,
        "expected": asked[1].content,
        "base": before.text,
        "tuned": now.text,
    }


def _share(found: Share) -> Document:
    low, high = found.bounds
    return {"value": found.value, "low": low, "high": high, "rows": found.rows}


def _range(interval: Interval) -> dict[str, float]:
    return {"value": interval.value, "low": interval.low, "high": interval.high}
