"""The table of cards, its names as people and drivers write them, and what no engine reports of a card."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workbench.errors import InvalidRequest
from workbench.machine.cards import CARDS, card, overhead_bytes, shared_memory
from workbench.machine.overhead import context_bytes, host_overhead_bytes
from workbench.memory import VirtualGpu

GIB, MIB = 2**30, 2**20


@pytest.mark.parametrize("gpu", CARDS, ids=lambda gpu: gpu.name)
def test_every_card_is_plausible(gpu: VirtualGpu) -> None:
    assert 4 * GIB <= gpu.memory_bytes <= 512 * GIB or gpu.unified
    assert gpu.multiprocessors is not None and 6 <= gpu.multiprocessors <= 304
    assert gpu.bandwidth_bytes_per_second is not None
    assert 60e9 <= gpu.bandwidth_bytes_per_second <= 8e12
    seconds_to_read_it_all = gpu.memory_bytes / gpu.bandwidth_bytes_per_second
    assert 0.005 < seconds_to_read_it_all < 0.8
    assert (gpu.compute_capability is not None) == (gpu.api == "cuda")
    assert card(gpu.name) == gpu


def test_names_are_unique_and_every_maker_is_there() -> None:
    assert len({gpu.name for gpu in CARDS}) == len(CARDS) >= 80
    assert {gpu.api for gpu in CARDS} == {"cuda", "hip", "metal", "vulkan"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("RTX 4090", "RTX 4090"),
        ("rtx4090", "RTX 4090"),
        ("4090", "RTX 4090"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", "RTX 4090 Laptop"),
        ("4070 ti super", "RTX 4070 Ti SUPER"),
        ("3060", "RTX 3060 12GB"),
        ("3060 8 GB", "RTX 3060 8GB"),
        ("Tesla T4", "T4"),
        ("T4 16GB", "T4"),
        ("NVIDIA A100-SXM4-80GB", "A100 80GB"),
        ("NVIDIA A100-PCIE-40GB", "A100 40GB"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA H100 PCIe", "H100 PCIe"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", "RTX PRO 6000 Blackwell"),
        ("AMD Radeon RX 7900 XTX", "RX 7900 XTX"),
        ("AMD Instinct MI300X", "MI300X"),
        ("Intel(R) Arc(TM) B580 Graphics", "Arc B580"),
        ("m3 max 64gb", "Apple M3 Max 64GB"),
        ("Apple M2 Ultra", "Apple M2 Ultra 64GB"),
    ],
)
def test_names_are_read_as_people_and_drivers_write_them(text: str, name: str) -> None:
    assert card(text).name == name


@pytest.mark.parametrize("text", ["24GiB", "24GB", "24 gb", "24g"])
def test_a_size_alone_is_a_card(text: str) -> None:
    assert (card(text).memory_bytes, card(text).multiprocessors) == (24 * GIB, None)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("RTX 4095", "RTX 4090"),
        ("GTX 5090 Ti Super", "RTX 5090"),
        ("RTX 6000", "RTX 6000 Ada"),
        ("7900", "RX 7900 XTX"),
        ("RTX 4090 48GB", "24 GB"),
        ("M3 Max 50GB", "64 GB"),
        ("2x RTX 3090", "once for each"),
        ("voodoo", "24GiB"),
        ("", "24GiB"),
        ("0GiB", "24GiB"),
        ("-24GiB", "24GiB"),
        ("1e9GiB", "24GiB"),
        ("99999999GiB", "24GiB"),
        ("x" * 10_000, "24GiB"),
    ],
)
def test_what_is_no_card_is_told_with_what_is_near(text: str, hint: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        card(text)
    assert hint in caught.value.remedy
    assert len(str(caught.value)) < 400


def test_a_shared_memory_is_not_the_gpus_alone() -> None:
    chip = card("M3 Max 64GB")
    assert (shared_memory(chip), chip.memory_bytes) == (64 * GIB, 48 * GIB)
    assert card("M1 16GB").memory_bytes == 16 * GIB * 2 // 3
    assert shared_memory(card("RTX 3090")) is None


def test_overhead_grows_with_the_card_and_with_what_the_model_asks_of_it() -> None:
    assert overhead_bytes(card("RTX 4090")) == 128 * int(3.1 * MIB) + 4 * MIB + 64 * MIB
    assert overhead_bytes(card("H100")) - overhead_bytes(card("A100")) > 28 * MIB
    assert overhead_bytes(card("RTX 4090"), moe=True) - overhead_bytes(card("RTX 4090")) == 64 * MIB
    assert overhead_bytes(card("RTX 4090"), micro_batch=2048) > overhead_bytes(card("RTX 4090"))
    assert 256 * MIB < overhead_bytes(card("24GiB")) < GIB
    assert overhead_bytes(card("RTX 4090"), floats=True) > overhead_bytes(card("RTX 4090"))
    unpacked = {"largest_quantized": 2**28}
    assert overhead_bytes(card("V100"), **unpacked) - overhead_bytes(card("V100")) == 2**29 + 80 * MIB
    assert overhead_bytes(card("RTX 4090"), **unpacked) == overhead_bytes(card("RTX 4090"))


@pytest.mark.parametrize("name", ["RTX 4090", "RX 7900 XTX", "24GiB"])
def test_what_was_measured_of_the_driver_takes_the_place_of_what_is_known(name: str) -> None:
    measured = replace(card(name), driver_bytes=518 * MIB)
    assert context_bytes(measured) == 518 * MIB
    difference = overhead_bytes(measured) - overhead_bytes(card(name))
    assert difference == 518 * MIB - context_bytes(card(name))


def test_cuda_takes_main_memory_too() -> None:
    assert (
        host_overhead_bytes([card("RTX 4090"), card("RTX 4090")]) == host_overhead_bytes([card("H100")]) > 0
    )
    assert host_overhead_bytes([card("RX 7900 XTX")]) == host_overhead_bytes([]) == 0
