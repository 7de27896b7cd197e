"""Dry runs on GPUs that are not there, with llama.cpp's own defaults and nothing of the estimator's.

In this process: with a virtual device for everything that is large, nothing needs to be allocated.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.blueprints import Blueprint, header
from workbench.memory import VirtualGpu
from workbench_llama_cpp.binding import llama, log
from workbench_llama_cpp.estimating.breakdown import breakdown
from workbench_llama_cpp.estimating.skeleton import skeleton
from workbench_llama_cpp.estimating.virtual import virtual_devices
from workbench_llama_cpp.ggml import function
from workbench_llama_cpp.parameters import KV_TYPES, BufferOverride


class Sizes(NamedTuple):
    """Bytes in one kind of buffer."""

    weights: int
    context: int
    compute: int

    @property
    def mib(self) -> tuple[float, float, float]:
        return round(self[0] / 2**20, 2), round(self[1] / 2**20, 2), round(self[2] / 2**20, 2)


def card(gibibytes: float = 400, api: Any = "cuda", **facts: Any) -> VirtualGpu:
    return VirtualGpu(name="a card", memory_bytes=int(gibibytes * 2**30), api=api, **facts)


def experts_on_cpu(layers: Sequence[int]) -> str:
    return rf"blk\.({'|'.join(str(layer) for layer in layers)})\.ffn_(up|down|gate)_exps"


def dry_run(
    blueprint: Blueprint, *gpus: VirtualGpu, on_cpu: Sequence[str] = (), **context: Any
) -> dict[str, Sizes]:
    """By the buffers' names. `context` is for llama_context_params, with the KV type's name as `kv`."""
    with virtual_devices(gpus or (card(),)) as handles, loaded(blueprint, handles, on_cpu) as model:
        return sizes(model, **context)


@contextmanager
def loaded(blueprint: Blueprint, handles: Sequence[int], on_cpu: Sequence[str] = ()) -> Iterator[Any]:
    """The model, nothing of which is in memory."""
    model = load(skeleton(header(blueprint)), handles, on_cpu)
    try:
        yield model
    finally:
        llama().llama_model_free(model)


def load(file: Path, handles: Sequence[int], on_cpu: Sequence[str] = ()) -> Any:
    functions = llama()
    parameters = functions.llama_model_default_params()
    parameters.no_alloc, parameters.load_mode = True, functions.LLAMA_LOAD_MODE_NONE
    devices = (ctypes.c_void_p * (len(handles) + 1))(*handles, None)
    parameters.devices = ctypes.cast(devices, ctypes.c_void_p)
    cpu = function("ggml-base", "ggml_backend_cpu_buffer_type", ctypes.c_void_p)()
    overrides = [BufferOverride(pattern.encode(), cpu) for pattern in on_cpu]
    moved = (BufferOverride * (len(overrides) + 1))(*overrides, BufferOverride(None, None))
    parameters.tensor_buft_overrides = ctypes.cast(moved, ctypes.c_void_p)
    log.clear()
    model = functions.llama_model_load_from_file(os.fsencode(file), parameters)
    assert model, log.text()
    return model


def sizes(model: Any, kv: str = "f16", **wanted: Any) -> dict[str, Sizes]:
    functions = llama()
    parameters = functions.llama_context_default_params()
    parameters.type_k = parameters.type_v = KV_TYPES[kv]
    for name, value in {"n_ctx": 8192, "swa_full": False, **wanted}.items():
        setattr(parameters, name, value)
    log.clear()
    context = functions.llama_init_from_model(model, parameters)
    assert context, log.text()
    try:
        return {_name(one.buffer_type): _sizes(one) for one in breakdown(context)}
    finally:
        functions.llama_free(context)


def _sizes(memory: Any) -> Sizes:
    return Sizes(memory.weights_bytes, memory.context_bytes, memory.compute_bytes)


def _name(buffer_type: int) -> str:
    name = function("ggml-base", "ggml_backend_buft_name", ctypes.c_char_p, ctypes.c_void_p)(buffer_type)
    return str(name.decode())
