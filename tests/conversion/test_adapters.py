"""LoRA adapters as PEFT saves them do the same beside a model, merged into it, and added to its weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conversion import folders
from tests.conversion.llama_cpp_answers import Model
from tests.conversion.test_converting import converted, tensors_of
from workbench.conversion.converting import Choices, convert
from workbench.conversion.converting_adapters import convert_adapter
from workbench.errors import WorkbenchError

TOKENS = [256, 72, 101, 108, 108, 111]
RANK = 4
SHAPES = {
    "model.layers.0.self_attn.q_proj": (folders.HIDDEN, folders.HIDDEN),
    "model.layers.0.self_attn.k_proj": (folders.HIDDEN // 2, folders.HIDDEN),
    "model.layers.1.mlp.down_proj": (folders.HIDDEN, folders.FEED_FORWARD),
    "lm_head": (folders.VOCABULARY, folders.HIDDEN),
}
CONFIG = {"peft_type": "LORA", "r": RANK, "lora_alpha": 8, "bias": "none"}


def adapter(folder: Path, **changes: Any) -> tuple[Path, folders.Tensors]:
    """An adapter, and the weights of the model that has been changed by it."""
    random = np.random.default_rng(11)
    halves, tensors = {}, folders.llama_tensors()
    for module, (rows, columns) in SHAPES.items():
        right = random.standard_normal((RANK, columns)).astype(np.float32) * 0.2
        left = random.standard_normal((rows, RANK)).astype(np.float32) * 0.2
        halves[f"base_model.model.{module}.lora_A.weight"] = right
        halves[f"base_model.model.{module}.lora_B.weight"] = left
        config = {**CONFIG, **changes}
        alpha = config.get("alpha_pattern", {}).get(module.rpartition(".")[2], config["lora_alpha"])
        strength = alpha / (RANK**0.5 if config.get("use_rslora") else RANK)
        tensors[f"{module}.weight"] += strength * (left @ right)
    folder.mkdir(exist_ok=True)
    folders.save(folder / "adapter_model.safetensors", halves)
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder, tensors


def adapted(folder: Path, base: Path | None) -> Path:
    choices = Choices(output=folder / "out.gguf")
    return convert_adapter(folder, base, choices, lambda *progress: None).path


def merged(tmp_path: Path, base: Path, folder: Path) -> Path:
    choices = Choices(output=tmp_path / "merged.gguf")
    return convert(base, choices, lambda *progress: None, adapter=folder).path


@pytest.mark.parametrize("changes", [{}, {"use_rslora": True}, {"alpha_pattern": {"k_proj": 2}}], ids=str)
def test_beside_the_model_it_does_what_was_learned(tmp_path: Path, changes: dict[str, Any]) -> None:
    folder, tensors = adapter(tmp_path / "lora", **changes)
    plain = converted(folders.llama(tmp_path / "plain"))
    expected = converted(folders.llama(tmp_path / "changed", tensors))
    with Model(expected.path) as model:
        logits = model.logits(TOKENS)
    with Model(plain.path) as model:
        assert np.abs(model.logits(TOKENS) - logits).max() > 1
    with Model(plain.path, adapted(folder, tmp_path / "plain")) as model:
        assert np.abs(model.logits(TOKENS) - logits).max() < 1e-4 * np.abs(logits).max()


def test_merged_it_is_the_changed_model(tmp_path: Path) -> None:
    folder, tensors = adapter(tmp_path / "lora")
    expected = tensors_of(converted(folders.llama(tmp_path / "changed", tensors)).path)
    base = folders.llama(tmp_path / "plain")
    tensors_made = tensors_of(merged(tmp_path, base, folder))
    assert tensors_made.keys() == expected.keys()
    for name, tensor in tensors_made.items():
        assert np.allclose(tensor.data, expected[name].data, atol=1e-5), name


def test_the_model_is_found_where_the_adapter_names_it(tmp_path: Path) -> None:
    folders.llama(tmp_path / "plain")
    folder, _ = adapter(tmp_path / "lora", base_model_name_or_path=str(tmp_path / "plain"))
    assert adapted(folder, None).is_file()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"peft_type": "LOHA"}, "LOHA"),
        ({"bias": "all"}, "biases"),
        ({"lora_alpha": None}, "lora_alpha is missing"),
        ({"alpha_pattern": {"(a+)+$": 1}}, "pattern"),
        ({"base_model_name_or_path": "org/model"}, "made for org/model"),
    ],
    ids=str,
)
def test_what_is_more_than_lora_is_told(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    folder, _ = adapter(tmp_path / "lora")
    (folder / "adapter_config.json").write_text(json.dumps({**CONFIG, **changes}))
    base = None if "base_model_name_or_path" in changes else folders.llama(tmp_path / "plain")
    with pytest.raises(WorkbenchError, match=told):
        adapted(folder, base)
    assert not (folder / "out.gguf").exists()


@pytest.mark.parametrize(
    ("tensors", "told"),
    [
        ({"base_model.model.lm_head.weight": np.ones((4, 4), np.float32)}, "whole tensor"),
        ({"base_model.model.lm_head.lora_A.weight": np.ones((4, 4), np.float32)}, "one half only"),
        (
            {
                "base_model.model.lm_head.lora_A.weight": np.ones((4, 64), np.float32),
                "base_model.model.lm_head.lora_B.weight": np.ones((258, 3), np.float32),
            },
            "do not fit",
        ),
        ({}, "changes nothing"),
    ],
)
def test_halves_that_do_not_fit_are_told(tmp_path: Path, tensors: folders.Tensors, told: str) -> None:
    folder, _ = adapter(tmp_path / "lora")
    folders.save(folder / "adapter_model.safetensors", tensors)
    with pytest.raises(WorkbenchError, match=told):
        adapted(folder, folders.llama(tmp_path / "plain"))


def test_a_model_of_other_shapes_is_told(tmp_path: Path) -> None:
    folder, tensors = adapter(tmp_path / "lora")
    tensors["lm_head.weight"] = tensors["lm_head.weight"][:, :32].copy()
    base = folders.llama(tmp_path / "plain", tensors)
    with pytest.raises(WorkbenchError, match="lm_head"):
        merged(tmp_path, base, folder)
