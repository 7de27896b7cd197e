"""Thoughts of rows: moved to their field, and those that are cut, empty or unanswered are found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import workbench_guide
from tests.datasets.planting import made, rows_in
from workbench.conversation import Message
from workbench.datasets.findings import Findings
from workbench.datasets.recipe import changed, for_model, named
from workbench.datasets.row import Origin, Rejection, Row
from workbench_recipes.operations.reasoning import Reasoning

ASKED = Message("user", "How much is two and two?")


def told(content: str, reasoning: str = "", *, need: bool = False) -> tuple[Row | Rejection, set[str]]:
    findings = Findings()
    row = Row(origin=Origin("a", 1), messages=(ASKED, Message("assistant", content, reasoning)))
    result = Reasoning(need_thoughts=need).apply(row, findings)
    return result, {one.rule for one in findings.all()}


@pytest.mark.parametrize(
    ("content", "reasoning"),
    [
        ("<think>\nTwo pairs.\n</think>\n\nFour.", ""),
        ("Two pairs.\n</think>\n\nFour.", ""),
        ("[THINK]Two pairs.[/THINK]Four.", ""),
        ("<thinking>Two pairs.</thinking> Four.", ""),
        ("Four.", "Two pairs."),
        ("<think>Two pairs.</think>Four.", "Two pairs."),
        ("<think></think>Four.", "Two pairs."),
    ],
)
def test_thoughts_are_moved_into_their_field(content: str, reasoning: str) -> None:
    row, rules = told(content, reasoning)
    assert isinstance(row, Row) and not rules
    assert row.messages == (ASKED, Message("assistant", "Four.", "Two pairs."))


@pytest.mark.parametrize(
    ("content", "reasoning", "rule"),
    [
        ("<think>Two pairs, and then", "", "thought-cut"),
        ("<think>Two pairs.</think>", "", "thought-without-answer"),
        ("", "Two pairs.", "thought-without-answer"),
    ],
)
def test_thoughts_that_are_not_whole_are_set_aside(content: str, reasoning: str, rule: str) -> None:
    row, _ = told(content, reasoning)
    assert isinstance(row, Rejection) and row.rule == rule


@pytest.mark.parametrize(
    ("content", "reasoning", "rules"),
    [
        ("<think>\n\n</think>\n\nFour.", "", {"empty-thought", "no-thought"}),
        ("Four.", "", {"no-thought"}),
        ("Four.", "Two pairs are", {"thought-breaks-off"}),
        ("<think>Two.</think>Four. <think>Or five?</think> Four.", "", {"thought-in-answer"}),
        ("Models close it with `</think>`.", "", {"no-thought"}),
        ("A `<think>` opens it.", "", {"no-thought"}),
    ],
)
def test_what_is_odd_is_told(content: str, reasoning: str, rules: set[str]) -> None:
    row, found = told(content, reasoning)
    assert isinstance(row, Row) and found == rules


def test_rows_without_thoughts_go_where_thoughts_are_asked_for() -> None:
    row, _ = told("Four.", need=True)
    assert isinstance(row, Rejection) and row.rule == "no-thought"


def test_a_set_keeps_its_thoughts_and_tells_what_never_reaches_the_tokens(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [
        chat(number, f"<think>\nFirst {number}, then more of it.\n</think>\n\nSo {number}.")
        for number in range(8)
    ]
    path.write_text("".join(json.dumps(one) + "\n" for one in [*rows, chat(9, "<think>It goes on and")]))
    recipe = changed(
        for_model(named("sft-reasoning")), {"near-duplicates.threshold": 1.0, "split.valid": 0.0}
    )
    outcome = made(
        recipe,
        path,
        target=tmp_path / "set",
        formats=("messages", "llama-factory"),
        model=workbench_guide.PATH,
    )
    assert outcome.rejected == {"thought-cut": 1}
    assert {one.rule: one.count for one in outcome.findings}["reasoning-dropped"] == 8
    first = rows_in(tmp_path / "set" / "messages" / "train.jsonl")[0]
    assert first["messages"][1]["reasoning_content"] == "First 0, then more of it."  # type: ignore[index]
    turns = rows_in(tmp_path / "set" / "llama-factory" / "train.jsonl")[0]["conversations"]
    assert turns[1]["value"] == "<think>\nFirst 0, then more of it.\n</think>\n\nSo 0."  # type: ignore[index]


def chat(number: int, answer: str) -> dict[str, Any]:
    asked = f"What follows from the number {number} in this case?"
    return {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]}
