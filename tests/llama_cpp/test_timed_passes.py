"""Passes that are timed alone: computed by themselves, and without a trace in later answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import workbench_guide
from workbench.backend import Engine, RequestEnded, StepEvent, TokenDrawn, TokenRequest
from workbench.engine_settings import EngineSettings
from workbench.errors import ContextExceeded, InvalidRequest
from workbench.passes import PassesTimed, PassRequest
from workbench.sampling import SamplingSettings
from workbench_llama_cpp.engine import LlamaCppEngine, open_engine


@pytest.fixture(params=[1, 3])
def engine(request: pytest.FixtureRequest) -> Iterator[LlamaCppEngine]:
    settings = EngineSettings(context_length=512, parallel=request.param)
    engine = open_engine(str(workbench_guide.PATH), settings, lambda share: True)
    yield engine
    engine.close()


def passes(number: int, held: int, count: int, *, together: bool = False) -> PassRequest:
    tokens = tuple(5 + place % 200 for place in range(held + count))
    return PassRequest(id=number, held=tokens[:held], tokens=tokens[held:], together=together)


def question(engine: Engine, number: int) -> TokenRequest:
    prompt = tuple(engine.tokenize("What can you do?"))
    return TokenRequest(
        id=number, prompt=prompt, max_tokens=8, sampling=SamplingSettings(temperature=0), ignore_end=True
    )


def all_steps(engine: Engine) -> list[StepEvent]:
    events: list[StepEvent] = []
    while engine.busy:
        events += engine.step()
    return events


def drawn(events: list[StepEvent]) -> list[int]:
    return [event.token for event in events if isinstance(event, TokenDrawn)]


def test_tokens_take_one_pass_or_one_each(engine: LlamaCppEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    decode = engine._llama.llama_decode

    def counted(context: object, batch: object) -> int:
        sizes.append(batch.n_tokens)  # type: ignore[attr-defined]
        return int(decode(context, batch))

    monkeypatch.setattr(engine._llama, "llama_decode", counted)
    engine.time_passes(passes(1, 64, 32, together=True))
    all_steps(engine)
    engine.time_passes(passes(2, 64, 5))
    all_steps(engine)
    assert sizes == [64, 32, 1, 1, 1, 1, 1, 1], "what is held is computed once, but for its last token"


def test_answers_are_the_same_after_passes_as_before(engine: LlamaCppEngine) -> None:
    engine.enqueue(question(engine, 1))
    before = drawn(all_steps(engine))
    engine.time_passes(passes(2, 30, 40, together=True))
    all_steps(engine)
    engine.enqueue(question(engine, 3))
    assert drawn(all_steps(engine)) == before


def test_passes_wait_for_answers_and_answers_for_passes(engine: LlamaCppEngine) -> None:
    engine.enqueue(question(engine, 1))
    engine.step()
    engine.time_passes(passes(2, 0, 20))
    engine.time_passes(passes(3, 0, 20))
    engine.step()
    ends = [event.request_id for event in all_steps(engine) if isinstance(event, RequestEnded | PassesTimed)]
    assert ends == [1, 2, 3]


def test_dropped_passes_bring_nothing_and_give_their_place_back(engine: LlamaCppEngine) -> None:
    engine.time_passes(passes(1, 0, 200))
    engine.time_passes(passes(2, 0, 200))
    engine.step()
    engine.cancel(1)
    engine.cancel(2)
    assert not engine.busy
    engine.enqueue(question(engine, 3))
    assert len(drawn(all_steps(engine))) == 8


def test_what_cannot_be_computed_is_refused(engine: LlamaCppEngine) -> None:
    with pytest.raises(ContextExceeded, match="513 tokens"):
        engine.time_passes(passes(1, 400, 113))
    with pytest.raises(InvalidRequest):
        engine.time_passes(passes(2, 4, 0))
    with pytest.raises(InvalidRequest, match="vocabulary"):
        engine.time_passes(PassRequest(id=3, held=(), tokens=(10**6,), together=True))
    assert not engine.busy
    engine.time_passes(passes(4, 400, 112, together=True))
    assert [type(event) for event in all_steps(engine)] == [PassesTimed]
