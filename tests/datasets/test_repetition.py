"""What many answers say is told, and chats are cut into one row for each answer."""

from __future__ import annotations

import json
from pathlib import Path

from tests.datasets.planting import made, rows_in
from workbench.conversation import Message
from workbench.datasets.findings import Findings
from workbench.datasets.recipe import changed, named, with_steps
from workbench.datasets.row import Origin, Row, RowImage
from workbench_recipes.operations.split_turns import SplitTurns

REFUSALS = (
    "I'm sorry, but I can't help with that.", "As an AI language model, I have no body.",
    "Unfortunately, I cannot provide this.", "I’m sorry, I can’t assist with this request.",
)  # fmt: skip
NO_REFUSALS = (
    "I can help with that.",
    "Sorry for the delay. Here it is.",
    "Unfortunately, the bridge fell down.",
)


def test_what_many_rows_say_is_told(tmp_path: Path) -> None:
    answers = [
        *["It depends on what you want."] * 10,
        *[f"Great question, let me think about {number}." for number in range(10)],
        *REFUSALS,
        *NO_REFUSALS,
        *[f"{number} is the number that you are looking for." for number in range(40)],
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text(
        "".join(
            json.dumps({"prompt": f"Question {number}?", "completion": answer}) + "\n"
            for number, answer in enumerate(answers)
        )
    )
    recipe = with_steps(named("inspect"), ["repetition"])
    recipe = changed(recipe, {"near-duplicates.threshold": 1.0})
    found = {one.rule: one for one in made(recipe, path).findings}
    counts = {rule: one.count for rule, one in found.items()}
    assert counts == {"answer-repeated": 10, "opening-repeated": 20, "refusal": len(REFUSALS), "few-rows": 1}
    assert found["answer-repeated"].examples[0].origin.line == 1
    assert made(
        changed(recipe, {"repetition.most_share": 0.5, "repetition.least_rows": 5}), path
    ).findings == (found["refusal"],)


def test_chats_are_cut_into_a_row_for_each_answer_in_one_split(tmp_path: Path) -> None:
    row = Row(
        origin=Origin("a", 1),
        messages=(
            Message("user", "A"),
            Message("assistant", "B"),
            Message("user", "C"),
            Message("assistant", "D"),
        ),
        images=(RowImage("a.png", 0, 0), RowImage("b.png", 2, 0)),
    )
    first, second = SplitTurns().apply(row, Findings())  # type: ignore[misc]
    assert (first.messages, first.weights, len(first.images)) == (row.messages[:2], (0, 1), 1)
    assert (second.messages, second.weights, second.images) == (row.messages, (0, 0, 0, 1), row.images)
    assert SplitTurns().apply(first, Findings()) is first
    path = tmp_path / "rows.jsonl"
    turns = [
        {"role": role, "content": f"{role} {n} of a longer talk"}
        for n in range(3)
        for role in ("user", "assistant")
    ]
    path.write_text(
        "".join(json.dumps({"messages": [*turns, *turns], "talk": number}) + "\n" for number in range(1))
        + json.dumps({"messages": turns[:2]}) + "\n"
    )  # fmt: skip
    recipe = with_steps(named("sft-chat"), ["split-turns"])
    assert [step["operation"] for step in recipe.steps][-2:] == ["split", "split-turns"]
    outcome = made(recipe, path, target=tmp_path / "set")
    assert (outcome.rows_in, outcome.rows_added, outcome.rows_out) == (2, 5, 7)
    sizes = {file.stem: len(rows_in(file)) for file in (tmp_path / "set" / "messages").glob("*.jsonl")}
    assert sorted(sizes.values()) == [1, 6]
