"""What is shown of the sampler chain is what draws: probabilities against tokens that were really drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import exp, sqrt

import pytest

import workbench_guide
from tests.contract.answers import run_all
from tests.llama_cpp.conftest import Open
from workbench.backend import RequestEnded, TokenRequest
from workbench.sampler_trace import SamplerTrace, Traced, TraceRequest
from workbench.sampling import SamplingSettings
from workbench_llama_cpp.engine import LlamaCppEngine

OPEN = SamplingSettings(temperature=1, top_k=0, top_p=1, min_p=0)
"""Draws from all tokens as the model has them."""
CHAINS = {
    "the usual one": {},
    "all tokens, hot": {"temperature": 1.4, "top_k": 0, "top_p": 1.0, "min_p": 0.0},
    "top-k and top-p": {"temperature": 1.2, "top_k": 7, "top_p": 0.7},
    "typical": {"temperature": 1.0, "typical_p": 0.6, "top_k": 0, "top_p": 1.0, "min_p": 0.0},
    "penalties": {"repeat_penalty": 1.8, "frequency_penalty": 0.4, "presence_penalty": 0.3, "top_k": 0},
    "dry": {"dry_multiplier": 2.0, "temperature": 1.0},
    "xtc sometimes": {"xtc_probability": 0.4, "xtc_threshold": 0.05, "temperature": 1.2},
    "xtc always": {"xtc_probability": 1.0, "xtc_threshold": 0.05},
    "bias": {"logit_bias": {300: 3.0}, "temperature": 1.0},
    "mirostat": {"mirostat": 2, "mirostat_tau": 2.0},
    "mirostat 1": {"mirostat": 1, "mirostat_tau": 3.0},
    "greedy": {"temperature": 0},
}
DRAWS = 1500
FARTHEST = 5.0
"""Standard deviations between a probability and the share that was drawn, with many tokens looked at."""
PROMPT = "the model reads the text, the model reads the"


@pytest.fixture
def guide(open_tiny: Open) -> LlamaCppEngine:
    return open_tiny(workbench_guide.PATH, parallel=8)


def traced(engine: LlamaCppEngine, sampling: SamplingSettings, draws: int = 0, top: int = 12) -> SamplerTrace:
    prompt = tuple(engine.tokenize(PROMPT))
    engine.trace(TraceRequest(id=1, prompt=prompt, sampling=sampling, top=top, draws=draws))
    events = [event for event in _steps(engine) if isinstance(event, Traced)]
    assert [event.request_id for event in events] == [1]
    return events[0].trace


def _steps(engine: LlamaCppEngine) -> list[object]:
    events: list[object] = []
    while engine.busy:
        events += engine.step()
    return events


def answered(engine: LlamaCppEngine, sampling: dict[str, object], count: int) -> Counter[int]:
    """The first token of so many answers, each drawn with a seed of its own; -1 where an answer ended."""
    prompt = tuple(engine.tokenize(PROMPT))
    for number in range(count):
        settings = SamplingSettings(**sampling, seed=number)  # type: ignore[arg-type]
        engine.enqueue(
            TokenRequest(id=number, prompt=prompt, max_tokens=1, sampling=settings, ignore_end=True)
        )
    return Counter(answer.ids[0] for answer in run_all(engine).values())


def assert_agree(trace: SamplerTrace, drawn: Mapping[int, int], draws: int) -> None:
    for one, probability in zip(trace.tokens, trace.steps[-1].probabilities, strict=True):
        deviation = sqrt(max(probability * (1 - probability), 1 / draws) / draws)
        share = drawn.get(one.token, 0) / draws
        assert abs(share - probability) <= FARTHEST * deviation, (one.piece, share, probability)


@pytest.mark.parametrize("chain", CHAINS)
def test_tokens_are_drawn_as_often_as_shown(guide: LlamaCppEngine, chain: str) -> None:
    trace = traced(guide, SamplingSettings(**CHAINS[chain], seed=5), DRAWS)  # type: ignore[arg-type]
    assert trace.draws == DRAWS
    assert_agree(trace, {one.token: one.drawn for one in trace.tokens}, DRAWS)


@pytest.mark.parametrize("chain", ["the usual one", "xtc sometimes", "penalties", "mirostat"])
def test_answers_are_drawn_as_often_as_shown(guide: LlamaCppEngine, chain: str) -> None:
    count = 400
    trace = traced(guide, SamplingSettings(**CHAINS[chain]))  # type: ignore[arg-type]
    assert_agree(trace, answered(guide, CHAINS[chain], count), count)  # type: ignore[arg-type]


def test_the_steps_are_those_of_the_chain_in_its_order(guide: LlamaCppEngine) -> None:
    everything = SamplingSettings(
        temperature=1.1, typical_p=0.99, repeat_penalty=1.1, dry_multiplier=0.5, xtc_probability=0.5,
        logit_bias={5: 1.0},
    )  # fmt: skip
    names = [step.sampler for step in traced(guide, everything).steps]
    assert names == [
        "model", "bias", "penalties", "dry", "top-k", "typical-p", "top-p", "min-p", "xtc", "temperature",
    ]  # fmt: skip
    assert [step.sampler for step in traced(guide, OPEN).steps] == ["model", "temperature"]


def test_the_first_step_is_what_the_model_says(guide: LlamaCppEngine) -> None:
    trace = traced(guide, OPEN)
    request = TokenRequest(id=2, prompt=tuple(guide.tokenize(PROMPT)), max_tokens=1, logprobs=5)
    guide.enqueue(request)
    logprobs = run_all(guide)[2].tokens[0].logprobs
    assert logprobs is not None
    shown = {one.piece: share for one, share in zip(trace.tokens, trace.steps[0].probabilities, strict=True)}
    for one in logprobs.top:
        assert shown[one.token] == pytest.approx(exp(one.logprob), rel=1e-3)


def test_each_sampler_does_what_its_name_says(guide: LlamaCppEngine) -> None:
    every = guide.facts.vocabulary_size
    cut = traced(guide, SamplingSettings(temperature=1, top_k=5, top_p=1, min_p=0))
    assert [step.remaining for step in cut.steps] == [every, 5, 5]
    assert sum(cut.steps[-1].probabilities) == pytest.approx(1)
    hot = traced(guide, SamplingSettings(temperature=2, top_k=0, top_p=1, min_p=0))
    assert max(hot.steps[-1].probabilities) < max(hot.steps[0].probabilities)
    (best,) = {
        share for share in traced(guide, SamplingSettings(temperature=0)).steps[-1].probabilities if share
    }
    assert best == 1
    dropped = traced(guide, SamplingSettings(temperature=1, xtc_probability=1.0, xtc_threshold=0.02))
    before, after = (dropped.steps[-3], dropped.steps[-2])
    assert after.sampler == "xtc" and after.remaining < before.remaining


def test_phrases_that_would_repeat_are_what_dry_is_against(guide: LlamaCppEngine) -> None:
    (likely,) = guide.tokenize(" text")
    trace = traced(
        guide, SamplingSettings(temperature=1, dry_multiplier=3, top_k=0, top_p=1, min_p=0), top=100
    )
    place = [one.token for one in trace.tokens].index(likely)
    before, after = (step.probabilities[place] for step in trace.steps[:2])
    assert trace.steps[1].sampler == "dry" and after < before / 5


def test_the_same_seed_draws_the_same(guide: LlamaCppEngine) -> None:
    sampling = SamplingSettings(temperature=1.3, seed=11)
    traced(guide, sampling)  # from here on the prompt is in the cache
    assert traced(guide, sampling, 50) == traced(guide, sampling, 50)


def test_a_trace_leaves_answers_beside_it_alone(guide: LlamaCppEngine) -> None:
    request = TokenRequest(
        id=9,
        prompt=tuple(guide.tokenize("What is a token?")),
        max_tokens=12,
        sampling=SamplingSettings(seed=3),
        ignore_end=True,
    )
    guide.enqueue(request)
    alone = run_all(guide)[9].ids
    guide.enqueue(request)
    guide.step()
    guide.trace(TraceRequest(id=1, prompt=tuple(guide.tokenize(PROMPT)), sampling=OPEN))
    events = _steps(guide)
    assert [event for event in events if isinstance(event, RequestEnded) and event.request_id == 9]
    guide.enqueue(request)
    assert run_all(guide)[9].ids == alone


def test_a_trace_can_be_cancelled(guide: LlamaCppEngine) -> None:
    guide.trace(TraceRequest(id=1, prompt=tuple(guide.tokenize(PROMPT)), sampling=OPEN))
    guide.cancel(1)
    assert not guide.busy
