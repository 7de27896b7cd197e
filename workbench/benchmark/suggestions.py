"""What to change first, each with the gain that was measured or follows from what was measured.

Knows nothing of how anything is measured, and suggests nothing without a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench.benchmark.account import Account
from workbench.benchmark.ceilings import Basis, Ceilings
from workbench.engine_profile import EngineProfile, Kernel, Part, PassProfile
from workbench.machine import Machine

LEAST_GAIN = 0.05
"""Below it a change is not worth a sentence, and cannot be told from noise."""
FILE_TYPES = {"Q8_0": "Q8_0", "Q6_K": "Q6_K", "Q4_K": "Q4_K_M", "IQ4_XS": "IQ4_XS", "Q3_K": "Q3_K_M"}
"""Types of weights to change to, and the name of a file that has most of its weights in them."""
_LONG_CONTEXT, _MUCH_LOOKING_BACK = 1024, 0.15
_ALMOST = 0.85
DRAFTED = 3
"""Tokens that a step checks in the example of what drafts bring."""
_USUALLY_RIGHT = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A change in a sentence.

    Attributes:
        gain: By which factor it becomes faster: 1.5 is half as fast again.
        option: What to give on the command line, "" where it is no option.
        exact: Answers stay the same.
        certain: It does not hang on what is written.
    """

    text: str
    gain: float
    basis: Basis
    option: str = ""
    exact: bool = True
    certain: bool = True

    @property
    def rank(self) -> tuple[bool, float]:
        """The higher the sooner it is told; of about the same gain, what leaves answers as they are."""
        return self.certain, self.gain - (0 if self.exact else 2 * LEAST_GAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Other settings, measured: `write` and `read` are factors of speed beside those that are used."""

    option: str
    write: float
    read: float
    exact: bool = True


def ranked(suggestions: Sequence[Suggestion], most: int = 3) -> tuple[Suggestion, ...]:
    """The most promising first, without those that would hardly be noticed."""
    worth = [one for one in suggestions if one.gain >= 1 + LEAST_GAIN]
    return tuple(sorted(worth, key=lambda one: one.rank, reverse=True)[:most])


def by_trials(trials: Sequence[Trial]) -> Iterator[Suggestion]:
    """What was tried and is faster at writing, or at reading without being slower at writing."""
    for trial in trials:
        if trial.write < 1 - LEAST_GAIN:
            continue
        note = "" if trial.exact else " Answers change a little."
        faster = f"it wrote {_times(trial.write)} and read {_times(trial.read)}"
        yield Suggestion(
            text=f"Use {trial.option}: {faster}.{note}",
            gain=max(trial.write, trial.read if trial.read > 1 + LEAST_GAIN else 0.0),
            basis="measured",
            option=trial.option,
            exact=trial.exact,
        )


def by_fewer_bits(
    profile: EngineProfile, write: Account, read: Account, limits: Ceilings
) -> Iterator[Suggestion]:
    """Of the types of fewer bits with which writing would be about fastest, the one of most bits."""
    now = _usual_kernel(profile, limits)
    found = []
    for kernel in limits.kernels:
        if now and kernel.type in FILE_TYPES and kernel.place == now.place and kernel.bits < now.bits:
            saved = _saved(profile.write, kernel, limits, "write")
            reading = _saved(profile.read, kernel, limits, "read") / profile.read.tokens
            gains = _gain(write.seconds, saved), _gain(read.seconds, reading)
            found.append((kernel.bits, kernel.type, *gains))
    if found:
        best = max(writes for _, _, writes, _ in found)
        _, kind, writes, reads = max(one for one in found if one[2] >= _ALMOST * best)
        yield Suggestion(
            text=f"Take the model in {FILE_TYPES[kind]}: by the speed of {kind} kernels here it would write "
            f"{_times(writes)} and read {_times(reads)}. `workbench quality` tells what that costs.",
            gain=writes,
            basis="predicted",
            exact=False,
        )


def by_drafts(profile: PassProfile, alone: float, checking: float) -> Iterator[Suggestion]:
    """`alone` and `checking` are the seconds of a step with one token and with DRAFTED more.

    Recurrent models take no tokens back, so they cannot be drafted for.
    """
    cost = checking / alone
    needed = next((share / 100 for share in range(1, 100) if _accepted(share / 100) > cost), None)
    if needed is None or any(part.kind == "state" for part in profile.parts):
        return
    gain = _accepted(_USUALLY_RIGHT) / cost
    yield Suggestion(
        text=f"Draft, by --speculate ngram or a small model of its family (--draft): a step that checks "
        f"{DRAFTED} drafted tokens takes {cost:.1f} times as long as one without, so it pays where more than "
        f"{needed:.0%} are right; at {_USUALLY_RIGHT:.0%} it writes {_times(gain)}.",
        gain=gain,
        basis="predicted",
        option="--speculate ngram",
        certain=False,
    )


def by_less_context(account: Account) -> Iterator[Suggestion]:
    """What half as many tokens before would bring."""
    attention = sum(line.seconds for line in account.lines if line.kind == "attention")
    gain = _gain(account.seconds, attention / 2)
    if account.depth >= _LONG_CONTEXT and attention > _MUCH_LOOKING_BACK * account.seconds:
        yield Suggestion(
            text=f"Keep the context short: after {account.depth:,} tokens, looking back takes "
            f"{attention / account.seconds:.0%} of the time; after half of them it writes {_times(gain)}.",
            gain=gain,
            basis="predicted",
            exact=False,
        )


def by_card(profile: PassProfile, account: Account, here: Machine) -> Iterator[Suggestion]:
    """What the fastest card brings at most, where weights are still read by the processor."""
    cards = [(gpu.bandwidth, gpu.name) for gpu in here.gpus if gpu.bandwidth]
    parts = [part for part in profile.parts if part.place == "CPU" and part.bytes_read]
    if not cards or not parts:
        return
    speed, name = max(cards)
    kept = account.seconds - sum(part.seconds for part in parts)
    gain = account.seconds / (max(kept, 0.0) + sum(part.bytes_read for part in parts) / speed)
    yield Suggestion(
        text=f"Put more layers on the {name} (--gpu-layers): its data sheet says {speed / 1e9:.0f} GB/s; it "
        f"writes {_times(gain)} at most. `workbench fit --plan` says how many fit.",
        gain=gain,
        basis="published",
        option="--gpu-layers",
    )


def _accepted(right: float) -> float:
    """Tokens that a step brings, where each draft is right with this chance."""
    return sum(right**count for count in range(DRAFTED + 1))


def _usual_kernel(profile: EngineProfile, limits: Ceilings) -> Kernel | None:
    """Of the type that most weights have."""
    weights = [part for part in profile.write.parts if part.kind == "weights"]
    most = max(weights, key=lambda part: part.bytes_read, default=None)
    return limits.kernel(most.place, most.type) if most else None


def _saved(profile: PassProfile, kernel: Kernel, limits: Ceilings, doing: str) -> float:
    """Seconds less if the weights of more bits had that type; below 0 where it is slower."""
    return sum(
        part.seconds * (1 - _slowness(kernel, before, doing))
        for part in profile.parts
        if _changes(part, kernel) and (before := limits.kernel(part.place, part.type))
    )


def _changes(part: Part, kernel: Kernel) -> bool:
    return part.kind == "weights" and part.place == kernel.place and part.type != kernel.type


def _slowness(kernel: Kernel, before: Kernel, doing: str) -> float:
    """What the same weights would take, as a share of what they take now; those of fewer bits stay."""
    if kernel.bits >= before.bits:
        return 1.0
    if doing == "read":
        return before.operations_per_second / kernel.operations_per_second
    return kernel.bits / kernel.bytes_per_second / (before.bits / before.bytes_per_second)


def _gain(seconds: float, saved: float) -> float:
    return seconds / (seconds - saved)


def _times(factor: float) -> str:
    return "as fast as now" if abs(factor - 1) < 0.005 else f"{factor:.2f} times as fast"
