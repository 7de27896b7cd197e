"""Measured speeds, and what is remembered of them; programs that are asked for a bounded time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from workbench.errors import WorkbenchError
from workbench.machine import bandwidth, disk, machine, measurements
from workbench.machine.asking import Unanswered, answer_of, output_of
from workbench.machine.measurements import keep, measurements_file, recall
from workbench.machine.process_memory import host_memory

MIB = 2**20


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    return tmp_path


def test_memory_is_measured_once_and_remembered_with_its_date() -> None:
    here = machine()
    assert bandwidth.recalled(here) is None
    measured = bandwidth.measure(here)
    assert 5e8 < measured.value < 5e12
    assert abs((datetime.now(UTC) - measured.measured).total_seconds()) < 60
    assert bandwidth.recalled(here) == measured


def test_memory_is_read_with_as_many_threads_as_asked_for() -> None:
    assert bandwidth.read_per_second(1, 64 * MIB, seconds=0.05) > 1e8
    assert bandwidth.measured_with(machine(), 2) > 1e8


def test_too_little_free_memory_is_said() -> None:
    with pytest.raises(WorkbenchError, match="too little memory"):
        bandwidth.measure(replace(machine(), ram_free=32 * MIB))


def test_a_disk_is_read_and_nothing_is_left_on_it(home: Path) -> None:
    folder = home / "models"
    folder.mkdir()
    assert disk.measure(folder).value > 1e6
    assert list(folder.iterdir()) == []
    assert disk.recalled(folder) is not None
    assert disk.recalled(home) is None


def test_a_large_file_that_is_there_is_read_instead(home: Path) -> None:
    (home / "large.gguf").write_bytes(os.urandom(MIB) * 65)
    speed, how = disk.read_speed(home, seconds=0.2)
    assert speed > 1e6 and "cache" in how


def test_a_disk_that_cannot_be_written_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WorkbenchError, match="is not measured"):
        disk.measure(Path("/proc/none"))


def test_what_was_measured_on_other_hardware_does_not_count() -> None:
    kept = keep("speed", "this", 3.5, "well")
    assert recall("speed", "this") == kept
    assert recall("speed", "another") is None
    assert recall("other", "this") is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"speed": 3}', '{"speed": {"hardware": "this"}}', "[" * 100_000]
)
def test_a_broken_file_is_as_none(text: str) -> None:
    measurements_file().parent.mkdir(parents=True)
    measurements_file().write_text(text)
    assert recall("speed", "this") is None
    keep("speed", "this", 1.0)
    assert recall("speed", "this") is not None


def test_where_nothing_can_be_written_the_value_is_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurements, "measurements_file", lambda: Path("/proc/none/measurements.json"))
    assert keep("speed", "this", 2.0).value == 2.0


def test_a_program_that_hangs_is_ended_with_all_it_started() -> None:
    started = time.monotonic()
    code = "import subprocess, time; subprocess.Popen(['sleep', '600']); time.sleep(600)"
    with pytest.raises(Unanswered, match=r"no answer within 0\.5 seconds"):
        output_of((sys.executable, "-c", code), 0.5)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("/no/such/program",), "program cannot be started: No such file"),
        ((sys.executable, "-c", "raise SystemExit('out of order')"), "exit code 1. It said: out of order"),
        ((sys.executable, "-c", "import os; os.abort()"), "ended by signal 6"),
    ],
)
def test_a_program_that_fails_is_one_sentence(command: tuple[str, ...], said: str) -> None:
    with pytest.raises(Unanswered) as caught:
        output_of(command, 20)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_module_of_ours_answers() -> None:
    with pytest.raises(Unanswered, match="The probe failed"):
        answer_of("workbench.machine.disk", "/proc/none", seconds=20)


def test_what_a_process_holds_is_told_apart(home: Path) -> None:
    """A process that maps a file of 64 MiB and fills 96 MiB of its own, against one that does neither."""
    file = home / "weights"
    file.write_bytes(bytes(64 * MIB))
    code = f"""
import mmap, sys
if len(sys.argv) > 1:
    file = open({str(file)!r}, 'rb')
    mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    touched = sum(mapped[at] for at in range(0, len(mapped), 4096))
    own = b'x' * (96 * {MIB})
print('ready', flush=True)
sys.stdin.read()
"""
    bare, full = _held(code), _held(code, "full")
    assert abs(full[0] - bare[0] - 96 * MIB) < 2 * MIB
    assert abs(full[1] - bare[1] - 64 * MIB) < 2 * MIB


def _held(code: str, *arguments: str) -> tuple[int, int]:
    pipe, command = subprocess.PIPE, [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None and process.stdout.readline()
        found = host_memory(process.pid)
    assert found is not None
    return found.anonymous, found.file_backed


def test_a_process_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    assert host_memory(2**22 + 1) is None
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "smaps_rollup").write_text("garbage\nRss: many kB\n")
    assert host_memory(7, tmp_path) is None
