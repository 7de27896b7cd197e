"""`workbench history --memory` after real loads, and `workbench doctor`."""

from __future__ import annotations

import json

import pytest

from tests.cli.process import Workbench

MIB = 2**20


@pytest.mark.slow
def test_a_real_load_is_in_the_ledger_with_its_prediction(workbench: Workbench) -> None:
    assert json.loads(workbench("history", "--memory", "--json").stdout) == []
    assert workbench("run", "guide", "What can you do?").returncode == 0
    (entry,) = json.loads(workbench("history", "--memory", "--json").stdout)
    assert entry["trouble"] is None
    assert (entry["basis"], entry["backend"]) == ("dry run", "llama-cpp")
    host = entry["devices"][0]
    predicted = host["predicted"]
    assert predicted["context_bytes"] and predicted["compute_bytes"] and predicted["overhead_bytes"]
    needed = predicted["total_bytes"] - predicted["mapped_bytes"]
    assert host["rest_bytes"] == host["held_bytes"] - needed
    assert abs(host["rest_bytes"]) < 16 * MIB
    assert not entry["alarming"]
    shown = workbench("history", "--memory").stdout
    assert "guide" in shown and "rest" in shown


def test_an_engine_without_an_estimator_records_nothing(workbench: Workbench, script: str) -> None:
    assert workbench("run", script, "Hello").returncode == 0
    assert json.loads(workbench("history", "--memory", "--json").stdout) == []


@pytest.mark.slow
def test_doctor_measures_once_and_again_when_told(workbench: Workbench) -> None:
    first = json.loads(workbench("doctor", "--json").stdout)
    assert first["ram"]["bandwidth"]["bytes_per_second"] > 0
    assert first["disk"]["read"]["bytes_per_second"] > 0
    assert first["devices"]["llama-cpp"][0]["features"]
    assert isinstance(first["missing"], list)
    second = json.loads(workbench("doctor", "--json").stdout)
    assert second["ram"]["bandwidth"] == first["ram"]["bandwidth"]
    third = json.loads(workbench("doctor", "--measure", "--json").stdout)
    assert third["ram"]["bandwidth"]["bytes_per_second"] != first["ram"]["bandwidth"]["bytes_per_second"]
    told = workbench("doctor").stdout
    assert "GB/s" in told and "measured" in told
