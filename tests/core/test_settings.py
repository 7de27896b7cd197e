"""Settings are checked when they are made, with the sentence that the user sees."""

from __future__ import annotations

import pytest

from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest, WorkbenchError, error_of_kind
from workbench.sampling import SamplingSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1},
        {"temperature": float("nan")},
        {"top_p": 1.5},
        {"min_p": -0.1},
        {"repeat_penalty": 0},
        {"presence_penalty": 3},
        {"mirostat": 3},
        {"logit_bias": {5: 101.0}},
        {"logit_bias": {-1: 1.0}},
        {"seed": 2**64},
    ],
)
def test_a_wrong_sampling_setting_is_named(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest, match=next(iter(wrong))) as caught:
        SamplingSettings(**wrong)  # type: ignore[arg-type]
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"context_length": 0}, "context_length"),
        ({"parallel": 0}, "parallel"),
        ({"threads": -2}, "threads"),
        ({"gpu_layers": -1}, "gpu_layers"),
        ({"kv_type_k": "q9"}, "q9"),
        ({"split": (-1.0, 2.0)}, "split"),
        ({"split": (0.0, 0.0)}, "split"),
    ],
)
def test_a_wrong_engine_setting_is_named(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidRequest, match=named) as caught:
        EngineSettings(**wrong)  # type: ignore[arg-type]
    assert caught.value.remedy


def test_temperature_zero_is_greedy_unless_mirostat() -> None:
    assert SamplingSettings(temperature=0).greedy
    assert not SamplingSettings().greedy


def test_an_error_crosses_a_border_as_what_it_was() -> None:
    error = error_of_kind("context_length_exceeded", "Too long.", "Shorten it.")
    assert isinstance(error, InvalidRequest) and str(error) == "Too long. Shorten it."
    assert type(error_of_kind("of-another-age", "What.", "")) is WorkbenchError
