"""What every engine that can constrain promises: answers that match, and end when they are complete."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace

import pytest

from workbench.backend import Engine, Provider, TokenRequest
from workbench.constraint import Constraint
from workbench.errors import InvalidRequest, Unsupported
from workbench.generation import Generation
from workbench.sampling import SamplingSettings
from workbench.testing.answers import GREEDY, Answer, ask, events_of, finished, run_all, text_of

PERSON = {
    "type": "object",
    "properties": {"age": {"type": "integer", "minimum": 0, "maximum": 150}, "kind": {"enum": ["a", "b"]}},
    "required": ["age", "kind"],
    "additionalProperties": False,
}
SCHEMA = Constraint("json_schema", json.dumps(PERSON))
WORD = Constraint("regex", "[b-d]{4}[.!]")
EACH_KIND = {
    "json_schema": (Constraint("json_schema", '{"enum": ["left", "right"]}'), '"(left|right)"'),
    "regex": (WORD, WORD.text),
    "lark": (Constraint("lark", 'start: "<" WORD ">"\nWORD: /[a-f]{2}/'), "<[a-f]{2}>"),
    "gbnf": (Constraint("gbnf", 'root ::= "x" pair "x"\npair ::= [0-4] [5-9]'), "x[0-4][5-9]x"),
}
WRONG = [
    Constraint("json_schema", '{"type": "strange"}'),
    Constraint("json_schema", "{"),
    Constraint("regex", "(a"),
    Constraint("lark", "start: nowhere"),
    Constraint("gbnf", 'root ::= "a'),
]


@pytest.fixture
def constraining(engine: Engine) -> Engine:
    """The engine, when it can; else the test is that it refuses."""
    if "constrain" in engine.facts.capabilities:
        return engine
    with pytest.raises(Unsupported) as caught:
        engine.enqueue(request(engine, 1, WORD))
    assert caught.value.remedy and not engine.busy
    pytest.skip("It refuses every constraint, as it should.")


def request(engine: Engine, number: int, constraint: Constraint, **fields: object) -> TokenRequest:
    fields = {"sampling": GREEDY, "max_tokens": 60, **fields}
    prompt = tuple(engine.tokenize("What is the weather?"))
    return TokenRequest(id=number, prompt=prompt, constraint=constraint, **fields)  # type: ignore[arg-type]


def text(answer: Answer) -> str:
    return b"".join(token.piece for token in answer.tokens).decode()


def answer(engine: Engine, wanted: TokenRequest) -> Answer:
    engine.enqueue(wanted)
    return run_all(engine)[wanted.id]


@pytest.mark.parametrize("kind", EACH_KIND)
def test_the_answer_matches_and_ends_when_it_is_complete(constraining: Engine, kind: str) -> None:
    constraint, expected = EACH_KIND[kind]
    for number, sampling in enumerate((GREEDY, SamplingSettings(temperature=2, top_k=0, seed=1))):
        got = answer(constraining, request(constraining, number, constraint, sampling=sampling))
        assert re.fullmatch(expected, text(got))
        assert got.ends[0].reason == "stop"
        assert got.ends[0].usage.completion_tokens == len(got.tokens)


@pytest.mark.parametrize(
    "sampling",
    [
        SamplingSettings(temperature=1.5, top_k=0, top_p=1, min_p=0, seed=3),
        SamplingSettings(typical_p=0.5, repeat_penalty=1.3, presence_penalty=1, dry_multiplier=1, seed=3),
        SamplingSettings(xtc_probability=1, xtc_threshold=0.01, seed=3),
        SamplingSettings(mirostat=1, seed=3),
        SamplingSettings(mirostat=2, seed=3),
    ],
)
def test_whatever_the_sampling_that_it_has(constraining: Engine, sampling: SamplingSettings) -> None:
    wanted = request(constraining, 1, SCHEMA, sampling=sampling)
    try:
        got = answer(constraining, wanted)
    except Unsupported as error:
        assert error.message and error.remedy and not constraining.busy
        return
    value = json.loads(text(got))
    assert set(value) == {"age", "kind"} and 0 <= value["age"] <= 150 and value["kind"] in "ab"


def test_a_seed_repeats(constraining: Engine) -> None:
    sampling = SamplingSettings(temperature=2, top_k=0, top_p=1, min_p=0, seed=11)
    answers = [answer(constraining, request(constraining, n, WORD, sampling=sampling)).ids for n in (1, 2)]
    assert answers[0] == answers[1]


def test_a_bias_moves_what_is_allowed_and_nothing_else(constraining: Engine) -> None:
    [left, right, other] = [constraining.tokenize(letter)[0] for letter in "xyz"]
    constraint = Constraint("regex", "[xy]{3}")
    for favoured, said in ((left, "xxx"), (right, "yyy")):
        sampling = SamplingSettings(temperature=0, logit_bias={favoured: 50, other: 100})
        assert (
            text(answer(constraining, request(constraining, favoured, constraint, sampling=sampling))) == said
        )


def test_log_probabilities_are_those_before_the_constraint(constraining: Engine) -> None:
    held = request(constraining, 2, WORD, logprobs=4)
    free = TokenRequest(id=1, prompt=held.prompt, sampling=GREEDY, max_tokens=1, logprobs=4, ignore_end=True)
    expected = answer(constraining, free).tokens[0].logprobs
    token = answer(constraining, held).tokens[0]
    assert expected and token.logprobs
    assert [one.token for one in token.logprobs.top] == [one.token for one in expected.top]
    assert token.logprobs.chosen.token == token.piece
    assert token.logprobs.chosen.logprob < token.logprobs.top[-1].logprob, "no likely token fits"


def test_going_on_past_ends_goes_on_while_the_constraint_lets_it(constraining: Engine) -> None:
    endless = answer(constraining, request(constraining, 1, Constraint("regex", "[ab]*"), ignore_end=True))
    assert (len(endless.tokens), endless.ends[0].reason) == (60, "length")
    bounded = answer(
        constraining, request(constraining, 2, Constraint("regex", "[ab]{1,9}"), ignore_end=True)
    )
    assert (len(text(bounded)), bounded.ends[0].reason) == (9, "stop")


def test_those_with_and_without_constraints_run_side_by_side(constraining: Engine) -> None:
    alone = answer(
        constraining,
        TokenRequest(id=9, prompt=request(constraining, 9, WORD).prompt, sampling=GREEDY, max_tokens=8),
    )
    for number in range(6):
        constraining.enqueue(request(constraining, number, (SCHEMA, WORD)[number % 2]))
    constraining.enqueue(
        TokenRequest(id=9, prompt=request(constraining, 9, WORD).prompt, sampling=GREEDY, max_tokens=8)
    )
    constraining.cancel(2)
    answers = run_all(constraining)
    assert 2 not in answers
    assert answers[9].ids[:4] == alone.ids[:4]
    assert all(json.loads(text(answers[number])) for number in (0, 4))
    assert all(re.fullmatch(WORD.text, text(answers[number])) for number in (1, 3, 5))


@pytest.mark.parametrize("constraint", WRONG, ids=lambda constraint: constraint.kind)
def test_what_cannot_be_enforced_is_refused(constraining: Engine, constraint: Constraint) -> None:
    for take in (constraining.prepare, constraining.enqueue):
        with pytest.raises(InvalidRequest) as caught:
            take(request(constraining, 1, constraint))
        assert caught.value.message and caught.value.remedy
    assert not constraining.busy


async def test_constraints_cross_the_process(provider: Provider) -> None:
    asked = Generation(prompt=ask("Where?"), sampling=GREEDY, constraint=WORD)
    wrong = Generation(prompt=ask("Where?"), constraint=WRONG[0])
    if "constrain" not in provider.facts.capabilities:
        with pytest.raises(Unsupported):
            await events_of(provider, asked)
        return
    with pytest.raises(InvalidRequest, match="strange"):
        await events_of(provider, wrong)
    for constraint, expected in (EACH_KIND["json_schema"], EACH_KIND["regex"]):
        try:
            events = await events_of(provider, replace(asked, constraint=constraint))
        except Unsupported:
            assert constraint.kind == "regex"
            continue
        assert re.fullmatch(expected, text_of(events)) and finished(events).reason == "stop"


async def test_an_answer_that_nobody_waits_for_never_begins(provider: Provider) -> None:
    asked = Generation(prompt="x", constraint=Constraint("regex", "[ab]*"), ignore_end=True)
    if "constrain" not in provider.facts.capabilities:
        return
    for _ in range(3 * provider.facts.parallel):
        asking = asyncio.create_task(events_of(provider, asked))
        await asyncio.sleep(0)
        asking.cancel()
    plain = Generation(prompt="x", sampling=GREEDY, max_tokens=2, ignore_end=True)
    assert finished(await events_of(provider, plain)).usage.completion_tokens == 2
