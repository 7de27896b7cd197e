"""`workbench quality`: figures for people and programs, and a clear word where there can be none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.process import Workbench
from tests.llama_cpp.embedding_models import decoder


def test_a_model_is_compared_with_its_base(workbench: Workbench, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Fog lay over the water, and Ada waited at the old mill. " * 20)
    arguments = ("quality", "guide", "guide", "--text", str(text), "--context", "64", "--windows", "2")
    done = workbench(*arguments, "--no-answers", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    (result,) = found["results"]
    assert found["base"]["perplexity"] == pytest.approx(result["perplexity"])
    assert result["model"] == "guide" and result["size_bytes"] > 1e7 and result["tokens"] == 62
    assert abs(result["kl_mean"]) < 1e-4 and result["top1_agreement"] == 1 and result["answers"] is None
    table = workbench(*arguments, "--no-answers").stdout
    assert table.splitlines()[0].split()[:4] == ["model", "size", "bits", "perplexity"]
    assert "100.00%" in table


@pytest.mark.slow
def test_the_bundled_text_and_prompts_are_enough(workbench: Workbench) -> None:
    found = json.loads(workbench("quality", "guide", "guide", "--json").stdout)
    (result,) = found["results"]
    assert result["tokens"] >= 2000
    assert result["answers"] == {"prompts": 20, "same": 1.0, "tokens_agreement": 1.0}


@pytest.mark.slow
def test_what_cannot_be_measured_is_said(workbench: Workbench, script: str, tmp_path: Path) -> None:
    short = tmp_path / "short.txt"
    short.write_text("Too short.")
    for arguments, said, code in (
        (("guide", "--text", str(short)), "do not fill a window of 512", 2),
        (("guide", "--text", str(tmp_path / "none")), "cannot be read", 2),
        (("guide", "nothing.gguf"), "nothing.gguf", 3),
        ((script,), "does not tell what its models expect", 2),
        (("guide", "--parallel", "2"), "parallel", 2),
        (("guide", "guide", "--prompts", str(short), "--no-answers"), "either --prompts", 2),
        (("guide", str(decoder(tmp_path / "other.gguf", None))), "other tokens", 2),
    ):
        done = workbench("quality", *arguments)
        assert said in done.stderr and done.returncode == code, (arguments, done.stderr)
        assert not done.stdout
