"""Vectors and rankings over the wire, of real models, as the official client and others ask for them."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
import pytest_asyncio

from tests.llama_cpp.embedding_models import LAST, MEAN, RANK, decoder, encoder
from tests.server.loopback import error_of, exchange, http, serving
from tests.server.recital import Recital
from workbench.engine_settings import EngineSettings
from workbench.runtime import open_model
from workbench.server import ModelPool, create_app

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEXTS = ["a house", "the quick brown fox", "zzz"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """An endpoint with an embedding model, one that writes too, one that ranks, and one that only writes."""
    folder: Path = tmp_path_factory.mktemp("models")
    files = {
        "embedder": encoder(folder / "embedder.gguf", MEAN),
        "both": decoder(folder / "both.gguf", LAST),
        "ranker": encoder(folder / "ranker.gguf", RANK),
    }
    settings = EngineSettings(context_length=256)
    async with AsyncExitStack() as stack:
        models = {name: await open_model(str(path), settings) for name, path in files.items()}
        pool = ModelPool({**models, "writer": Recital()})
        stack.push_async_callback(pool.close)
        yield await stack.enter_async_context(serving(create_app(pool)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(url: str) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as opened:
        yield opened


async def post(url: str, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    status, _, answer = await exchange(url, http("POST", path, json.dumps(body).encode()))
    return status, json.loads(answer)


async def test_the_official_client_gets_vectors_of_every_form_of_input(client: openai.AsyncOpenAI) -> None:
    listed = await client.embeddings.create(model="embedder", input=TEXTS)
    single = await client.embeddings.create(model="embedder", input=TEXTS[0])
    tokens = [list(text.encode()) for text in TEXTS]
    as_tokens = await client.embeddings.create(model="embedder", input=tokens, encoding_format="float")
    one_as_tokens = await client.embeddings.create(model="embedder", input=tokens[0])
    vectors = np.array([one.embedding for one in listed.data])
    assert vectors.shape == (3, 64) and np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert [one.index for one in listed.data] == [0, 1, 2] and listed.model == "embedder"
    assert listed.object == "list" and listed.data[0].object == "embedding"
    assert listed.usage.prompt_tokens == listed.usage.total_tokens == sum(map(len, tokens))
    assert np.allclose(vectors, [one.embedding for one in as_tokens.data], atol=1e-5)
    assert np.allclose(vectors[0], single.data[0].embedding, atol=1e-5)
    assert np.allclose(vectors[0], one_as_tokens.data[0].embedding, atol=1e-5)


async def test_base64_holds_the_same_numbers(url: str) -> None:
    _, plain = await post(url, "/v1/embeddings", model="both", input=TEXTS[1])
    _, packed = await post(url, "/v1/embeddings", model="both", input=TEXTS[1], encoding_format="base64")
    numbers = np.frombuffer(b64decode(packed["data"][0]["embedding"]), "<f4")
    assert np.allclose(numbers, plain["data"][0]["embedding"], atol=1e-6)


async def test_fewer_dimensions_are_cut_and_scaled_again(client: openai.AsyncOpenAI) -> None:
    whole = (await client.embeddings.create(model="embedder", input="x")).data[0].embedding
    cut = (await client.embeddings.create(model="embedder", input="x", dimensions=5)).data[0].embedding
    assert np.allclose(cut, np.array(whole[:5]) / np.linalg.norm(whole[:5]), atol=1e-6)
    full = await client.embeddings.create(model="embedder", input="x", dimensions=64)
    assert np.allclose(full.data[0].embedding, whole)


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"input": ""}, "input", "invalid_parameter"),
        ({"input": []}, "input", "invalid_parameter"),
        ({"input": ["a", ""]}, "input[1]", "invalid_parameter"),
        ({"input": ["a", [1]]}, "input", "invalid_parameter"),
        ({"input": [[]]}, "input", "invalid_parameter"),
        ({"input": ["a"] * 2049}, "input", "invalid_parameter"),
        ({"input": None}, "input", "invalid_parameter"),
        ({"input": [300]}, "input", "invalid_request"),
        ({"input": "x" * 257}, "input", "context_length_exceeded"),
        ({"dimensions": 65}, "dimensions", "invalid_parameter"),
        ({"dimensions": 0}, "dimensions", "invalid_parameter"),
        ({"encoding_format": "hex"}, "encoding_format", "invalid_parameter"),
        ({"model": "writer"}, "model", "unsupported"),
        ({"model": "ranker"}, "model", "unsupported"),
    ],
)
async def test_what_cannot_be_embedded_is_named(
    url: str, fields: dict[str, Any], param: str, code: str
) -> None:
    body = json.dumps({"model": "embedder", "input": "a"} | fields).encode()
    status, _, answer = await exchange(url, http("POST", "/v1/embeddings", body))
    error = error_of(answer)
    assert (status, error["param"], error["code"]) == (400, param, code)


async def test_an_unknown_model_is_not_found(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        await client.embeddings.create(model="nobody", input="a")
    assert caught.value.code == "model_not_found"


async def test_a_head_ranks_documents(url: str) -> None:
    status, answer = await post(
        url, "/v1/rerank", model="ranker", query="a house", documents=TEXTS, return_documents=True
    )
    results = answer["results"]
    scores = [one["relevance_score"] for one in results]
    assert status == 200 and answer["method"] == "classifier" and answer["model"] == "ranker"
    assert scores == sorted(scores, reverse=True) and {one["index"] for one in results} == {0, 1, 2}
    assert all(one["document"]["text"] == TEXTS[one["index"]] for one in results)
    assert answer["usage"]["total_tokens"] > sum(map(len, TEXTS))


async def test_an_embedding_model_ranks_by_nearness_and_says_so(url: str) -> None:
    documents = [TEXTS[1], {"text": TEXTS[0]}, TEXTS[2]]
    _, answer = await post(url, "/rerank", model="embedder", query=TEXTS[0], documents=documents, top_n=2)
    best, second = answer["results"]
    assert answer["method"] == "cosine" and "document" not in best
    assert best["index"] == 1 and np.isclose(best["relevance_score"], 1, atol=1e-4)
    assert second["relevance_score"] < best["relevance_score"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"documents": []}, "documents"),
        ({"documents": ["x" * 300]}, "documents"),
        ({"query": ""}, "query"),
        ({"top_n": 0}, "top_n"),
        ({"model": "writer"}, "model"),
    ],
)
async def test_what_cannot_be_ranked_is_named(url: str, fields: dict[str, Any], param: str) -> None:
    asked = {"model": "embedder", "query": "q", "documents": ["a"]} | fields
    status, answer = await post(url, "/v1/rerank", **asked)
    assert (status, answer["error"]["param"]) == (400, param)
