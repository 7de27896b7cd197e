"""Predicts tests on this machine for a model of which only the header is here.

What is measured is the engine's own work on a stand-in; what does not fit in memory is added by the speed of
the disk. Knows nothing of where the header came from, and of no table.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from statistics import stdev
from typing import Literal

from workbench import registry
from workbench.benchmark.prediction.measuring import Measured, Measuring, Model
from workbench.benchmark.prediction.probes import probe
from workbench.benchmark.prediction.schedule import Limits
from workbench.benchmark.prediction.streaming import Streaming
from workbench.benchmark.workload import SpeedTest, Workload
from workbench.cgroup import free_memory
from workbench.engine_settings import EngineSettings
from workbench.errors import Unsupported
from workbench.gguf import Header
from workbench.machine.disturbance import Disturbance, Surroundings
from workbench.planning.defaults import decided_from_afar

Basis = Literal["measured on a stand-in", "predicted"]
USUAL_SECONDS = 30.0
_DISTURBING = 0.1
"""Share of the processors that others may take without a word."""
_SURE_OF_WHOLE, _SURE_OF_PART = 0.05, 0.10
"""How far a prediction may be off beside its spread, where all layers were measured and where some were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """One test's tokens per second: between `low` and `high`, most likely in the middle.

    Attributes:
        spread: Standard deviation of the rounds it was measured in; 0 where nothing was measured.
    """

    test: SpeedTest
    tokens_per_second: float
    low: float
    high: float
    spread: float
    basis: Basis

    @property
    def first_token_seconds(self) -> float | None:
        """Until a prompt of the test's length is answered; None for tests that write."""
        return self.test.prompt / self.tokens_per_second if self.test.prompt else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What is to be expected of a model.

    Attributes:
        settings: What it would be loaded with.
        measured_layers: How many of its `layers` the stand-in had; 0 where nothing was measured.
        seconds: How long the predicting took.
    """

    results: tuple[Predicted, ...]
    settings: EngineSettings
    layers: int
    measured_layers: int
    seconds: float
    notes: tuple[str, ...] = ()


async def predict(
    header: Header,
    settings: EngineSettings,
    workload: Workload,
    *,
    backend: str,
    seconds: float = USUAL_SECONDS,
    show: Callable[[str], None] = lambda text: None,
) -> Prediction:
    """What the workload's tests would measure; `seconds` is about how long stand-ins may be measured.

    Raises DoesNotFit where the model cannot be loaded here, Unsupported for what cannot be predicted, and as
    opening a model does.
    """
    began = time.perf_counter()
    check_settings(settings)
    stand_ins = registry.load(backend).stand_ins()
    if stand_ins is None:
        raise Unsupported(
            f"The backend {backend!r} cannot stand in for a model.", "Fetch the model and measure it."
        )
    decision = decided_from_afar(header, settings, backend)
    probes = [probe(test, settings.micro_batch) for test in workload.tests]
    limits = Limits(seconds=seconds, rounds=workload.repetitions, memory=free_memory())
    disturbance = Disturbance()
    with closing(stand_ins):
        model = Model(header, decision.settings, backend, stand_ins)
        measuring = Measuring(model, probes, limits, show)
        measured = await measuring.run()
    streaming = Streaming.of(header, decision.settings, decision.paged_bytes)
    return Prediction(
        results=tuple(_predicted(test, measured, measuring.layers, streaming) for test in workload.tests),
        settings=decision.settings,
        layers=measuring.layers,
        measured_layers=measured.layers,
        seconds=time.perf_counter() - began,
        notes=(*decision.notices, *streaming.notes, *_disturbed(disturbance.so_far())),
    )


def _disturbed(beside: Surroundings) -> tuple[str, ...]:
    if beside.others_cores <= _DISTURBING * beside.cores:
        return ()
    taken = f"{beside.others_cores:.1f} of {beside.cores} processors"
    return (f"Other programs took {taken} meanwhile: alone it would be faster, and better told.",)


def check_settings(settings: EngineSettings) -> None:
    """Raise Unsupported for what neither a stand-in nor a header tells."""
    refused = {
        "a draft gains": settings.usual_speculation != "off",
        "an adapter costs": bool(settings.lora),
        "a projector costs": bool(settings.projector),
    }
    for what, asked in refused.items():
        if asked:
            raise Unsupported(f"What {what} is not predicted.", "Leave that option out.")


def _predicted(test: SpeedTest, measured: Measured, layers: int, streaming: Streaming) -> Predicted:
    sample = measured.samples[test]
    unsure = _SURE_OF_WHOLE if measured.layers == layers else _SURE_OF_PART
    deviation = stdev(sample.seconds) if len(sample.seconds) > 1 else 0.0
    margin = unsure * sample.usual + deviation
    least, most = streaming.seconds(test)
    likely = sample.usual + (least + most) / 2
    return Predicted(
        test=test,
        tokens_per_second=1 / likely,
        low=1 / (sample.usual + margin + most),
        high=1 / max(sample.usual - margin + least, sample.usual / 2),
        spread=deviation / likely**2,
        basis="predicted" if most else "measured on a stand-in",
    )
