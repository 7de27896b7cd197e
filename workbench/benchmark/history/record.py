"""A run of the benchmark as it is kept and exchanged: what was measured, of what, where and when.

Plain values that JSON can hold. What the benchmark says of a test is kept whole, as `workbench bench --json`
prints it; only what tests are told apart by is known here.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import log, pi, sqrt
from statistics import stdev
from typing import Any

import msgspec

from workbench.circumstances import Circumstances
from workbench.engine_settings import EngineSettings

_USUAL: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(EngineSettings()))
_DISTURBANCES = {"neighbour", "throttled", "slow clock"}
_MOST_TAKEN = 0.95
_LARGEST = 1e15
_WITHOUT_EFFECT = {"context_length", "prompt_cache_bytes", "projector_found", "given"}


@dataclass(frozen=True, slots=True, order=True)
class BenchTest:
    """What is measured; speeds of the same one can be compared.

    Attributes:
        name: As llama-bench has it: pp512 or tg128.
        depth: Tokens in the context before; parallel: requests at once.
        method: How the benchmark measures it, such as "passes" or "requests"; "" where it has one way only.
    """

    name: str
    depth: int = 0
    parallel: int = 1
    method: str = ""

    @property
    def title(self) -> str:
        depth = f" @ {self.depth}" if self.depth else ""
        several = f" of {self.parallel}" if self.parallel > 1 else ""
        return f"{self.name}{depth}{several}{' by requests' if self.method == 'requests' else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedRecord:
    """One test's median of tokens per second, and all that was told of it beside that."""

    test: BenchTest
    tokens_per_second: float
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def disturbed(self) -> bool:
        """Whether the benchmark saw something else take the machine's time meanwhile."""
        flags = self._told("flags", list) or ()
        return any(isinstance(flag, dict) and flag.get("kind") in _DISTURBANCES for flag in flags)

    @property
    def doubt(self) -> float:
        """How far off the speed may be, as a share of it, for what other programs took meanwhile.

        Of the cores that they took the model may have missed all or none: the deviation of what lies evenly
        in between. What the model does miss scatters its repetitions, so it is no more than these differ.
        """
        seen = self._told("surroundings", dict) or {}
        taken, cores = (_positive(seen.get(name)) for name in ("others_cores", "cores"))
        missed = -log(1 - min(taken / cores, _MOST_TAKEN)) / sqrt(12) if cores else 0.0
        return missed if self._scatter is None else min(missed, self._scatter)

    @property
    def error(self) -> float:
        """The standard error of the median, as a share of it, by the scatter of repetitions; 0: unknown."""
        return sqrt(pi / 2 / len(self._logs)) * (self._scatter or 0.0) if self._logs else 0.0

    @property
    def _logs(self) -> list[float]:
        """Logarithms of the repetitions' speeds."""
        return [log(one) for one in map(_positive, self._told("samples", list) or ()) if one]

    @property
    def _scatter(self) -> float | None:
        """The deviation of the repetitions, as a share of the speed; None for fewer than three."""
        return stdev(self._logs) if len(self._logs) > 2 else None

    def _told(self, name: str, kind: type) -> Any:
        """What the document says under that name; None where it says nothing of that kind."""
        value = self.document.get(name)
        return value if isinstance(value, kind) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run.

    Attributes:
        uid: The same wherever the run is kept.
        origin: The command that measured it.
        settings: EngineSettings' fields, as JSON holds them.
    """

    uid: str
    taken: datetime
    origin: str
    circumstances: Circumstances
    settings: dict[str, Any]
    tests: tuple[SpeedRecord, ...]

    @property
    def setup(self) -> str:
        """What differs from the usual settings and changes speeds, as text: "parallel 8", "" for nothing.

        Runs of one setup can be compared.
        """
        told = {name: value for name, value in self.settings.items() if name not in _WITHOUT_EFFECT}
        changed = sorted((name, value) for name, value in told.items() if value != _USUAL.get(name))
        words = (
            f"{name} {value if isinstance(value, str) else json.dumps(value)}" for name, value in changed
        )
        return ", ".join(words)


def recorded(
    document: Mapping[str, Any],
    circumstances: Circumstances,
    origin: str = "bench",
    taken: datetime | None = None,
) -> RunRecord:
    """From what `workbench bench --json` prints of one model."""
    return RunRecord(
        uid=uuid.uuid4().hex,
        taken=taken or datetime.now(UTC),
        origin=origin,
        circumstances=circumstances,
        settings=_plain(document.get("settings", {})),
        tests=tuple(map(_test, document["results"])),
    )


def _test(result: Mapping[str, Any]) -> SpeedRecord:
    test = BenchTest(result["test"], result["depth"], result.get("parallel", 1), result.get("method", ""))
    return SpeedRecord(test=test, tokens_per_second=result["tokens_per_second"], document=_plain(result))


def _positive(value: object) -> float:
    """The number, 0 for what is none or not above 0: a document may come from elsewhere."""
    return float(value) if isinstance(value, int | float) and 0 < value < _LARGEST else 0.0


def _plain(value: Any) -> Any:
    """As it is once JSON has held it."""
    return msgspec.json.decode(msgspec.json.encode(value))
