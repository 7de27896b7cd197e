"""Generation on a card that is not here, by what its memory can deliver: a range, and no measurement.

Writing a token reads all weights it goes through once, so published bandwidth bounds it. How near engines
come to that bound, and what starting a layer's kernels takes, is a wide bracket around what is reported of
llama.cpp. How fast a prompt is read hangs on compute, which the table of cards does not tell. Knows nothing
of this machine but the bandwidth of its memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from workbench import registry, wording
from workbench.benchmark.prediction.predicting import Predicted, Prediction, check_settings
from workbench.benchmark.prediction.traffic import Traffic
from workbench.benchmark.workload import SpeedTest, Workload
from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit, InvalidRequest, Unsupported
from workbench.gguf import Header
from workbench.machine import bandwidth, machine
from workbench.machine.cards import card
from workbench.memory import VirtualGpu
from workbench.planning.advice import does_not_fit
from workbench.planning.changes import cheapest_changes
from workbench.planning.deciding import left_open
from workbench.planning.estimates import Estimates
from workbench.planning.placement import placement
from workbench.planning.places import Places, described
from workbench.planning.plan import Plan, plan

_REACHED = (0.4, 0.85)
"""The share of a card's published bandwidth, at least and at most."""
_REACHED_BY_HOST = (0.5, 1.0)
"""Likewise of what copying by this machine's main memory was measured at."""
_LAYER_SECONDS = (60e-6, 10e-6)
_PROMPTS = "How fast a prompt is read hangs on the card's compute, which is not in the table: not predicted."
_ESTIMATE = "An estimate from published bandwidth; engines reach 40 to 85 % of it."


def predict_on(
    names: Sequence[str],
    ram_bytes: int | None,
    header: Header,
    settings: EngineSettings,
    workload: Workload,
    *,
    backend: str,
) -> Prediction:
    """What writing would reach on these cards. Raises DoesNotFit, InvalidRequest and Unsupported."""
    check_settings(settings)
    cards = [_with_bandwidth(name) for name in names]
    tests = [test for test in workload.tests if test.generate]
    if not tests:
        raise Unsupported(_PROMPTS, "Leave --gpu out to measure here, or give --generate a size.")
    found, places = _planned(header, settings, cards, ram_bytes, backend)
    traffic = Traffic(header, found.settings)
    loads = [_load(traffic, found.settings, places, test) for test in tests]
    on_host = any(load[-1] for load in loads)
    host = _host_bandwidth() if on_host else 1.0
    speeds = [*((one.bandwidth_bytes_per_second or 1.0) for one in places.cards), host]
    notes = [_ESTIMATE, *(places.notes if on_host else ())]
    if len(tests) < len(workload.tests):
        notes.append(_PROMPTS)
    return Prediction(
        results=tuple(
            _predicted(test, load, speeds, traffic.layers) for test, load in zip(tests, loads, strict=True)
        ),
        settings=found.settings,
        layers=traffic.layers,
        measured_layers=0,
        seconds=0.0,
        notes=(*found.remarks, *notes),
    )


def _with_bandwidth(name: str) -> VirtualGpu:
    found = card(name)
    if found.bandwidth_bytes_per_second is None:
        raise InvalidRequest(f"The bandwidth of {name} is not known.", "Name a card, such as RTX 4090.")
    return found


def _planned(
    header: Header, settings: EngineSettings, cards: list[VirtualGpu], ram_bytes: int | None, backend: str
) -> tuple[Plan, Places]:
    """Divided as it would be loaded. Raises DoesNotFit."""
    places = described(cards, ram_bytes, machine())
    with Estimates(header, places, registry.load(backend).estimator()) as estimates:
        found = plan(estimates, settings, "balanced", left_open(settings))
        if not found.verdict.possible:
            changes = cheapest_changes(estimates, found.settings)
            raise does_not_fit(header.source_name, found.verdict, changes)
    if paged := found.verdict.paged_bytes:
        raise DoesNotFit(
            f"{wording.size(paged)} of the weights find no room in memory and would come from a disk of "
            "unknown speed.",
            "Name more --gpu or --ram, or take a smaller quantization.",
        )
    return found, places


def _load(traffic: Traffic, settings: EngineSettings, places: Places, test: SpeedTest) -> list[float]:
    """Bytes that each card reads for a token in the middle of the test, and last those of main memory."""
    depth = test.depth + test.generate / 2
    held = placement(settings, places.cards, traffic.layers)
    experts = range(min(settings.experts_on_cpu, traffic.layers))
    loads = []
    for layers in held:
        inside = range(min(layers.start, traffic.layers), min(layers.stop, traffic.layers))
        kept_back = range(min(inside.start, experts.stop), min(inside.stop, experts.stop))
        outside = traffic.outside if layers.stop > traffic.layers else 0
        read = traffic.weights(inside) - traffic.experts(kept_back) + traffic.kept(inside, depth)
        loads.append(read + outside)
    every = range(traffic.layers)
    whole = traffic.outside + traffic.weights(every) + traffic.kept(every, depth)
    return [*loads, max(0.0, whole - sum(loads))]


def _host_bandwidth() -> float:
    here = machine()
    return (bandwidth.recalled(here) or bandwidth.measure(here)).value


def _predicted(test: SpeedTest, load: list[float], speeds: list[float], layers: int) -> Predicted:
    def seconds(which: int) -> float:
        reached = [_REACHED[which]] * (len(load) - 1) + [_REACHED_BY_HOST[which]]
        parts = (read / speed / share for read, speed, share in zip(load, speeds, reached, strict=True))
        return sum(parts) + layers * _LAYER_SECONDS[which]

    low, high = 1 / seconds(0), 1 / seconds(1)
    return Predicted(
        test=test, tokens_per_second=sqrt(low * high), low=low, high=high, spread=0.0, basis="predicted"
    )
