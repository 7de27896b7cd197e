"""Text to tokens and back, and the prompt that a conversation becomes, over the wire."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

import workbench_guide
from tests.server.loopback import error_of, exchange, http, serving
from tests.server.recital import Recital
from workbench.backend import Provider
from workbench.engine_settings import EngineSettings
from workbench.runtime import open_model
from workbench.server import ModelPool, create_app

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEXT = "Ünïcödé 😀"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guide() -> AsyncIterator[Provider]:
    opened = await open_model(str(workbench_guide.PATH), EngineSettings(context_length=256))
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(guide: Provider) -> AsyncIterator[str]:
    async with serving(create_app(ModelPool({"guide": guide}))) as address:
        yield address


async def post(url: str, path: str, **body: Any) -> Any:
    status, _, answer = await exchange(url, http("POST", path, json.dumps(body).encode()))
    assert status == 200, answer
    return json.loads(answer)


async def test_text_becomes_tokens_and_text_again(url: str, guide: Provider) -> None:
    tokens = (await post(url, "/tokenize", content=TEXT))["tokens"]
    assert tokens == await guide.tokenize(TEXT)
    assert (await post(url, "/detokenize", tokens=tokens))["content"] == TEXT


async def test_pieces_are_texts_or_bytes(url: str) -> None:
    tokens = (await post(url, "/tokenize", model="guide", content=TEXT, with_pieces=True))["tokens"]
    as_bytes = b"".join(
        piece.encode() if isinstance(piece := one["piece"], str) else bytes(piece) for one in tokens
    )
    assert as_bytes.decode() == TEXT and {type(one["piece"]) for one in tokens} == {str, list}


async def test_control_tokens_are_read_unless_told_otherwise(url: str) -> None:
    read = (await post(url, "/tokenize", content="<|im_start|>"))["tokens"]
    plain = (await post(url, "/tokenize", content="<|im_start|>", parse_special=False))["tokens"]
    assert len(read) == 1 < len(plain)
    assert (await post(url, "/detokenize", tokens=read))["content"] == "<|im_start|>"
    mixed = (await post(url, "/tokenize", content=["a", *read, "b"]))["tokens"]
    assert mixed[1:2] == read and len(mixed) == 3


async def test_a_conversation_becomes_the_prompt_that_is_answered(url: str) -> None:
    messages = [{"role": "user", "content": "Hello"}]
    prompt = (await post(url, "/apply-template", messages=messages))["prompt"]
    assert "Hello" in prompt and prompt.endswith("<|im_start|>assistant\n")


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/tokenize", {}, "content"),
        ("/tokenize", {"content": [10**9], "with_pieces": True}, "content"),
        ("/detokenize", {"tokens": [10**9]}, "tokens"),
        ("/detokenize", {"tokens": ["a"]}, "tokens[0]"),
        ("/apply-template", {"messages": []}, "messages"),
    ],
)
async def test_what_is_wrong_is_named(url: str, path: str, body: dict[str, Any], param: str) -> None:
    status, _, answer = await exchange(url, http("POST", path, json.dumps(body).encode()))
    assert (status, error_of(answer)["param"]) == (400, param)


async def test_a_model_must_be_named_where_there_are_several() -> None:
    async with serving(create_app(ModelPool({"a": Recital(), "b": Recital()}))) as url:
        status, _, answer = await exchange(url, http("POST", "/tokenize", b'{"content": "x"}'))
        assert (status, error_of(answer)["param"]) == (400, "model")
        assert (await post(url, "/tokenize", model="b", content="x"))["tokens"] == [ord("x")]
