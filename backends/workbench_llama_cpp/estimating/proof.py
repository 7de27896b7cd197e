"""Proves, on a model small enough to know by heart, that llama.cpp's answers are read rightly here.

What is proved is what no C header promises: how a std::map lies in memory, and how a buffer type does.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

from workbench.engine_settings import EngineSettings
from workbench.gguf import GGML_TYPES, Header, TensorInfo, Value, WeightsFile
from workbench_llama_cpp.estimating.breakdown import BufferMemory, breakdown
from workbench_llama_cpp.estimating.cpp_map import LayoutUnknown
from workbench_llama_cpp.estimating.dry_run import DryModel
from workbench_llama_cpp.estimating.skeleton import skeleton
from workbench_llama_cpp.estimating.unbacked import withhold
from workbench_llama_cpp.ggml import function

_WIDTH, _VOCABULARY, _TOKENS = 32, 16, 256
_LARGE = 1 << 24


def header() -> Header:
    """Of a model of one layer with one head, F32 throughout."""
    metadata: dict[str, Value] = {
        "general.architecture": "llama",
        "llama.block_count": 1,
        "llama.context_length": _TOKENS,
        "llama.embedding_length": _WIDTH,
        "llama.feed_forward_length": _WIDTH,
        "llama.attention.head_count": 1,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.vocab_size": _VOCABULARY,
    }
    tensors = tuple(TensorInfo(name, shape, GGML_TYPES[0], 0) for name, shape in _shapes())
    files = (WeightsFile("the model for the proof", 0, 0, 0),)
    return Header(
        version=3, byte_order="little", metadata=metadata, tensors=tensors, alignment=32, files=files
    )


def _shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "token_embd.weight", (_WIDTH, _VOCABULARY)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        yield f"blk.0.{name}.weight", (_WIDTH, _WIDTH)
    for name in ("blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"):
        yield f"{name}.weight", (_WIDTH,)


def breakdown_is_read_rightly() -> bool:
    """Whether the breakdown of the small model is what it must be."""
    settings, small = EngineSettings(context_length=_TOKENS), header()
    model = DryModel(str(skeleton(small)), small.source_name, settings, ())
    try:
        found = model.with_context(settings, _TOKENS, breakdown)
    except LayoutUnknown:
        return False
    finally:
        model.close()
    return _as_known(found, small.weights_bytes)


def _as_known(found: list[BufferMemory], weights_bytes: int) -> bool:
    plain = function("ggml-base", "ggml_backend_cpu_buffer_type", ctypes.c_void_p)()
    keys_and_values = 2 * _TOKENS * _WIDTH * 2  # two bytes each
    known = [one for one in found if one.buffer_type == plain]
    return (
        len(known) == len(found) == 1
        and known[0].weights_bytes == weights_bytes
        and known[0].context_bytes == keys_and_values
        and _VOCABULARY * 4 <= known[0].compute_bytes < 1 << 26
    )


def shells_are_empty() -> bool:
    """Whether buffers that are withheld have the size asked for, and are left alone when cleared."""
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    plain = function("ggml-base", "ggml_backend_cpu_buffer_type", pointer)()
    withhold(plain)
    buffer = function("ggml-base", "ggml_backend_buft_alloc_buffer", pointer, pointer, size)(plain, _LARGE)
    first = ctypes.c_uint8.from_address(
        function("ggml-base", "ggml_backend_buffer_get_base", pointer, pointer)(buffer)
    )
    first.value = 1
    function("ggml-base", "ggml_backend_buffer_clear", None, pointer, ctypes.c_uint8)(buffer, 2)
    claimed = function("ggml-base", "ggml_backend_buffer_get_size", size, pointer)(buffer)
    empty = bool(claimed == _LARGE and first.value == 1)
    function("ggml-base", "ggml_backend_buffer_free", None, pointer)(buffer)
    return empty
