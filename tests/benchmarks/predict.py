"""What `workbench predict` says of models on a hub, against the same models measured afterwards.

    python -m tests.benchmarks.predict FOLDER [qwen3-1.7b:Q8_0 ...]

FOLDER keeps the models, which have real geometries and random weights and are made where they are missing,
and what was measured, so that models can be done one by one; the table is of all that were. The hub on
loopback breaks each connection where the weights begin: nothing of them can be fetched. The whole file is
measured right after its prediction, as `workbench bench` does it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.hub import FakeHub
from workbench.benchmark import Workload, measure
from workbench.engine_settings import EngineSettings
from workbench.gguf import read_header
from workbench.planning.opening import open_planned

MODELS = (
    "qwen2.5-0.5b:Q8_0",
    "llama-3.2-1b:IQ4_XS",
    "granite-3.1-1b-a400m:Q4_K_M",
    "qwen3-1.7b:Q8_0",
    "qwen2.5-3b:Q4_K_M",
    "granite-3.1-3b-a800m:IQ4_XS",
)
TESTS = ("--prompt", "512", "--generate", "32")
MAKER = Path(__file__).with_name("random_model.py")


@dataclass(frozen=True, slots=True)
class Row:
    """One model: tokens per second as predicted and as measured, of reading and of writing."""

    model: str
    size_bytes: int
    layers: str
    predicted: tuple[float, float]
    measured: tuple[float, float]
    bytes_fetched: int
    seconds: float

    @property
    def errors(self) -> list[float]:
        return [told / true - 1 for told, true in zip(self.predicted, self.measured, strict=True)]


def made(folder: Path, geometry: str, quant: str) -> Path:
    path = folder / f"{geometry}-{quant}.gguf"
    if not path.exists():
        command = (sys.executable, str(MAKER), geometry, "--type", quant, "-o", str(path))
        subprocess.run(command, check=True)
    return path


def predicted(name: str, **environment: str) -> dict[str, Any]:
    """As the command prints it."""
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "predict", name, *TESTS, "--json"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def measured(path: Path, repetitions: int) -> tuple[float, float]:
    """Of the whole file, as `workbench bench` does it: tokens per second of reading and of writing."""
    workload = Workload(prompt=512, generate=32, repetitions=repetitions)
    provider = await open_planned(str(path), EngineSettings(context_length=workload.context_length))
    try:
        reading, writing = await measure(provider, workload)
    finally:
        await provider.close()
    return reading.tokens_per_second, writing.tokens_per_second


def compared(folder: Path, name: str, repetitions: int) -> Row:
    geometry, _, quant = name.partition(":")
    path = made(folder, geometry, quant)
    with FakeHub() as hub, tempfile.TemporaryDirectory() as home:
        hub.add_repository(f"acme/{geometry}-GGUF", {path.name: path})
        header = read_header(path)
        hub.faults.add("reset", offset=header.data_offset, path="*.gguf", times=-1)
        began = time.perf_counter()
        told = predicted(f"acme/{geometry}-GGUF:{quant}", HF_ENDPOINT=hub.endpoint, WORKBENCH_HOME=home)
        seconds = time.perf_counter() - began
        fetched = hub.body_bytes()
    assert fetched <= header.data_offset, "weights were fetched"
    layers = f"{told['measured_layers']} of {told['layers']}"
    reading, writing = (float(result["tokens_per_second"]) for result in told["results"])
    true = asyncio.run(measured(path, repetitions))
    return Row(name, header.file_size, layers, (reading, writing), true, fetched, seconds)


def table(rows: list[Row]) -> str:
    every = sorted(abs(error) for row in rows for error in row.errors)
    lines = [
        "| model | size | layers measured | pp512 predicted | measured | off by "
        "| tg32 predicted | measured | off by | fetched | time |",
        f"|---|{'---:|' * 10}",
    ]
    for row in rows:
        cells = [row.model.replace(":", " "), f"{row.size_bytes / 1e6:.0f} MB", row.layers]
        for told, true, error in zip(row.predicted, row.measured, row.errors, strict=True):
            cells += [f"{told:.1f}", f"{true:.1f}", f"{error:+.1%}"]
        cells += [f"{row.bytes_fetched / 1e6:.1f} MB", f"{row.seconds:.0f} s"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"Off by {median(every):.1%} in the median, {every[-1]:.1%} at most."])


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare predictions with measurements.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", nargs="*", metavar="GEOMETRY:TYPE", help="all six, if none is named")
    parser.add_argument("--repetitions", type=int, default=3, help="of the measurements of whole models")
    parser.add_argument("--make", action="store_true", help="make the models, and measure nothing")
    options = parser.parse_args()
    names, kept = options.models or MODELS, options.folder / "predictions.json"
    if options.make:
        for name in names:
            made(options.folder, *name.split(":"))
        return
    rows = json.loads(kept.read_text()) if kept.exists() else {}
    for name in names:
        rows[name] = asdict(compared(options.folder, name, options.repetitions))
        kept.write_text(json.dumps(rows, indent=2))
    print(table([Row(**row) for row in rows.values()]))


if __name__ == "__main__":
    main()
