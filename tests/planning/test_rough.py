"""Whether the variants in a hub's table fit, from their sizes and from a header that has been read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.blueprints import header, models
from tests.planning.cards import GIB, HERE
from workbench.machine import Gpu, Machine
from workbench.models import header_cache
from workbench.models.hub.repository import HubFile
from workbench.models.hub.variants import Variant
from workbench.planning.rough import Rough


def variant(size: int, etag: str = "a" * 64) -> Variant:
    file = HubFile("model-Q4_K_M.gguf", size, etag)
    return Variant(label="Q4_K_M", files=(file,), projector=None, size_bytes=size, bits_per_weight=None)


def machine(ram: int, *gpus: int | None) -> Machine:
    return replace(HERE, ram_free=ram, gpus=tuple(Gpu("card", memory) for memory in gpus))


@pytest.mark.parametrize(
    ("weights", "here", "answer"),
    [
        (0, machine(0), "yes"),
        (100, machine(120), "yes"),
        (100, machine(119), "tight"),
        (100, machine(100), "tight"),
        (100, machine(99), "no"),
        (100, machine(60, 60), "yes"),
        (100, machine(60, None), "no"),
    ],
)
def test_without_a_header_the_rest_is_guessed(
    weights: int, here: Machine, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    assert Rough([variant(weights)], here).fit(weights) == answer


def test_one_header_that_is_known_serves_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    known, other = variant(5 * GIB), variant(8 * GIB, "b" * 64)
    header_cache.keep(known.files, header(models.llama_3_8b()))
    rough = Rough([other, known], machine(10 * GIB))
    assert rough.fit(8 * GIB) == "yes"  # 8 GiB, and 1.1 GiB for 8192 tokens
    assert rough.fit(int(8.5 * GIB)) == "tight"
    assert rough.fit(9 * GIB) == "no"
