"""`workbench fit` as a person or a script meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import workbench_guide
from tests.blueprints.blueprint import header_bytes
from tests.blueprints.models import llama_3_8b


def fit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HOME": str(folder),
        "WORKBENCH_HOME": str(folder / "w"),
        "HF_HUB_OFFLINE": "1",
    }
    command = [sys.executable, "-m", "workbench", "fit", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A Llama 3 8B of which only the header is there; the weights are a hole."""
    path = tmp_path / "llama-3-8b-Q4_K_M.gguf"
    path.write_bytes(header_bytes(llama_3_8b(), {"tokenizer.ggml.model": "none"}))
    os.truncate(path, 5_000_000_000)
    return path


def test_the_sizes_on_a_card_are_those_that_llama_cpp_has_there(tmp_path: Path, model: Path) -> None:
    told = json.loads(fit(tmp_path, str(model), "--gpu", "RTX 4090", "--json").stdout)
    (card,) = told["devices"]
    assert (card["weights_bytes"], card["context_bytes"]) == (4_876_919_040, 1_073_741_824)
    assert card["overhead_bytes"] > 0
    parts = ("weights_bytes", "context_bytes", "compute_bytes", "overhead_bytes")
    assert card["total_bytes"] == sum(card[part] for part in parts)
    assert (told["basis"], told["fits"], told["host"]["weights_bytes"]) == ("dry run", True, 295_501_824)


def test_a_longer_context_takes_more_and_a_smaller_cache_less(tmp_path: Path, model: Path) -> None:
    def context(*options: str) -> int:
        told = json.loads(fit(tmp_path, str(model), "--gpu", "24GiB", "--json", *options).stdout)
        return int(told["devices"][0]["context_bytes"])

    assert context("--context", "32768") == 4 * context("--context", "8192")
    assert context("--kv-type", "q8_0") == context() * 34 // 64


def test_what_does_not_fit_comes_with_changes_that_do(tmp_path: Path, model: Path) -> None:
    told = fit(tmp_path, str(model), "--gpu", "6GiB", "--context", "65536")
    assert "does not fit" in told.stdout
    (first, *_) = [line for line in told.stdout.splitlines() if line.startswith("  --")]
    options = first.partition("(")[0].split()
    again = fit(tmp_path, str(model), "--gpu", "6GiB", "--context", "65536", *options)
    assert "does not fit" not in again.stdout


def test_a_plan_is_made_for_the_card(tmp_path: Path, model: Path) -> None:
    told = fit(tmp_path, str(model), "--gpu", "12GiB", "--plan", "--aim", "longest-context")
    assert told.returncode == 0
    assert "--context" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("guide", "--context", "-5"), 2, "context_length is -5"),
        (("guide", "--gpu-layers", "99", "--gpu", "24GiB"), 2, "7 layers"),
        (("guide", "--gpu", "RTX 409"), 2, "RTX 4090"),
        (("guide", "--gpu", "0GiB"), 2, "0 GiB"),
        (("nosuch",), 3, "nosuch"),
    ],
)
def test_mistakes_are_one_sentence_and_a_remedy(
    tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    told = fit(tmp_path, *arguments)
    assert (told.returncode, told.stdout) == (code, "")
    assert words in told.stderr
    assert len(told.stderr.strip().splitlines()) == 2


def test_a_header_that_lies_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(workbench_guide.PATH.read_bytes()[:2000])
    assert fit(tmp_path, str(path)).returncode == 4
