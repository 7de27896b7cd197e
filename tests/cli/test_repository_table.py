"""A repository of the hub, as `workbench show` prints what is not on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cli.process import Workbench
from tests.hub import FakeHub

FILES = {
    "tiny-Q4_K_M.gguf": b"G" * 5000,
    "tiny-Q8_0-00001-of-00002.gguf": b"H" * 4000,
    "tiny-Q8_0-00002-of-00002.gguf": b"I" * 5000,
    "tiny-BF16-00001-of-00002.gguf": b"J" * 20_000,
    "mmproj-F16.gguf": b"P" * 700,
    "README.md": b"# Tiny",
}


@pytest.fixture
def hub(workbench: Workbench) -> Iterator[FakeHub]:
    with FakeHub() as running:
        workbench.environment["HF_ENDPOINT"] = running.endpoint
        facts = {"architecture": "llama", "total": 8000, "context_length": 4096}
        running.add_repository("acme/tiny-GGUF", FILES, gguf=facts, licence="mit", gated="manual")
        yield running


def test_the_table_has_a_row_for_each_quant(workbench: Workbench, hub: FakeHub) -> None:
    done = workbench("show", "acme/tiny-GGUF")
    facts, table = done.stdout.split("\n\n")
    for fact in (
        "acme/tiny-GGUF",
        "8.0k",
        "llama",
        "4096",
        "mit",
        "gated",
        hub.repositories["acme/tiny-GGUF"].main.sha,
    ):
        assert fact in facts
    headings, q4, q8, bf16 = table.splitlines()
    assert headings.split() == ["quant", "bits/weight", "size", "shards", "mmproj", "fits", "here"]
    assert q4.split() == ["Q4_K_M", "5.00", "5.6", "KiB", "1", "mmproj-F16.gguf", "yes"]
    assert q8.split() == ["Q8_0", "9.00", "9.5", "KiB", "2", "mmproj-F16.gguf", "yes"]
    assert bf16.startswith("BF16") and "1 of 2 shards" in bf16
    assert "predicted" in done.stderr and f"{hub.endpoint}/acme/tiny-GGUF" in done.stderr


def test_the_document_tells_the_same(workbench: Workbench, hub: FakeHub) -> None:
    document = json.loads(workbench("show", "acme/tiny-GGUF", "--json").stdout)
    assert (document["id"], document["gated"], document["parameters"]) == ("acme/tiny-GGUF", True, 8000)
    by_label = {variant["label"]: variant for variant in document["variants"]}
    assert set(by_label) == {"Q4_K_M", "Q8_0", "BF16"}
    assert by_label["Q8_0"]["shards"] == 2 and by_label["Q8_0"]["size_bytes"] == 9700
    assert (
        by_label["Q4_K_M"]["fits"] == "yes" and by_label["Q4_K_M"]["projector"]["path"] == "mmproj-F16.gguf"
    )
    assert len(by_label["Q4_K_M"]["files"][0]["sha256"]) == 64
    assert by_label["BF16"]["problem"]


def test_a_quant_is_shown_alone(workbench: Workbench, hub: FakeHub) -> None:
    document = json.loads(workbench("show", "acme/tiny-GGUF:q8_0", "--json").stdout)
    assert [variant["label"] for variant in document["variants"]] == ["Q8_0"]
    wrong = workbench("show", "acme/tiny-GGUF:Q8_1")
    assert wrong.returncode == 3 and "Q8_0" in wrong.stderr
