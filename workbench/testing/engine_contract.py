"""What every Engine promises: tokens in, events out, one step at a time."""

from __future__ import annotations

import pytest

from workbench.backend import Engine, TokenRequest
from workbench.embedding import Embedded, EmbeddingRequest
from workbench.errors import ContextExceeded, InvalidRequest, Unsupported
from workbench.passes import PassesTimed, PassRequest
from workbench.sampling import SamplingSettings
from workbench.testing.answers import GREEDY, Answer, run_all

TEXTS = ["What is a token?", "Ünïcödé, 日本語 and 😀.", "  spaces\n\tand\nlines  ", "x"]


def request(
    engine: Engine, number: int, text: str = "What is the weather?", **fields: object
) -> TokenRequest:
    fields = {"sampling": GREEDY, "max_tokens": 12, **fields}
    return TokenRequest(id=number, prompt=tuple(engine.tokenize(text)), **fields)  # type: ignore[arg-type]


def answer(engine: Engine, wanted: TokenRequest) -> Answer:
    engine.enqueue(wanted)
    return run_all(engine)[wanted.id]


def test_facts_describe_the_model(engine: Engine) -> None:
    facts = engine.facts
    assert facts.architecture and facts.vocabulary_size > 0 and facts.trained_context > 0
    assert (facts.context_length, facts.parallel) == (512, 3)
    assert "generate" in facts.capabilities


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_give_the_text_back(engine: Engine, text: str) -> None:
    tokens = engine.tokenize(text)
    assert all(0 <= token < engine.facts.vocabulary_size for token in tokens)
    assert engine.detokenize(tokens).decode() == text


def test_no_text_is_no_tokens(engine: Engine) -> None:
    assert engine.tokenize("") == []
    assert engine.detokenize([]) == b""


@pytest.mark.parametrize("token", [-1, 10**9])
def test_a_token_outside_the_vocabulary_is_refused(engine: Engine, token: int) -> None:
    with pytest.raises(InvalidRequest, match="vocabulary"):
        engine.detokenize([token])
    with pytest.raises(InvalidRequest, match="vocabulary"):
        engine.enqueue(TokenRequest(id=1, prompt=(token,)))
    assert not engine.busy


def test_an_empty_prompt_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidRequest, match="empty"):
        engine.enqueue(TokenRequest(id=1, prompt=()))
    assert not engine.busy


def test_a_prompt_longer_than_the_context_is_refused_with_both_counts(engine: Engine) -> None:
    prompt = tuple(engine.tokenize("x"))[:1] * 512
    with pytest.raises(ContextExceeded, match=r"512.*512") as caught:
        engine.enqueue(TokenRequest(id=1, prompt=prompt))
    assert "--context" in caught.value.remedy
    assert not engine.busy


def test_the_longest_prompt_has_room_for_one_token(engine: Engine) -> None:
    prompt = tuple(engine.tokenize("x"))[:1] * 511
    got = answer(engine, TokenRequest(id=1, prompt=prompt, sampling=GREEDY, ignore_end=True))
    assert (len(got.tokens), got.ends[0].reason) == (1, "length")


def test_an_idle_step_returns_at_once(engine: Engine) -> None:
    assert not engine.busy
    assert engine.step() == []


def test_the_counts_add_up(engine: Engine) -> None:
    wanted = request(engine, 1)
    got = answer(engine, wanted)
    (end,) = got.ends
    assert got.prompt[-1].done == got.prompt[-1].total == len(wanted.prompt) == end.usage.prompt_tokens
    assert end.usage.completion_tokens == len(got.tokens) <= 12
    assert 0 <= end.usage.cached_tokens < len(wanted.prompt)
    assert b"".join(token.piece for token in got.tokens) == engine.detokenize(got.ids)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_max_tokens_is_the_most(engine: Engine, count: int) -> None:
    got = answer(engine, request(engine, 1, max_tokens=count, ignore_end=True))
    assert (len(got.tokens), got.ends[0].reason) == (count, "length")


def test_the_answer_ends_by_itself_or_goes_on_when_told(engine: Engine) -> None:
    text = "<|im_start|>user\nWhat can you do?<|im_end|>\n<|im_start|>assistant\n"
    prompt = tuple(engine.tokenize(text, special=True))
    ended = answer(engine, TokenRequest(id=1, prompt=prompt, sampling=GREEDY))
    assert ended.ends[0].reason == "stop"
    longer = len(ended.tokens) + 5
    on = answer(
        engine, TokenRequest(id=2, prompt=prompt, sampling=GREEDY, max_tokens=longer, ignore_end=True)
    )
    assert len(on.tokens) == longer


def test_greedy_is_the_same_each_time(engine: Engine) -> None:
    first = answer(engine, request(engine, 1))
    assert answer(engine, request(engine, 2)).ids == first.ids


def test_a_seed_repeats_and_seeds_differ(engine: Engine) -> None:
    def draw(seed: int) -> list[int]:
        sampling = SamplingSettings(temperature=1.5, top_k=0, top_p=1, min_p=0, seed=seed)
        return answer(engine, request(engine, seed, sampling=sampling, max_tokens=20, ignore_end=True)).ids

    draws = {seed: draw(seed) for seed in range(1, 6)}
    assert draw(3) == draws[3]
    if engine.facts.architecture != "script":
        assert len({tuple(tokens) for tokens in draws.values()}) > 1


def test_many_requests_end_each_with_its_own_answer(engine: Engine) -> None:
    """Seven at once on three places: the same answers as one by one, none missing."""
    questions = [f"Question {number}: what is the weather in the {number}. month?" for number in range(7)]
    alone = [answer(engine, request(engine, number, text)).ids for number, text in enumerate(questions)]
    for number, text in enumerate(questions):
        engine.enqueue(request(engine, number, text))
    together = run_all(engine)
    assert sorted(together) == list(range(7))
    assert [together[number].ids[:4] for number in range(7)] == [ids[:4] for ids in alone]
    assert all(len(got.ends) == 1 for got in together.values())


def test_cancelling_ends_one_request_and_no_other(engine: Engine) -> None:
    for number in (1, 2, 3, 4):  # the fourth waits for a place
        engine.enqueue(request(engine, number, max_tokens=30, ignore_end=True))
    answers: dict[int, Answer] = {}
    while not (1 in answers and answers[1].tokens):
        for event in engine.step():
            answers.setdefault(event.request_id, Answer()).add(event)
    before = len(answers[1].tokens)
    engine.cancel(1)
    engine.cancel(4)
    engine.cancel(99)
    run_all(engine, answers)
    assert len(answers[1].tokens) == before and not answers[1].ends
    assert 4 not in answers
    assert [len(answers[number].tokens) for number in (2, 3)] == [30, 30]


def test_log_probabilities_are_given_or_refused(engine: Engine) -> None:
    wanted = request(engine, 1, logprobs=3)
    if "logprobs" not in engine.facts.capabilities:
        with pytest.raises(Unsupported, match="log-probabilities"):
            engine.enqueue(wanted)
        assert not engine.busy
        return
    for token in answer(engine, wanted).tokens:
        assert token.logprobs is not None
        assert token.logprobs.chosen == token.logprobs.top[0], "greedy takes the most likely"
        assert [one.logprob for one in token.logprobs.top] == sorted(
            (one.logprob for one in token.logprobs.top), reverse=True
        )
        assert token.logprobs.chosen.token == token.piece and token.logprobs.chosen.logprob <= 0


def test_vectors_are_given_or_refused(engine: Engine) -> None:
    inputs = tuple(tuple(engine.tokenize(text)) for text in ("one text", "another"))
    wanted = EmbeddingRequest(id=1, inputs=inputs)
    if "embed" not in engine.facts.capabilities:
        with pytest.raises(Unsupported) as caught:
            engine.embed(wanted)
        assert caught.value.message and caught.value.remedy and not engine.busy
        return
    engine.embed(wanted)
    (result,) = [event for event in engine.step() if isinstance(event, Embedded)]
    assert [round(sum(value * value for value in vector), 3) for vector in result.vectors] == [1, 1]


def test_passes_are_timed_or_refused(engine: Engine) -> None:
    tokens = tuple(engine.tokenize("one text")) * 4
    wanted = PassRequest(id=1, held=tokens, tokens=tokens, together=False)
    try:
        engine.time_passes(wanted)
    except Unsupported as error:
        assert error.message and error.remedy and not engine.busy
        return
    events = [event for _ in range(100) if engine.busy for event in engine.step()]
    assert [type(event) for event in events] == [PassesTimed], "nothing is told before the end"
    assert isinstance(events[0], PassesTimed) and events[0].seconds > 0


def test_closing_twice_is_as_good_as_once(engine: Engine) -> None:
    engine.enqueue(request(engine, 1))
    engine.step()
    engine.close()
    engine.close()
