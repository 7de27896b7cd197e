"""A folder becomes a GGUF file that llama.cpp loads: weights, types, tokenizer, templates and its origin."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from tests.conversion import folders
from tests.conversion.corpus import lines
from tests.conversion.llama_cpp_answers import Model
from workbench.conversion.converting import Choices, Converted, convert


def converted(folder: Path, output_type: str = "auto", *, pre: str = "") -> Converted:
    return convert(
        folder, Choices(output=folder / "out.gguf", type=output_type, pre=pre), lambda *progress: None
    )


def tensors_of(path: Path) -> dict[str, Any]:
    return {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}


def value_of(path: Path, key: str) -> Any:
    field = gguf.GGUFReader(path).get_field(key)
    return field.contents() if field else None


def test_what_is_converted_runs_and_finds_the_same_tokens(tmp_path: Path) -> None:
    made = converted(folders.llama(tmp_path))
    assert (made.architecture, made.type, made.notes) == ("llama", "f32", ())
    assert made.size_bytes == made.path.stat().st_size
    with Model(made.path) as model:
        for line in lines(50):
            assert model.tokens(line) == [256, *line.encode()]
        assert np.isfinite(model.logits([256, 65, 66])).all()


def test_it_says_what_it_is_and_where_it_came_from(tmp_path: Path) -> None:
    made = converted(folders.llama(tmp_path / "Tiny-Llama"))
    assert value_of(made.path, "general.name") == "Tiny-Llama"
    assert value_of(made.path, "general.file_type") == 0
    assert value_of(made.path, "general.quantization_version") == 2
    assert value_of(made.path, "tokenizer.chat_template") == "{{ bos_token }}{{ messages[0]['content'] }}"
    assert value_of(made.path, "tokenizer.ggml.eos_token_id") == 257
    assert value_of(made.path, "tokenizer.ggml.add_eos_token") is False
    weights = (tmp_path / "Tiny-Llama" / "model.safetensors").read_bytes()
    digest = sha256(sha256(weights).digest()).hexdigest()
    assert value_of(made.path, "workbench.source.sha256") == made.source_sha256 == digest


@pytest.mark.parametrize(
    ("output_type", "kind"), [("f32", "F32"), ("f16", "F16"), ("bf16", "BF16"), ("q8_0", "Q8_0")]
)
def test_matrices_get_the_type_and_vectors_stay_whole(tmp_path: Path, output_type: str, kind: str) -> None:
    stored = folders.llama_tensors()
    made = tensors_of(converted(folders.llama(tmp_path, stored), output_type).path)
    up = made["blk.0.ffn_up.weight"]
    assert up.tensor_type.name == kind
    assert made["output_norm.weight"].tensor_type.name == "F32"
    expected = gguf.quants.quantize(stored["model.layers.0.mlp.up_proj.weight"], up.tensor_type)
    assert np.array_equal(up.data.view(np.uint8).ravel(), expected.view(np.uint8).ravel())


@pytest.mark.parametrize(("stored", "kept"), [("float16", "f16"), ("uint16", "bf16")])
def test_the_type_of_the_model_is_kept(tmp_path: Path, stored: str, kept: str) -> None:
    tensors = {
        name: (values.view(np.uint32) >> 16).astype(np.uint16)
        if stored == "uint16"
        else values.astype(stored)
        for name, values in folders.llama_tensors().items()
    }
    made = converted(folders.llama(tmp_path, tensors))
    assert made.type == kept
    name = "model.layers.1.mlp.down_proj.weight"
    assert tensors_of(made.path)["blk.1.ffn_down.weight"].data.tobytes() == tensors[name].tobytes()


def test_shards_become_one_file(tmp_path: Path) -> None:
    whole = converted(folders.llama(tmp_path / "whole"))
    folder = folders.llama(tmp_path / "parts")
    shard(folder)
    parts = converted(folder)
    whole_tensors, tensors = tensors_of(whole.path), tensors_of(parts.path)
    assert whole_tensors.keys() == tensors.keys()
    assert all(np.array_equal(tensors[name].data, whole_tensors[name].data) for name in tensors)


def shard(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    places = {}
    for number, (name, values) in enumerate(folders.llama_tensors().items()):
        places[name] = f"model-{number:05}-of-00021.safetensors"
        folders.save(folder / places[name], {name: values})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


@pytest.mark.parametrize("scales", ["whole", "row", "block"])
def test_8_bit_floats_are_made_whole_with_their_scales(tmp_path: Path, scales: str) -> None:
    name = "model.layers.0.mlp.gate_proj.weight"
    codes = (
        np.arange(folders.FEED_FORWARD * folders.HIDDEN, dtype=np.uint32).reshape(-1, folders.HIDDEN) % 127
    )
    codes = codes.astype(np.uint8)
    shape = {"whole": (1,), "row": (folders.FEED_FORWARD, 1), "block": (3, 2)}[scales]
    factors = np.linspace(0.5, 2.0, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    tensors = {**folders.llama_tensors(), name: codes, f"{name}_scale_inv": factors}
    quantization = {"quant_method": "fp8", "weight_block_size": [32, 32]}
    folder = folders.llama(tmp_path, tensors, {"quantization_config": quantization})
    made = tensors_of(converted(folder, "f32").path)["blk.0.ffn_gate.weight"].data
    spread = np.kron(factors, np.ones((32, 32))) if scales == "block" else factors
    assert np.allclose(made, float8(codes) * spread, rtol=1e-6)


def float8(codes: Any) -> Any:
    """E4M3 by its definition, one at a time."""

    def one(code: int) -> float:
        exponent, fraction = code >> 3 & 15, code & 7
        return fraction / 8 * 2.0**-6 if exponent == 0 else (1 + fraction / 8) * 2.0 ** (exponent - 7)

    return np.vectorize(one)(codes)


def test_named_templates_are_kept(tmp_path: Path) -> None:
    folder = folders.llama(tmp_path)
    (folder / "chat_template.jinja").unlink()
    templates = [{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "tools"}]
    (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": templates}))
    made = converted(folder)
    assert value_of(made.path, "tokenizer.chat_template") == "plain"
    assert value_of(made.path, "tokenizer.chat_template.tool_use") == "tools"


def test_added_tokens_have_their_place_and_kind(tmp_path: Path) -> None:
    folder = folders.llama(tmp_path)
    tokenizer = folders.byte_tokenizer()
    tokenizer["model"]["vocab"].pop("a")
    tokenizer["added_tokens"].append({"id": 97, "content": "<tool>", "special": False})
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    with Model(converted(folder).path) as model:
        assert model.tokens("x<tool>y</s>") == [256, 120, 97, 121, *b"</s>"]
        assert model.tokens("x<tool>y</s>", special=True) == [256, 120, 97, 121, 257]


def test_what_engines_do_not_put_around_a_text_is_told(tmp_path: Path) -> None:
    folder = folders.llama(tmp_path)
    tokenizer = folders.byte_tokenizer()
    tokenizer["added_tokens"][0]["content"] = "[gMASK]"
    single = [{"SpecialToken": {"id": name}} for name in ("[gMASK]", "</s>")] + [{"Sequence": {"id": "A"}}]
    tokenizer["post_processor"]["single"] = single
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "tokenizer_config.json").write_text(json.dumps({"bos_token": "</s>", "eos_token": "</s>"}))
    made = converted(folder)
    assert "does not put [gMASK] around" in made.notes[0]
    with Model(made.path) as model:
        assert model.tokens("a") == [257, 97]


def test_words_taken_otherwise_are_told(tmp_path: Path) -> None:
    folder = folders.llama(tmp_path)
    tokenizer = folders.byte_tokenizer()
    tokenizer["model"]["ignore_merges"] = True
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    made = converted(folder)
    assert value_of(made.path, "tokenizer.ggml.pre") == "gpt-2"
    assert "as their merges make them" in made.notes[0]
