"""MLC's converter as a tool of the quant lab: weights in few bits, and the configuration beside them.

What runs the model is compiled by MLC when it is first opened. Knows its options and names of templates.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from workbench.errors import InvalidModel
from workbench.quantize_request import QuantType
from workbench.quantize_tool import QuantizeTool, Step, ToolRequest
from workbench_mlc import PROGRAM, MlcBackend

_TEMPLATES = {
    "<|start_header_id|>": "llama-3",
    "<|im_start|>": "chatml",
    "[INST]": "mistral_default",
    "<start_of_turn>": "gemma_instruction",
    "<|user|>": "phi-3",
}
"""MLC's own conversation template for a sign that stands in a model's chat template."""
_WEIGHTS = ("tensor-cache.json", "ndarray-cache.json")


class MlcConverter(QuantizeTool):
    """Two commands of mlc_llm, of which the first takes the time."""

    types = (
        QuantType("q4f16_1", 4.5, "For MLC: groups of 4 bits with 16-bit scales, computed in 16 bits."),
        QuantType("q4f32_1", 5.0, "For MLC where the device computes no 16-bit floats."),
        QuantType("q3f16_1", 3.6, "For MLC where 4 bits do not fit."),
        QuantType("q0f16", 16.0, "For MLC: 16 bits, as the original."),
    )

    def missing(self) -> str:
        return "" if shutil.which(PROGRAM) else MlcBackend().install_command("cuda")

    def steps(self, request: ToolRequest) -> tuple[Step, ...]:
        template = _template(request.source)
        given = (str(request.source), "--quantization", request.type)
        to = ("-o", str(request.target))
        weights = Step((PROGRAM, "convert_weight", *given, *to), "converting weights")
        told = Step(
            (PROGRAM, "gen_config", *given, "--conv-template", template, *to), "writing its configuration"
        )
        done = any((request.target / name).is_file() for name in _WEIGHTS)
        return (told,) if done else (weights, told)


def _template(folder: Path) -> str:
    texts = [folder / "chat_template.jinja", folder / "tokenizer_config.json"]
    try:
        said = "".join(path.read_text(errors="replace") for path in texts if path.is_file())
    except OSError as error:
        raise InvalidModel(f"{folder} cannot be read: {error.strerror}.", "Check its files.") from error
    for sign, name in _TEMPLATES.items():
        if sign in said:
            return name
    raise InvalidModel(
        f"MLC has no conversation template that is known for {folder.name}.",
        "Run `mlc_llm gen_config` by hand with one of its --conv-template names.",
    )
