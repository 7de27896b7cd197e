"""Stand-ins: every kind of block is sound, and llama.cpp computes with a part of every kind of model."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.blueprints import header, hybrids, models
from tests.llama_cpp.architectures import ARCHITECTURES, DELTA, EXPERTS, TINY
from tests.llama_cpp.conftest import Open
from workbench.backend import TokenDrawn, TokenRequest
from workbench.errors import InvalidModel
from workbench.gguf import GGML_TYPES, Array, read_header
from workbench.ports import StandIns
from workbench_llama_cpp.ggml import function
from workbench_llama_cpp.standing_in.cutting import first_layers
from workbench_llama_cpp.standing_in.noise import BLOCK_ELEMENTS, blocks, noise
from workbench_llama_cpp.standing_in.stand_ins import LlamaCppStandIns

INTEGERS = ("I8", "I16", "I32", "I64")
WEIGHTS = [number for number, kind in GGML_TYPES.items() if kind.name not in INTEGERS]
ZEROS = ("Q8_1", "Q8_K", "F64")
SLOW_TO_FILL = dict.fromkeys(("IQ1_S", "IQ2_S"), pytest.mark.slow)
LAYERS = 4
WIDE = {"head_size": 64}
"""As wide as what is turned by position in these."""
GENERATING = {name: made for name, made in ARCHITECTURES.items() if name != "bert"} | {
    "qwen3next": lambda: hybrids.qwen3next(replace(EXPERTS, **WIDE), DELTA),
    "qwen35": lambda: hybrids.qwen35(replace(TINY, **WIDE), DELTA),
    "qwen35moe": lambda: hybrids.qwen35moe(replace(EXPERTS, **WIDE), DELTA, "F16"),
}


class TypeTraits(ctypes.Structure):
    """The beginning of ggml_type_traits."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("block_elements", ctypes.c_int64),
        ("interleaved", ctypes.c_int64),
        ("block_bytes", ctypes.c_size_t),
        ("is_quantized", ctypes.c_bool),
        ("to_float", ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64)),
    )


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[StandIns]:
    made = LlamaCppStandIns()
    yield made
    made.close()


@pytest.mark.parametrize(
    "number",
    [pytest.param(one, marks=SLOW_TO_FILL.get(GGML_TYPES[one].name, ())) for one in WEIGHTS],
    ids=lambda number: GGML_TYPES[number].name,
)
def test_the_noise_of_each_type_is_finite_and_as_large_as_weights_are(number: int) -> None:
    made, count = noise(number), blocks(number) * BLOCK_ELEMENTS
    kind = GGML_TYPES[number]
    assert len(made) == count // kind.block_elements * kind.block_bytes
    if kind.name in ZEROS:
        assert not any(made)
        return
    values = np.frombuffer(made, np.float32) if kind.name == "F32" else as_floats(number, made, count)
    assert np.isfinite(values).all()
    assert 0.005 < values.std() < 0.05
    assert len(np.unique(values.reshape(-1, BLOCK_ELEMENTS), axis=0)) > blocks(number) // 2


def as_floats(number: int, made: bytes, count: int) -> np.ndarray:
    traits = function("ggml-base", "ggml_get_type_traits", ctypes.POINTER(TypeTraits), ctypes.c_int)(number)
    values = np.empty(count, np.float32)
    traits.contents.to_float(made, values.ctypes.data, count)
    return values


@pytest.mark.parametrize("name", GENERATING)
def test_a_part_of_each_kind_of_model_can_be_written_and_answers(
    name: str, stand_ins: StandIns, open_tiny: Open, tmp_path: Path
) -> None:
    whole, path = header(GENERATING[name]()), tmp_path / "part.gguf"
    part = stand_ins.shortened(whole, LAYERS)
    stand_ins.write(part, path)
    assert {tensor.layer for tensor in read_header(path).tensors} == {None, *range(LAYERS)}
    assert not read_header(path).missing_bytes
    engine = open_tiny(path)
    assert engine.facts.vocabulary_size == 1000
    engine.enqueue(TokenRequest(id=1, prompt=tuple(range(3, 60)), max_tokens=4, ignore_end=True, logprobs=2))
    events = [event for _ in range(8) for event in engine.step()]
    drawn = [event for event in events if isinstance(event, TokenDrawn)]
    assert len(drawn) == 4
    assert all(event.logprobs and np.isfinite(event.logprobs.chosen.logprob) for event in drawn)


def test_the_whole_model_can_be_stood_in_for_as_well(stand_ins: StandIns, tmp_path: Path) -> None:
    whole, path = header(ARCHITECTURES["qwen3"]()), tmp_path / "whole.gguf"
    stand_ins.write(whole, path)
    written = read_header(path)
    assert [(one.name, one.shape, one.type) for one in written.tensors] == [
        (one.name, one.shape, one.type) for one in whole.tensors
    ]
    content = path.read_bytes()
    parts = {content[start : start + 4096] for start in range(written.data_offset, len(content) - 4096, 4096)}
    assert len(parts) > 0.8 * (len(content) - written.data_offset) / 4096


def test_lists_with_an_element_for_each_layer_are_cut_with_them() -> None:
    whole = header(models.lfm2_1_2b())
    part = first_layers(whole, 5)
    kv_heads = part.metadata["lfm2.attention.head_count_kv"]
    assert isinstance(kv_heads, Array) and list(kv_heads) == [0, 0, 8, 0, 0]
    assert part.number("lfm2.block_count") == 5
    assert whole.number("lfm2.block_count") == 16


def test_a_deepseek_without_compressed_queries_says_so() -> None:
    """llama.cpp tells that one by its number of layers."""
    whole = header(ARCHITECTURES["deepseek2"]())
    metadata = {key: value for key, value in whole.metadata.items() if "q_lora" not in key}
    assert first_layers(replace(whole, metadata=metadata), 3).number("deepseek2.attention.q_lora_rank") == 0


@pytest.mark.parametrize("count", [0, 7])
def test_no_layers_or_more_than_there_are_cannot_be_had(count: int) -> None:
    with pytest.raises(InvalidModel, match="6 layers"):
        first_layers(header(ARCHITECTURES["llama"]()), count)
