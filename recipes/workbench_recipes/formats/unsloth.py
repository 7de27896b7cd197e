"""`unsloth`: rows for Unsloth, and a script that renders them with the model's own template."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.datasets.export_format import Exported, ExportFormat
from workbench.datasets.plain import plain_row
from workbench.datasets.row import Rejection, Row
from workbench_recipes.formats.lines import file_of, line, parted, refused


class Unsloth(ExportFormat):
    """JSONL: `messages` and `tools`, or `text`."""

    kinds = ("chat", "text")

    def encode(self, row: Row) -> bytes | Rejection:
        if why := refused(row, "Unsloth", images=False):
            return why
        return line(
            parted(row, lambda source: {"type": "image", "image": source}) if row.images else plain_row(row)
        )

    def configuration(self, exported: Exported) -> Mapping[str, str]:
        chat = exported.kind == "chat"
        if exported.images:
            return {"train.py": _SEEING.format(file=file_of(exported, "train"))}
        render = _RENDER if chat else "rows = [row for row in rows]"
        mask = "trainer = train_on_responses_only(trainer)\n" if chat else ""
        imported = "from unsloth.chat_templates import train_on_responses_only\n" if chat else ""
        return {
            "train.py": f"""# pip install unsloth, then: python train.py MODEL, as transformers names it.
import json
import sys

from unsloth import FastLanguageModel
{imported}from datasets import Dataset
from trl import SFTConfig, SFTTrainer

model, tokenizer = FastLanguageModel.from_pretrained(sys.argv[1], max_seq_length=4096, load_in_4bit=True)
model = FastLanguageModel.get_peft_model(model, r=16, lora_alpha=32)
rows = [json.loads(line) for line in open({file_of(exported, "train")!r}, encoding="utf-8")]
{render}
trainer = SFTTrainer(
    model=model,
    processing_class=tokenizer,
    train_dataset=Dataset.from_list(rows),
    args=SFTConfig(output_dir="out", num_train_epochs=3, learning_rate=2e-4),
)
{mask}trainer.train()
model.save_pretrained("out")
"""
        }


_RENDER = """rows = [
    {"text": tokenizer.apply_chat_template(row["messages"], tools=row.get("tools"), tokenize=False)}
    for row in rows
]"""

_SEEING = """# pip install unsloth, then: python train.py MODEL, as transformers names it.
import json
import os
import sys

from unsloth import FastVisionModel
from unsloth.trainer import UnslothVisionDataCollator
from trl import SFTConfig, SFTTrainer

os.chdir(os.path.dirname(os.path.abspath(__file__)))
model, processor = FastVisionModel.from_pretrained(sys.argv[1], load_in_4bit=True)
model = FastVisionModel.get_peft_model(model, r=16, lora_alpha=32)
FastVisionModel.for_training(model)
trainer = SFTTrainer(
    model=model,
    processing_class=processor.tokenizer,
    data_collator=UnslothVisionDataCollator(model, processor),
    train_dataset=[json.loads(line) for line in open({file!r}, encoding="utf-8")],
    args=SFTConfig(
        output_dir="out",
        num_train_epochs=3,
        learning_rate=2e-4,
        max_length=4096,
        remove_unused_columns=False,
        dataset_text_field="",
        dataset_kwargs={{"skip_prepare_dataset": True}},
    ),
)
trainer.train()
model.save_pretrained("out")
"""
