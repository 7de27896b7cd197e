"""Headers that give numbers that cannot be: one sentence, nothing computed with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.blueprints import Blueprint, header, models
from workbench.engine_settings import EngineSettings, TensorOverride
from workbench.errors import InvalidModel, InvalidRequest
from workbench.gguf import Header
from workbench.planning.formula import Formula


def lying(**values: object) -> Header:
    blueprint: Blueprint = models.llama_3_8b()
    sound = header(blueprint)
    changed = {f"llama.{key.replace('__', '.')}": value for key, value in values.items()}
    return replace(sound, metadata={**sound.metadata, **changed})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "values",
    [
        {"block_count": 0},
        {"block_count": 100_000},
        {"block_count": "many"},
        {"block_count": -1},
        {"embedding_length": 2**40},
        {"nextn_predict_layers": 33},
        {"attention__head_count": -4},
        {"attention__head_count_kv": 2.5},
    ],
)
def test_an_impossible_number_is_named(values: dict[str, object]) -> None:
    with pytest.raises(InvalidModel) as raised:
        Formula(lying(**values))
    (key,) = values
    assert key.replace("__", ".") in raised.value.message and raised.value.remedy


def test_a_header_without_a_shape_is_refused() -> None:
    sound = header(models.llama_3_8b())
    metadata = {key: value for key, value in sound.metadata.items() if not key.endswith("block_count")}
    with pytest.raises(InvalidModel, match="block_count"):
        Formula(replace(sound, metadata=metadata))


def test_tensors_of_layers_that_are_not_there_are_left_out() -> None:
    fewer = lying(block_count=16)
    whole, half = Formula(header(models.llama_3_8b())), Formula(fewer)
    settings = EngineSettings(context_length=4096)
    assert half.estimate(settings).host.weights_bytes < whole.estimate(settings).host.weights_bytes


def test_a_pattern_that_is_none_is_refused() -> None:
    settings = EngineSettings(tensor_overrides=(TensorOverride("blk.(", "CPU"),))
    with pytest.raises(InvalidRequest, match="regular expression"):
        Formula(header(models.llama_3_8b())).estimate(settings)
