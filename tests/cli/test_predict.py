"""`workbench predict`: its table, its JSON, and what it fetches of a model on the hub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blueprints import write
from tests.cli.process import Workbench
from tests.hub import FakeHub
from tests.llama_cpp.architectures import ARCHITECTURES
from workbench.gguf import read_header

QUICK = ("--prompt", "32", "--generate", "4", "--repetitions", "2")


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub() as running:
        yield running


def test_a_model_on_the_hub_is_predicted_without_its_weights(
    workbench: Workbench, hub: FakeHub, tmp_path: Path
) -> None:
    path = write(ARCHITECTURES["llama, quantized"](), tmp_path / "tiny-Q4_K_M.gguf")
    weights_at = read_header(path).data_offset
    hub.add_repository("acme/tiny-GGUF", {path.name: path})
    hub.faults.add("reset", offset=weights_at, path="*.gguf", times=-1)
    done = workbench("predict", "acme/tiny-GGUF:Q4_K_M", *QUICK, "--json", HF_ENDPOINT=hub.endpoint)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["model"] == "acme/tiny-GGUF:Q4_K_M"
    assert [(row["test"], row["depth"]) for row in document["results"]] == [("pp32", 0), ("tg4", 0)]
    for row in document["results"]:
        assert row["basis"] == "measured on a stand-in"
        assert 0 < row["low"] < row["tokens_per_second"] < row["high"] and row["spread"] >= 0
    assert 0 < document["bytes_fetched"] == hub.body_bytes() <= weights_at
    assert 0 < document["seconds"] < 60


def test_the_table_says_how_it_was_found(workbench: Workbench) -> None:
    done = workbench("predict", "guide", *QUICK)
    lines = done.stdout.splitlines()
    assert lines[1].split()[:5] == ["test", "depth", "tokens/s", "from", "to"]
    assert [line.split()[0] for line in lines[2:4]] == ["pp32", "tg4"]
    assert "all layers with random weights" in lines[-1] and "nothing fetched" in lines[-1]


def test_for_a_card_it_is_an_estimate(workbench: Workbench) -> None:
    done = workbench("predict", "guide", *QUICK, "--gpu", "RTX 4090")
    assert done.returncode == 0, done.stderr
    assert "tg4" in done.stdout and "pp32" not in done.stdout and "not measured" in done.stdout
    assert "estimate" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--speculate", "ngram"), "draft"),
        (("--ram", "8GiB"), "--gpu"),
        (("--gpu", "24GiB"), "bandwidth"),
        (("--context", "16"), "context"),
    ],
)
def test_what_cannot_be_predicted_is_refused(
    workbench: Workbench, options: tuple[str, ...], said: str
) -> None:
    done = workbench("predict", "guide", *QUICK, *options)
    assert done.returncode == 2 and said in done.stderr
