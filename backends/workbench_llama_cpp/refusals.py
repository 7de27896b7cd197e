"""Why llama.cpp would not load a model or make a context, from what it wrote in its log.

Knows the sentences of the pinned version; others end in a plainer one.
"""

from __future__ import annotations

import re

from workbench.engine_settings import EngineSettings
from workbench.errors import DoesNotFit, InvalidModel, InvalidRequest, WorkbenchError


def load_error(path: str, said: str) -> WorkbenchError:
    """Why no model came about. Not enough memory is DoesNotFit, all else InvalidModel."""
    if unknown := re.search(r"unknown model architecture: '([^']*)'", said):
        return InvalidModel(
            f"{path} holds a model of the architecture {unknown[1]!r}, which this llama.cpp does not know.",
            "Update llama-cpp-python, or take a model of another architecture.",
        )
    if re.search(r"unable to allocate|failed to allocate|out of memory", said):
        return DoesNotFit(
            f"The weights of {path} do not fit in memory.",
            "Take a smaller quantization, or put fewer layers on the GPU with --gpu-layers.",
        )
    reasons = re.findall(r"error loading model(?: \w+)?: (.+)", said) or ["it gave no reason"]
    return InvalidModel(
        f"llama.cpp cannot load {path}: {reasons[-1]}.", "Download the file again or take another one."
    )


def context_error(said: str, settings: EngineSettings, context_length: int) -> WorkbenchError:
    """Why no context came about. Not enough memory is DoesNotFit."""
    if "requires flash_attn" in said or ("flash_attn" in said and "quantized V" in said):
        return InvalidRequest(
            f"A {settings.kv_type_v} V cache needs flash attention, which this model cannot use here.",
            "Use --kv-type f16.",
        )
    if block := re.search(r"(\S+) cache type (\S+) with block size \d+ does not divide", said):
        return InvalidRequest(
            f"The {block[1]} cache of this model cannot be {block[2]}.", "Use --kv-type f16."
        )
    if "does not support different K" in said:
        return InvalidRequest(
            "K and V cannot be of different types in this model's cache.", "Give one --kv-type for both."
        )
    if "failed to allocate" in said:
        return DoesNotFit(
            f"A context of {context_length} tokens for {settings.parallel} requests does not fit in memory.",
            "Use a smaller --context, fewer --parallel requests, or --kv-type q8_0.",
        )
    reason = said.strip().splitlines()[-1] if said.strip() else "it gave no reason"
    return InvalidModel(f"llama.cpp cannot make a context: {reason}.", "Try the default settings.")
