"""Drafts change when tokens come and never which: on against off, alone, beside others, drawn and greedy."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import workbench_guide
from tests.contract.answers import GREEDY, Answer, run_all
from tests.llama_cpp import guide_drafts, tiny_models
from tests.llama_cpp.asking import asked, guide_prompt, guide_questions
from tests.llama_cpp.conftest import Open
from workbench.backend import TokenRequest
from workbench.errors import InvalidRequest
from workbench.sampling import SamplingSettings
from workbench_llama_cpp import speculation
from workbench_llama_cpp.ngram import continuation
from workbench_llama_cpp.speculation import Acceptance, Ambition

REPEATED = tuple(b"one two three four five six seven eight nine ten. " * 4)
MODELS = {"full": tiny_models.llama, "window": tiny_models.gemma3}


def test_the_text_is_continued_as_it_went_on_before() -> None:
    text = np.array([*b"abcdeXabcdeYabcd"], np.int32)
    assert bytes(continuation(text, 3).tolist()) == b"eYa"
    assert bytes(continuation(text, 8).tolist()) == b"eYabcdeY"
    assert not len(continuation(np.array([*b"abXab"], np.int32), 5)), "two tokens say too little"
    assert not len(continuation(np.array([1], np.int32), 5))


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("kind", MODELS)
def test_greedy_answers_are_the_same(kind: str, tmp_path: Path, open_tiny: Open) -> None:
    engine = open_tiny(MODELS[kind](tmp_path / "model.gguf"), speculation="ngram", parallel=1)
    counted = 0
    for start in range(8):
        prompt = REPEATED[start:]
        plain, drafted = asked(engine, prompt, "off"), asked(engine, prompt, None)
        assert drafted.ids == plain.ids
        assert plain.ends[0].usage.drafted_tokens == 0
        usage = drafted.ends[0].usage
        assert usage.completion_tokens == 60 and 0 <= usage.accepted_tokens <= usage.drafted_tokens
        counted += usage.drafted_tokens
    assert counted > 100


@pytest.mark.usefixtures("eager")
def test_accepted_drafts_save_steps(tmp_path: Path, open_tiny: Open) -> None:
    """A bias makes the model repeat one token, which is easily guessed."""
    engine = open_tiny(tiny_models.llama(tmp_path / "model.gguf"), speculation="ngram")
    sampling = SamplingSettings(temperature=0, logit_bias={65: 100.0})
    engine.enqueue(TokenRequest(id=1, prompt=REPEATED, sampling=sampling, max_tokens=60, ignore_end=True))
    answer, steps = Answer(), 0
    while engine.busy:
        for event in engine.step():
            answer.add(event)
        steps += 1
    assert answer.ids == [65] * 60 and steps < 20
    assert answer.ends[0].usage.accepted_tokens >= 60 - steps


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
def test_beside_other_requests_each_gets_its_own_answer(tmp_path: Path, open_tiny: Open) -> None:
    engine = open_tiny(tiny_models.llama(tmp_path / "model.gguf"), speculation="ngram")
    alone = [asked(engine, REPEATED[start:], "off", logprobs=1) for start in range(5)]
    engine._slots.forget_idle()
    for start in range(5):
        engine.enqueue(
            TokenRequest(
                id=start, prompt=REPEATED[start:], sampling=GREEDY, max_tokens=60, ignore_end=True, logprobs=1
            )
        )
    together = run_all(engine)
    for start, expected in enumerate(alone):
        got = together[start]
        assert len(got.ids) == 60
        assert got.ids[:4] == expected.ids[:4]


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
def test_what_is_drawn_follows_the_models_distribution(tmp_path: Path, open_tiny: Open) -> None:
    """The second token of many answers, where a draft was checked before it, against undrafted ones."""
    engine = open_tiny(tiny_models.llama(tmp_path / "model.gguf"), speculation="ngram", parallel=1)
    counts = {}
    for drafts in ("off", "ngram"):
        seen: Counter[int] = Counter()
        for seed in range(150):
            sampling = SamplingSettings(temperature=0.7, top_k=4, top_p=1, min_p=0, seed=seed)
            engine.enqueue(
                TokenRequest(
                    id=1,
                    prompt=REPEATED,
                    sampling=sampling,
                    max_tokens=3,
                    ignore_end=True,
                    speculation=drafts,
                )
            )
            seen[run_all(engine)[1].ids[-1]] += 1
        counts[drafts] = seen
    tokens = set(counts["off"]) | set(counts["ngram"])
    distance = sum(abs(counts["off"][token] - counts["ngram"][token]) for token in tokens) / 300
    assert distance < 0.1, "a seed draws the same numbers, so nearly every answer is the same"


@pytest.mark.usefixtures("eager")
def test_the_guide_says_the_same(open_tiny: Open) -> None:
    engine = open_tiny(Path(workbench_guide.PATH), context_length=1024, parallel=1, speculation="ngram")
    drafted = 0
    for question in ("What can you do?", "What is a token?", "What is Q4_K_M?", "What is a KV cache?"):
        prompt = guide_prompt(engine, f"{question} {question}")
        plain = asked(engine, prompt, "off", ignore_end=False, max_tokens=120)
        with_drafts = asked(engine, prompt, "ngram", ignore_end=False, max_tokens=120)
        assert with_drafts.ids == plain.ids
        drafted += with_drafts.ends[0].usage.drafted_tokens
    assert drafted


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("kind", ["ngram", "cut", "random"])
def test_the_guide_says_the_same_to_two_hundred_prompts(kind: str, tmp_path: Path, open_tiny: Open) -> None:
    drafts = {"ngram": None, "cut": guide_drafts.cut, "random": guide_drafts.random}[kind]
    drafting = {"draft": str(drafts(tmp_path / "draft.gguf"))} if drafts else {"speculation": "ngram"}
    engine = open_tiny(Path(workbench_guide.PATH), context_length=1024, parallel=1, **drafting)
    openings = ("", "Hello. ", "Tell me: ")
    texts = [f"{opening}{question}" for opening in openings for question in guide_questions()][:200]
    assert len(texts) == 200
    drafted, most = 0, 10 if kind == "random" else 120
    for text in texts:
        prompt = guide_prompt(engine, text)
        plain = asked(engine, prompt, "off", ignore_end=False, max_tokens=most)
        answer = asked(engine, prompt, None, ignore_end=False, max_tokens=most)
        assert answer.ids == plain.ids
        drafted += answer.ends[0].usage.drafted_tokens
    assert drafted > 1000


def test_drafts_that_were_not_loaded_for_are_refused(tmp_path: Path, open_tiny: Open) -> None:
    engine = open_tiny(tiny_models.llama(tmp_path / "model.gguf"))
    with pytest.raises(InvalidRequest, match="without it") as caught:
        engine.enqueue(TokenRequest(id=1, prompt=REPEATED, speculation="ngram"))
    assert "--speculate ngram" in caught.value.remedy
    assert not engine.busy


def test_a_recurrent_model_says_that_nothing_is_drafted(tmp_path: Path, open_tiny: Open) -> None:
    engine = open_tiny(tiny_models.mamba(tmp_path / "model.gguf"), speculation="ngram")
    assert any("Nothing is drafted" in notice for notice in engine.facts.notices)
    assert asked(engine, REPEATED, None).ends[0].usage.drafted_tokens == 0


def test_drafts_fill_the_kernels_while_they_pay() -> None:
    ambition = Ambition(most_rows=512, draft_rows=16)
    cheap = {1: 1.0, 4: 1.1, 8: 1.2, 12: 1.3, 16: 1.4}
    assert ambition.shares([16], [0.95], cheap.get) == [15]
    assert ambition.shares([2], [0.95], cheap.get) == [0], "too few to fill a row of kernels"
    assert ambition.shares([16], [0.3], cheap.get) == [3]
    dear = {1: 1.0, 4: 4.0, 8: 8.0, 12: 12.0, 16: 16.0}
    assert ambition.shares([16], [0.95], dear.get) == [0]


def test_drafts_that_take_long_to_come_by_are_not_drafted() -> None:
    ambition = Ambition(most_rows=512, draft_rows=16)
    cheap = {1: 1.0, 4: 1.1, 8: 1.2, 12: 1.3, 16: 1.4}
    assert ambition.shares([16], [0.95], cheap.get, lambda shares: 0.1 * shares[0]) == [15]
    assert ambition.shares([16], [0.95], cheap.get, lambda shares: 0.6 * shares[0]) == [3]
    assert ambition.shares([16], [0.95], cheap.get, lambda shares: float(shares[0])) == [0]


def test_answers_are_drafted_as_far_as_each_other() -> None:
    """llama.cpp computes what goes beyond in a pass of its own."""
    ambition = Ambition(most_rows=512, draft_rows=16)
    seconds = {2: 1.0, 4: 1.2, 8: 2.9, 12: 4.0, 16: 5.0}
    assert ambition.shares([16, 16], [0.9, 0.4], seconds.get) == [1, 1]
    assert ambition.shares([16, 0], [0.9, 0.4], seconds.get) == [2, 0]
    assert ambition.shares([16, 16], [0.3, 0.2], {2: 1.0, 4: 2.0}.get) == [0, 0]


def test_larger_steps_are_tried_one_after_the_other() -> None:
    ambition = Ambition(most_rows=512, draft_rows=16)
    seconds = {1: 1.0}
    for rows in (4, 8, 12, 16):
        assert ambition.shares([16], [0.95], seconds.get) == [rows - 1]
        seconds[rows] = 1.1


def test_what_cost_too_much_is_tried_again_in_time() -> None:
    ambition = Ambition(most_rows=4, draft_rows=16)
    seconds = {1: 1.0, 4: 2.6}
    tried = [ambition.shares([16], [0.8], seconds.get) for _ in range(300)]
    assert tried[0] == [3], "worth it"
    seconds[4] = 4.0
    tried = [ambition.shares([16], [0.8], seconds.get)[0] for _ in range(400)]
    assert tried[0] == 0 and 1 <= tried.count(3) <= 10


def test_acceptance_follows_experience_and_forgets_it() -> None:
    acceptance = Acceptance()
    for _ in range(20):
        acceptance.learn(3, 0)
    assert acceptance.rate < 0.1
    for _ in range(300):
        acceptance.fade()
    assert acceptance.rate == pytest.approx(speculation.USUAL, abs=0.05)
    for _ in range(20):
        acceptance.learn(3, 3)
    assert acceptance.rate > 0.9
