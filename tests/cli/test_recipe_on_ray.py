"""A real Ray cluster makes the same bytes of a recipe, and what it cannot do is one sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.process import Workbench
from tests.datasets.planting import planted, with_broken
from tests.datasets.test_recipes import digests
from workbench.datasets.making import Order, make
from workbench.datasets.recipe import named
from workbench.errors import Unsupported

SLOW_START = {"RAY_raylet_start_wait_time_s": "300"}


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return with_broken(planted(600)).write(tmp_path / "rows.jsonl")


def test_without_ray_it_is_said_how_to_get_it(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    order = Order(recipe=named("sft-chat"), inputs=(rows,), target=tmp_path / "set", ray="local")
    with pytest.raises(Unsupported, match="not installed") as refused:
        make(order, lambda _: None)
    assert "local-llm-workbench[ray]" in refused.value.remedy


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_same_bytes_come_of_a_cluster(
    workbench: Workbench, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.cli.process.PATIENCE", 500)
    second = planted(300, seed=8).write(tmp_path / "more.jsonl")
    call = ("recipe", "run", "sft-chat", "--in", str(rows), "--in", str(second), "--seed", "3")
    here = workbench(*call, "-o", str(tmp_path / "here"))
    there = workbench(*call, "-o", str(tmp_path / "there"), "--ray", "local", **SLOW_START)
    assert (here.returncode, there.returncode) == (0, 0), there.stderr
    assert there.stdout == here.stdout
    assert digests(tmp_path / "there") == digests(tmp_path / "here")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_cluster_that_is_not_there_is_one_sentence(
    workbench: Workbench, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.cli.process.PATIENCE", 500)
    call = ("recipe", "run", "sft-chat", "--in", str(rows), "-o", str(tmp_path / "set"))
    nowhere = workbench(*call, "--ray", "127.0.0.1:1")
    assert nowhere.returncode not in (0, 70)
    assert "The Ray cluster 127.0.0.1:1 cannot be used" in nowhere.stderr
