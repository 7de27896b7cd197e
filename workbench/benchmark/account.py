"""Where the time of a token goes: one line for each kind of work, beside what this machine can do.

Made of what a profile saw inside the engine, and of what was measured around it. Knows nothing of tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from workbench.benchmark.ceilings import Ceiling, Ceilings
from workbench.engine_profile import Part, PassProfile, WorkKind

Unit = Literal["bytes", "operations"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One kind of work.

    Attributes:
        kind: Of the engine's work; None around it.
        seconds: For each token.
        amount: Bytes or operations for each token; 0 where nothing is counted.
        ceiling: What this machine does of these in a second at most, None where there is no such measure.
    """

    name: str
    seconds: float
    kind: WorkKind | None = None
    unit: Unit = "bytes"
    amount: float = 0.0
    ceiling: Ceiling | None = None

    @property
    def per_second(self) -> float | None:
        return self.amount / self.seconds if self.amount and self.seconds else None

    @property
    def of_ceiling(self) -> float | None:
        """From 0 to 1 and a little more, where a cache helps."""
        if self.per_second is None or self.ceiling is None:
            return None
        return self.per_second / self.ceiling.per_second


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The lines add up to the time of a token, written or read `together` with others."""

    doing: Literal["writing", "reading"]
    depth: int
    together: int
    lines: tuple[Line, ...]

    @property
    def seconds(self) -> float:
        return sum(line.seconds for line in self.lines)

    @property
    def tokens_per_second(self) -> float:
        return 1 / self.seconds

    def share(self, line: Line) -> float:
        return line.seconds / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """Measured around the engine, in seconds.

    Attributes:
        bare: A pass over the model alone, as llama-bench times it.
        whole: The same as part of a request, from when it is asked for.
    """

    bare: float
    whole: float


def within(profile: PassProfile, bare: float) -> PassProfile:
    """The same shares of a time that is no longer than a pass took when nobody watched."""
    scale = min(1.0, bare / profile.seconds) if profile.seconds else 1.0
    parts = tuple(replace(part, seconds=part.seconds * scale) for part in profile.parts)
    return replace(profile, seconds=profile.seconds * scale, parts=parts)


def writing(profile: PassProfile, timed: Timed, sampling: float, depth: int, limits: Ceilings) -> Account:
    """What one more token of an answer takes."""
    lines = [_written(part, limits) for part in profile.parts]
    around = (
        Line(name="preparing the pass, and the rest", seconds=max(0.0, timed.bare - profile.seconds)),
        Line(name="drawing a token", seconds=sampling),
        Line(name="text, pipe and events", seconds=max(0.0, timed.whole - timed.bare)),
    )
    return Account(doing="writing", depth=depth, together=1, lines=(*lines, *around))


def reading(profile: PassProfile, timed: Timed, tokenizing: float, depth: int, limits: Ceilings) -> Account:
    """What one token of a prompt takes; `timed` is of all that are read in one pass."""
    count = profile.tokens
    around = (
        Line(name="preparing the pass, and the rest", seconds=max(0.0, timed.bare - profile.seconds) / count),
        Line(name="splitting text into tokens", seconds=tokenizing),
        Line(name="taking the request in", seconds=max(0.0, timed.whole - timed.bare) / count),
    )
    lines = _read(profile, limits)
    return Account(doing="reading", depth=depth, together=count, lines=(*lines, *around))


def _written(part: Part, limits: Ceilings) -> Line:
    return Line(
        name=name_of(part),
        kind=part.kind,
        seconds=part.seconds,
        amount=part.bytes_read,
        ceiling=limits.reading(part.place) if part.bytes_read else None,
    )


def _read(profile: PassProfile, limits: Ceilings) -> Iterator[Line]:
    for part in profile.parts:
        counted = part.kind == "weights"
        yield Line(
            name=name_of(part),
            kind=part.kind,
            seconds=part.seconds / profile.tokens,
            unit="operations",
            amount=part.operations / profile.tokens,
            ceiling=limits.multiplying(part.place, part.type) if counted else None,
        )


def name_of(part: Part) -> str:
    where = "" if part.place == "CPU" else f" on {part.place}"
    match part.kind:
        case "weights":
            return f"weights in {part.type}{where}"
        case "attention":
            return f"attention{f', cache in {part.type}' if part.type else ''}{where}"
        case "state":
            return f"recurrent state{where}"
        case "other":
            return f"norms and all else{where}"
