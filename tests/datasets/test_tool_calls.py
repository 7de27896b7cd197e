"""Calls of tools in datasets: unsound ones are set aside, and each trainer gets the form that it wants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.datasets.planting import made, rows_in
from workbench.datasets.recipe import changed, named

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
DEGREES = {"type": "object", "properties": {"degrees": {"type": "number"}}, "required": ["degrees"]}


def tool(name: str = "weather", **more: Any) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": name, "description": "Tells.", "parameters": CITY, **more},
    }


def row(
    number: int, arguments: Any = None, *, tools: Any = None, result: str = '{"degrees": 3}',
    name: str = "weather", answers: bool = True,
) -> dict[str, Any]:  # fmt: skip
    given = {"city": f"Ur {number}"} if arguments is None else arguments
    call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": given}}
    told = {"role": "tool", "tool_call_id": "call_1", "content": result}
    return {
        "messages": [
            {"role": "user", "content": f"How is the weather in place {number} of the long list of places?"},
            {"role": "assistant", "content": "", "tool_calls": [call]},
            *([told] if answers else []),
            {"role": "assistant", "content": f"It is mild in place {number}."},
        ],
        "tools": [tool(**{"return": DEGREES})] if tools is None else tools,
    }


PLANTED = {
    "arguments-off-schema": row(1, {"city": 3}),
    "arguments-not-json": row(2, '{"city": '),
    "unknown-tool": row(3, name="sea"),
    "call-unanswered": row(4, answers=False),
    "result-off-schema": row(5, result='{"degrees": "mild"}'),
    "no-tools": row(6, tools=[]),
    "tool-twice": row(7, tools=[tool(), tool(description="Tells else.")]),
    "tool-schema": row(8, tools=[tool(), tool("sea", parameters={"type": "nonsense"})]),
}
SOUND = [
    row(20),
    row(21, '{"city": "Ur"}'),
    row(22, json.dumps('{"city": "Uruk"}')),
    row(23, tools=[tool(), tool()], result="Mild."),
    row(24, tools=[tool(**{"return": {"type": "string"}})], result="3 degrees"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in (*PLANTED.values(), *SOUND)))
    return file


def test_what_is_planted_is_set_aside_and_the_rest_stays(path: Path, tmp_path: Path) -> None:
    recipe = changed(named("sft-tools"), {"near-duplicates.threshold": 1.0, "split.valid": 0.0})
    outcome = made(recipe, path, target=tmp_path / "set", formats=("messages", "openai", "llama-factory"))
    assert outcome.rejected == dict.fromkeys(sorted(PLANTED), 1)
    assert outcome.rows_out == len(SOUND)
    assert {one.rule for one in outcome.findings if one.severity == "note"} == {
        "tool-repeated",
        "arguments-packed",
    }
    plain = rows_in(tmp_path / "set" / "messages" / "train.jsonl")
    assert [arguments(one) for one in plain][2] == {"city": "Uruk"}
    assert all(isinstance(arguments(one), dict) for one in plain)
    assert plain[0]["tools"][0]["function"]["return"] == DEGREES  # type: ignore[index]
    assert len(plain[3]["tools"]) == 1  # type: ignore[arg-type]
    for_openai = rows_in(tmp_path / "set" / "openai" / "train.jsonl")
    assert [json.loads(arguments(one)) for one in for_openai] == [arguments(one) for one in plain]
    assert "return" not in for_openai[0]["tools"][0]["function"]  # type: ignore[index]
    quarantine = rows_in(tmp_path / "set" / "report" / "quarantine.jsonl")
    assert {one["rule"]: one["line"] for one in quarantine} == {
        rule: line for line, rule in enumerate(PLANTED, 1)
    }


def arguments(told: Any) -> Any:
    return told["messages"][1]["tool_calls"][0]["function"]["arguments"]


def test_rows_without_calls_stay_unless_calls_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"prompt": "Why is it so?", "completion": "Because of that."}) + "\n")
    assert made("sft-tools", path, sample=9).rows_out == 1
    recipe = changed(named("sft-tools"), {"tool-calls.need_calls": True})
    assert made(recipe, path, sample=9).rejected == {"no-call": 1}
