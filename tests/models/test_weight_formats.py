"""Weights in the forms that others publish: recognised, described, sized, and refused with who runs them."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import pytest

from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidModel, ModelNotFound
from workbench.models import describe, model_named
from workbench.models.inspection import inspect
from workbench.models.locating import locate
from workbench.models.weight_formats import weight_format
from workbench.planning.opening import open_planned

SHAPE = {"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 64, "torch_dtype": "bfloat16"}
BYTES = {"I32": 4, "U8": 1, "F8_E4M3": 1, "BF16": 2}
Tensors = dict[str, tuple[str, tuple[int, ...]]]


def safetensors(tensors: Tensors) -> bytes:
    header, end = dict[str, Any](), 0
    for name, (kind, shape) in tensors.items():
        start, end = end, end + BYTES[kind] * prod(shape)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(end)


PACKED: Tensors = {"model.layers.0.self_attn.q_proj.qweight": ("I32", (64, 8))}
EIGHT: Tensors = {"model.layers.0.self_attn.q_proj.weight": ("F8_E4M3", (64, 64))}
PLAIN: Tensors = {"model.embed_tokens.weight": ("BF16", (100, 64))}


@dataclass(frozen=True)
class Case:
    """A folder: the quantization in its config.json, or its other files; and what is said of it."""

    quantization: dict[str, Any] | None
    tensors: Tensors
    label: str
    engine: str
    parameters: int | None = None


CASES = {
    "awq": Case({"quant_method": "awq", "bits": 4, "group_size": 128}, PACKED, "AWQ 4 bit", "vLLM"),
    "awq, as its own tool writes it": Case({"quant_method": "awq", "w_bit": 4}, PACKED, "AWQ 4 bit", "vLLM"),
    "gptq": Case({"quant_method": "gptq", "bits": 3}, PACKED, "GPTQ 3 bit", "SGLang"),
    "bitsandbytes": Case(
        {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"},
        {"model.layers.0.self_attn.q_proj.weight": ("U8", (2048, 1))},
        "bitsandbytes nf4 4 bit",
        "transformers",
    ),
    "bitsandbytes, 8 bit": Case(
        {"quant_method": "bitsandbytes", "load_in_8bit": True}, PLAIN, "bitsandbytes 8 bit", "transformers"
    ),
    "fp8": Case({"quant_method": "fp8", "fmt": "e4m3"}, EIGHT, "FP8", "TensorRT-LLM", 4096),
    "compressed": Case(
        {
            "quant_method": "compressed-tensors",
            "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float"}}},
        },
        EIGHT,
        "compressed-tensors float 8 bit",
        "vLLM",
    ),
    "unheard of": Case({"quant_method": "hqq2", "bits": 2}, PACKED, "HQQ2 2 bit", "transformers"),
    "plain": Case(None, PLAIN, "BF16", "workbench convert", 6400),
    "strange": Case({"quant_method": 7, "bits": "four", "config_groups": [1]}, PLAIN, "BF16", "vLLM", 6400),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_folder_is_described_and_refused_with_the_engine_that_runs_it(case: Case, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    said = {} if case.quantization is None else {"quantization_config": case.quantization}
    (folder / "config.json").write_text(json.dumps(SHAPE | said))
    (folder / "model.safetensors").write_bytes(safetensors(case.tensors))
    model = locate(str(folder))
    described, inspected = describe(model), inspect(model)
    assert (described.architecture, described.quantization) == ("llama", case.label)
    assert described.size_bytes == (folder / "model.safetensors").stat().st_size
    assert inspected.parameters == case.parameters and inspected.layers == 2
    with pytest.raises(InvalidModel, match="no engine of the workbench runs") as refused:
        model_named(str(folder))
    assert case.engine in refused.value.remedy and "http://" in refused.value.remedy


async def test_what_a_list_of_models_leads_to_is_refused_likewise(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(SHAPE))
    (tmp_path / "model.safetensors").write_bytes(safetensors(PLAIN))
    with pytest.raises(InvalidModel, match="safetensors"):
        await open_planned(str(tmp_path), EngineSettings())
    with pytest.raises(ModelNotFound, match="No backend knows"):
        await open_planned(str(tmp_path / "nothing.here"), EngineSettings())


def test_gptq_as_its_first_tool_wrote_it(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(SHAPE))
    (tmp_path / "quantize_config.json").write_text('{"bits": 4, "group_size": 128}')
    (tmp_path / "model.safetensors").write_bytes(safetensors(PACKED))
    assert describe(locate(str(tmp_path))).quantization == "GPTQ 4 bit"


def onnx_beside(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps(SHAPE))
    (folder / "onnx").mkdir()
    for name in ("model_q4.onnx", "model_q4.onnx_data", "model_q4.onnx_data_1", "notes.txt"):
        (folder / "onnx" / name).write_bytes(bytes(1000))


def onnx_alone(folder: Path) -> None:
    for name in ("model.onnx", "model.onnx.data", "model.onnx_data"):
        (folder / name).write_bytes(bytes(1000))


@pytest.mark.parametrize("write", [onnx_beside, onnx_alone])
def test_onnx_is_sized_with_its_data(write: Callable[[Path], None], tmp_path: Path) -> None:
    write(tmp_path)
    model = locate(str(tmp_path))
    described = describe(model)
    assert (described.kind, described.size_bytes, described.quantization) == ("onnx", 3000, "")
    form = weight_format(model.place)
    assert form and "ONNX Runtime" in form.engines
    with pytest.raises(InvalidModel, match="ONNX"):
        model_named(str(tmp_path))


@pytest.mark.parametrize(
    ("config", "weights"),
    [("config.json", "pytorch_model-00001-of-00002.bin"), ("params.json", "consolidated.00.pth")],
)
def test_a_pickle_is_refused_with_the_reason_and_never_opened(
    config: str, weights: str, tmp_path: Path
) -> None:
    (tmp_path / config).write_text(json.dumps(SHAPE))
    (tmp_path / weights).write_bytes(b"cos\nsystem\n(S'touch opened'\ntR.")
    described = describe(locate(str(tmp_path)))
    assert (described.kind, described.size_bytes) == ("pickle", 31)
    assert "can run what its author wished" in described.problem
    with pytest.raises(InvalidModel, match="can run what its author wished") as refused:
        model_named(str(tmp_path))
    assert "safetensors or GGUF" in refused.value.remedy


@pytest.mark.parametrize(
    ("name", "words"),
    [("a.onnx", "ONNX"), ("a.safetensors", "convert"), ("a.pth", "pickle"), ("a.pt", "pickle")],
)
def test_a_file_alone_is_refused_likewise(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(bytes(64))
    with pytest.raises(InvalidModel) as refused:
        model_named(str(tmp_path / name))
    assert words in str(refused.value)


def test_what_lies_about_is_no_model(tmp_path: Path) -> None:
    for name in ("training.pt", "notes.json"):
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(ModelNotFound, match="is a folder"):
        locate(str(tmp_path))
