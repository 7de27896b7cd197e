"""What else the machine does while something is measured."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from workbench.machine.disturbance import Disturbance

BUSY = "import time\nend = time.perf_counter() + 30\nwhile time.perf_counter() < end: pass"


def test_another_program_is_noticed_and_the_one_that_is_measured_is_not() -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY]) as busy:
        try:
            time.sleep(0.1)
            noticed, ignored = Disturbance(), Disturbance([busy.pid])
            time.sleep(0.5)
            others, rest = noticed.so_far().others_cores, ignored.so_far().others_cores
        finally:
            busy.kill()
    assert others - rest > 0.05, "what the busy one took is the difference"
    assert noticed.so_far().cores == os.cpu_count()


def processor(root: Path, *, throttled: int, kilohertz: int) -> None:
    for core in range(2):
        folder = root / f"sys/devices/system/cpu/cpu{core}"
        for name, value in (
            ("thermal_throttle/core_throttle_count", throttled),
            ("cpufreq/scaling_cur_freq", kilohertz - core),
        ):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(f"{value}\n")


def test_heat_and_a_falling_clock_are_told(tmp_path: Path) -> None:
    processor(tmp_path, throttled=7, kilohertz=4_000_000)
    disturbance = Disturbance(root=tmp_path)
    processor(tmp_path, throttled=9, kilohertz=3_000_000)
    seen = disturbance.so_far()
    assert (seen.throttled, seen.clock_change) == (4, -0.25)


def test_a_system_that_tells_nothing_is_no_trouble(tmp_path: Path) -> None:
    seen = Disturbance([2**22], root=tmp_path).so_far()
    assert (seen.throttled, seen.clock_change) == (0, None)
