"""The probe against this machine, and control groups against made-up file trees."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from workbench.machine import machine, probe
from workbench.machine.cgroup import Limits, limits
from workbench.machine.processor import processor


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


def test_intels_two_kinds_of_cores_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3, 4, 5})
    cpus = "sys/devices/system/cpu"
    siblings = {
        f"{cpus}/cpu{core}/topology/thread_siblings_list": f"{core // 2 * 2}-{core // 2 * 2 + 1}"
        for core in range(4)
    }
    tree(
        tmp_path,
        {
            **siblings,
            "sys/devices/cpu_core/cpus": "0-3\n",
            "sys/devices/cpu_atom/cpus": "4-7\n",
            "proc/cpuinfo": "model name\t: Core i9\nflags\t: fpu avx avx2 fma avx_vnni\n\nmodel name\t: x\n",
        },
    )
    found = processor(tmp_path)
    assert (found.name, found.physical_cores, found.logical_cores) == ("Core i9", 4, 6)
    assert (found.performance_cores, found.efficiency_cores) == (2, 2)
    assert found.isa == ("AVX", "AVX2", "FMA", "AVX_VNNI")


def test_arms_cores_tell_their_capacity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2})
    capacities = {
        f"sys/devices/system/cpu/cpu{core}/cpu_capacity": f"{value}\n"
        for core, value in enumerate((446, 446, 1024))
    }
    tree(
        tmp_path,
        {**capacities, "proc/cpuinfo": "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm sve sve2\n"},
    )
    found = processor(tmp_path)
    assert (found.performance_cores, found.efficiency_cores) == (1, 2)
    assert found.isa == ("NEON", "DOTPROD", "MATMUL_INT8", "SVE", "SVE2")


def test_a_system_that_tells_nothing_is_no_failure(tmp_path: Path) -> None:
    assert processor(tmp_path).logical_cores >= 1
    assert machine(tmp_path).gpus == ()
