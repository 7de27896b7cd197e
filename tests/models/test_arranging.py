"""Which files of a folder are one model, and what a folder may hold without harm."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest

from tests.models.machine import COMMIT, Machine, gguf, sha256, written
from workbench.models.stores import StoredModel, store_of


def held(slug: str) -> dict[str, StoredModel]:
    return {model.name: model for model in store_of(slug).models()}


def test_shards_are_one_model_and_a_missing_one_is_named(machine: Machine) -> None:
    for number in (1, 2, 3):
        machine.in_hub("org/big", f"Q8_0/big-0000{number}-of-00003.gguf", gguf(f"shard {number}"))
    written(machine.folder / "part-00002-of-00002.gguf", gguf())
    big = held("hugging-face")["org/big/Q8_0/big-00001-of-00003.gguf"]
    assert [file.path.name[:9] for file in big.files] == ["big-00001", "big-00002", "big-00003"]
    (part,) = held("folder").values()
    assert part.missing == ("part-00001-of-00002.gguf",)


def test_a_projector_belongs_to_the_model_it_is_named_for(machine: Machine) -> None:
    for name in (
        "gemma-3-4b-it-Q4_K_M",
        "gemma-3-4b-it-mmproj-f16",
        "qwen2-vl-7b-q8_0",
        "mmproj-qwen2-vl-7b-f16",
        "text",
    ):
        written(machine.folder / f"{name}.gguf", gguf(name))
    written(machine.folder / "repo" / "mmproj-F16.gguf", gguf())
    written(machine.folder / "repo" / "Q4" / "any-Q4_0.gguf", gguf())
    projectors = {
        name: model.projector and model.projector.path.stem for name, model in held("folder").items()
    }
    assert projectors == {
        "gemma-3-4b-it-Q4_K_M": "gemma-3-4b-it-mmproj-f16",
        "qwen2-vl-7b-q8_0": "mmproj-qwen2-vl-7b-f16",
        "text": None,
        "repo/Q4/any-Q4_0": "mmproj-F16",
    }


def safetensors(*names: str) -> bytes:
    header = {
        name: {"dtype": "I16", "shape": [4], "data_offsets": [8 * i, 8 * i + 8]}
        for i, name in enumerate(names)
    }
    raw = json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + bytes(8 * len(names))


@pytest.mark.parametrize(
    ("config", "tensors", "kind"),
    [
        ({"quantization_config": {"quant_method": "exl2", "bits": 4.25}}, ("a.q_weight",), "exl2"),
        ({"quantization_config": {"quant_method": "exl3", "bits": 3.0}}, ("a.trellis",), "exl3"),
        ({"text_config": {"quantization_config": {"quant_method": "exl3"}}}, ("a.trellis",), "exl3"),
        ({"model_type": "llama"}, ("a.trellis", "a.suh"), "exl3"),
        ({"model_type": "llama"}, ("a.q_invperm",), "exl2"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, ("a.qweight",), "safetensors"),
        ({"model_type": "llama", "torch_dtype": "bfloat16"}, ("a.weight",), "safetensors"),
    ],
)
def test_folders_are_told_apart_by_what_is_in_them(
    machine: Machine, config: dict[str, object], tensors: tuple[str, ...], kind: str
) -> None:
    written(machine.folder / "m" / "config.json", json.dumps(config).encode())
    written(machine.folder / "m" / "model.safetensors", safetensors(*tensors))
    assert held("folder")["m"].kind == kind


def test_mlc_folders_and_what_they_lack(machine: Machine) -> None:
    written(machine.folder / "llama-q4f16_1-MLC" / "mlc-chat-config.json", b'{"quantization": "q4f16_1"}')
    written(machine.folder / "llama-q4f16_1-MLC" / "params_shard_0.bin", b"weights")
    cache = {"records": [{"dataPath": "params_shard_0.bin"}, {"dataPath": "params_shard_1.bin"}]}
    written(machine.folder / "llama-q4f16_1-MLC" / "ndarray-cache.json", json.dumps(cache).encode())
    model = held("folder")["llama-q4f16_1-MLC"]
    assert (model.kind, model.missing) == ("mlc", ("params_shard_1.bin",))


def test_an_index_says_which_safetensors_are_missing(machine: Machine) -> None:
    folder = machine.folder / "m"
    written(folder / "config.json", b"{}")
    written(folder / "model-00001-of-00002.safetensors", safetensors("a"))
    written(folder / "consolidated.safetensors", safetensors("a"))
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    written(folder / "model.safetensors.index.json", json.dumps(index).encode())
    model = held("folder")["m"]
    assert [file.path.name for file in model.files] == ["model-00001-of-00002.safetensors"]
    assert model.missing == ("model-00002-of-00002.safetensors",)


def test_loops_of_links_dead_links_pipes_and_unreadable_folders_break_nothing(machine: Machine) -> None:
    written(machine.folder / "good.gguf", gguf())
    (machine.folder / "loop").symlink_to(machine.folder)
    (machine.folder / "self.gguf").symlink_to("self.gguf")
    (machine.folder / "dead.gguf").symlink_to("nowhere")
    os.mkfifo(machine.folder / "pipe.gguf")
    deep = machine.folder.joinpath(*(["d"] * 60))
    written(deep / "deep.gguf", gguf())
    closed = machine.folder / "closed"
    closed.mkdir(mode=0)
    try:
        assert set(held("folder")) == {"good"}
    finally:
        closed.chmod(0o700)


def test_names_that_are_not_text_are_listed(machine: Machine) -> None:
    written(Path(os.fsdecode(os.fsencode(machine.folder) + b"/caf\xe9\x1b[2J.gguf")), gguf())
    (name,) = held("folder")
    assert name.startswith("caf")


def test_a_client_that_fetched_into_a_folder_has_noted_the_hash(machine: Machine) -> None:
    data = gguf()
    written(machine.folder / "repo" / "sub" / "m.gguf", data)
    note = machine.folder / "repo" / ".cache/huggingface/download/sub/m.gguf.metadata"
    written(note, f"{COMMIT}\n{sha256(data)}\n1700000000.0\n".encode())
    assert held("folder")["repo/sub/m"].files[0].digest == sha256(data)
