"""What every backend promises of a model's vocabulary when it is opened alone, without the weights."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from workbench.backend import Backend, Engine, Provider, TokenRequest
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest, Unsupported
from workbench.generation import Generation
from workbench.runtime import open_model

ALONE = EngineSettings(vocabulary_only=True)
TEXT = "Ünïcödé, 日本語 and 😀."


@pytest.fixture
def vocabulary(backend: Backend, model: str) -> Iterator[Engine]:
    opened = backend.open(model, ALONE, lambda share: True)
    assert isinstance(opened, Engine)
    yield opened
    opened.close()
    opened.close()


@pytest_asyncio.fixture
async def vocabulary_provider(model: str, backend_name: str) -> AsyncIterator[Provider]:
    opened = await open_model(model, ALONE, backend=backend_name)
    yield opened
    await opened.close()


def test_it_reads_text_as_the_whole_model_does(vocabulary: Engine, engine: Engine) -> None:
    for special in (False, True):
        text = f"<|im_start|>{TEXT}"
        assert vocabulary.tokenize(text, special=special) == engine.tokenize(text, special=special)
    tokens = engine.tokenize(TEXT)
    assert vocabulary.detokenize(tokens) == engine.detokenize(tokens)
    assert vocabulary.facts.vocabulary_size == engine.facts.vocabulary_size


def test_the_pieces_together_are_the_text(vocabulary: Engine) -> None:
    tokens = vocabulary.tokenize(TEXT)
    pieces = vocabulary.pieces(tokens)
    assert len(pieces) == len(tokens) and all(pieces)
    assert b"".join(pieces).decode() == TEXT
    with pytest.raises(InvalidRequest, match="vocabulary"):
        vocabulary.pieces([-1])


def test_it_can_do_nothing_else(vocabulary: Engine) -> None:
    assert vocabulary.facts.capabilities == frozenset()
    with pytest.raises(Unsupported) as caught:
        vocabulary.enqueue(TokenRequest(id=1, prompt=tuple(vocabulary.tokenize("x"))))
    assert caught.value.remedy
    assert not vocabulary.busy and vocabulary.step() == []


async def test_the_vocabulary_crosses_the_process(vocabulary_provider: Provider, engine: Engine) -> None:
    provider = vocabulary_provider
    tokens = await provider.tokenize(TEXT)
    assert tokens == engine.tokenize(TEXT)
    assert await provider.pieces(tokens) == engine.pieces(tokens)
    assert await provider.detokenize(tokens) == TEXT
    with pytest.raises(Unsupported):
        await anext(provider.generate(Generation(prompt="x")))
