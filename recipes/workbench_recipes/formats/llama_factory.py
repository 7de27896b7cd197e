"""`llama-factory`: rows for LLaMA-Factory in its ShareGPT form, its dataset_info.json, and a YAML.

It wants turns to alternate strictly, and has no turn that speaks and calls at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from workbench.conversation import Message
from workbench.datasets.export_format import Exported, ExportFormat
from workbench.datasets.images import is_address, is_embedded
from workbench.datasets.plain import arguments_of, plain_tool
from workbench.datasets.row import KINDS, Rejection, Row, RowImage
from workbench_recipes.formats.lines import in_order, line, refused, tagged

_STAGES = {"chat": "sft", "text": "pt", "preference": "dpo", "kto": "kto"}
Turn = dict[str, str]


class LlamaFactory(ExportFormat):
    """JSONL: `conversations` with `system`, `tools` as JSON text and `images`; or `text`."""

    kinds = KINDS

    def encode(self, row: Row) -> bytes | Rejection:
        if row.kind == "text":
            return line({"text": row.text})
        if why := refused(row, "LLaMA-Factory", images=False):
            return why
        asked = row.messages or (*row.prompt, *row.completion)
        system = asked[0].content if asked and asked[0].role == "system" else ""
        first = 1 if asked and asked[0].role == "system" else 0
        turns = _turns(asked[first:], row.images, first)
        if turns is None or not _alternates(turns, answered=row.kind != "preference"):
            return Rejection("format", "LLaMA-Factory wants questions and answers that alternate.")
        told: dict[str, Any] = {"conversations": turns}
        if row.kind == "preference":
            answers = _turns(row.chosen, (), 0), _turns(row.rejected, (), 0)
            if answers[0] is None or answers[1] is None or any(len(one or ()) != 1 for one in answers):
                return Rejection("format", "LLaMA-Factory compares answers of one turn each.")
            told |= {"chosen": answers[0][0], "rejected": answers[1][0]}
        if row.kind == "kto":
            told["label"] = row.label
        tools = msgspec.json.encode([plain_tool(tool)["function"] for tool in row.tools]).decode()
        told |= {"system": system, "tools": tools if row.tools else ""}
        images = [image.source for image in in_order(row.images)]
        if any(is_address(source) or is_embedded(source) for source in images):
            return Rejection("format", "LLaMA-Factory opens images that are files: images.store = 'copy'.")
        return line(told | ({"images": images} if images else {}))

    def configuration(self, exported: Exported) -> Mapping[str, str]:
        info = {split: _described(file, exported) for split, (file, _) in exported.splits.items()}
        held_out = "eval_dataset: valid\n" if "valid" in exported.splits else ""
        media = "media_dir: .\n" if exported.images else ""
        return {
            "dataset_info.json": msgspec.json.format(msgspec.json.encode(info)).decode() + "\n",
            "train.yaml": f"""# Put the model and its template in: llamafactory-cli train train.yaml
model_name_or_path: BASE_MODEL
template: TEMPLATE
stage: {_STAGES[exported.kind]}
do_train: true
finetuning_type: lora
lora_rank: 16
lora_target: all
dataset_dir: .
{media}dataset: train
{held_out}cutoff_len: 4096
per_device_train_batch_size: 1
gradient_accumulation_steps: 8
learning_rate: 2.0e-4
num_train_epochs: 3
lr_scheduler_type: cosine
bf16: true
output_dir: out
""",
        }


def _described(file: str, exported: Exported) -> dict[str, Any]:
    if exported.kind == "text":
        return {"file_name": file, "columns": {"prompt": "text"}}
    columns = {"messages": "conversations", "system": "system", "tools": "tools"}
    if exported.images:
        columns["images"] = "images"
    told: dict[str, Any] = {"file_name": file, "formatting": "sharegpt", "columns": columns}
    if exported.kind == "preference":
        columns |= {"chosen": "chosen", "rejected": "rejected"}
        told["ranking"] = True
    if exported.kind == "kto":
        columns["kto_tag"] = "label"
    return told


def _turns(messages: Sequence[Message], images: Sequence[RowImage], first: int) -> list[Turn] | None:
    """None where one turn speaks and calls; it may think first. Answers of tools in a row are one turn."""
    turns: list[Turn] = []
    for index, message in enumerate(messages, first):
        text = tagged(message, index, images)
        if message.tool_calls and text.strip():
            return None
        name = {"user": "human", "assistant": "gpt", "tool": "observation", "system": "system"}[message.role]
        if message.tool_calls:
            calls = [{"name": call.name, "arguments": arguments_of(call)} for call in message.tool_calls]
            name, text = "function_call", msgspec.json.encode(calls if len(calls) > 1 else calls[0]).decode()
        if message.reasoning:
            text = f"<think>\n{message.reasoning}\n</think>\n\n{text}"
        if name == "observation" and turns and turns[-1]["from"] == name:
            turns[-1]["value"] += f"\n{text}"
        else:
            turns.append({"from": name, "value": text})
    return turns


def _alternates(turns: Sequence[Turn], *, answered: bool) -> bool:
    places = (("human", "observation"), ("gpt", "function_call"))
    return len(turns) % 2 == (0 if answered else 1) and all(
        turn["from"] in places[index % 2] for index, turn in enumerate(turns)
    )
