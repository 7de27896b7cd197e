"""What an evaluation found, as a table and what it means in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

from workbench import wording
from workbench.cli import output
from workbench.datasets.evaluation.answers import Answered
from workbench.datasets.evaluation.asking import Answers
from workbench.datasets.evaluation.evaluating import Evaluated
from workbench.datasets.evaluation.losses import (
    Interval,
    bits_per_byte_difference,
    gap,
    per_token_difference,
)
from workbench.datasets.evaluation.shares import Share, share

Line = tuple[str, str, str, str]
MEASURES: dict[str, tuple[str, Callable[[Answered], bool | None]]] = {
    "exact": ("the same answer", lambda one: one.exact),
    "same_words": ("the same words", lambda one: one.same_words),
    "json_valid": ("JSON", lambda one: one.json_valid),
    "same_json": ("the same JSON", lambda one: one.same_json),
    "schema": ("keeps to the schema", lambda one: one.schema),
    "tool_calls": ("the same calls", lambda one: one.calls),
    "stopped": ("ended by itself", lambda one: one.stopped),
}
_SETS = {"held_out": "held out", "train": "trained", "regression": "regression"}
_MOST_LOST_TOLD = 5


def show(found: Evaluated) -> None:
    lines = [*_loss_lines(found), *_answer_lines(found)]
    output.table(
        ("measured", *(subject.name for subject in found.pair), "difference"), lines, right=(1, 2, 3)
    )
    for subject, some in zip(found.pair, found.answers.get("held_out", ()), strict=False):
        if not any(some):
            output.note(f"{subject.name} answered nothing: it has no chat template, or no row fits it.")
    _conclude(found)
    _tell_gap(found)
    _tell_verdicts(found)
    _tell_forgetting(found)


def length_ratio(answers: Answers) -> float | None:
    """The median, of answers that have an expected length."""
    ratios = [one.length_ratio for one in answers if one and one.length_ratio is not None]
    return median(ratios) if ratios else None


def _loss_lines(found: Evaluated) -> Iterator[Line]:
    for kind, ((base, tuned), count) in found.losses.items():
        named = f"{_SETS[kind]}, {wording.count(count, 'row')}"
        yield f"loss, {named}", *_cells(base.per_token, tuned.per_token, per_token_difference(tuned, base))
        difference = bits_per_byte_difference(tuned, base)
        yield f"bits per byte, {named}", *_cells(base.bits_per_byte, tuned.bits_per_byte, difference)


def _cells(base: Interval, tuned: Interval, difference: Interval) -> tuple[str, str, str]:
    return f"{base.value:.3f}", f"{tuned.value:.3f}", _signed(difference)


def _signed(found: Interval) -> str:
    return f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


def _answer_lines(found: Evaluated) -> Iterator[Line]:
    answers = found.answers.get("held_out")
    if not answers:
        return
    for words, measure in MEASURES.values():
        base, tuned = (share([measure(one) for one in some if one]) for some in answers)
        if base or tuned:
            yield words, _percent(base), _percent(tuned), ""
    base_ratio, tuned_ratio = (length_ratio(some) for some in answers)
    yield "length of answers", _ratio(base_ratio), _ratio(tuned_ratio), ""


def _percent(found: Share | None) -> str:
    if found is None:
        return ""
    low, high = found.bounds
    return f"{found.value:.0%} ({low:.0%} to {high:.0%})"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _conclude(found: Evaluated) -> None:
    base, tuned = found.losses["held_out"][0]
    difference = per_token_difference(tuned, base)
    if difference.high < 0:
        output.note("On rows that it has not seen, the tuned model expects the answers better.")
    elif difference.low > 0:
        output.note("On rows that it has not seen, the tuned model expects the answers worse.")
    else:
        output.note("These rows do not tell which of the two expects the answers better; give more.")


def _tell_gap(found: Evaluated) -> None:
    if "train" in found.losses:
        pairs = zip(found.losses["held_out"][0], found.losses["train"][0], strict=True)
        base, tuned = (gap(*pair) for pair in pairs)
        output.note(
            f"Rows held out cost it {_signed(tuned)} nats per token beside those it was trained on;"
            f" {found.pair[0].name} {_signed(base)}."
        )


def _tell_verdicts(found: Evaluated) -> None:
    judged = found.judged
    if judged is None:
        return
    if judged.win_rate is None:
        output.note(f"{found.judge} gave no verdict on any row.")
        return
    output.note(
        f"{found.judge} prefers the tuned model's answers in {_percent(judged.win_rate)} of"
        f" {wording.count(judged.win_rate.rows, 'row')}, ties as halves: {judged.count(1)} better,"
        f" {judged.count(0)} worse. {wording.count(judged.turned, 'verdict')} turned with the order"
        " of the answers, and counts as a tie."
    )
    if judged.win_rate_of_like_length:
        rate = judged.win_rate_of_like_length
        output.note(f"Of answers about as long, {_percent(rate)} of {wording.count(rate.rows, 'row')}.")
    if judged.without_verdict:
        output.note(f"{wording.count(judged.without_verdict, 'row')} could not be judged.")


def _tell_forgetting(found: Evaluated) -> None:
    known = found.forgetting
    if known is None:
        return
    if known.lost_share is None:
        output.note(f"{found.pair[0].name} answers no row of the regression set right.")
        return
    output.note(
        f"Of {wording.count(known.lost_share.rows, 'row')} that were right before, {len(known.lost)} are"
        f" wrong now: {_percent(known.lost_share)}. {len(known.gained)} that were wrong are right."
    )
    for place in known.lost[:_MOST_LOST_TOLD]:
        output.note(f"  {found.rows['regression'][place].origin} is wrong now.")
