"""`trl`: rows for TRL's trainers, and a script that starts the right one."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from workbench.datasets.export_format import Exported, ExportFormat
from workbench.datasets.plain import plain_row
from workbench.datasets.row import KINDS, Rejection, Row
from workbench_recipes.formats.lines import file_of, line, refused

_TRAINERS = {
    "chat": ("SFT", "assistant_only_loss=True, "),
    "text": ("SFT", ""),
    "preference": ("DPO", ""),
    "kto": ("KTO", ""),
}
_NOTE = "# TRL refuses templates without {% generation %}: for those write the format `tokenized`.\n"


class Trl(ExportFormat):
    """JSONL: `messages`, `text`, or the columns of the row's kind. Tools are JSON text, for Arrow."""

    kinds = KINDS

    def encode(self, row: Row) -> bytes | Rejection:
        if why := refused(row, "TRL"):
            return why
        told = plain_row(row)
        if row.tools:
            told["tools"] = msgspec.json.encode(told["tools"]).decode()
        return line(told)

    def configuration(self, exported: Exported) -> Mapping[str, str]:
        trainer, option = _TRAINERS[exported.kind]
        files = {name: file_of(exported, split) for name, split in (("train", "train"), ("test", "valid"))}
        files = {name: file for name, file in files.items() if file}
        note = _NOTE if option else ""
        evaluated = 'rows["test"]' if "test" in files else "None"
        return {
            "train.py": f"""# pip install "trl>=0.21" "datasets>=5" peft, then: python train.py MODEL
{note}import sys

from datasets import load_dataset
from peft import LoraConfig
from trl import {trainer}Config, {trainer}Trainer

model = sys.argv[1]
rows = load_dataset("json", data_files={files!r})
trainer = {trainer}Trainer(
    model=model,
    args={trainer}Config(
        output_dir="out", {option}max_length=4096, num_train_epochs=3, learning_rate=2e-4
    ),
    train_dataset=rows["train"],
    eval_dataset={evaluated},
    peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"),
)
trainer.train()
trainer.save_model("out")
"""
        }
