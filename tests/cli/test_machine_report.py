"""How `doctor` shows a machine with cards, as lines and as a document."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from workbench.cli import machine_report
from workbench.engine_device import EngineDevice
from workbench.machine import Gpu, GpuProcess, Machine
from workbench.machine.advice import Advice
from workbench.machine.checkup import Checkup
from workbench.machine.engines import EngineSight
from workbench.machine.measurements import Measurement

GIB = 2**30
FOUND = Checkup(
    machine=Machine(
        "Core i9", 24, 32, 60 * GIB, 50 * GIB, "Linux x86_64",
        gpus=(
            Gpu(
                "NVIDIA GeForce RTX 4090", 24 * GIB, 20 * GIB, "cuda", "0000:01:00.0", "nvidia 550", "12.4",
                bandwidth=1008e9,
                processes=(GpuProcess(7, "ollama", 3 * GIB), GpuProcess(8, "", None)),
            ),
            Gpu("evil \x1b[31mcard"),
        ),
        isa=("AVX2",), performance_cores=8, efficiency_cores=16, ram_installed=64 * GIB, ram_limit=60 * GIB,
    ),
    sights={"llama-cpp": EngineSight((EngineDevice(name="CPU", description="Core i9", features=("AVX2",)),))},
    memory_speed=Measurement(80e9, datetime(2026, 3, 4, 12, tzinfo=UTC), "copied by 8 of 32 threads"),
    disk_speed=None,
    advice=(Advice("llama-cpp was built without support for the card.", "pip install it"),),
    problems=("The disk is not measured.",),
)  # fmt: skip


def test_lines_tell_the_machine_and_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    machine_report.print_facts(machine_report.facts(FOUND))
    machine_report.print_devices(FOUND)
    machine_report.print_missing(FOUND)
    told, noted = capsys.readouterr()
    for words in (
        "Core i9, 24 cores (8 fast, 16 frugal), 32 threads",
        "60.0 GiB, 50.0 GiB free; a container's limit, the machine has 64.0 GiB",
        "80.0 GB/s, copied by 8 of 32 threads, measured 2026-03-04",
        "NVIDIA GeForce RTX 4090, 24.0 GiB, 20.0 GiB free, 1008 GB/s by its data sheet, driver nvidia 550",
        "3.0 GiB held by ollama (7)",
        "an unknown amount held by another program (8)",
        "Missing: llama-cpp was built without support for the card.\n  pip install it",
    ):
        assert words in told
    assert "\x1b" not in told and "memory unknown" in told
    assert "The disk is not measured." in noted


def test_the_document_has_the_keys_that_others_build_on() -> None:
    document = json.loads(json.dumps(machine_report.document(FOUND)))
    assert {"cpu", "ram", "gpus"} <= set(document)
    assert (document["ram"]["limit_bytes"], document["ram"]["installed_bytes"]) == (60 * GIB, 64 * GIB)
    card = document["gpus"][0]
    assert (card["name"], card["memory_bytes"], card["memory_free_bytes"]) == (
        "NVIDIA GeForce RTX 4090",
        24 * GIB,
        20 * GIB,
    )
    assert card["processes"][0] == {"pid": 7, "name": "ollama", "memory_bytes": 3 * GIB}
    assert document["missing"] == [
        {"missing": "llama-cpp was built without support for the card.", "command": "pip install it"}
    ]
    assert document["disk"]["read"] is None
