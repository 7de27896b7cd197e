"""What tuning found: two speeds, a line for each knob and what is kept; JSON for a program."""

from __future__ import annotations

from statistics import median

from workbench import wording
from workbench.cli import output
from workbench.machine.disturbance import Surroundings
from workbench.planning.flags import flags
from workbench.tuning.comparing import Comparison
from workbench.tuning.explaining import Effect
from workbench.tuning.search import Trial
from workbench.tuning.tuning import Report

_MEASURED = {
    "generation": "tokens/s written, after {prompt:,} tokens",
    "prompt": "tokens/s read, in prompts of {prompt:,}",
    "serving": "tokens/s written in all, by {parallel} requests of {prompt:,} tokens",
}


def show(report: Report, *, saved: bool) -> None:
    profile, outcome = report.profile, report.outcome
    _tell_stale(report)
    output.line(f"{report.order.name}: {_measured(report)}; all measured here, in turns")
    rows = [("usual", wording.speed(profile.usual_speed), "")]
    if (final := outcome.final) is not None:
        gain = f"{_signed(final.gain)} ({wording.count(len(final.rival), 'pair')}, noise {final.noise:.1%})"
        rows.append(("found", wording.speed(median(final.rival)), gain))
    output.table(("settings", "tokens/s", "gain"), rows, right=(1, 2))
    output.line()
    for effect in report.effects:
        output.line(_explained(effect))
    for trial in (trial for effect in report.effects for trial in effect.trials if trial.comparison is None):
        output.line(f"  not tried: {trial.knob} {trial.choice}. {trial.trouble}")
    if outcome.skipped:
        output.line(f"  no time for: {', '.join(outcome.skipped)}. --time 15m gives more.")
    output.line()
    output.line(_verdict(report, saved))
    if report.is_disturbed:
        output.note(_disturbed(report.surroundings))


def document(report: Report, *, saved: bool) -> dict[str, object]:
    profile, outcome = report.profile, report.outcome
    return {
        "model": report.order.name,
        "aim": profile.kind,
        "parallel": profile.parallel,
        "context": profile.context_length,
        "prompt_tokens": report.sizes.prompt,
        "generated_tokens": report.sizes.answer,
        "usual": {"tokens_per_second": profile.usual_speed, "basis": "measured"},
        "tuned": {"tokens_per_second": profile.tuned_speed, "basis": "measured"},
        "gain": profile.gain,
        "settings": profile.settings,
        "flags": flags(outcome.settings, outcome.usual),
        "lossy": profile.lossy,
        "duel": _pairs(outcome.final),
        "knobs": [_knob(effect) for effect in report.effects],
        "skipped": list(outcome.skipped),
        "stale": [{"aim": str(one.profile.aim), "changed": one.changed} for one in report.before.stale],
        "seconds": report.seconds,
        "others_cores": report.surroundings.others_cores,
        "disturbed": report.is_disturbed,
        "saved": saved,
    }


def _measured(report: Report) -> str:
    text = _MEASURED[report.order.aim.kind]
    return text.format(prompt=report.sizes.prompt, parallel=report.order.aim.parallel)


def _tell_stale(report: Report) -> None:
    for stale in report.before.stale:
        if stale.profile.kind == report.order.aim.kind:
            output.note(f"It was tuned before, but the {stale.changed} is another one now.")


def _explained(effect: Effect) -> str:
    knob, comparison = effect.knob, effect.comparison
    if comparison is None:
        return f"  {knob.name}: {effect.chosen}"
    pairs = f"{wording.count(len(comparison.rival), 'pair')}, noise {comparison.noise:.1%}"
    if effect.is_turned:
        lossy = ", which changes answers a little" if knob.lossy else ""
        return f"  {knob.name}: {effect.chosen} is {_against(comparison, effect.other)} ({pairs}){lossy}"
    other = comparison.reversed
    doubt = "" if other.is_slower or other.is_hopeless else ", no gain beyond noise"
    gain = f"{effect.other} is {_signed(other.gain)} ({pairs}){doubt}"
    return f"  {knob.name}: {effect.chosen}, as usual; {gain}"


def _against(comparison: Comparison, other: str) -> str:
    return f"{_signed(comparison.gain)} against {other}"


def _verdict(report: Report, saved: bool) -> str:
    outcome = report.outcome
    if outcome.settings == outcome.usual:
        doubt = "" if outcome.final is None else " What won the races is not faster beyond noise in the end."
        return f"The usual settings stay.{doubt}"
    kept = "Kept for run, chat, serve, bench and the app; --no-profile leaves it aside."
    return f"Fastest: {flags(outcome.settings, outcome.usual)}\n{kept if saved else 'Not kept.'}"


def _disturbed(found: Surroundings) -> str:
    return (
        f"Other programs took {found.others_cores:.1f} of {found.cores} cores meanwhile; without them, other "
        "settings may be faster. Tune again when they are done, or keep it as it is with --anyway."
    )


def _knob(effect: Effect) -> dict[str, object]:
    return {
        "knob": effect.knob.name,
        "usual": effect.knob.usual.label,
        "chosen": effect.chosen,
        "other": effect.other or None,
        "gain": None if effect.comparison is None else effect.comparison.gain,
        "noise": None if effect.comparison is None else effect.comparison.noise,
        "lossy": effect.knob.lossy,
        "tried": [_tried(trial) for trial in effect.trials],
    }


def _tried(trial: Trial) -> dict[str, object]:
    return {
        "choice": trial.choice,
        "beside": trial.beside,
        "trouble": trial.trouble or None,
        "pairs": _pairs(trial.comparison),
    }


def _pairs(comparison: Comparison | None) -> dict[str, object] | None:
    if comparison is None:
        return None
    return {
        "gain": comparison.gain,
        "noise": comparison.noise,
        "tokens_per_second": list(comparison.rival),
        "beside_tokens_per_second": list(comparison.holder),
    }


def _signed(share: float) -> str:
    return f"{share:+.1%}"
