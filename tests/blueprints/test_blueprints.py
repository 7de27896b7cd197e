"""Blueprints are as large as the models they stand for, and their files say what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.blueprints import header, transformers, write
from tests.blueprints.models import TEN, llama_3_70b
from tests.blueprints.parts import Shape
from workbench.gguf import check_whole, read_model

PUBLISHED = {
    "Llama 3 8B": 8.03,
    "Qwen3 30B-A3B": 30.5,
    "Gemma 3 27B": 27.0,
    "gpt-oss 20B": 20.9,
    "DeepSeek V3": 671,
    "Qwen3-Next 80B-A3B": 79.7,
    "Qwen3.6 27B": 26.9,
    "Qwen3.6 35B-A3B": 34.7,
    "Mamba 2.8B": 2.77,
    "LFM2 1.2B": 1.17,
    "Llama 3 70B": 70.6,
}
"""Parameters, in thousands of millions."""


@pytest.mark.parametrize(("name", "billions"), PUBLISHED.items(), ids=PUBLISHED)
def test_a_blueprint_has_the_parameters_of_its_model(name: str, billions: float) -> None:
    blueprint = {**TEN, "Llama 3 70B": llama_3_70b}[name]
    assert header(blueprint()).parameters / 1e9 == pytest.approx(billions, rel=0.005)


def test_a_file_says_what_its_blueprint_says(tmp_path: Path) -> None:
    shape = Shape(
        layers=2, hidden=256, heads=4, kv_heads=2, head_size=64, feed_forward=512, vocabulary=600
    )  # fmt: skip
    blueprint = transformers.llama(shape)
    written, imagined = read_model(write(blueprint, tmp_path / "model.gguf")), header(blueprint)
    check_whole(written)
    assert written.tensors == imagined.tensors
    assert written.metadata["llama.block_count"] == imagined.metadata["llama.block_count"] == 2


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    shape = Shape(
        layers=1, hidden=256, heads=4, kv_heads=2, head_size=64, feed_forward=256, vocabulary=600
    )  # fmt: skip
    blueprint = transformers.llama(replace(shape, small="Q8_0", large="F16"))
    files = [write(blueprint, tmp_path / f"{number}.gguf", seed) for number, seed in enumerate((1, 1, 2))]
    one, same, other = (file.read_bytes() for file in files)
    assert one == same != other
