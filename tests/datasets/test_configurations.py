"""What comes with the rows has only settings that its trainer documents, and names columns that rows have.

Axolotl and LLaMA-Factory need a card to be installed, so that their settings stand here in our own words.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import validate

from tests.datasets.planting import made, rows_in
from tests.datasets.rows_of_kinds import write

KINDS = ["chat", "text", "preference", "kto"]
NAME, COUNT = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 1}
RATE, YES = {"type": "number", "exclusiveMinimum": 0}, {"type": "boolean"}


def closed(required: tuple[str, ...], properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


AXOLOTL_ROWS = closed(
    ("path", "ds_type", "type", "split"),
    {
        "path": NAME, "ds_type": {"enum": ["json", "csv", "text", "arrow", "parquet"]}, "split": NAME,
        "type": {"enum": ["chat_template", "completion", "chat_template.default", "chatml.ultra"]},
        "field": NAME, "field_messages": NAME, "field_tools": NAME, "field_chosen": NAME,
        "field_rejected": NAME, "message_field_training": NAME,
        "roles_to_train": {"type": "array", "items": NAME},
        "train_on_eos": {"enum": ["all", "turn", "last"]},
    },
)  # fmt: skip
AXOLOTL = closed(
    ("base_model", "datasets", "micro_batch_size", "learning_rate"),
    {
        "base_model": NAME, "chat_template": NAME, "output_dir": NAME, "lr_scheduler": NAME,
        "optimizer": NAME,
        "datasets": {"type": "array", "minItems": 1, "items": AXOLOTL_ROWS},
        "test_datasets": {"type": "array", "minItems": 1, "items": AXOLOTL_ROWS},
        "val_set_size": {"const": 0}, "sequence_len": COUNT, "remove_unused_columns": YES,
        "excess_length_strategy": {"enum": ["drop", "truncate", "raise"]}, "rl": {"enum": ["dpo", "kto"]},
        "adapter": {"enum": ["lora", "qlora"]}, "lora_r": COUNT, "lora_alpha": COUNT,
        "lora_target_linear": YES,
        "micro_batch_size": COUNT, "gradient_accumulation_steps": COUNT, "num_epochs": RATE,
        "learning_rate": RATE, "bf16": {"enum": ["auto", True, False]},
    },
)  # fmt: skip
FACTORY_COLUMNS = ("messages", "system", "tools", "images", "prompt", "chosen", "rejected", "kto_tag")
FACTORY_ROWS = closed(
    ("file_name", "columns"),
    {
        "file_name": NAME, "formatting": {"enum": ["alpaca", "sharegpt"]}, "ranking": YES,
        "columns": closed((), dict.fromkeys(FACTORY_COLUMNS, NAME)),
    },
)  # fmt: skip
FACTORY = closed(
    ("model_name_or_path", "stage", "dataset", "template", "output_dir"),
    {
        "model_name_or_path": NAME, "template": NAME, "stage": {"enum": ["pt", "sft", "dpo", "kto"]},
        "do_train": {"const": True}, "finetuning_type": {"enum": ["lora", "full", "freeze"]},
        "lora_rank": COUNT, "lora_target": NAME, "dataset_dir": NAME, "dataset": NAME, "eval_dataset": NAME,
        "cutoff_len": COUNT, "per_device_train_batch_size": COUNT, "gradient_accumulation_steps": COUNT,
        "learning_rate": RATE, "num_train_epochs": RATE, "lr_scheduler_type": NAME, "bf16": YES,
        "output_dir": NAME,
    },
)  # fmt: skip


def exported(kind: str, name: str, folder: Path) -> Path:
    made("convert", write(kind, folder / "rows.jsonl"), target=folder / "set", formats=(name,))
    return folder / "set" / name


@pytest.mark.parametrize("kind", KINDS)
def test_axolotl(kind: str, tmp_path: Path) -> None:
    folder = exported(kind, "axolotl", tmp_path)
    told = yaml.safe_load((folder / "config.yml").read_text())
    validate(told, AXOLOTL)
    [rows] = told["datasets"]
    named = {value for key, value in rows.items() if key.startswith("field")}
    fixed = {"kto": {"prompt", "completion", "label"}}.get(kind, set())
    assert named | fixed == rows_in(folder / rows["path"])[0].keys()


@pytest.mark.parametrize("kind", KINDS)
def test_llama_factory(kind: str, tmp_path: Path) -> None:
    folder = exported(kind, "llama-factory", tmp_path)
    told = yaml.safe_load((folder / "train.yaml").read_text())
    validate(told, FACTORY)
    info = json.loads((folder / "dataset_info.json").read_text())
    validate(info, {"type": "object", "additionalProperties": FACTORY_ROWS})
    rows = info[told["dataset"]]
    assert set(rows["columns"].values()) == rows_in(folder / rows["file_name"])[0].keys()
    stages = {"chat": "sft", "text": "pt", "preference": "dpo", "kto": "kto"}
    assert told["stage"] == stages[kind] and bool(rows.get("ranking")) is (kind == "preference")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", ["chat", "text"])
def test_unsloth(kind: str, tmp_path: Path) -> None:
    """The part of its script that makes the rows is run; the rest needs a card."""
    folder = exported(kind, "unsloth", tmp_path)
    lines = (folder / "train.py").read_text().splitlines()
    begin = next(place for place, line in enumerate(lines) if line.startswith("rows = [json"))
    end = next(place for place, line in enumerate(lines) if line.startswith("trainer ="))
    names: dict[str, Any] = {"json": json, "tokenizer": Renders()}
    source = "\n".join(lines[begin:end]).replace("open('", f"open('{folder}/")
    exec(source, names)
    assert len(names["rows"]) == 20 and all(row["text"] for row in names["rows"])


class Renders:
    """Stands in for a tokenizer of transformers, of which the script asks only this."""

    def apply_chat_template(self, messages: list[Any], *, tools: list[Any] | None, tokenize: bool) -> str:
        assert tokenize is False and tools is not None
        return json.dumps([messages, tools])
