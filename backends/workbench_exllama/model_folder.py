"""What the configuration of a model's folder says that exllamav2 would read wrongly or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workbench.errors import InvalidModel, ModelNotFound

EXL2_ARCHITECTURES = frozenset(
    f"{name}ForCausalLM"
    for name in (
        "Llama", "Mistral", "Mixtral", "Yi", "Orion", "Qwen2", "Qwen3", "Qwen3Moe", "Gemma", "Gemma2",
        "Gemma3", "Starcoder2", "Gemmoe", "Cohere", "Cohere2", "Phi3", "GPTBigCode", "MiniCPM", "InternLM2",
        "Index", "Granite", "Glm4",
    )
) | {"DbrxForCausalLM", "GPT2LMHeadModel", "Gemma3ForConditionalGeneration"}  # fmt: skip
"""Those that exllamav2 knows; it takes any other one for a Llama, with no more than a printed warning."""
_MOST_BYTES = 64 << 20


def json_object(path: Path) -> dict[str, Any]:
    """Raises ModelNotFound where there is none, and InvalidModel where it is none."""
    if not path.is_file():
        raise ModelNotFound(f"There is no {path.name} in {path.parent}.", "Check the path.")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES} bytes")
        found = json.loads(path.read_bytes())
        if not isinstance(found, dict):
            raise ValueError("it is no JSON object")
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidModel(f"{path} cannot be read: {error}.", "Fetch the model anew.") from None
    return found


def configuration(folder: Path) -> dict[str, Any]:
    """The config.json of a model that can be quantized. Raises ModelNotFound and InvalidModel."""
    found = json_object(folder / "config.json")
    if "quantization_config" in found:
        raise InvalidModel(f"{folder} is quantized already.", "Give the original in 16 or 32 bits.")
    return found


def layers(folder: Path) -> int:
    """How many the model has; 0 where it does not say."""
    config = configuration(folder)
    text = config.get("text_config")
    count = (text if isinstance(text, dict) else config).get("num_hidden_layers")
    return count if isinstance(count, int) and count > 0 else 0


def check_for_exl2(folder: Path) -> None:
    """Raises InvalidModel for what exllamav2 would load without a word and compute wrongly."""
    config = configuration(folder)
    check_architecture(config)
    if "rope_parameters" in config and "rope_theta" not in config:
        raise InvalidModel(
            f"exllamav2 does not read the rope_parameters in the config.json of {folder.name}.",
            "Write them as rope_theta and rope_scaling, as transformers before version 5 did, or take EXL3.",
        )


def check_architecture(config: dict[str, Any]) -> None:
    """Raises InvalidModel for one that exllamav2 does not know."""
    names = config.get("architectures")
    architecture = names[0] if isinstance(names, list) and names and isinstance(names[0], str) else "nothing"
    if architecture not in EXL2_ARCHITECTURES:
        raise InvalidModel(f"exllamav2 does not know {architecture}.", "EXL3 or a GGUF file may do.")
