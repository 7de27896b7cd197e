"""Vectors of texts: what they are, how they share the engine with answers, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from llama_cpp import Llama

from tests.contract.answers import GREEDY
from tests.llama_cpp.conftest import Open
from tests.llama_cpp.embedding_models import CLS, LAST, MEAN, RANK, decoder, encoder
from workbench.backend import TokenDrawn, TokenRequest
from workbench.embedding import Embedded, EmbeddingRequest, Vector
from workbench.errors import ContextExceeded, InvalidRequest, Unsupported
from workbench_llama_cpp.engine import LlamaCppEngine

TEXTS = ("a house", "b", "The quick brown fox jumps over the lazy dog. " * 5, "zzzz!", "a house")
EXACT = {"kv_type_k": "f32", "kv_type_v": "f32", "flash_attention": "off"}
MAKERS = {
    "encoder, mean": (encoder, MEAN),
    "encoder, first": (encoder, CLS),
    "decoder, mean": (decoder, MEAN),
    "decoder, last": (decoder, LAST),
}


def request(number: int, texts: Sequence[str], rank: bool = False) -> EmbeddingRequest:
    return EmbeddingRequest(id=number, inputs=tuple(tuple(text.encode()) for text in texts), rank=rank)


def vectors(engine: LlamaCppEngine, texts: Sequence[str], rank: bool = False) -> tuple[Vector, ...]:
    engine.embed(request(1, texts, rank))
    while engine.busy:
        for event in engine.step():
            if isinstance(event, Embedded):
                assert event.prompt_tokens == sum(len(text.encode()) for text in texts)
                return event.vectors
    raise AssertionError("no vectors came")


def peers(path: Path, texts: Sequence[str]) -> list[list[float]]:
    """What llama-cpp-python's own interface makes of them, one by one."""
    model = Llama(str(path), embedding=True, n_ctx=512, type_k=0, type_v=0, verbose=False)
    try:
        return [model.embed(text, normalize=True) for text in texts]
    finally:
        model.close()


@pytest.mark.parametrize("kind", MAKERS)
def test_vectors_are_those_of_llama_cpp_python(tmp_path: Path, open_tiny: Open, kind: str) -> None:
    make, pooling = MAKERS[kind]
    path = make(tmp_path / "model.gguf", pooling)
    got = np.array(vectors(open_tiny(path, **EXACT), TEXTS))
    assert np.allclose(got, np.array(peers(path, TEXTS)), atol=2e-5)
    assert np.allclose(np.linalg.norm(got, axis=1), 1)
    assert np.abs(got[0] - got[4]).max() < 2e-5 < 1e-3 < np.abs(got[0] - got[3]).max()


def test_a_text_in_parts_gets_the_vector_it_gets_whole(tmp_path: Path, open_tiny: Open) -> None:
    path = decoder(tmp_path / "model.gguf", LAST)
    texts = [TEXTS[2] * 2, "short", TEXTS[2]]
    whole = vectors(open_tiny(path, **EXACT), texts)
    assert np.allclose(vectors(open_tiny(path, micro_batch=32, **EXACT), texts), whole, atol=2e-5)


def test_more_texts_than_one_pass_takes(tmp_path: Path, open_tiny: Open) -> None:
    engine = open_tiny(encoder(tmp_path / "model.gguf"))
    texts = [f"text number {number}" for number in range(300)]
    got = np.array(vectors(engine, texts))
    alone = np.array([vectors(engine, [text])[0] for text in texts[::37]])
    assert np.allclose(got[::37], alone, atol=2e-5)


def test_a_running_answer_goes_on_between_the_passes(tmp_path: Path, open_tiny: Open) -> None:
    engine = open_tiny(decoder(tmp_path / "model.gguf", LAST), micro_batch=64)
    engine.enqueue(TokenRequest(id=1, prompt=(65, 66), sampling=GREEDY, max_tokens=400, ignore_end=True))
    engine.step()
    engine.embed(request(2, [TEXTS[2]] * 30))
    steps = [engine.step()]
    while not any(isinstance(event, Embedded) for event in steps[-1]):
        steps.append(engine.step())
    assert len(steps) > 30
    assert all(any(isinstance(event, TokenDrawn) for event in step) for step in steps)


def test_requests_take_turns_and_a_cancelled_one_is_gone(tmp_path: Path, open_tiny: Open) -> None:
    engine = open_tiny(decoder(tmp_path / "model.gguf", LAST), micro_batch=32)
    engine.embed(request(1, [TEXTS[2]] * 20))
    engine.embed(request(2, [TEXTS[2]]))
    engine.embed(request(3, ["a"]))
    engine.step()
    engine.cancel(2)
    ended: list[int] = []
    while engine.busy:
        ended += [event.request_id for event in engine.step()]
    assert ended == [3, 1]
    engine.embed(request(4, [TEXTS[2]] * 2))
    engine.step()
    engine.cancel(4)
    assert not engine.busy and engine.step() == []
    assert np.allclose(vectors(engine, ["b"]), vectors(engine, ["b", TEXTS[2]])[:1], atol=2e-5)


def test_what_cannot_be_embedded_is_refused(tmp_path: Path, open_tiny: Open) -> None:
    engine = open_tiny(encoder(tmp_path / "model.gguf"))
    with pytest.raises(ContextExceeded, match=r"513.*512"):
        engine.embed(request(1, ["fits", "x" * 513]))
    with pytest.raises(InvalidRequest, match="empty"):
        engine.embed(request(1, ["fits", ""]))
    with pytest.raises(InvalidRequest, match="vocabulary"):
        engine.embed(EmbeddingRequest(id=1, inputs=((10**6,),)))
    assert not engine.busy
    with pytest.raises(Unsupported, match="ranks no"):
        engine.pair("query", "document")


def test_a_pooling_can_be_chosen_where_the_file_names_none(tmp_path: Path, open_tiny: Open) -> None:
    path, named = decoder(tmp_path / "plain.gguf", None), decoder(tmp_path / "last.gguf", LAST)
    with pytest.raises(Unsupported, match="names no pooling") as caught:
        open_tiny(path).embed(request(1, ["a"]))
    assert "--pooling" in caught.value.remedy
    chosen = open_tiny(path, pooling="last")
    assert chosen.facts.capabilities >= {"generate", "embed"} and chosen.facts.embedding_length == 64
    assert np.allclose(vectors(chosen, TEXTS), vectors(open_tiny(named), TEXTS), atol=2e-5)
    with pytest.raises(InvalidRequest, match="head"):
        open_tiny(path, pooling="rank")


def test_a_head_ranks_pairs(tmp_path: Path, open_tiny: Open) -> None:
    path = encoder(tmp_path / "model.gguf", RANK, classes=2)
    engine = open_tiny(path, **EXACT)
    assert engine.facts.capabilities == {"rank"} and engine.facts.embedding_length == 0
    pair = engine.pair("who", "me")
    assert pair == [*b"who", 299, 257, *b"me", 299]
    with pytest.raises(Unsupported, match="ranks documents"):
        vectors(engine, ["who"])
    got = np.array(vectors(engine, ["who", "a longer text"], rank=True))
    model = Llama(str(path), embedding=True, n_ctx=512, verbose=False)
    model.tokenize = lambda text: list(text)  # no control tokens: those of a pair are above
    expected = [model.embed(text)[:2] for text in ("who", "a longer text")]
    model.close()
    assert got.shape == (2, 2) and np.allclose(got, expected, atol=2e-5)


def test_a_template_of_the_model_makes_the_pair(tmp_path: Path, open_tiny: Open) -> None:
    template = "<|start|>Q: {query} D: {document}"
    engine = open_tiny(encoder(tmp_path / "model.gguf", RANK, rank_template=template))
    assert engine.pair("{document}", "x") == [298, *b"Q: {document} D: x"]
