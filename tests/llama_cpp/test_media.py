"""Images and sounds in prompts, against what llama.cpp itself makes of the same ones."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.contract.answers import GREEDY, Answer, run_all
from tests.llama_cpp import tiny_models, tiny_projectors
from tests.llama_cpp.conftest import Open
from tests.llama_cpp.media_reference import Reference
from tests.media_files import png, wav
from workbench.backend import Engine, TokenRequest
from workbench.conversation import Medium
from workbench.errors import InvalidModel, InvalidRequest, Unsupported
from workbench.events import Usage

Pair = tuple[Path, Path]
KINDS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], Path], Callable[[int], bytes]]] = {
    "llava": (tiny_models.llama, tiny_projectors.llava, png),
    "qwen2vl": (tiny_models.qwen2vl, tiny_projectors.qwen2vl, png),
    "gemma3": (tiny_models.gemma3, tiny_projectors.gemma3, png),
    "ultravox": (tiny_models.llama, tiny_projectors.ultravox, wav),
}
TEXTS = ("What is ", " and ", ", in a word?")


def written(folder: Path, kind: str) -> Pair:
    model, projector, _ = KINDS[kind]
    return model(folder / f"{kind}.gguf"), projector(folder / f"mmproj-{kind}.gguf")


@pytest.fixture(
    scope="module",
    params=["llava", "qwen2vl", "gemma3", pytest.param("ultravox", marks=pytest.mark.slow)],
)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def pair(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return written(tmp_path_factory.mktemp(kind), kind)


def media(kind: str, *seeds: int) -> list[Medium]:
    sense = "audio" if kind == "ultravox" else "image"
    return [Medium(kind=sense, data=KINDS[kind][2](seed)) for seed in seeds]  # type: ignore[arg-type]


def asked(number: int, *parts: str | Medium, **fields: object) -> TokenRequest:
    fields = {"sampling": GREEDY, "max_tokens": 6, **fields}
    return TokenRequest(id=number, prompt=(), mixed=parts, **fields)  # type: ignore[arg-type]


def usage(found: Answer) -> Usage:
    return found.ends[0].usage


def answer(engine: Engine, wanted: TokenRequest) -> Answer:
    engine.enqueue(wanted)
    return run_all(engine)[wanted.id]


def test_it_reads_and_answers_as_llama_cpp_does(pair: Pair, kind: str, open_tiny: Open) -> None:
    first, second = media(kind, 1, 2)
    engine = open_tiny(pair[0], projector=str(pair[1]), threads=1)
    found = answer(engine, asked(1, TEXTS[0], first, TEXTS[1], second, TEXTS[2], logprobs=5))
    with Reference(*pair) as reference:
        files = [first.data, second.data]
        count, logits = reference.read(TEXTS, files)
        expected = reference.answer(TEXTS, files, 6)
    assert (usage(found).prompt_tokens, found.ids) == (count, expected)
    likely = logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
    drawn = found.tokens[0].logprobs
    assert drawn is not None and drawn.chosen.logprob == pytest.approx(float(likely.max()), abs=1e-3)


def test_the_same_medium_is_known_again_and_another_is_not(pair: Pair, kind: str, open_tiny: Open) -> None:
    first, second, third = media(kind, 1, 2, 3)
    engine = open_tiny(pair[0], projector=str(pair[1]))
    cold = answer(engine, asked(1, "Look: ", first, " and ", second, " end"))
    warm = answer(engine, asked(2, "Look: ", first, " and ", second, " end"))
    assert usage(warm).cached_tokens == usage(cold).prompt_tokens - 1 and warm.ids == cold.ids
    other = answer(engine, asked(3, "Look: ", first, " and ", third, " end"))
    alone = answer(
        open_tiny(pair[0], projector=str(pair[1])), asked(1, "Look: ", first, " and ", third, " end")
    )
    assert usage(other).cached_tokens == last_medium(engine, first, third) and other.ids == alone.ids


def last_medium(engine: Engine, *media: Medium) -> int:
    """How many tokens come before the second of two media."""
    prompt = engine.prepare(asked(1, "Look: ", media[0], " and ", media[1], " end")).prompt
    return max(place for place, token in enumerate(prompt) if token < 0 <= prompt[place - 1])


def test_answers_beside_media_stay_what_they_are(pair: Pair, kind: str, open_tiny: Open) -> None:
    """Three at once: two that share a medium, and one in the middle of its text."""
    first, second = media(kind, 1, 2)
    requests = [
        asked(1, "A", first, "B", max_tokens=12),
        asked(2, "A", first, "B", second, "C", max_tokens=12),
        TokenRequest(id=3, prompt=tuple(b"plain text"), sampling=GREEDY, max_tokens=30),
    ]
    alone = [answer(open_tiny(pair[0], projector=str(pair[1])), one).ids for one in requests]
    engine = open_tiny(pair[0], projector=str(pair[1]))
    for one in requests:
        engine.enqueue(one)
    together = run_all(engine)
    assert [together[one.id].ids for one in requests] == alone


def test_it_outlives_the_engine_on_the_disk(
    tmp_path: Path, open_tiny: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    pair, image = written(tmp_path, "qwen2vl"), Medium(kind="image", data=png(1, 400, 300))
    settings = {"projector": str(pair[1]), "prompt_cache_bytes": 1 << 24}
    wanted = asked(1, "Long " * 40, image, "?")
    engine = open_tiny(pair[0], **settings)
    cold = answer(engine, wanted)
    engine.close()
    warm = answer(open_tiny(pair[0], **settings), wanted)
    assert usage(warm).cached_tokens == usage(cold).prompt_tokens - 1 and warm.ids == cold.ids


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("by_model", [False, True])
def test_drafts_change_no_answer(by_model: bool, tmp_path: Path, open_tiny: Open) -> None:
    draft = str(tiny_models.llama(tmp_path / "draft.gguf")) if by_model else None
    pair, [image] = written(tmp_path, "qwen2vl"), media("qwen2vl", 1)
    fields = {"max_tokens": 60, "ignore_end": True}
    wanted = asked(1, "ab ab ab", image, "ab ab ab", image, " ab ab", **fields)
    plain = answer(open_tiny(pair[0], projector=str(pair[1])), wanted)
    drafted = answer(
        open_tiny(pair[0], projector=str(pair[1]), speculation="draft" if draft else "ngram", draft=draft),
        wanted,
    )
    assert drafted.ids == plain.ids and usage(drafted).drafted_tokens


@pytest.mark.parametrize(
    ("kind", "data", "fault"),
    [
        ("image", b"no image", "no image that can be read"),
        ("image", png()[:2000], "broken image"),
        ("image", b"", "no image that can be read"),
        ("audio", wav(), "this model hears none"),
    ],
    ids=["text", "cut short", "empty", "a sound"],
)
def test_what_cannot_be_read_is_refused_by_name(
    kind: str, data: bytes, fault: str, tmp_path: Path, open_tiny: Open
) -> None:
    pair = written(tmp_path, "llava")
    engine = open_tiny(pair[0], projector=str(pair[1]))
    medium = Medium(kind=kind, data=data, source="the part")  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match=fault) as caught:
        engine.enqueue(asked(1, "a", medium, "b"))
    assert caught.value.param == "the part" and not engine.busy


def test_pixels_are_counted_before_they_are_unpacked(tmp_path: Path, open_tiny: Open) -> None:
    pair, stream = written(tmp_path, "llava"), io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(stream, "PNG")
    engine = open_tiny(pair[0], projector=str(pair[1]))
    with pytest.raises(InvalidRequest, match="12000 x 12000 pixels"):
        engine.enqueue(asked(1, "a", Medium(kind="image", data=stream.getvalue()), "b"))


def test_images_without_a_projector_and_projectors_of_others_are_refused(
    tmp_path: Path, open_tiny: Open
) -> None:
    pair = written(tmp_path, "llava")
    with pytest.raises(Unsupported):
        open_tiny(pair[0]).enqueue(asked(1, "a", *media("llava", 1), "b"))
    narrow = tiny_models.llama(tmp_path / "narrow.gguf")
    with pytest.raises(InvalidModel, match="no projector for this model"):
        open_tiny(narrow, projector=str(narrow))
    engine = open_tiny(narrow, projector=str(narrow), projector_found=True)
    assert "vision" not in engine.facts.capabilities
    assert any("without images" in notice for notice in engine.facts.notices)


def test_an_image_seen_as_a_whole_must_fit_one_pass(tmp_path: Path, open_tiny: Open) -> None:
    pair = written(tmp_path, "gemma3")
    engine = open_tiny(pair[0], projector=str(pair[1]), micro_batch=8)
    with pytest.raises(InvalidRequest, match="one pass of 8") as caught:
        engine.enqueue(asked(1, "a", *media("gemma3", 1), "b"))
    assert caught.value.remedy == "Load it with --micro-batch 16."


def test_a_request_that_goes_away_leaves_the_others_alone(pair: Pair, kind: str, open_tiny: Open) -> None:
    first, second = media(kind, 1, 2)
    engine = open_tiny(pair[0], projector=str(pair[1]))
    alone = answer(open_tiny(pair[0], projector=str(pair[1])), asked(2, "A", second, "B"))
    engine.enqueue(asked(1, "A", first, "B", second, "C"))
    engine.step()
    engine.cancel(1)
    engine.enqueue(asked(2, "A", second, "B"))
    assert run_all(engine)[2].ids == alone.ids


def test_answers_go_on_while_an_image_is_encoded(
    tmp_path: Path, open_tiny: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, [image] = written(tmp_path, "llava"), media("llava", 1)
    alone = answer(open_tiny(pair[0], projector=str(pair[1])), asked(1, "A", image, "B"))
    engine, gate = open_tiny(pair[0], projector=str(pair[1])), threading.Event()
    projector = engine._loaded.projector
    assert projector is not None
    encode = projector.embeddings
    monkeypatch.setattr(projector, "embeddings", lambda chunk: encode(chunk) if gate.wait(30) else None)
    engine.enqueue(asked(1, "A", image, "B"))
    engine.step()
    engine.cancel(1)
    engine.enqueue(asked(2, "A", image, "B"))
    engine.enqueue(TokenRequest(id=3, prompt=tuple(b"text"), sampling=GREEDY, max_tokens=20))
    answers: dict[int, Answer] = {}
    while 3 not in answers or not answers[3].ends:
        for event in engine.step():
            answers.setdefault(event.request_id, Answer()).add(event)
    assert 2 not in answers or not answers[2].tokens
    gate.set()
    assert run_all(engine, answers)[2].ids == alone.ids and 1 not in answers
