"""However requests are scheduled and whatever they share, the answers stay the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.answers import GREEDY, Answer, run_all
from tests.llama_cpp import tiny_models
from tests.llama_cpp.conftest import Open
from workbench.backend import TokenDrawn, TokenRequest
from workbench_llama_cpp.engine import UNDERWAY, LlamaCppEngine

TEXT = list(b"the quick brown fox jumps over the lazy dog, and nobody knows why it should. " * 3)
MODELS = {
    "full": tiny_models.llama,
    "window": tiny_models.gemma3,
    "recurrent": tiny_models.mamba,
}


def wanted(number: int, prompt: list[int], count: int = 10) -> TokenRequest:
    return TokenRequest(
        id=number, prompt=tuple(prompt), sampling=GREEDY, max_tokens=count, ignore_end=True, logprobs=3
    )


def answer(engine: LlamaCppEngine, request: TokenRequest) -> Answer:
    engine.enqueue(request)
    return run_all(engine)[request.id]


@pytest.fixture(params=MODELS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def likely(answer: Answer) -> dict[bytes, float]:
    """The most likely first tokens and their log-probabilities, which tell a wrong state at once."""
    first = answer.tokens[0].logprobs
    assert first is not None
    return {one.token: one.logprob for one in first.top}


def test_what_is_reused_changes_no_answer(kind: str, tmp_path: Path, open_tiny: Open) -> None:
    """Branches, continuations and repetitions, each against an engine that has seen nothing.

    Sums in another order differ a little, so the numbers are compared rather than the tokens drawn by them.
    """
    path = MODELS[kind](tmp_path / "model.gguf")
    engine, fresh = open_tiny(path), open_tiny(path)
    starts = [[*TEXT, 65], [*TEXT, 66, 67], [*TEXT[:150], 68], [*TEXT, 65], TEXT[:40], [70, *TEXT]]
    for number, start in enumerate(starts):
        got = answer(engine, wanted(number, start))
        follow_up = start + got.ids + [71]
        again = answer(engine, wanted(number, follow_up))
        for prompt, seen in ((start, got), (follow_up, again)):
            fresh._slots.forget_idle()
            expected = answer(fresh, wanted(number, prompt))
            assert expected.ends[0].usage.cached_tokens == 0
            assert likely(seen) == pytest.approx(likely(expected), abs=0.05)
        assert again.ends[0].usage.cached_tokens >= len(start), "a conversation is not computed twice"


def test_a_window_that_has_moved_on_is_computed_anew(tmp_path: Path, open_tiny: Open) -> None:
    path = tiny_models.gemma3(tmp_path / "model.gguf", window=32)
    settings = {"context_length": 2048, "parallel": 1, "micro_batch": 32}
    engine, fresh = open_tiny(path, **settings), open_tiny(path, **settings)
    answer(engine, wanted(1, TEXT * 7))
    branch = [*TEXT[:100], 90]
    got = answer(engine, wanted(2, branch))
    assert likely(got) == pytest.approx(likely(answer(fresh, wanted(2, branch))), abs=0.05)
    assert got.ends[0].usage.cached_tokens == 0


def test_prompts_that_arrive_together_compute_a_shared_prefix_once(tmp_path: Path, open_tiny: Open) -> None:
    engine = open_tiny(tiny_models.llama(tmp_path / "model.gguf"))
    for number in range(3):
        engine.enqueue(wanted(number, [*TEXT, 65 + number, 66, 67]))
    answers = run_all(engine)
    cached = sorted(got.ends[0].usage.cached_tokens for got in answers.values())
    assert cached == [0, len(TEXT), len(TEXT)]


def test_a_prompt_shares_with_an_answer_that_is_still_running(tmp_path: Path, open_tiny: Open) -> None:
    engine = open_tiny(tiny_models.llama(tmp_path / "model.gguf"))
    engine.enqueue(wanted(1, [*TEXT, 65], count=200))
    answers = {1: Answer()}
    while len(answers[1].tokens) < 20:
        for event in engine.step():
            answers[1].add(event)
    engine.enqueue(wanted(2, [*TEXT, 66]))
    run_all(engine, answers)
    assert answers[2].ends[0].usage.cached_tokens == len(TEXT)
    assert len(answers[1].tokens) == 200


def test_who_waits_for_a_prefix_goes_on_when_its_maker_is_cancelled(tmp_path: Path, open_tiny: Open) -> None:
    engine = open_tiny(tiny_models.llama(tmp_path / "model.gguf", context=8192), context_length=4096)
    long = TEXT * 12
    engine.enqueue(wanted(1, [*long, 65]))
    engine.enqueue(wanted(2, [*long, 66]))
    engine.step()
    engine.cancel(1)
    answers = run_all(engine)
    assert len(answers[2].tokens) == 10


def test_a_long_prompt_is_computed_in_parts_between_the_tokens_of_others(
    tmp_path: Path, open_tiny: Open
) -> None:
    engine = open_tiny(tiny_models.llama(tmp_path / "model.gguf", context=8192), context_length=4096)
    engine._pace.learn(1, 64, 0.25)  # as on a machine that computes a token in 4 ms
    engine.enqueue(wanted(1, TEXT[:20], count=450))
    for _ in range(UNDERWAY):
        engine.step()
    engine.enqueue(wanted(2, TEXT * 8))
    events = [engine.step() for _ in range(3)]
    for step in events:
        assert 1 in {event.request_id for event in step}
        assert 2 in {event.request_id for event in step}
    assert not engine._running[1].drawn


def test_prompts_that_come_just_after_another_share_one_step(tmp_path: Path, open_tiny: Open) -> None:
    engine = open_tiny(tiny_models.llama(tmp_path / "model.gguf"), parallel=8)
    engine.enqueue(wanted(0, [60, *TEXT[:16]]))
    engine.step()
    for number in range(1, 8):
        engine.enqueue(wanted(number, [60 + number, *TEXT[:16]]))
    assert {event.request_id for event in engine.step() if isinstance(event, TokenDrawn)} == set(range(8))


def test_the_same_tokens_as_llama_cpp_by_itself(tmp_path: Path, open_tiny: Open) -> None:
    """llama-cpp-python's own class, one token at a time, is the reference."""
    import llama_cpp

    path = tiny_models.llama(tmp_path / "model.gguf")
    reference = llama_cpp.Llama(str(path), n_ctx=512, verbose=False)
    expected = []
    for token in reference.generate(TEXT, temp=0, top_k=1, repeat_penalty=1.0):
        expected.append(token)
        if len(expected) == 16:
            break
    reference.close()
    assert answer(open_tiny(path), wanted(1, TEXT, count=16)).ids == expected
