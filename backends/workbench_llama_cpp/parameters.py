"""From EngineSettings to llama.cpp's parameter structures.

The structures point at memory that Python owns; each function returns what must be kept alive beside them.
"""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Callable, Sequence
from typing import Any

import psutil

from workbench.cgroup import limits
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench_llama_cpp.binding import llama
from workbench_llama_cpp.devices import Device, buffer_type, chosen, devices

KV_TYPES = {
    "f32": 0,
    "f16": 1,
    "q4_0": 2,
    "q4_1": 3,
    "q5_0": 6,
    "q5_1": 7,
    "q8_0": 8,
    "iq4_nl": 20,
    "bf16": 30,
}
FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}
DEFAULT_CONTEXT = 8192
BATCH = 2048
_UNQUANTIZED = ("f32", "f16", "bf16")


class BufferOverride(ctypes.Structure):
    """llama_model_tensor_buft_override."""

    _fields_ = (("pattern", ctypes.c_char_p), ("buffer_type", ctypes.c_void_p))


def check(settings: EngineSettings) -> None:
    """Raise InvalidRequest for what llama.cpp would refuse after a long load."""
    if settings.flash_attention == "off" and settings.kv_type_v not in _UNQUANTIZED:
        raise InvalidRequest(
            f"A {settings.kv_type_v} V cache needs flash attention, and it is off.",
            "Use --flash-attention on, or --kv-type f16.",
        )
    if settings.parallel > (most := llama().llama_max_parallel_sequences()):
        raise InvalidRequest(
            f"llama.cpp serves at most {most} requests at once, not {settings.parallel}.",
            f"Use --parallel {most} or less.",
        )
    for lora in settings.lora:
        if not os.path.isfile(lora.path):
            raise InvalidRequest(f"There is no LoRA adapter {lora.path}.", "Check the path.")


def threads(settings: EngineSettings) -> int:
    """CPU threads: as asked, else the physical cores, within the CPUs this process may run on and use up."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    time = math.ceil(limits().cpus or allowed)
    return settings.threads or max(1, min(psutil.cpu_count(logical=False) or allowed, allowed, time))


def context_length(settings: EngineSettings, trained: int) -> int:
    """Tokens for each request: as asked, else what most conversations need, as far as the model goes."""
    return settings.context_length or min(DEFAULT_CONTEXT, trained)


def model_parameters(
    settings: EngineSettings, progress: Callable[[float], bool], cards: Sequence[Device] | None = None
) -> tuple[Any, list[object]]:
    """llama_model_params, and what must live as long as the load; `cards` stand in for the GPUs here."""
    functions = llama()
    parameters = functions.llama_model_default_params()
    parameters.n_gpu_layers = -1 if settings.gpu_layers is None else settings.gpu_layers
    callback = functions.llama_progress_callback(lambda share, user_data: progress(share))
    parameters.progress_callback = callback
    kept: list[object] = [callback]
    if settings.split:
        share_count = functions.llama_max_devices()
        if len(settings.split) > share_count:
            raise InvalidRequest(
                f"The split names {len(settings.split)} shares.", f"Give at most {share_count}."
            )
        parameters.tensor_split = (ctypes.c_float * share_count)(*settings.split)
        kept.append(parameters.tensor_split)
    if (used := chosen(settings, cards)) is not None:
        handles = [device.handle for device in used if device.is_gpu]
        kept.append(array := (ctypes.c_void_p * (len(handles) + 1))(*handles, None))
        parameters.devices = ctypes.cast(array, ctypes.c_void_p)
    if overrides := _overrides(settings, cards):
        kept.append(table := (BufferOverride * (len(overrides) + 1))(*overrides))
        parameters.tensor_buft_overrides = ctypes.cast(table, ctypes.c_void_p)
    return parameters, kept


def _overrides(settings: EngineSettings, cards: Sequence[Device] | None) -> list[BufferOverride]:
    """The user's own overrides first, because the first match wins."""
    overrides = [
        BufferOverride(one.pattern.encode(), buffer_type(one.buffer, cards))
        for one in settings.tensor_overrides
    ]
    if settings.experts_on_cpu:
        layers = "|".join(str(layer) for layer in range(settings.experts_on_cpu))
        pattern = rf"blk\.({layers})\.ffn_(up|down|gate|gate_up)_(ch|)exps"
        overrides.append(BufferOverride(pattern.encode(), buffer_type("CPU")))
    return overrides


def context_parameters(settings: EngineSettings, context_length: int) -> Any:
    """llama_context_params for a cache with a part of its own for each request.

    In one unified cache a prefix could be shared without copying, but every token would pass over what all
    the others hold. Logits are reserved for one token of each request and the drafted ones only, which saves
    hundreds of MiB.
    """
    parameters = llama().llama_context_default_params()
    parameters.n_ctx = context_length * settings.parallel
    parameters.n_batch = max(BATCH, settings.output_rows)
    parameters.n_ubatch = settings.micro_batch
    parameters.n_seq_max = settings.parallel
    parameters.n_outputs_max = settings.output_rows
    parameters.n_threads = threads(settings)
    parameters.n_threads_batch = settings.threads_batch or parameters.n_threads
    parameters.flash_attn_type = FLASH_ATTENTION[settings.flash_attention]
    parameters.type_k = KV_TYPES[settings.kv_type_k]
    parameters.type_v = KV_TYPES[settings.kv_type_v]
    parameters.kv_unified = False
    parameters.swa_full = False
    parameters.no_perf = True
    return parameters


def gpus(settings: EngineSettings) -> list[Device]:
    """Those that a load with these settings uses."""
    used = chosen(settings) or devices()
    return [device for device in used if device.is_gpu and settings.gpu_layers != 0]


def gpu_count() -> int:
    return sum(device.is_gpu for device in devices())
