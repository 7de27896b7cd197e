"""The ledger of loads: what it keeps, how it reckons, and that several processes may write at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.errors import WorkbenchError
from workbench.memory import DeviceMemory, MemoryEstimate
from workbench.planning import ledger as ledger_module
from workbench.planning.ledger import ActualMemory, Ledger, LoadRecord

MIB = 2**20


def device(name: str, weights: int, mapped: int = 0) -> DeviceMemory:
    return DeviceMemory(
        name=name,
        weights_bytes=weights * MIB,
        context_bytes=100 * MIB,
        compute_bytes=50 * MIB,
        overhead_bytes=10 * MIB,
        mapped_bytes=mapped * MIB,
    )


def held(name: str, amount: float, file_backed: int = 0) -> ActualMemory:
    return ActualMemory(name=name, held_bytes=int(amount * MIB), file_backed_bytes=file_backed * MIB)


def estimate(*devices: DeviceMemory, host: DeviceMemory) -> MemoryEstimate:
    return MemoryEstimate(devices=devices, host=host, basis="dry run")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory.sqlite3"


def recorded(path: Path, cpu: float, gpu: float | None) -> LoadRecord:
    with Ledger(path) as ledger:
        number = ledger.begin("/models/m.gguf", "llama-cpp", "{}", [held("CPU", cpu, 410)])
        cards = [] if gpu is None else [held("CUDA0", gpu)]
        ledger.complete(number, estimate(device("CUDA0", 2000), host=device("CPU", 500, mapped=400)), cards)
        (entry,) = ledger.entries()
        return entry


def test_the_rest_is_what_the_prediction_does_not_explain(path: Path) -> None:
    entry = recorded(path, 263, 2165)
    host, card = entry.devices
    assert (host.rest_bytes, card.rest_bytes) == (3 * MIB, 5 * MIB)
    assert entry.error == pytest.approx(8 / (263 + 400 + 2165))
    assert (host.file_backed_bytes, card.name, entry.basis) == (410 * MIB, "CUDA0", "dry run")
    assert not entry.is_alarming


@pytest.mark.parametrize(("gpu", "alarming"), [(2200, True), (2120, True), (2176, False)])
def test_more_than_a_hundredth_either_way_is_worth_a_word(path: Path, gpu: int, alarming: bool) -> None:
    assert recorded(path, 260, gpu).is_alarming == alarming


def test_a_large_share_of_little_is_no_alarm(path: Path) -> None:
    with Ledger(path) as ledger:
        number = ledger.begin("m", "b", "{}", [held("CPU", 175)])
        ledger.complete(number, estimate(host=device("CPU", 0)))
        (entry,) = ledger.entries()
    assert entry.error is not None and entry.error > 0.05
    assert not entry.is_alarming


def test_a_card_that_does_not_tell_leaves_the_rest_open(path: Path) -> None:
    entry = recorded(path, 260, None)
    assert entry.devices[1].rest_bytes is None
    assert entry.error == 0


def test_a_load_without_a_prediction_says_why(path: Path) -> None:
    with Ledger(path) as ledger:
        number = ledger.begin("m", "b", "{}", [held("CPU", 50)])
        assert ledger.entries()[0].is_pending
        ledger.give_up(number, "The header cannot be read.")
        (entry,) = ledger.entries()
    assert (entry.is_pending, entry.trouble, entry.error) == (False, "The header cannot be read.", None)


def test_the_oldest_are_forgotten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "KEPT", 3)
    with Ledger(path) as ledger:
        numbers = [ledger.begin(f"m{index}", "b", "{}", [held("CPU", 1)]) for index in range(5)]
        assert [entry.model for entry in ledger.entries()] == ["m4", "m3", "m2"]
        ledger.complete(numbers[0], estimate(host=device("CPU", 1)))  # came too late
        assert len(ledger.entries()) == 3
    assert sqlite3.connect(path).execute("SELECT count(*) FROM device").fetchone() == (3,)


def test_two_processes_write_at_once(path: Path) -> None:
    code = """
import sys
from pathlib import Path
from workbench.planning.ledger import ActualMemory, Ledger
with Ledger(Path(sys.argv[1])) as ledger:
    for index in range(25):
        ledger.begin(sys.argv[2], "b", "{}", [ActualMemory(name="CPU", held_bytes=index)])
"""
    processes = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in ("one", "two")]
    assert [process.wait(60) for process in processes] == [0, 0]
    with Ledger(path) as ledger:
        models = [entry.model for entry in ledger.entries(100)]
    assert (models.count("one"), models.count("two")) == (25, 25)


def test_a_file_that_is_no_ledger_or_a_newer_one_is_told(path: Path) -> None:
    path.write_bytes(b"nonsense" * 1000)
    with pytest.raises(WorkbenchError, match="cannot be used"):
        Ledger(path)
    path.unlink()
    Ledger(path).close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(WorkbenchError, match="memory ledger was written by a newer version"):
        Ledger(path)
