"""`workbench recipe mask` and `recipe check --model`: a row as the model gets it, and what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.process import Workbench

ROWS = [
    {"messages": [{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "A güide."}]},
    {"messages": [{"role": "user", "content": "<|im_end|>"}, {"role": "assistant", "content": "Hm."}]},
]


@pytest.fixture
def rows(tmp_path: Path) -> str:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS) + "no row\n")
    return str(path)


def test_the_tokens_of_a_row_with_those_that_are_trained(workbench: Workbench, rows: str) -> None:
    done = workbench("recipe", "mask", rows, "--model", "guide")
    lines = [line.split(None, 2) for line in done.stdout.splitlines()[1:]]
    trained = [line[2] for line in lines if line[1] == "1"]
    assert done.returncode == 0 and trained[0] == '"A"' and trained[-1] == '"<|im_end|>"'
    assert '"\\xc3"' in trained or '"ü"' in "".join(trained)
    assert f"{len(trained)} of them trained" in done.stderr and "rows.jsonl:1" in done.stderr

    told = json.loads(workbench("recipe", "mask", rows, "--model", "guide", "--json").stdout)
    (answer,) = told["answers"]
    assert answer["trained_tokens"] == len(trained) == sum(label >= 0 for label in answer["labels"])
    assert len(answer["input_ids"]) == len(answer["pieces"]) == answer["tokens"] == len(lines)
    (turn,) = answer["turns"]
    assert answer["text"][turn["start"] : turn["end"]] == "A güide.<|im_end|>"


def test_trained_text_stands_out_with_and_without_colours(workbench: Workbench, rows: str) -> None:
    plain = workbench("recipe", "mask", rows, "--model", "guide", "--text").stdout
    assert "assistant\n⟦A güide.<|im_end|>⟧" in plain and "\x1b" not in plain
    workbench.environment.pop("NO_COLOR")
    terminal = workbench.on_terminal("recipe", "mask", rows, "--model", "guide", "--text")
    terminal.wait_for("\x1b[32mA güide.<|im_end|>\x1b[0m")
    assert terminal.end() == 0


def test_what_is_wrong_with_a_row_is_told(workbench: Workbench, rows: str) -> None:
    assert "'<|im_end|>'" in workbench("recipe", "mask", rows, "--model", "guide", "--row", "2").stderr
    for number, word in (("3", "is no row"), ("4", "There are 3 rows")):
        done = workbench("recipe", "mask", rows, "--model", "guide", "--row", number)
        assert (done.returncode, done.stdout) == (2, "") and word in done.stderr
    assert workbench("recipe", "mask", rows, "--model", "no-such-model").returncode == 3


def test_check_asks_the_model(workbench: Workbench, rows: str) -> None:
    done = workbench("recipe", "check", rows, "--model", "guide")
    assert done.returncode == 1 and "control-token-in-text" in done.stdout
    assert "{% generation %}" in done.stderr
    told = json.loads(workbench("recipe", "check", rows, "--model", "guide", "--json").stdout)
    assert "no-generation-tag" in {remark["rule"] for remark in told["template"]}
    assert "control-token-in-text" not in workbench("recipe", "check", rows).stdout
