"""Each setting of a load or a request does what it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.contract.answers import GREEDY, run_all
from tests.llama_cpp import tiny_models
from tests.llama_cpp.conftest import Open
from workbench.backend import TokenRequest
from workbench.engine_settings import Lora, TensorOverride
from workbench.events import SampledToken
from workbench.logprobs import sampled_token
from workbench.sampling import SamplingSettings
from workbench_llama_cpp.binding import log
from workbench_llama_cpp.engine import LlamaCppEngine
from workbench_llama_cpp.pace import Pace

PROMPT = tuple(b"abc abc abc abc abc ")


def draw(engine: LlamaCppEngine, count: int = 24, **settings: object) -> list[int]:
    engine._slots.forget_idle()  # what is reused, or computed in parts, is rounded otherwise
    engine._pace = Pace(64)
    sampling = SamplingSettings(**{"temperature": 0, "seed": 1, **settings})  # type: ignore[arg-type]
    engine.enqueue(TokenRequest(id=1, prompt=PROMPT, sampling=sampling, max_tokens=count, ignore_end=True))
    return run_all(engine)[1].ids


@pytest.fixture
def engine(tmp_path: Path, open_tiny: Open) -> LlamaCppEngine:
    return open_tiny(tiny_models.llama(tmp_path / "model.gguf"))


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 3.0, "min_p": 0, "top_k": 0, "top_p": 1},
        {"temperature": 3.0, "xtc_probability": 1.0, "xtc_threshold": 0.001},
        {"temperature": 3.0, "typical_p": 0.2, "min_p": 0, "top_k": 0},
        {"temperature": 3.0, "mirostat": 1, "mirostat_tau": 5.0},
        {"temperature": 3.0, "mirostat": 2, "mirostat_tau": 9.0},
        {"repeat_penalty": 1.8},
        {"frequency_penalty": 2.0, "repeat_last_n": -1},
        {"presence_penalty": 2.0, "repeat_last_n": 16},
        {"dry_multiplier": 5.0, "dry_allowed_length": 1, "repeat_last_n": -1},
    ],
)
def test_a_sampling_setting_changes_what_is_drawn_and_a_seed_repeats_it(
    engine: LlamaCppEngine, settings: dict[str, object]
) -> None:
    changed = draw(engine, **settings)
    assert changed != draw(engine)
    assert draw(engine, **settings) == changed


@pytest.mark.parametrize("narrow", [{"top_k": 1}, {"top_p": 0.0001, "top_k": 0}, {"min_p": 1.0, "top_k": 0}])
def test_the_narrowest_choice_is_greedy(engine: LlamaCppEngine, narrow: dict[str, object]) -> None:
    assert draw(engine, temperature=2.0, **narrow) == draw(engine)


def test_a_bias_forces_and_forbids(engine: LlamaCppEngine) -> None:
    assert draw(engine, count=5, logit_bias={65: 100.0}) == [65] * 5
    first = draw(engine, count=1)[0]
    assert draw(engine, count=1, logit_bias={first: -100.0}) != [first]


@pytest.mark.parametrize("kind", ["f32", "bf16", "q8_0", "q4_0", "iq4_nl"])
def test_a_cache_type_is_used(tmp_path: Path, open_tiny: Open, kind: str) -> None:
    path = tiny_models.llama(tmp_path / "wide.gguf", head_size=32)
    log.clear()
    engine = open_tiny(path, kv_type_k=kind, kv_type_v=kind, flash_attention="on")
    assert f"K ({kind})" in log.text() and f"V ({kind})" in log.text()
    assert len(draw(engine)) == 24


def test_logits_are_reserved_for_one_token_of_each_request(tmp_path: Path, open_tiny: Open) -> None:
    log.clear()
    open_tiny(tiny_models.llama(tmp_path / "model.gguf"), parallel=3)
    assert "n_outputs_max         = 3" in log.text()


def test_an_adapter_changes_the_answer_by_its_scale(tmp_path: Path, open_tiny: Open) -> None:
    path, adapter = tiny_models.llama(tmp_path / "model.gguf"), str(tiny_models.lora(tmp_path / "lora.gguf"))
    plain = draw(open_tiny(path))
    assert draw(open_tiny(path, lora=(Lora(adapter),))) != plain
    assert draw(open_tiny(path, lora=(Lora(adapter, 0.0),))) == plain


def test_experts_and_tensors_can_be_placed(tmp_path: Path, open_tiny: Open) -> None:
    path = tiny_models.llama(tmp_path / "experts.gguf", experts=4)
    override = (TensorOverride(r"ffn_up_exps", "CPU"),)
    placed = open_tiny(path, experts_on_cpu=3, tensor_overrides=override)
    assert draw(placed) == draw(open_tiny(path))


def test_layers_asked_for_without_a_gpu_are_noticed(tmp_path: Path, open_tiny: Open) -> None:
    from workbench_llama_cpp.parameters import gpu_count

    facts = open_tiny(tiny_models.llama(tmp_path / "model.gguf"), gpu_layers=3).facts
    assert any("no GPU" in notice for notice in facts.notices) == (gpu_count() == 0)


def test_a_context_that_was_not_asked_for_is_noticed(tmp_path: Path, open_tiny: Open) -> None:
    path = tiny_models.llama(tmp_path / "model.gguf", context=32768)
    assert "8192 of the 32768" in open_tiny(path, context_length=None, parallel=1).facts.notices[0]
    assert "longer than the 32768" in open_tiny(path, context_length=40000, parallel=1).facts.notices[0]


def test_log_probabilities_are_those_of_the_softmax() -> None:
    logits = np.array([1.0, 3.0, 2.0, -9.0, 2.5], np.float32)
    got = sampled_token(logits, 2, 3, lambda token: bytes([token]))
    expected = np.log(np.exp(logits) / np.exp(logits).sum())
    assert isinstance(got, SampledToken)
    assert np.isclose(got.chosen.logprob, expected[2])
    assert [one.token[0] for one in got.top] == [1, 4, 2]
    assert np.allclose([one.logprob for one in got.top], expected[[1, 4, 2]])


def test_greedy_ignores_a_seed_and_the_neutral_chain_draws_the_model(engine: LlamaCppEngine) -> None:
    assert draw(engine, seed=1) == draw(engine, seed=2)
    engine.enqueue(TokenRequest(id=1, prompt=PROMPT, sampling=GREEDY, max_tokens=3))
    assert run_all(engine)[1].ids == draw(engine, count=3)
