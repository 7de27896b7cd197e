"""The memory of a 70B that lies on a hub, asked before the download and without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from string import ascii_lowercase
from time import perf_counter

import pytest

from tests.blueprints.blueprint import header_bytes
from tests.blueprints.models import llama_3_70b
from tests.hub import FakeHub, content

MODEL = "acme/large-GGUF"


def header_with_vocabulary() -> bytes:
    """The header of a Llama 3 70B with as many tokens and merges as the real one has: some 8 MB."""
    blueprint, dice = llama_3_70b(), Random(0)
    letters = ("".join(dice.choices(ascii_lowercase, k=3)) for _ in range(blueprint.vocabulary))
    tokens = [f"{number}{text}" for number, text in enumerate(letters)]
    merges = [" ".join(dice.choices(tokens, k=2)) for _ in range(280_147)]
    tokenizer = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.merges": merges,
    }
    return header_bytes(blueprint, tokenizer)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """It publishes a hole of 42 GB behind that header; nobody hashes it."""
    file = tmp_path / "large-Q4_K_M.gguf"
    file.write_bytes(header_with_vocabulary())
    os.truncate(file, 43 * 10**9)
    monkeypatch.setattr(content, "sha256_of", lambda source: "b" * 64)
    with FakeHub() as running:
        running.add_repository(MODEL, {file.name: file}, tags=["gguf"])
        yield running


def fit(hub: FakeHub, folder: Path, *options: str) -> tuple[dict[str, object], float]:
    """What `workbench fit` answers, and after how many seconds."""
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.endpoint,
        "HF_HOME": str(folder / "hf"),
        "WORKBENCH_HOME": str(folder / "workbench"),
        "NO_PROXY": "*",
    }
    command = [sys.executable, "-m", "workbench", "fit", f"{MODEL}:Q4_K_M", "--json", *options]
    began = perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 5), done.stderr
    return json.loads(done.stdout), perf_counter() - began


def test_a_70b_costs_its_header_and_only_once(hub: FakeHub, tmp_path: Path) -> None:
    cold, _ = fit(hub, tmp_path, "--gpu", "RTX 4090", "--gpu", "RTX 4090")
    assert 7_000_000 < hub.body_bytes() <= 20_000_000
    assert cold["basis"] == "dry run"
    fetched = hub.body_bytes()
    warm, seconds = fit(hub, tmp_path, "--gpu", "RTX 4090", "--gpu", "RTX 4090")
    assert hub.body_bytes() == fetched
    assert warm == cold
    print(f"{fetched / 1e6:.1f} MB fetched, warm in {seconds:.2f} s")
