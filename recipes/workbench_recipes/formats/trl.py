"""`trl`: rows for TRL's trainers, and a script that starts the right one."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from workbench.datasets.export_format import Exported, ExportFormat
from workbench.datasets.plain import plain_row
from workbench.datasets.row import KINDS, Rejection, Row
from workbench_recipes.formats.lines import file_of, in_order, line, parted, refused

_TRAINERS = {
    "chat": ("SFT", "assistant_only_loss=True, "),
    "text": ("SFT", ""),
    "preference": ("DPO", ""),
    "kto": ("KTO", ""),
}
_NOTE = "# TRL refuses templates without {% generation %}: for those write the format `tokenized`.\n"


class Trl(ExportFormat):
    """JSONL: `messages`, `text`, or the columns of the row's kind. Tools are JSON text, for Arrow.

    Images are a column of their own, `images`, and marked in the messages where they stand.
    """

    kinds = KINDS

    def encode(self, row: Row) -> bytes | Rejection:
        if why := refused(row, "TRL", images=False):
            return why
        told = parted(row, lambda _: {"type": "image"}) if row.images else plain_row(row)
        if row.images:
            told["images"] = [image.source for image in in_order(row.images)]
        if row.tools:
            told["tools"] = msgspec.json.encode(told["tools"]).decode()
        return line(told)

    def configuration(self, exported: Exported) -> Mapping[str, str]:
        trainer, option = _TRAINERS[exported.kind]
        if exported.images:
            return {
                "train.py": _SEEING.format(
                    trainer=trainer, files=_files(exported), held_out=_held_out(exported)
                )
            }
        note = _NOTE if option else ""
        return {
            "train.py": f"""# pip install "trl>=0.21" "datasets>=5" peft, then: python train.py MODEL
{note}import sys

import torch
from datasets import load_dataset
from peft import LoraConfig
from trl import {trainer}Config, {trainer}Trainer

model = sys.argv[1]
rows = load_dataset("json", data_files={_files(exported)!r})
trainer = {trainer}Trainer(
    model=model,
    args={trainer}Config(
        output_dir="out", {option}max_length=4096, num_train_epochs=3, learning_rate=2e-4,
        use_cpu=not torch.accelerator.is_available(),
    ),
    train_dataset=rows["train"],
    eval_dataset={_held_out(exported)},
    peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"),
)
trainer.train()
trainer.save_model("out")
"""
        }


_SEEING = """# pip install "trl>=0.24" "datasets>=5" peft pillow, then: python train.py MODEL
import os
import sys

import torch
from datasets import Image, List, load_dataset
from peft import LoraConfig
from trl import {trainer}Config, {trainer}Trainer

os.chdir(os.path.dirname(os.path.abspath(__file__)))
model = sys.argv[1]
rows = load_dataset("json", data_files={files!r}).cast_column("images", List(Image()))
trainer = {trainer}Trainer(
    model=model,
    args={trainer}Config(
        output_dir="out", max_length=None, num_train_epochs=3, learning_rate=2e-4,
        use_cpu=not torch.accelerator.is_available(),
    ),
    train_dataset=rows["train"],
    eval_dataset={held_out},
    peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"),
)
trainer.train()
trainer.save_model("out")
"""


def _files(exported: Exported) -> dict[str, str]:
    files = {name: file_of(exported, split) for name, split in (("train", "train"), ("test", "valid"))}
    return {name: file for name, file in files.items() if file}


def _held_out(exported: Exported) -> str:
    return 'rows["test"]' if "test" in _files(exported) else "None"
