"""What is particular to exllama's engines, on doubles: that nothing is left to what they do by themselves."""

from __future__ import annotations

import subprocess
import sys
from math import exp
from pathlib import Path
from typing import Any

import pytest

from tests.exllama.conftest import DOUBLE, Open
from tests.exllama.folders import ANSWER, write_model
from workbench.backend import Engine, TokenRequest
from workbench.constraint import Constraint
from workbench.engine_settings import EngineSettings
from workbench.errors import (
    DoesNotFit,
    EngineUnavailable,
    InvalidModel,
    InvalidRequest,
    LoadCancelled,
    Unsupported,
)
from workbench.sampling import SamplingSettings
from workbench.testing.answers import GREEDY, Answer, run_all
from workbench_exllama.backend import ExllamaBackend


def ask(engine: Engine, number: int = 1, text: str = "Hello?", **fields: Any) -> Answer:
    prompt = tuple(engine.tokenize(text))
    engine.enqueue(TokenRequest(id=number, prompt=prompt, **{"sampling": GREEDY, **fields}))
    return run_all(engine)[number]


def text(answer: Answer) -> str:
    return b"".join(token.piece for token in answer.tokens).decode()


def test_positions_are_rotated_as_the_model_was_trained(opened: Open) -> None:
    """It would recite backwards otherwise."""
    assert text(ask(opened())) == ANSWER


def test_log_probabilities_are_those_of_the_model(opened: Open) -> None:
    """Whatever the sampler does to its logits afterwards."""
    engine = opened()
    plain = ask(engine, logprobs=5).tokens
    bent = SamplingSettings(
        temperature=0, repeat_penalty=1.3, presence_penalty=1, logit_bias={plain[0].token: 20}
    )
    first = ask(engine, logprobs=5, sampling=bent, max_tokens=1).tokens[0].logprobs
    assert plain[0].logprobs is not None and first is not None
    assert [one.logprob for one in first.top] == pytest.approx(
        [one.logprob for one in plain[0].logprobs.top], abs=1e-3
    )
    whole = ask(engine, logprobs=305, max_tokens=1).tokens[0].logprobs
    assert whole is not None and sum(exp(one.logprob) for one in whole.top) == pytest.approx(1, abs=1e-3)


def test_neutral_settings_leave_the_probabilities_alone(opened: Open) -> None:
    """The first token of many answers comes as often as the model says."""
    engine = opened()
    told = ask(engine, logprobs=305, max_tokens=1).tokens[0].logprobs
    assert told is not None
    for temperature in (1.0, 1.5):
        weights = [exp(one.logprob / temperature) for one in told.top]
        expected = weights[0] / sum(weights)
        count = 0
        for seed in range(200):
            sampling = SamplingSettings(temperature=temperature, top_k=0, top_p=1, min_p=0, seed=seed)
            [drawn] = ask(engine, sampling=sampling, max_tokens=1).tokens
            count += drawn.piece == told.chosen.token
        assert count / 200 == pytest.approx(expected, abs=0.15)


@pytest.mark.parametrize(
    "sampling",
    [
        SamplingSettings(temperature=5, top_k=1, seed=1),
        SamplingSettings(temperature=5, top_p=0, seed=1),
        SamplingSettings(temperature=5, min_p=1, top_k=0, seed=1),
        SamplingSettings(temperature=0, min_p=0.5, top_p=0.1, seed=1),
    ],
)
def test_settings_that_leave_one_token_take_the_likeliest(opened: Open, sampling: SamplingSettings) -> None:
    assert text(ask(opened(), sampling=sampling)) == ANSWER


@pytest.mark.parametrize(
    "changed",
    [{"repeat_penalty": 50}, {"frequency_penalty": 2}, {"presence_penalty": 2}, {"dry_multiplier": 30}],
)
def test_penalties_reach_the_engine(opened: Open, changed: dict[str, Any]) -> None:
    engine, before = opened(), (ANSWER + " ") * 8
    told = ask(engine, text=before, logprobs=2, max_tokens=1).tokens[0].logprobs
    assert told is not None
    lead = told.top[0].logprob - told.top[1].logprob
    rival = engine.tokenize(told.top[1].token.decode())[0]
    sampling = {"temperature": 0, "repeat_last_n": -1, "logit_bias": {rival: lead - 1}}
    usual = ask(engine, text=before, max_tokens=1, sampling=SamplingSettings(**sampling))
    bent = ask(engine, text=before, max_tokens=1, sampling=SamplingSettings(**sampling, **changed))
    assert usual.tokens[0].piece == told.top[0].token != bent.tokens[0].piece


def test_top_choices_are_excluded(opened: Open) -> None:
    engine = opened()
    told = ask(engine, logprobs=2, max_tokens=1).tokens[0].logprobs
    assert told is not None
    rival = engine.tokenize(told.top[1].token.decode())[0]
    bias = {rival: told.top[0].logprob - told.top[1].logprob - 1}
    sampling = SamplingSettings(temperature=1, logit_bias=bias, xtc_probability=1, xtc_threshold=0.1)
    assert ask(engine, max_tokens=1, sampling=sampling).ids == [rival]


def test_a_prompt_that_begins_alike_is_not_computed_again(opened: Open) -> None:
    engine = opened()
    long = "What is the weather? " * 40
    first, second = ask(engine, 1, long), ask(engine, 2, long + "And now?")
    assert first.ends[0].usage.cached_tokens == 0
    assert second.ends[0].usage.cached_tokens >= 256
    assert second.ends[0].usage.cached_tokens % 256 == 0


def test_a_constraint_that_goes_wrong_fails_its_request_alone(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.constraining.matching import Matching
    from workbench.errors import InvalidConstraint

    def fail(self: Matching) -> None:
        raise InvalidConstraint("The answer cannot go on.", "Ask for a simpler form.")

    engine = opened()
    prompt = tuple(engine.tokenize("Hello?"))
    monkeypatch.setattr(Matching, "allowed", fail)
    engine.enqueue(TokenRequest(id=1, prompt=prompt, sampling=GREEDY, constraint=Constraint("regex", "a+")))
    engine.enqueue(TokenRequest(id=2, prompt=prompt, sampling=GREEDY))
    events = [event for _ in range(100) if engine.busy for event in engine.step()]
    failed = [event for event in events if type(event).__name__ == "RequestFailed"]
    assert [event.request_id for event in failed] == [1]
    assert any(type(event).__name__ == "RequestEnded" and event.request_id == 2 for event in events)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"devices": ("CUDA7",)}, (InvalidRequest, Unsupported)),
        ({"gpu_layers": 3}, Unsupported),
        ({"split": (1.0, 1.0)}, Unsupported),
        ({"kv_type_k": "q5_1", "kv_type_v": "f16"}, Unsupported),
        ({"micro_batch": 100}, InvalidRequest),
        ({"parallel": 1000}, InvalidRequest),
        ({"flash_attention": "off"}, Unsupported),
        ({"projector": "eyes.gguf"}, Unsupported),
        ({"speculation": "ngram"}, Unsupported),
        ({"context_length": 1 << 24}, DoesNotFit),
    ],
)
def test_what_it_cannot_honour_is_refused(opened: Open, settings: dict[str, Any], error: Any) -> None:
    with pytest.raises(error) as caught:
        opened(**settings)
    assert caught.value.remedy


@pytest.mark.parametrize("cache", ["q8_0", "q4_0"])
def test_smaller_caches_are_made(opened: Open, cache: str) -> None:
    assert text(ask(opened(kv_type_k=cache, kv_type_v=cache, micro_batch=256))) == ANSWER


def test_an_architecture_that_it_does_not_know_is_refused(opened: Open) -> None:
    with pytest.raises(InvalidModel, match="Mamba"):
        opened({"architectures": ["MambaForCausalLM"]})


def test_a_setting_of_the_sampler_that_it_has_not_is_refused(opened: Open) -> None:
    engine = opened()
    with pytest.raises(Unsupported, match="mirostat"):
        ask(engine, sampling=SamplingSettings(mirostat=2))
    with pytest.raises(InvalidRequest, match="vocabulary"):
        ask(engine, sampling=SamplingSettings(logit_bias={9999: 1}))
    assert not engine.busy


def test_a_context_that_nobody_chose_is_told(opened: Open) -> None:
    engine = opened({"max_position_embeddings": 32768}, context_length=None)
    assert engine.facts.context_length == 8192
    assert "8192 of the 32768" in engine.facts.notices[0]


def test_loading_stops_between_layers(doubles: None, kind: Any, tmp_path: Path) -> None:
    told: list[float] = []

    def stop_in_the_middle(share: float) -> bool:
        told.append(share)
        return share < 0.5

    folder = write_model(tmp_path / "model", kind)
    with pytest.raises(LoadCancelled):
        ExllamaBackend().open(str(folder), EngineSettings(context_length=512), stop_in_the_middle)
    assert told == [0, 0, 0.25, 0.5]


def test_without_the_engine_the_command_is_named(kind: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("workbench_exllama.opening.installed", lambda name: "")
    with pytest.raises(EngineUnavailable, match=f"exllamav{kind[-1]}") as caught:
        ExllamaBackend().open(str(write_model(tmp_path, kind)), EngineSettings(), lambda share: True)
    assert caught.value.remedy.startswith("pip install ") and f"exllamav{kind[-1]}" in caught.value.remedy


def test_probing_imports_neither_engine() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(DOUBLE)!r})\n"
        "from workbench_exllama.backend import ExllamaBackend\n"
        "backend = ExllamaBackend(); backend.status(), backend.build(), backend.supports('x')\n"
        "libraries = {'torch', 'exllamav2', 'exllamav3', 'tokenizers'}\n"
        "print(backend.status().version, *libraries & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "exllamav3 1.6.5, exllamav2 0.3.2\n"
