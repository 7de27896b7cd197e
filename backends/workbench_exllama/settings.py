"""Which settings these engines honour, and how long the context becomes. Loads neither engine."""

from __future__ import annotations

import re

from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest, Unsupported
from workbench_exllama.memory import MOST_INPUT, PAGE, cache_bits
from workbench_exllama.model_config import ExllamaModel

ENGINES = {"exl2": "exllamav2", "exl3": "exllamav3"}
USUAL_CONTEXT = 8192
_HONOURED = {
    "context_length", "parallel", "kv_type_k", "kv_type_v", "devices", "micro_batch", "flash_attention",
    "prompt_cache_bytes", "projector", "projector_found", "vocabulary_only",
}  # fmt: skip
_MOST_AT_ONCE = 256
_DEVICE = re.compile(r"CUDA(\d+)")


def check(settings: EngineSettings, model: ExllamaModel) -> None:
    """Raises Unsupported and InvalidRequest for what would not be done."""
    engine = ENGINES[model.format]
    settings.refuse_all_but(_HONOURED, engine)
    cache_bits(model, settings)
    device_numbers(settings)
    if settings.projector:
        raise Unsupported("Images are not given to EXL2 and EXL3 models here.", "Leave --projector out.")
    if settings.flash_attention == "off":
        raise Unsupported(f"{engine} cannot do without flash attention.", "Leave --flash-attention out.")
    if settings.devices and model.format == "exl2":
        raise Unsupported(
            "exllamav2 uses all GPUs that it sees.", "Start with CUDA_VISIBLE_DEVICES in place of --device."
        )
    if settings.parallel > _MOST_AT_ONCE:
        raise InvalidRequest(
            f"{engine} takes {_MOST_AT_ONCE} requests at once at most.", "Give --parallel a smaller number."
        )
    pass_tokens(settings)


def pass_tokens(settings: EngineSettings) -> int:
    """Tokens of a prompt that one pass computes. Raises InvalidRequest for parts of pages."""
    if settings.leaves_open("micro_batch"):
        return MOST_INPUT
    if settings.micro_batch % PAGE or settings.micro_batch > MOST_INPUT:
        raise InvalidRequest(
            f"micro_batch is {settings.micro_batch}.", f"Give a multiple of {PAGE} up to {MOST_INPUT}."
        )
    return settings.micro_batch


def device_numbers(settings: EngineSettings) -> tuple[int, ...]:
    """As CUDA counts them; none for all. Raises InvalidRequest for other names."""
    found = [_DEVICE.fullmatch(name) for name in settings.devices]
    if not all(found):
        raise InvalidRequest(
            f"There is no device {', '.join(settings.devices)}.",
            "Name NVIDIA GPUs as CUDA0, CUDA1 and so on.",
        )
    return tuple(int(match[1]) for match in found if match)


def context_length(settings: EngineSettings, model: ExllamaModel) -> int:
    """Tokens for each request: as asked, else what most conversations need, as far as the model goes."""
    return settings.context_length or min(USUAL_CONTEXT, model.trained_context or USUAL_CONTEXT)
