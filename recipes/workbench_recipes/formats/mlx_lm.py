"""`mlx-lm`: rows for MLX-LM, and the YAML that it is started with."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.datasets.export_format import Exported, ExportFormat
from workbench.datasets.plain import plain_row
from workbench.datasets.row import Rejection, Row
from workbench_recipes.formats.lines import line, refused


class MlxLm(ExportFormat):
    """JSONL: `messages` with arguments as JSON text and `tools`, or `text`, in train, valid and test."""

    kinds = ("chat", "text")

    def encode(self, row: Row) -> bytes | Rejection:
        return refused(row, "MLX-LM") or line(plain_row(row, arguments_as_text=True))

    def configuration(self, exported: Exported) -> Mapping[str, str]:
        return {
            "lora.yaml": """# Put your model in place of BASE_MODEL, then: mlx_lm.lora --config lora.yaml
# mask_prompt has only the last answer of a conversation learned, false all of its text.
model: BASE_MODEL
train: true
data: .
mask_prompt: true
fine_tune_type: lora
num_layers: -1
batch_size: 1
grad_accumulation_steps: 8
iters: 1000
learning_rate: 1e-4
max_seq_length: 4096
adapter_path: out
"""
            if exported.kind == "chat"
            else """# Put your model in place of BASE_MODEL, then: mlx_lm.lora --config lora.yaml
model: BASE_MODEL
train: true
data: .
fine_tune_type: lora
num_layers: -1
batch_size: 1
iters: 1000
learning_rate: 1e-4
max_seq_length: 4096
adapter_path: out
"""
        }
