"""The probe against this machine, and control groups against made-up file trees."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from workbench.machine import Gpu, machine, probe
from workbench.machine.cgroup import Limits, limits
from workbench.machine.gpus import gpus


def tree(root: Path, files: dict[str, str]) -> tuple[Path, Path]:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root / "self", root / "mount"


def test_this_machine_is_described() -> None:
    here = machine()
    assert here.cpu
    assert 1 <= here.physical_cores <= here.logical_cores <= (os.cpu_count() or 1)
    assert 0 < here.ram_free <= here.ram_total <= psutil.virtual_memory().total


def test_version_2_takes_the_tightest_limit_on_the_way_up(tmp_path: Path) -> None:
    found = limits(
        *tree(
            tmp_path,
            {
                "self": "0::/user/session\n",
                "mount/user/session/memory.max": "max\n",
                "mount/user/session/memory.current": "900\n",
                "mount/user/session/cpu.max": "max 100000\n",
                "mount/user/memory.max": "1000\n",
                "mount/user/memory.current": "700\n",
                "mount/user/memory.stat": "anon 500\ninactive_file 200\n",
                "mount/user/cpu.max": "150000 100000\n",
            },
        )
    )
    assert found == Limits(cpus=1.5, memory=1000, memory_free=500)


def test_version_1_reads_each_controllers_tree(tmp_path: Path) -> None:
    found = limits(
        *tree(
            tmp_path,
            {
                "self": "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n2:cpuset:/docker/abc\n",
                "mount/memory/docker/abc/memory.limit_in_bytes": "4096\n",
                "mount/memory/docker/abc/memory.usage_in_bytes": "1024\n",
                "mount/memory/docker/abc/memory.stat": "total_inactive_file 24\n",
                "mount/memory/memory.limit_in_bytes": "9223372036854771712\n",
                "mount/cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "200000\n",
                "mount/cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000\n",
                "mount/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
                "mount/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            },
        )
    )
    assert found == Limits(cpus=2.0, memory=4096, memory_free=3096)


def test_a_group_that_only_the_host_sees_falls_back_to_the_root(tmp_path: Path) -> None:
    found = limits(
        *tree(
            tmp_path,
            {
                "self": "0::/kubepods/pod1/../../escape\n",
                "mount/memory.max": "2048\n",
                "mount/memory.current": "4096\n",
            },
        )
    )
    assert found == Limits(memory=2048, memory_free=0)


def test_without_control_groups_there_is_no_limit(tmp_path: Path) -> None:
    assert limits(tmp_path / "none", tmp_path / "none") == Limits()


def test_limits_narrow_what_the_machine_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "limits", lambda: Limits(cpus=0.5, memory=5000, memory_free=10))
    here = machine()
    assert (here.physical_cores, here.logical_cores) == (1, 1)
    assert (here.ram_total, here.ram_free) == (5000, 10)


def test_the_drivers_own_files_name_the_cards(tmp_path: Path) -> None:
    folder = tmp_path / "gpus" / "0000:01:00.0"
    folder.mkdir(parents=True)
    (folder / "information").write_text("Model: \t\t NVIDIA GeForce RTX 3090\nIRQ:   \t\t 120\n")
    assert gpus(tmp_path)[-1:] == (Gpu("NVIDIA GeForce RTX 3090"),)
    assert gpus(tmp_path / "none") == gpus(tmp_path / "none either")
