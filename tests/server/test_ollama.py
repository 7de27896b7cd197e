"""Ollama's own client against the endpoint: chats, prompts, tools, thoughts, vectors and lists."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import ollama
import pytest

import workbench_guide
from tests.llama_cpp.embedding_models import MEAN, encoder
from tests.server.loopback import exchange, http, serving
from tests.server.recital import CONTEXT, Recital
from workbench.backend import Provider
from workbench.constraint import ANY_OBJECT, Constraint
from workbench.conversation import Conversation, Message, ToolCall
from workbench.engine_settings import EngineSettings
from workbench.errors import EngineDied
from workbench.events import Event, Finished, ReasoningDelta, TextDelta, Timings, ToolCallDelta, Usage
from workbench.generation import Generation, Thinking
from workbench.runtime import open_model
from workbench.server import ModelPool, create_app

HELLO = [{"role": "user", "content": "one two three"}]
CALL = {"name": "weather", "arguments": {"city": "Rome"}}
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "", "parameters": {"type": "object", "properties": {}}},
}


class Caller(Recital):
    """Thinks, then asks for two calls."""

    async def generate(self, generation: Generation) -> AsyncIterator[Event]:
        self.received.append(generation)
        yield ReasoningDelta("Hm", 1)
        yield TextDelta("Let me see", 3)
        yield ToolCallDelta(0, '{"city": ', id="a", name="weather")
        yield ToolCallDelta(0, '"Rome"}')
        yield ToolCallDelta(1, "", id="b", name="clock")
        yield Finished("tool_calls", Usage(5, 0, 9), Timings(0.25, 0.5))


@asynccontextmanager
async def ollama_of(model: Provider, name: str = "guide") -> AsyncIterator[ollama.AsyncClient]:
    async with serving(create_app(ModelPool({name: model}))) as url:
        client = ollama.AsyncClient(host=url)
        yield client
        await client._client.aclose()


async def test_a_chat_is_answered_whole_and_in_pieces() -> None:
    async with ollama_of(Recital()) as client:
        whole = await client.chat("guide", HELLO)
        pieces = [piece async for piece in await client.chat("guide", HELLO, stream=True)]
    assert whole.message.role == "assistant" and whole.message.content == "one two three"
    assert (whole.done, whole.done_reason, whole.model) == (True, "stop", "guide")
    assert (whole.prompt_eval_count, whole.eval_count) == (3, 3)
    assert (whole.prompt_eval_duration, whole.eval_duration) == (250_000_000, 500_000_000)
    assert whole.total_duration is not None and whole.total_duration >= (whole.load_duration or 0) >= 0
    assert [piece.message.content for piece in pieces] == ["one", " two", " three", ""]
    assert [piece.done for piece in pieces] == [False, False, False, True]
    assert pieces[-1].eval_count == 3 and pieces[0].eval_count is None


async def test_a_prompt_is_answered_or_continued_raw() -> None:
    model = Recital()
    async with ollama_of(model) as client:
        answer = await client.generate("guide:latest", "one two", system="Be brief")
        raw = [part.response async for part in await client.generate("guide", "a b", raw=True, stream=True)]
        loaded = await client.generate("guide")
    assert answer.response == "one two" and raw == ["a", " b", ""]
    told = (Message("system", "Be brief"), Message("user", "one two"))
    assert model.received[0].prompt == Conversation(told) and model.received[1].prompt == "a b"
    assert (loaded.done, loaded.done_reason, loaded.response) == (True, "load", "")


async def test_options_reach_the_model() -> None:
    model = Recital()
    options = {"temperature": 0.1, "top_k": 3, "seed": 7, "num_predict": 2, "stop": ["three"], "num_gpu": 9}
    async with ollama_of(model) as client:
        answer = await client.chat("guide", HELLO, options=options)
        await client.chat("guide", HELLO, options={"num_predict": -1, "num_ctx": CONTEXT})
    first, second = model.received
    assert (first.sampling.temperature, first.sampling.top_k, first.sampling.seed) == (0.1, 3, 7)
    assert (first.max_tokens, first.stop, answer.done_reason) == (2, ("three",), "stop")
    assert (second.max_tokens, second.sampling.top_p, second.sampling.temperature) == (None, 0.9, 0.8)


async def test_a_model_stays_for_as_long_as_a_request_says() -> None:
    opened: list[Recital] = []

    async def open_another(progress: object) -> Provider:
        opened.append(Recital())
        return opened[-1]

    pool = ModelPool({"guide": open_another, "pinned": Recital()})
    async with serving(create_app(pool)) as url:
        client = ollama.AsyncClient(host=url)
        await client.generate("guide", "a", keep_alive="1h30m")
        running = {one.model: one.expires_at for one in (await client.ps()).models}
        left = running["guide"] - datetime.now(UTC)
        assert timedelta(minutes=89) < left <= timedelta(minutes=90) and running["pinned"].year == 9999
        await client.chat("guide", HELLO)
        assert pool.model("guide").ttl == 5400
        await client.chat("guide", HELLO, keep_alive=-1)
        assert pool.model("guide").ttl is None
        for name, after in (("guide", "idle"), ("pinned", "loaded")):
            gone = await client.generate(name, keep_alive=0)
            assert gone.done_reason == "unload" and pool.state(name) == after
        assert (await client.generate("guide", keep_alive="2m")).done_reason == "load"
        assert pool.state("guide") == "loaded" and len(opened) == 2
        assert (await client.generate("guide", "b", keep_alive="0s")).response == "b"
        while pool.state("guide") != "idle":
            await asyncio.sleep(0.001)
        await client._client.aclose()
    assert all(model.closed for model in opened)


async def test_a_form_and_thinking_reach_the_model() -> None:
    model = Recital()
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    async with ollama_of(model) as client:
        await client.chat("guide", HELLO, format="json", think=False)
        await client.chat("guide", HELLO, format=schema, think="high")
    first, second = model.received
    assert first.constraint == ANY_OBJECT and first.thinking == Thinking(enabled=False)
    assert second.constraint == Constraint("json_schema", json.dumps(schema, separators=(",", ":")))
    assert second.thinking == Thinking(enabled=True, effort="high")


async def test_tools_and_thoughts_go_both_ways() -> None:
    model = Caller()
    asked = [
        *HELLO,
        {
            "role": "assistant",
            "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "Rome"}}}],
        },
        {"role": "tool", "content": "sunny", "tool_name": "weather"},
    ]
    async with ollama_of(model) as client:
        whole = await client.chat("guide", asked, tools=[WEATHER])
        pieces = [piece async for piece in await client.chat("guide", HELLO, stream=True)]
    conversation = model.received[0].prompt
    assert isinstance(conversation, Conversation)
    assert [tool.name for tool in conversation.tools] == ["weather"]
    assert conversation.messages[1].tool_calls == (ToolCall("", "weather", '{"city":"Rome"}'),)
    assert (conversation.messages[2].content, conversation.messages[2].name) == ("sunny", "weather")
    assert (whole.message.thinking, whole.message.content, whole.done_reason) == ("Hm", "Let me see", "stop")
    calls = [(call.function.name, dict(call.function.arguments)) for call in whole.message.tool_calls or []]
    assert calls == [("weather", {"city": "Rome"}), ("clock", {})]
    assert pieces[0].message.thinking == "Hm" and pieces[-2].message.tool_calls == whole.message.tool_calls


async def test_log_probabilities_come_with_their_tokens() -> None:
    async with ollama_of(Recital()) as client:
        answer = await client.chat("guide", HELLO, logprobs=True, top_logprobs=2)
    assert answer.logprobs and [one.token for one in answer.logprobs] == ["one", " two", " three"]
    assert answer.logprobs[0].top_logprobs and answer.logprobs[0].top_logprobs[1].token == "perhaps"


async def test_models_are_listed_and_shown() -> None:
    guide = await open_model(str(workbench_guide.PATH), EngineSettings(context_length=128))
    try:
        async with ollama_of(guide) as client:
            (listed,) = (await client.list()).models
            shown = await client.show("guide")
            (running,) = (await client.ps()).models
            with pytest.raises(ollama.ResponseError, match="does not support thinking"):
                await client.chat("guide", HELLO, think=True)
            short = await client.chat("guide", HELLO, options={"num_ctx": 20})
    finally:
        await guide.close()
    assert listed.model == "guide" and listed.size == guide.facts.size_bytes and listed.modified_at
    assert listed.details and listed.details.family == "llama" and listed.details.format == "gguf"
    assert shown.template == guide.facts.chat_template and "completion" in (shown.capabilities or [])
    assert shown.modelinfo and shown.modelinfo["general.architecture"] == "llama"
    assert (running.model, running.context_length) == ("guide", 128)
    assert (short.prompt_eval_count or 0) + (short.eval_count or 0) == 20 and short.done_reason == "length"


async def test_texts_become_vectors_and_long_ones_are_cut_and_counted(tmp_path: Path) -> None:
    model = await open_model(str(encoder(tmp_path / "m.gguf", MEAN)), EngineSettings(context_length=64))
    try:
        async with ollama_of(model, "embedder") as client:
            one = await client.embed("embedder", "a house", keep_alive="5m")
            none = await client.embed("embedder", [])
            many = await client.embed("embedder", ["a house", "x" * 100], dimensions=8)
            older = await client.embeddings("embedder", "a house")
            with pytest.raises(ollama.ResponseError, match=r"100 tokens.*64"):
                await client.embed("embedder", "x" * 100, truncate=False)
    finally:
        await model.close()
    assert none.embeddings == []
    vector = np.array(one.embeddings[0])
    assert np.isclose(np.linalg.norm(vector), 1) and np.allclose(older.embedding, vector, atol=1e-5)
    assert np.shape(many.embeddings) == (2, 8) and many.prompt_eval_count == 7 + 64


@pytest.mark.parametrize(
    ("path", "fields", "status", "says"),
    [
        ("chat", {"model": "nobody"}, 404, "not found"),
        ("chat", {"messages": [{"role": "pirate", "content": "a"}]}, 400, "role"),
        ("chat", {"messages": [{"role": "user", "content": "a", "images": ["QQ=="]}]}, 400, "sees no images"),
        ("chat", {"options": {"num_ctx": CONTEXT + 1}}, 400, "num_ctx"),
        ("chat", {"options": {"num_ctx": 3}}, 400, "num_ctx is 3"),
        ("chat", {"keep_alive": "soon"}, 400, "keep_alive"),
        ("generate", {"prompt": "a", "suffix": "b"}, 400, "suffix"),
        ("generate", {"prompt": "a", "raw": True, "system": "b"}, 400, "system"),
        ("chat", {"options": {"temperature": -1}}, 400, "temperature"),
        ("chat", {"options": {"tfs_z": 0.5}}, 400, "tfs_z"),
        ("generate", {"prompt": "a", "context": [1]}, 400, "context"),
        ("embed", {"input": "a"}, 400, "no embeddings"),
        ("embed", {"input": ["a", ""]}, 400, "empty"),
        ("show", {"model": "nobody"}, 404, "not found"),
        ("pull", {}, 404, "no route"),
    ],
)
async def test_what_cannot_be_done_is_one_sentence(
    path: str, fields: dict[str, Any], status: int, says: str
) -> None:
    asked = {"model": "guide", **({"messages": HELLO} if path == "chat" else {})} | fields
    async with serving(create_app(ModelPool({"guide": Recital()}))) as url:
        got, _, body = await exchange(url, http("POST", f"/api/{path}", json.dumps(asked).encode()))
    answer = json.loads(body)
    assert got == status and set(answer) == {"error"} and says in answer["error"]


async def test_a_stream_that_breaks_says_so_in_its_last_line() -> None:
    model = Recital(fail_at=1, error=EngineDied("The engine ended.", "Ask again."))
    seen: list[str | None] = []
    async with ollama_of(model) as client:
        with pytest.raises(ollama.ResponseError, match="The engine ended"):
            async for piece in await client.chat("guide", HELLO, stream=True):
                seen.append(piece.message.content)
    assert seen == ["one"]


async def test_the_version_is_one_that_clients_accept() -> None:
    async with serving(create_app(ModelPool({"guide": Recital()}))) as url:
        _, _, body = await exchange(url, http("GET", "/api/version"))
        status, _, _ = await exchange(url, http("HEAD", "/"))
    assert status == 200
    assert json.loads(body)["version"].count(".") == 2
