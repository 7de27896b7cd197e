"""`workbench sample`: its table, its JSON and what it refuses."""

from __future__ import annotations

import json

import pytest

from tests.cli.process import Workbench

QUESTION = "Which quantization should I take?"


def test_json_tells_each_step_of_each_token(workbench: Workbench) -> None:
    options = ("--temperature", "1.5", "--min-p", "0.02", "--top", "4", "--draws", "200", "--seed", "1")
    done = workbench("sample", "guide", "--raw", "Take the", *options, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [step["label"] for step in told["steps"]] == [
        "model", "top-k 40", "top-p 0.95", "min-p 0.02", "temperature 1.5",
    ]  # fmt: skip
    assert [step["remaining"] for step in told["steps"]][:2] == [4096, 40]
    best = told["tokens"][0]
    assert best["text"] == " models" and len(best["probabilities"]) == 5
    assert best["drawn"] == pytest.approx(200 * best["probabilities"][-1], abs=40)
    assert (told["draws"], told["model"], told["sampling"]["min_p"]) == (200, "guide", 0.02)


def test_the_table_has_a_column_for_each_sampler(workbench: Workbench) -> None:
    done = workbench(
        "sample", "guide", QUESTION, "--answer", "Take the", "--top", "3", "--xtc-probability", "0.5"
    )
    assert done.returncode == 0, done.stderr
    heading, *rows = done.stdout.splitlines()
    assert "xtc 0.5/0.1" in heading and "drawn of 1,000" in heading
    assert rows[0].startswith('" largest"') and "█" in rows[0]
    assert rows[-1].startswith("tokens left")


def test_what_cannot_be_looked_into_is_refused(workbench: Workbench, script: str) -> None:
    refused = workbench("sample", script, "hello")
    assert refused.returncode != 0 and "does not tell how it draws" in refused.stderr
    assert workbench("sample", "guide", "--raw", "--system", "Be brief.", "hello").returncode == 2
    assert workbench("sample", "guide", "hello", "--top-p", "2").returncode == 2
