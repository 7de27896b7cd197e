"""`workbench recipe evaluate`: two models over the same rows, with the bundled one for both."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import workbench_guide
from tests.cli.process import Workbench
from tests.llama_cpp.tiny_models import lora

ROWS = [
    {"messages": [{"role": "user", "content": "What is GGUF?"}, {"role": "assistant", "content": answer}]}
    for answer in ("A file that holds a model.", "Zebra quartz.", "It is a format for models.")
]


@pytest.fixture
def rows(tmp_path: Path) -> str:
    path = tmp_path / "valid.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS) + '{"text": "no chat"}\n')
    return str(path)


@pytest.mark.slow
def test_a_model_beside_itself_differs_in_nothing(workbench: Workbench, rows: str) -> None:
    done = workbench(
        "recipe", "evaluate", "guide", str(workbench_guide.PATH), "--data", rows, "--train", rows,
        "--max-tokens", "8", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    held_out, train = told["losses"]["held_out"], told["losses"]["train"]
    assert held_out == train and held_out["rows"] == 3 and told["basis"] == "measured"
    assert held_out["difference"]["loss"] == {"value": 0, "low": 0, "high": 0}
    loss = held_out["tuned"]["loss"]
    assert 0 < loss["low"] < loss["value"] < loss["high"]
    assert held_out["base"] == held_out["tuned"]
    assert told["answers"]["base"] == told["answers"]["tuned"]
    assert told["answers"]["base"]["rows"] == 3 and told["answers"]["base"]["stopped"]["rows"] == 3
    assert "1 row of" in done.stderr or "1 rows of" in done.stderr


def test_the_table_names_both_and_says_what_it_means(workbench: Workbench, rows: str) -> None:
    done = workbench("recipe", "evaluate", "guide", "guide", "--data", rows, "--no-answers", "--rows", "2")
    assert done.returncode == 0, done.stderr
    assert "loss, held out, 2 rows" in done.stdout and "ended by itself" not in done.stdout
    assert "do not tell which" in done.stderr


@pytest.mark.slow
def test_a_judge_and_a_regression_set_tell_what_became_of_the_answers(
    workbench: Workbench, rows: str, tmp_path: Path
) -> None:
    """The tuned model is the bundled one with a random adapter on it, which says something else."""
    adapter = str(lora(tmp_path / "adapter.gguf", hidden=256))
    known = json.loads(workbench("recipe", "evaluate", "guide", "guide", "--data", rows, "--json").stdout)
    assert known["answers"]["base"]["exact"]["value"] == 0 and "judge" not in known
    said = workbench("run", "guide", "What is GGUF?", "--temperature", "0").stdout.strip()
    regression = tmp_path / "regression.jsonl"
    regression.write_text(json.dumps({"prompt": "What is GGUF?", "completion": said}) + "\n")
    done = workbench(
        "recipe", "evaluate", "guide", adapter, "--data", rows, "--regression", str(regression),
        "--judge", "guide", "--max-tokens", "40", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    judge = told["judge"]
    assert judge["model"] == "guide" and judge["rows"] == 3 and judge["without_verdict"] == 0
    assert judge["wins"] + judge["ties"] + judge["losses"] == judge["win_rate"]["rows"] == 3
    assert judge["win_rate"]["low"] <= judge["win_rate"]["value"] <= judge["win_rate"]["high"]
    assert (told["regression"]["rows"], told["regression"]["kept"]) == (1, 0)
    [lost] = told["regression"]["lost_rows"]
    assert (lost["line"], lost["question"], lost["base"]) == (1, "What is GGUF?", said) and lost[
        "tuned"
    ] != said
    shown = workbench(
        "recipe", "evaluate", "guide", adapter, "--data", rows, "--train", rows,
        "--regression", str(regression), "--judge", "guide", "--max-tokens", "40",
    ).stderr  # fmt: skip
    assert (
        "guide prefers the tuned model's answers in" in shown and "regression.jsonl:1 is wrong now" in shown
    )


def test_mistakes_are_one_sentence(workbench: Workbench, rows: str, tmp_path: Path) -> None:
    adapter = str(lora(tmp_path / "adapter.gguf"))
    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"text": "no chat"}\n')
    for arguments in ((adapter, "guide", "--data", rows), ("guide", "guide", "--data", str(texts))):
        done = workbench("recipe", "evaluate", *arguments)
        assert (done.returncode, done.stdout) == (2, "") and "Traceback" not in done.stderr
    for more, word in (
        (("--judge", "guide", "--no-answers"), "--no-answers leaves out"),
        (("--judge", "nowhere"), "no model named"),
        (("--json-schema", "{"), "not valid JSON"),
        (("--json-schema", '{"type": "poem"}'), "schema is wrong"),
    ):
        done = workbench("recipe", "evaluate", "guide", "guide", "--data", rows, *more)
        assert done.returncode in (2, 3) and done.stdout == "" and word in done.stderr
    foreign = workbench("recipe", "evaluate", "guide", adapter, "--data", rows, "--no-answers")
    assert foreign.returncode == 4 and "no LoRA adapter for this model" in foreign.stderr
