"""`axolotl`: rows for Axolotl, and the YAML that it is started with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.datasets.export_format import Exported, ExportFormat
from workbench.datasets.images import is_address, is_embedded
from workbench.datasets.plain import plain_row
from workbench.datasets.row import KINDS, Rejection, Row
from workbench_recipes.formats.lines import file_of, line, parted, refused

_TYPES = {
    "chat": (
        "    type: chat_template\n    field_messages: messages\n    field_tools: tools\n"
        '    roles_to_train: ["assistant"]\n    train_on_eos: turn\n    message_field_training: train\n'
    ),
    "text": "    type: completion\n    field: text\n",
    "preference": (
        "    type: chat_template.default\n    field_messages: messages\n"
        "    field_chosen: chosen\n    field_rejected: rejected\n"
    ),
    "kto": "    type: chatml.ultra\n",
}
_SEEING = """processor_type: AutoProcessor
skip_prepare_dataset: true
remove_unused_columns: false
sample_packing: false
"""
_METHODS = {"preference": "rl: dpo\n", "kto": "rl: kto\nremove_unused_columns: false\n"}


class Axolotl(ExportFormat):
    """JSONL: `messages`, with `train` where an answer is not to be learned.

    `chosen` and `rejected` are one message each, and rows of KTO one question with its answer.
    """

    kinds = KINDS

    def encode(self, row: Row) -> bytes | Rejection:
        if why := refused(row, "Axolotl", weights=False, images=row.kind != "chat"):
            return why
        if any(0 < weight < 1 for weight in row.weights):
            return Rejection("format", "Axolotl learns an answer or does not; there are no weights between.")
        match row.kind:
            case "preference":
                return _pair(row)
            case "kto":
                return _labelled(row)
            case _:
                told = _chat(row)
                for message in told.get("messages", ()):
                    if "weight" in message:
                        message["train"] = bool(message.pop("weight"))
                return line(told)

    def configuration(self, exported: Exported) -> Mapping[str, str]:
        kind = _TYPES[exported.kind]
        held_out = file_of(exported, "valid")
        tests = f"test_datasets:\n{_dataset(held_out, kind)}    split: train\n" if held_out else ""
        return {
            "config.yml": f"""# Put your model in place of BASE_MODEL, then: axolotl train config.yml
base_model: BASE_MODEL
{_METHODS.get(exported.kind, "")}chat_template: tokenizer_default
datasets:
{_dataset(file_of(exported, "train"), kind)}    split: train
{tests}val_set_size: 0
{_SEEING if exported.images else ""}sequence_len: 4096
excess_length_strategy: raise
adapter: lora
lora_r: 16
lora_alpha: 32
lora_target_linear: true
micro_batch_size: 1
gradient_accumulation_steps: 8
num_epochs: 3
learning_rate: 0.0002
lr_scheduler: cosine
optimizer: adamw_torch
bf16: auto
output_dir: ./out
"""
        }


def _chat(row: Row) -> dict[str, Any]:
    return (
        parted(row, _image, arguments_as_text=True) if row.images else plain_row(row, arguments_as_text=True)
    )


def _image(source: str) -> dict[str, Any]:
    if is_embedded(source):
        return {"type": "image", "base64": source.partition(",")[2]}
    return {"type": "image", "url" if is_address(source) else "path": source}


def _dataset(file: str, kind: str) -> str:
    return f"  - path: {file}\n    ds_type: json\n{kind}"


def _pair(row: Row) -> bytes | Rejection:
    if len(row.chosen) != 1 or len(row.rejected) != 1:
        return Rejection("format", "Axolotl compares answers of one turn each.")
    told: dict[str, Any] = plain_row(row, arguments_as_text=True)
    told = {"messages": told["prompt"], "chosen": told["chosen"][0], "rejected": told["rejected"][0]}
    return line(told)


def _labelled(row: Row) -> bytes | Rejection:
    *system, asked = row.prompt
    if (
        [one.role for one in system] not in ([], ["system"])
        or asked.role != "user"
        or len(row.completion) > 1
    ):
        return Rejection("format", "Axolotl's KTO takes one question with its answer.")
    told = {"system": system[0].content} if system else {}
    return line(told | {"prompt": asked.content, "completion": row.completion[0].content, "label": row.label})
