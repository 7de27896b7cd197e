"""What each trainer gets of a row, what it is refused, and that its files are read back as the same rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.datasets.planting import made, rows_in
from workbench.conversation import Message, Tool, ToolCall
from workbench.datasets import extensions
from workbench.datasets.forms.rows import row_of
from workbench.datasets.row import Origin, Rejection, Row, RowImage
from workbench.errors import InvalidRequest

ORIGIN = Origin("rows.jsonl", 1)
ASKED, ANSWERED, OTHER = Message("user", "Why?"), Message("assistant", "So."), Message("assistant", "No.")
LOOK = ToolCall("a", "look", '{"at":[1]}')
CALLED = Row(
    origin=ORIGIN,
    messages=(
        Message("system", "Be brief."),
        ASKED,
        Message("assistant", "", reasoning="Hm.", tool_calls=(LOOK, LOOK)),
        Message("tool", "There.", tool_call_id="a", name="look"),
        Message("tool", "Here.", tool_call_id="a", name="look"),
        ANSWERED,
    ),
    tools=(Tool(name="look", description="Looks.", parameters={"type": "object"}),),
)
PAIR = Row(origin=ORIGIN, prompt=(ASKED,), chosen=(ANSWERED,), rejected=(OTHER,))
LABELLED = Row(origin=ORIGIN, prompt=(ASKED,), completion=(ANSWERED,), label=False)
TEXT = Row(origin=ORIGIN, text="One.\nTwo.")
PICTURED = Row(
    origin=ORIGIN,
    messages=(Message("user", "See  and say."), ANSWERED),
    images=(RowImage("a.png", 0, 4), RowImage("b.png", 0, 13)),
)
WEIGHTED = Row(origin=ORIGIN, messages=(ASKED, OTHER, ASKED, ANSWERED), weights=(1.0, 0.0, 1.0, 1.0))
ROWS = [CALLED, PAIR, LABELLED, TEXT, PICTURED, WEIGHTED]


def encoded(name: str, row: Row) -> Any:
    result = extensions.export_format(name).encode(row)
    return result if isinstance(result, Rejection) else json.loads(result)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.kind)
def test_plain_messages_are_read_back_as_the_same_row(row: Row) -> None:
    assert row_of(encoded("messages", row), ORIGIN) == row


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.kind)
def test_parquet_is_read_back_as_the_same_row(row: Row, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(msgspec.json.encode(encoded("messages", row)) + b"\n")
    made("convert", path, target=tmp_path / "set", formats=("parquet",))
    made("convert", tmp_path / "set" / "parquet" / "train.parquet", target=tmp_path / "back")
    assert rows_in(tmp_path / "back" / "messages" / "train.jsonl") == rows_in(path)


@pytest.mark.parametrize("row", [CALLED, PAIR], ids=lambda row: row.kind)
def test_openai_is_read_back_without_reasoning_and_names_of_tools_told_by_calls(row: Row) -> None:
    assert row_of(encoded("openai", row), ORIGIN) == _without_reasoning(row)


def _without_reasoning(row: Row) -> Row:
    messages = tuple(replace(message, reasoning="") for message in row.messages)
    return msgspec.structs.replace(row, messages=messages)


def test_arguments_are_objects_for_templates_and_text_for_openai_and_mlx() -> None:
    def arguments(name: str) -> Any:
        return encoded(name, CALLED)["messages"][2]["tool_calls"][0]["function"]["arguments"]

    assert [arguments(name) for name in ("messages", "trl", "unsloth")] == [{"at": [1]}] * 3
    assert [arguments(name) for name in ("openai", "mlx-lm", "axolotl")] == ['{"at":[1]}'] * 3


def test_llama_factory_gets_turns_that_alternate() -> None:
    thinking = encoded("llama-factory", CALLED)["conversations"][1]
    assert thinking["value"].startswith("<think>\nHm.\n</think>\n\n[{")
    speaking = replace(CALLED.messages[2], content="I look.")
    spoken = msgspec.structs.replace(CALLED, messages=(*CALLED.messages[:2], speaking, *CALLED.messages[3:]))
    assert isinstance(encoded("llama-factory", spoken), Rejection), "a turn that speaks and calls"
    told = encoded("llama-factory", _without_reasoning(CALLED))
    assert [turn["from"] for turn in told["conversations"]] == [
        "human", "function_call", "observation", "gpt"
    ]  # fmt: skip
    assert told["conversations"][2]["value"] == "There.\nHere."
    assert json.loads(told["conversations"][1]["value"])[0] == {"name": "look", "arguments": {"at": [1]}}
    assert told["system"] == "Be brief."
    assert json.loads(told["tools"])[0]["name"] == "look"
    pictured = encoded("llama-factory", PICTURED)
    assert pictured["conversations"][0]["value"] == "See <image> and say.<image>"
    assert pictured["images"] == ["a.png", "b.png"]
    twice = Row(origin=ORIGIN, messages=(ASKED, ASKED, ANSWERED))
    assert isinstance(encoded("llama-factory", twice), Rejection)


def test_pairs_and_labels_have_the_fields_of_each_trainer() -> None:
    why, so, no = ({"role": one.role, "content": one.content} for one in (ASKED, ANSWERED, OTHER))
    assert encoded("trl", PAIR) == {"prompt": [why], "chosen": [so], "rejected": [no]}
    assert encoded("axolotl", PAIR) == {"messages": [why], "chosen": so, "rejected": no}
    assert encoded("llama-factory", PAIR) == {
        "conversations": [{"from": "human", "value": "Why?"}],
        "chosen": {"from": "gpt", "value": "So."},
        "rejected": {"from": "gpt", "value": "No."},
        "system": "",
        "tools": "",
    }
    assert encoded("trl", LABELLED) == {"prompt": [why], "completion": [so], "label": False}
    assert encoded("axolotl", LABELLED) == {"prompt": "Why?", "completion": "So.", "label": False}
    assert encoded("llama-factory", LABELLED)["label"] is False


def test_answers_that_are_not_to_be_learned_are_marked_or_the_row_is_refused() -> None:
    assert encoded("openai", WEIGHTED)["messages"][1]["weight"] == 0
    assert encoded("axolotl", WEIGHTED)["messages"][1]["train"] is False
    for name in ("trl", "unsloth", "mlx-lm", "llama-factory"):
        assert isinstance(encoded(name, WEIGHTED), Rejection)


def test_texts_are_one_file_for_llama_cpp() -> None:
    assert extensions.export_format("raw-text").encode(TEXT) == b"One.\nTwo.\n\n"


def test_a_row_that_no_format_takes_is_set_aside_and_else_only_told_of(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    lines = [encoded("messages", row) for row in (WEIGHTED, CALLED)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    alone = made("convert", path, target=tmp_path / "alone", formats=("trl",))
    assert (alone.rows_out, alone.rows_quarantined, alone.rejected) == (1, 1, {"format": 1})
    both = made("convert", path, target=tmp_path / "both", formats=("trl", "openai"))
    assert (both.rows_out, both.rows_quarantined) == (2, 0)
    assert both.formats == {"trl": {"train": 1}, "openai": {"train": 2}}
    assert [finding.rule for finding in both.findings] == ["format-trl"]


def test_a_format_that_cannot_hold_the_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "Why?", "completion": "Because."}\n')
    with pytest.raises(InvalidRequest, match="raw-text cannot hold rows of the kind chat"):
        made("convert", path, target=tmp_path / "set", formats=("raw-text",))
    with pytest.raises(InvalidRequest, match="no format 'zip'"):
        made("convert", path, target=tmp_path / "set", formats=("zip",))


def test_every_format_comes_with_what_its_trainer_is_started_with(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        "".join(json.dumps({"prompt": f"Why {n}?", "completion": "So."}) + "\n" for n in range(9))
    )
    names = ("axolotl", "llama-factory", "mlx-lm", "trl", "unsloth")
    made("convert", path, target=tmp_path / "set", formats=names)
    for name in ("trl", "unsloth"):
        compile((tmp_path / "set" / name / "train.py").read_text(), name, "exec")
    info = json.loads((tmp_path / "set" / "llama-factory" / "dataset_info.json").read_text())
    assert info["train"]["file_name"] == "train.jsonl"
    for name, file in (("axolotl", "config.yml"), ("mlx-lm", "lora.yaml"), ("llama-factory", "train.yaml")):
        assert "BASE_MODEL" in (tmp_path / "set" / name / file).read_text()
