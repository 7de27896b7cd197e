"""What is read of a folder: its kind, its shape, how positions are rotated, and the memory that follows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.exllama.folders import THETA, write_model
from workbench import registry
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidModel, ModelNotFound, Unsupported, WorkbenchError
from workbench_exllama.flat_config import flattened, readable_folder
from workbench_exllama.memory import cache_tokens, estimate
from workbench_exllama.model_config import format_of, read_folder

LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}


def test_a_folder_is_known_by_its_quantization(kind: Literal["exl2", "exl3"], tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", kind)
    assert registry.name_for(str(folder)) == "exllama"
    assert (format_of(folder), read_folder(folder).quantization) == (kind, f"{kind.upper()} 4 bpw")
    other = write_model(tmp_path / "other", kind, quantization_config={"quant_method": "awq"})
    assert format_of(other) is None and format_of(tmp_path) is None
    with pytest.raises(InvalidModel, match="no EXL2 or EXL3"):
        read_folder(other)


@pytest.mark.parametrize("text", ["", "[", "[]", "[" * 100_000, '{"quantization_config": 3}', "\xff\x00"])
def test_a_broken_configuration_is_one_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(text.encode("latin-1"))
    assert format_of(tmp_path) is None
    with pytest.raises(InvalidModel) as caught:
        read_folder(tmp_path)
    assert caught.value.remedy


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", "exl3")
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InvalidModel, match=r"no model-2\.safetensors"):
        read_folder(folder)
    with pytest.raises(ModelNotFound, match="missing"):
        read_folder(tmp_path / "missing")


def test_every_end_token_counts(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", "exl3", eos_token_id=[301, 299])
    (folder / "generation_config.json").write_text('{"eos_token_id": 298}')
    assert read_folder(folder).end_tokens == {298, 299, 301}


def test_exllamav2_gets_no_architecture_that_it_takes_for_another(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", "exl2", architectures=["Qwen3_5ForCausalLM"])
    with pytest.raises(InvalidModel, match="does not know Qwen3_5"):
        read_folder(folder)


@pytest.mark.parametrize(
    ("told", "flat"),
    [
        ({"rope_theta": 1e6}, {"rope_theta": 1e6}),
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 5e5}}, {"rope_theta": 5e5}),
        (
            {"rope_parameters": {"rope_type": "llama3", "rope_theta": 5e5, **LLAMA3}},
            {"rope_theta": 5e5, "rope_scaling": {"rope_type": "llama3", **LLAMA3}},
        ),
        (
            {"rope_theta": 1e4, "rope_scaling": {"type": "linear", "rope_type": "linear", "factor": 2.0}},
            {"rope_theta": 1e4, "rope_scaling": {"rope_type": "linear", "factor": 2.0}},
        ),
        (
            {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5}},
            {"rope_theta": 1e4, "partial_rotary_factor": 0.5},
        ),
    ],
)
def test_rotations_are_told_in_words_that_exllamav2_knows(told: dict[str, Any], flat: dict[str, Any]) -> None:
    assert flattened({"model_type": "llama", **told}) == {"model_type": "llama", **flat}


@pytest.mark.parametrize(
    "rotation", [{"rope_type": "dynamic", "rope_theta": 1e4}, {"full_attention": {"rope_theta": 1e4}}]
)
def test_rotations_that_it_has_not_are_refused(rotation: dict[str, Any]) -> None:
    with pytest.raises(InvalidModel) as caught:
        flattened({"rope_parameters": rotation})
    assert caught.value.remedy


def test_the_files_stay_as_they_are(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", "exl2")
    before = (folder / "config.json").read_bytes()
    with readable_folder(folder) as readable:
        assert json.loads((readable / "config.json").read_text())["rope_theta"] == THETA
        assert (readable / "tokenizer.json").samefile(folder / "tokenizer.json")
    assert not readable.exists() and (folder / "config.json").read_bytes() == before


def test_the_memory_is_that_of_the_formula(kind: Literal["exl2", "exl3"], tmp_path: Path) -> None:
    """Two requests of 1000 tokens in pages of 256, two heads of keys of 16 numbers, two layers."""
    model = read_folder(write_model(tmp_path / "model", kind))
    tokens = 2 * 1024
    assert cache_tokens(1000, 2) == tokens
    row = tokens * 2 * 16
    for bits, cache in (
        ("f16", 4 * 2 * row),
        ("q8_0", 2 * row * 2.125 + 4 * row),
        ("q4_0", 2 * row * 1.125 + 4 * row),
    ):
        settings = EngineSettings(parallel=2, kv_type_k=bits, kv_type_v=bits)
        told = estimate(model, settings, 1000)
        (gpu,) = told.devices
        assert gpu.context_bytes == cache
        assert (
            gpu.weights_bytes + told.host.weights_bytes == (model.folder / "model.safetensors").stat().st_size
        )
        states, matrix = 2 * 2048 * 64 + 4 * 2048 * 128, 2 * 64 * model.vocabulary_size
        assert gpu.compute_bytes == states + matrix


@pytest.mark.parametrize(("key", "value"), [("f16", "q8_0"), ("iq4_nl", "iq4_nl"), ("f32", "f32")])
def test_a_cache_that_there_is_not_is_refused(
    key: str, value: str, kind: Literal["exl2", "exl3"], tmp_path: Path
) -> None:
    model = read_folder(write_model(tmp_path / "model", kind))
    with pytest.raises(Unsupported, match=key) as caught:
        estimate(model, EngineSettings(kv_type_k=key, kv_type_v=value), 512)
    assert isinstance(caught.value, WorkbenchError) and caught.value.remedy
