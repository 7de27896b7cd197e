"""Folders that are broken, hostile or of another kind: one clear error, and never a file."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conversion import folders
from tests.conversion.test_converting import converted, shard
from workbench.errors import WorkbenchError

Break = Callable[[Path], object]
HEADER = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def header(entries: Any, weights: bytes = bytes(8)) -> Break:
    content = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return lambda folder: folders.write_safetensors(folder / "model.safetensors", content, weights)


def without(file: str) -> Break:
    return lambda folder: (folder / file).unlink()


def config(**changes: Any) -> Break:
    return lambda folder: (folder / "config.json").write_text(json.dumps({**folders.CONFIG, **changes}))


def tokenizer(**changes: Any) -> Break:
    changed = {**folders.byte_tokenizer(), **changes}
    return lambda folder: (folder / "tokenizer.json").write_text(json.dumps(changed))


def weights(**changes: Any) -> Break:
    tensors = folders.llama_tensors()
    for part, change in changes.items():
        name = next(name for name in tensors if part in name)
        tensors[name] = change(tensors[name])
    return lambda folder: folders.save(folder / "model.safetensors", tensors)


def cut(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])


def lost_shard(folder: Path) -> None:
    shard(folder)
    (folder / "model-00004-of-00021.safetensors").unlink()


def wandering_shard(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    places = {"model.norm.weight": "../elsewhere.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def no_number(tensor: Any) -> Any:
    return np.where(np.arange(tensor.size).reshape(tensor.shape) == 3, np.nan, tensor).astype(np.float32)


CASES: dict[str, tuple[Break, str]] = {
    "no weights": (without("model.safetensors"), "no model.safetensors"),
    "no config": (without("config.json"), "no config.json"),
    "no tokenizer": (without("tokenizer.json"), "no tokenizer"),
    "pickle": (pickled, "pytorch_model.bin is a pickle"),
    "cut short": (cut, "may be cut short"),
    "lost shard": (lost_shard, "model-00004-of-00021.safetensors is missing"),
    "shard elsewhere": (wandering_shard, "no file of this folder"),
    "empty file": (lambda folder: (folder / "model.safetensors").write_bytes(b""), "no header"),
    "endless header": (
        lambda folder: (folder / "model.safetensors").write_bytes(b"\xff" * 64),
        "more than 100,000,000",
    ),
    "header beyond the file": (
        lambda folder: (folder / "model.safetensors").write_bytes((99).to_bytes(8, "little") + b"{}"),
        "ends beyond the file",
    ),
    "header of something else": (header(b"[1, 2, 3]"), "no JSON object"),
    "deep header": (header(b'{"a":' * 50_000), "not sound JSON"),
    "name twice": (header(b'{"a": 1, "a": 2}'), "twice"),
    "offsets beyond": (header({"a": {**HEADER, "data_offsets": [0, 16], "shape": [4]}}), "outside the file"),
    "offsets backwards": (header({"a": {**HEADER, "data_offsets": [8, 0]}}), "outside the file"),
    "offsets below zero": (header({"a": {**HEADER, "data_offsets": [-8, 0]}}), "makes no sense"),
    "shape that lies": (header({"a": {**HEADER, "shape": [3]}}), "do not make F32"),
    "huge shape": (header({"a": {**HEADER, "shape": [2**61, 2**61]}}), "do not make F32"),
    "tensors on each other": (header({"a": HEADER, "b": HEADER}), "the same bytes"),
    "no offsets": (header({"a": {"dtype": "F32", "shape": [2]}}), "lacks type, shape or offsets"),
    "whole numbers": (weights(q_proj=lambda tensor: tensor.astype(np.uint8)), "without their scales"),
    "no number": (weights(gate_proj=no_number), "blk.0.ffn_gate.weight holds values that are no numbers"),
    "infinite": (weights(up_proj=lambda tensor: tensor * np.inf), "no numbers"),
    "missing tensor": (
        lambda folder: folders.save(
            folder / "model.safetensors",
            {name: each for name, each in folders.llama_tensors().items() if "1.mlp.up_proj" not in name},
        ),
        "lack what becomes blk.1.ffn_up.weight",
    ),
    "surplus tensor": (
        lambda folder: folders.save(
            folder / "model.safetensors",
            {**folders.llama_tensors(), "model.extra.weight": np.ones(3, np.float32)},
        ),
        "model.extra.weight",
    ),
    "unknown architecture": (
        config(architectures=["PerceptronForCausalLM"]),
        "PerceptronForCausalLM is not known",
    ),
    "no architecture": (config(architectures=None), "without an architecture"),
    "endless blocks": (config(num_hidden_layers=10**9), "num_hidden_layers"),
    "text for a number": (config(hidden_size="many"), "hidden_size"),
    "config that lies": (config(num_key_value_heads=1), "blk.0.attn_k.weight has shape"),
    "other width": (config(hidden_size=128, head_dim=16), "by config.json it ends in [128]"),
    "other activation": (config(hidden_act="relu2"), "relu2"),
    "other positions": (config(rope_scaling={"type": "spiral"}), "spiral"),
    "quantized otherwise": (config(quantization_config={"quant_method": "gptq"}), "gptq"),
    "config that is none": (lambda folder: (folder / "config.json").write_text("{"), "not sound JSON"),
    "config of bytes": (lambda folder: (folder / "config.json").write_bytes(b"\xff\xfe"), "UTF-8"),
    "unknown words": (tokenizer(pre_tokenizer={"type": "Whitespace"}), "give its name with --pre"),
    "unknown tokenizer": (tokenizer(model={"type": "WordLevel", "vocab": {"a": 0}}), "WordLevel"),
    "tokens without numbers": (tokenizer(model={"type": "BPE", "vocab": {"a": "b"}}), "no sound vocabulary"),
    "token far away": (tokenizer(added_tokens=[{"id": 2**40, "content": "x"}]), "whole number"),
    "token of half a letter": (tokenizer(added_tokens=[{"id": 9, "content": "\ud800"}]), "no Unicode"),
    "more tokens than rows": (
        tokenizer(added_tokens=[{"id": 258, "content": "x"}]),
        "259 tokens and the model 258",
    ),
    "tokenizer that is none": (lambda folder: (folder / "tokenizer.json").write_text("[]"), "no JSON object"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_broken_is_told_and_leaves_no_file(tmp_path: Path, case: str) -> None:
    folder = folders.llama(tmp_path)
    damage, told = CASES[case]
    damage(folder)
    before = sorted(folder.iterdir())
    with pytest.raises(WorkbenchError) as caught:
        converted(folder)
    assert told in str(caught.value)
    assert sorted(folder.iterdir()) == before


def test_a_value_too_large_for_the_type_is_told(tmp_path: Path) -> None:
    tensors = folders.llama_tensors()
    tensors["lm_head.weight"][3, 3] = 70000.0
    folder = folders.llama(tmp_path, tensors)
    with pytest.raises(WorkbenchError, match=r"output.weight holds 7e\+04, which is too large for F16"):
        converted(folder, "f16")


def command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "workbench", "convert", str(folder), "-o", str(folder / "out.gguf")]


def test_a_full_disk_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    folder = folders.llama(tmp_path)
    before = sorted(folder.iterdir())

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    ended = subprocess.run(command(folder), preexec_fn=limit, capture_output=True, text=True)
    assert ended.returncode == 11
    assert "has no room" in ended.stderr
    assert sorted(folder.iterdir()) == before


KILLED_HALFWAY = """
import os, signal, sys
from pathlib import Path
from workbench.conversion.converting import Choices, convert

def advance(what, done, total):
    if what == "written" and done > total / 2:
        os.kill(os.getpid(), signal.SIGKILL)

convert(Path(sys.argv[1]), Choices(output=Path(sys.argv[1]) / "out.gguf"), advance)
"""


def test_what_is_killed_halfway_leaves_no_file_of_that_name(tmp_path: Path) -> None:
    folder = folders.llama(tmp_path)
    ended = subprocess.run([sys.executable, "-c", KILLED_HALFWAY, str(folder)])
    assert ended.returncode == -signal.SIGKILL
    assert not (folder / "out.gguf").exists()
