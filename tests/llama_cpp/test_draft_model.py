"""A second model drafts: answers stay what they are, whatever it guesses and whoever else is answered."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import workbench_guide
from tests.contract.answers import GREEDY, Answer, run_all
from tests.llama_cpp import guide_drafts, tiny_models
from tests.llama_cpp.asking import asked, guide_prompt, guide_questions
from tests.llama_cpp.conftest import Open
from workbench.backend import TokenRequest
from workbench.constraint import Constraint
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidModel, InvalidRequest
from workbench.gguf import read_model
from workbench.sampling import SamplingSettings
from workbench_llama_cpp.draft_vocabulary import check_vocabulary
from workbench_llama_cpp.engine import LlamaCppEngine

GUIDE = Path(workbench_guide.PATH)
QUESTIONS = guide_questions()[:4]


@pytest.fixture(scope="module")
def drafts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("drafts")
    return {
        "cut": guide_drafts.cut(folder / "cut.gguf"),
        "random": guide_drafts.random(folder / "random.gguf"),
    }


def questions_at_once(engine: LlamaCppEngine, **fields: object) -> dict[int, Answer]:
    for number, question in enumerate(QUESTIONS):
        fields = {"sampling": GREEDY, "max_tokens": 40, **fields}
        prompt = guide_prompt(engine, question)
        engine.enqueue(TokenRequest(id=number, prompt=prompt, **fields))  # type: ignore[arg-type]
    return run_all(engine)


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("kind", ["cut", "random"])
def test_the_guide_says_the_same(kind: str, drafts: dict[str, Path], open_tiny: Open) -> None:
    engine = open_tiny(GUIDE, context_length=1024, parallel=1, draft=str(drafts[kind]))
    drafted = accepted = 0
    for question in QUESTIONS[:2]:
        prompt = guide_prompt(engine, question)
        plain, usual = (asked(engine, prompt, way, max_tokens=20) for way in ("off", None))
        assert usual.ids == plain.ids and plain.ends[0].usage.drafted_tokens == 0
        drafted += usual.ends[0].usage.drafted_tokens
        accepted += usual.ends[0].usage.accepted_tokens
    assert drafted and (accepted > drafted / 2 if kind == "cut" else accepted == 0)


@pytest.mark.usefixtures("eager")
def test_beside_each_other_they_say_the_same(drafts: dict[str, Path], open_tiny: Open) -> None:
    engine = open_tiny(GUIDE, context_length=1024, parallel=4, draft=str(drafts["cut"]))
    plain = questions_at_once(engine, speculation="off", logprobs=0)
    drafted = questions_at_once(engine, logprobs=0)
    for number, answer in plain.items():
        assert drafted[number].ids == answer.ids
        assert len(drafted[number].tokens) == sum(one.logprobs is not None for one in drafted[number].tokens)
        assert drafted[number].ends[0].usage.accepted_tokens
    assert not engine._drafting._model._held  # type: ignore[union-attr]


@pytest.mark.usefixtures("eager")
def test_one_decode_drafts_for_all(
    drafts: dict[str, Path], open_tiny: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_tiny(GUIDE, context_length=1024, parallel=4, draft=str(drafts["cut"]))
    model = engine._drafting._model
    assert model is not None
    together = Counter[int]()
    learn = model._pace.learn

    def counted(answers: int, read: int, seconds: float) -> None:
        together[answers] += 1
        learn(answers, read, seconds)

    monkeypatch.setattr(model._pace, "learn", counted)
    questions_at_once(engine, ignore_end=True)
    assert together[4] > together[1]


@pytest.mark.usefixtures("eager")
def test_a_long_prompt_is_read_beside_steps_and_once_for_all_that_begin_alike(
    drafts: dict[str, Path], open_tiny: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_tiny(GUIDE, context_length=1024, parallel=2, draft=str(drafts["cut"]))
    model = engine._drafting._model
    assert model is not None
    read = list[int]()
    monkeypatch.setattr(model._pace, "prompt_tokens", lambda answers: 200)
    learn = model._pace.learn
    monkeypatch.setattr(
        model._pace, "learn", lambda answers, count, seconds: (read.append(count), learn(1, 0, seconds))
    )
    prompt = guide_prompt(engine, " ".join(QUESTIONS * 16))
    assert len(prompt) > 500
    plain = asked(engine, prompt, "off", max_tokens=40)
    for number in range(2):
        engine.enqueue(
            TokenRequest(id=number, prompt=prompt, sampling=GREEDY, max_tokens=40, ignore_end=True)
        )
    together = run_all(engine)
    assert max(read) == 200 and len(prompt) <= sum(read) < 1.2 * len(prompt)
    for answer in together.values():
        assert answer.ids == plain.ids and answer.ends[0].usage.drafted_tokens


@pytest.mark.usefixtures("eager")
def test_a_seed_draws_the_same(drafts: dict[str, Path], open_tiny: Open) -> None:
    engine = open_tiny(GUIDE, context_length=1024, parallel=1, draft=str(drafts["cut"]))
    prompt = guide_prompt(engine, QUESTIONS[0])
    same = 0
    for seed in range(6):
        sampling = SamplingSettings(temperature=0.8, seed=seed)
        plain, drafted = (
            asked(engine, prompt, kind, sampling=sampling, max_tokens=16) for kind in ("off", "draft")
        )
        assert drafted.ends[0].usage.drafted_tokens
        same += drafted.ids == plain.ids
    assert same >= 5, "rounding may change one draw in thousands"


@pytest.mark.usefixtures("eager")
def test_requests_may_choose_and_answers_with_a_form_are_not_drafted(
    drafts: dict[str, Path], open_tiny: Open
) -> None:
    engine = open_tiny(GUIDE, context_length=1024, parallel=3, draft=str(drafts["cut"]))
    prompt = guide_prompt(engine, " ".join(QUESTIONS[:2] * 3))
    kinds = {"off": (), "ngram": (), "draft": (), None: (Constraint("regex", "(yes|no) indeed"),)}
    for number, (kind, constraint) in enumerate(kinds.items()):
        engine.enqueue(
            TokenRequest(
                id=number, prompt=prompt, sampling=GREEDY, max_tokens=40, speculation=kind,  # type: ignore[arg-type]
                ignore_end=not constraint, constraint=constraint[0] if constraint else None,
            )
        )  # fmt: skip
    answers = run_all(engine)
    assert answers[0].ids == answers[1].ids == answers[2].ids
    assert engine.detokenize(answers[3].ids) in (b"yes indeed", b"no indeed")
    drafted = [answers[number].ends[0].usage.drafted_tokens for number in range(4)]
    assert drafted[2] and not drafted[0] and not drafted[3]


@pytest.mark.usefixtures("eager")
def test_cancelled_requests_leave_no_slot_behind(drafts: dict[str, Path], open_tiny: Open) -> None:
    engine = open_tiny(GUIDE, context_length=1024, parallel=2, draft=str(drafts["cut"]))
    expected = asked(engine, guide_prompt(engine, QUESTIONS[0]), "off", max_tokens=20)
    for number in range(4):
        prompt = guide_prompt(engine, QUESTIONS[number])
        engine.enqueue(
            TokenRequest(id=number, prompt=prompt, sampling=GREEDY, max_tokens=20, ignore_end=True)
        )
    for number in (1, 2):
        engine.step()
        engine.step()
        engine.cancel(number)
    while engine.busy:
        engine.step()
    model = engine._drafting._model
    assert model is not None and not model._held and model._slots.free == 2
    assert asked(engine, guide_prompt(engine, QUESTIONS[0]), None, max_tokens=20).ids == expected.ids


def test_the_next_answer_expects_what_the_last_ones_met(drafts: dict[str, Path], open_tiny: Open) -> None:
    engine = open_tiny(GUIDE, context_length=1024, draft=str(drafts["random"]))
    request = TokenRequest(id=9, prompt=(1,))
    hopeful = engine._drafting.expected(request).rate
    for number in range(6):
        asked(engine, guide_prompt(engine, QUESTIONS[number % 4]), None, max_tokens=24)
    assert engine._drafting.expected(request).rate < hopeful


def test_a_vocabulary_that_differs_is_refused(
    drafts: dict[str, Path], open_tiny: Open, tmp_path: Path
) -> None:
    other = guide_drafts.renamed(tmp_path / "other.gguf", 300, "elsewhere")
    with pytest.raises(InvalidRequest, match=r"other.gguf cannot draft for .*: its token 300 is 'elsewhere'"):
        open_tiny(GUIDE, draft=str(other))
    tiny = tiny_models.llama(tmp_path / "tiny.gguf")
    with pytest.raises(InvalidRequest, match="its vocabulary has 258 tokens, and the model's has 4,096"):
        open_tiny(GUIDE, draft=str(tiny))
    control = guide_drafts.renamed(tmp_path / "control.gguf", 2, "<|the_end|>")
    check_vocabulary(read_model(GUIDE), read_model(control))


def test_what_cannot_draft_is_refused(open_tiny: Open, tmp_path: Path) -> None:
    model = tiny_models.llama(tmp_path / "model.gguf")
    recurrent = tiny_models.mamba(tmp_path / "mamba.gguf")
    with pytest.raises(InvalidRequest, match=r"mamba.gguf cannot draft"):
        open_tiny(model, draft=str(recurrent))
    (tmp_path / "no.gguf").write_bytes(b"not a model")
    with pytest.raises(InvalidModel, match=r"no.gguf"):
        open_tiny(model, draft=str(tmp_path / "no.gguf"))
    with pytest.raises(InvalidRequest, match="no model to draft with"):
        EngineSettings(speculation="draft")
    engine = open_tiny(model, speculation="ngram")
    with pytest.raises(InvalidRequest, match="without it") as caught:
        engine.enqueue(TokenRequest(id=1, prompt=(65,), speculation="draft"))
    assert "--draft MODEL" in caught.value.remedy


def test_a_recurrent_model_says_that_nothing_is_drafted(open_tiny: Open, tmp_path: Path) -> None:
    draft = tiny_models.llama(tmp_path / "draft.gguf")
    engine = open_tiny(tiny_models.mamba(tmp_path / "mamba.gguf"), draft=str(draft))
    assert any("Nothing is drafted" in notice for notice in engine.facts.notices)
    assert asked(engine, tuple(b"one two"), None).ends[0].usage.drafted_tokens == 0
    with pytest.raises(InvalidRequest, match="cannot go back"):
        engine.enqueue(TokenRequest(id=1, prompt=(65,), speculation="draft"))
