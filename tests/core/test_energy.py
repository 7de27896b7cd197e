"""Counters of energy, on a machine laid out in files and with a double of the driver's library."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from workbench.machine.energy import EnergyMeter


def zone(root: Path, number: str, name: str, microjoules: int, most: int = 10**9) -> Path:
    folder = root / "sys/class/powercap" / f"intel-rapl:{number}"
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{name}\n")
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    (folder / "max_energy_range_uj").write_text(f"{most}\n")
    return folder / "energy_uj"


def test_packages_and_memory_are_added_and_parts_of_a_package_are_not(tmp_path: Path) -> None:
    names = ("package-0", "package-1", "dram", "core", "psys")
    counters = [zone(tmp_path, str(number), name, 5) for number, name in enumerate(names)]
    with closing(EnergyMeter(tmp_path)) as meter:
        assert meter.joules() == 0
        for counter in counters:
            counter.write_text("2000005")
        assert meter.joules() == pytest.approx(6)


def test_a_counter_that_began_anew_counts_on(tmp_path: Path) -> None:
    counter = zone(tmp_path, "0", "package-0", 9_000_000, most=10_000_000)
    with closing(EnergyMeter(tmp_path)) as meter:
        counter.write_text("1000000")
        assert meter.joules() == pytest.approx(2)


def test_what_is_not_exposed_is_not_told(tmp_path: Path) -> None:
    counter = zone(tmp_path, "0", "package-0", 1)
    counter.unlink()
    with closing(EnergyMeter(tmp_path)) as meter:
        assert meter.joules() is None


def test_cards_count_in_millijoules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/nvidiactl").touch()
    shutil.copy(Path(__file__).with_name("nvml_double.py"), tmp_path / "pynvml.py")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    with closing(EnergyMeter(tmp_path)) as meter:
        first, second = meter.joules(), meter.joules()
        assert first is not None and second is not None and second - first == pytest.approx(3)
        meter.close()
        assert meter.joules() is None, "the driver went away"
