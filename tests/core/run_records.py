"""Runs of the benchmark made up for tests: circumstances, and speeds as a test wants them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from workbench.benchmark.history import RunRecord, recorded
from workbench.circumstances import Circumstances, EngineIdentity, MachineIdentity, ModelIdentity

START = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
HERE = Circumstances(
    model=ModelIdentity(name="writer", digest="a1", size_bytes=4_000_000_000),
    machine=MachineIdentity(name="desk", id="d1", cpu="AMD Ryzen 7 7840U", ram_bytes=32 * 2**30),
    engine=EngineIdentity(backend="llama-cpp", version="0.3.35", build="b1", kernel="Linux 6.1"),
)
UPDATED = replace(HERE, engine=replace(HERE.engine, version="0.3.36", build="b2", kernel="Linux 6.2"))
ELSEWHERE = replace(HERE, machine=replace(HERE.machine, name="attic", id="e1"))


def document(speeds: Mapping[str, float], flags: tuple[str, ...] = (), **settings: Any) -> dict[str, Any]:
    """What the benchmark prints of such a run."""
    rows = [
        {
            "test": test,
            "depth": 0,
            "parallel": 1,
            "tokens_per_second": speed,
            "spread": 0.1,
            "basis": "measured",
            "flags": [{"kind": kind, "text": "Something else was going on."} for kind in flags],
        }
        for test, speed in speeds.items()
    ]
    return {"model": "writer", "results": rows, "settings": {"context_length": 768, **settings}}


def run(
    hours: float,
    speed: float,
    around: Circumstances = HERE,
    flags: tuple[str, ...] = (),
    test: str = "tg128",
    **settings: Any,
) -> RunRecord:
    """So many hours after the first."""
    told = document({test: speed}, flags, **settings)
    return recorded(told, around, taken=START + timedelta(hours=hours))
