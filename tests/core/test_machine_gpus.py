"""Cards as the system tells them: NVIDIA's library as a double, AMD's and Intel's files as made-up trees."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from workbench.machine import Gpu, GpuProcess, nvml
from workbench.machine.asking import Unanswered
from workbench.machine.drm_processes import drm_processes
from workbench.machine.gpus import as_card, gpus, survey
from workbench.machine.metal import parsed
from workbench.machine.pci_cards import pci_cards

GIB = 2**30


def lay_out(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


@pytest.fixture
def nvidia(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with NVIDIA's driver, and the double of its library where Python finds it."""
    library = tmp_path / "library"
    library.mkdir()
    shutil.copy(Path(__file__).with_name("nvml_double.py"), library / "pynvml.py")
    monkeypatch.setenv("PYTHONPATH", str(library))
    monkeypatch.setenv("NVML_PID", str(os.getpid()))
    return lay_out(tmp_path / "root", {"proc/driver/nvidia/version": "NVRM version"})


def test_nvidias_library_tells_cards_and_who_holds_their_memory(nvidia: Path) -> None:
    first, second = gpus(nvidia)
    assert (first.name, first.memory, first.memory_free) == ("NVIDIA GeForce RTX 3090", 24 * GIB, 20 * GIB)
    assert (first.bus_id, first.driver, first.runtime) == ("0000:01:00.0", "nvidia 550.54.14", "12.4")
    assert (first.multiprocessors, first.compute_capability) == (82, (8, 6))
    assert first.bandwidth == 936e9
    ours = next(process for process in first.processes if process.pid == os.getpid())
    assert GpuProcess(4242, "ollama", 3 * GIB) in first.processes
    assert ours.name and ours.memory is None
    assert (second.name, second.bandwidth, second.processes) == ("NVIDIA Mystery", None, ())


def test_a_driver_that_fails_is_one_sentence(nvidia: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NVML_DOUBLE", "fails")
    found = survey(nvidia)
    assert found.problems == ("NVIDIA's driver does not answer: Driver/library version mismatch.",)


def test_a_driver_that_hangs_is_given_up(nvidia: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NVML_DOUBLE", "hangs")
    monkeypatch.setattr(nvml, "_SECONDS", 1.0)
    started = time.monotonic()
    (problem,) = survey(nvidia).problems
    assert "no answer within 1 seconds" in problem
    assert time.monotonic() - started < 10


def test_the_drivers_own_files_name_the_cards(nvidia: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NVML_DOUBLE", "fails")
    lay_out(
        nvidia, {"proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t NVIDIA GeForce RTX 3080\n"}
    )
    (card,) = gpus(nvidia)
    assert (card.name, card.memory, card.api) == ("NVIDIA GeForce RTX 3080", 10 * GIB, "cuda")


AMD = {
    "vendor": "0x1002\n", "device": "0x744c\n", "class": "0x030000\n", "revision": "0xc8\n",
    "mem_info_vram_total": f"{24 * GIB}\n", "mem_info_vram_used": f"{GIB}\n", "driver/x": "",
}  # fmt: skip
PCI = "sys/bus/pci/devices/0000:03:00.0/"


def test_amds_card_is_named_and_measured_from_sysfs(tmp_path: Path) -> None:
    lay_out(tmp_path, {PCI + name: text for name, text in AMD.items()})
    assert pci_cards(tmp_path)[0].name == "AMD graphics card 1002:744c"
    ids = "1002  Advanced Micro Devices, Inc. [AMD/ATI]\n\t744c  Navi 31 [Radeon RX 7900 XTX]\n8086  Intel\n"
    lay_out(tmp_path, {"usr/share/misc/pci.ids": ids})
    assert pci_cards(tmp_path)[0].name == "AMD Radeon RX 7900 XTX"
    lay_out(tmp_path, {"usr/share/libdrm/amdgpu.ids": "744C,\tC8,\tAMD Radeon RX 7900 XTX\n"})
    (card,) = gpus(tmp_path)
    assert (card.name, card.memory, card.memory_free) == ("AMD Radeon RX 7900 XTX", 24 * GIB, 23 * GIB)
    assert (card.api, card.multiprocessors, card.bandwidth) == ("hip", 96, 960e9)
    virtual = as_card(card)
    assert virtual is not None and virtual.memory_bytes == 24 * GIB


def test_other_devices_and_other_makers_displays_are_no_cards(tmp_path: Path) -> None:
    lay_out(
        tmp_path,
        {
            "sys/bus/pci/devices/0000:00:01.0/" + k: v
            for k, v in (("vendor", "0x8086"), ("class", "0x020000"))
        },
    )
    lay_out(
        tmp_path,
        {
            "sys/bus/pci/devices/0000:00:02.0/" + k: v
            for k, v in (("vendor", "0x1af4"), ("class", "0x030000"))
        },
    )
    assert gpus(tmp_path) == ()


def test_who_holds_memory_on_amds_and_intels_cards(tmp_path: Path) -> None:
    told = "drm-driver:\tamdgpu\ndrm-pdev:\t0000:03:00.0\ndrm-client-id:\t{}\n"
    memory = "drm-memory-vram:\t4096 KiB\ndrm-resident-vram:\t3 MiB\ndrm-memory-gtt:\t99 MiB\n"
    files = {
        "proc/77/fdinfo/5": told.format(1) + memory,
        "proc/77/fdinfo/6": told.format(1) + memory,  # the same client once more
        "proc/78/fdinfo/9": told.format(2).replace("03:", "04:") + "drm-resident-local0:\t1024 KiB\n",
        "proc/79/fdinfo/1": told.format(3) + memory,  # no graphics card behind it
    }
    lay_out(tmp_path, files)
    (tmp_path / "sys/class/drm").mkdir(parents=True)
    for pid, number, target in ((77, 5, "card0"), (77, 6, "card0"), (78, 9, "renderD129")):
        (tmp_path / f"proc/{pid}/fd").mkdir(exist_ok=True)
        (tmp_path / f"proc/{pid}/fd/{number}").symlink_to(f"/dev/dri/{target}")
    (tmp_path / "proc/79/fd").mkdir()
    (tmp_path / "proc/79/fd/1").symlink_to("/dev/null")
    assert drm_processes(tmp_path) == {"0000:03:00.0": [(77, 3 * 2**20)], "0000:04:00.0": [(78, 2**20)]}


def test_a_mac_tells_its_gpu() -> None:
    entries = [
        {"sppci_model": "Apple M3 Max", "sppci_cores": "40"},
        {"sppci_model": "AMD Radeon Pro 5500M"},
        {},
    ]
    apple, other = parsed(json.dumps({"SPDisplaysDataType": entries}), 48 * GIB)
    assert (apple.name, apple.cores, apple.memory) == ("Apple M3 Max", 40, 48 * GIB)
    assert other.memory is None
    for broken in ("", "[]", "{}", '{"SPDisplaysDataType": 3}', '{"SPDisplaysDataType": [3]}'):
        with pytest.raises(Unanswered):
            parsed(broken, 1)


def test_a_card_whose_memory_is_unknown_is_no_card_to_plan_with() -> None:
    assert as_card(Gpu("something")) is None
