"""Sequences that are computed side by side move together, and go on as if they had not."""

from __future__ import annotations

from dataclasses import replace

import pytest

import workbench_guide
from tests.contract.answers import GREEDY, Answer, run_all
from tests.llama_cpp.conftest import Open
from workbench.backend import TokenRequest
from workbench_llama_cpp.engine import LlamaCppEngine
from workbench_llama_cpp.seating import PATIENCE, next_swap


@pytest.mark.parametrize(
    ("computed", "swap"),
    [
        ((), None),
        ((3,), None),
        ((2, 3, 4), None),
        ((4, 2, 3), None),
        ((0, 2), (2, 1)),
        ((0, 1, 9), (9, 2)),
        ((0, 8, 9), (0, 7)),
        ((0, 5, 6, 15), (0, 7)),
    ],
)
def test_next_swap(computed: tuple[int, ...], swap: tuple[int, int] | None) -> None:
    assert next_swap(computed) == swap


@pytest.mark.parametrize("computed", [(0, 15), (0, 5, 10, 15), (1, 2, 9, 12, 13, 14), (0, 2, 4, 6, 8)])
def test_swaps_end_without_gaps_and_without_more_moves_than_sequences(computed: tuple[int, ...]) -> None:
    held = set(computed)
    for _ in computed:
        if swap := next_swap(held):
            held = (held - {swap[0]}) | {swap[1]}
    assert next_swap(held) is None and len(held) == len(computed) and min(held) >= 0


def wanted(number: int, prompt: str, count: int, engine: LlamaCppEngine) -> TokenRequest:
    tokens = tuple(engine.tokenize(prompt))
    return TokenRequest(id=number, prompt=tokens, sampling=GREEDY, max_tokens=count, ignore_end=True)


def test_what_moves_goes_on_and_what_made_room_is_still_known(open_tiny: Open) -> None:
    long, short = 3 * PATIENCE, 2
    engine = open_tiny(workbench_guide.PATH, parallel=5, context_length=512)
    alone = run_all_of(engine, [wanted(1, "What is a token", long, engine)])[1].ids
    engine = open_tiny(workbench_guide.PATH, parallel=5, context_length=512)
    requests = [
        wanted(1, "How much memory does a model need", 2 * long, engine),
        wanted(
            2,
            "How do I choose a quantization of a model that is to run on a small machine",
            short,
            engine,
        ),
        wanted(3, "Why is my model slow when the context is long", short, engine),
        wanted(4, "What is a token", long, engine),
    ]
    for request in requests:
        engine.enqueue(request)
    places, answers = set[tuple[int, ...]](), dict[int, Answer]()
    while engine.busy:
        for event in engine.step():
            answers.setdefault(event.request_id, Answer()).add(event)
        places.add(tuple(sorted(active.sequence for active in engine._running)))
    assert (0, 3) in places and (0, 1) in places
    assert answers[4].ids == alone
    again = run_all_of(engine, [replace(requests[1], id=5)])[5]
    assert again.prompt[0].cached == len(requests[1].prompt) - 1
    assert again.ids == answers[2].ids


def run_all_of(engine: LlamaCppEngine, requests: list[TokenRequest]) -> dict[int, Answer]:
    for request in requests:
        engine.enqueue(request)
    return run_all(engine)
