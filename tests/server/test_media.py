"""Images and sounds in requests of every dialect, over llama.cpp itself with tiny models for them."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import anthropic
import ollama
import openai
import pytest
import pytest_asyncio

from tests.chat.test_media_template import QWEN
from tests.llama_cpp import tiny_models, tiny_projectors
from tests.media_files import png, wav
from tests.server.loopback import exchange, http, serving
from workbench.engine_settings import EngineSettings
from workbench.runtime import open_model
from workbench.server import ModelPool, create_app

pytestmark = pytest.mark.asyncio(loop_scope="module")
SEES, HEARS = "sees", "hears"
GREEDY = {"temperature": 0, "max_tokens": 6}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address, and the official client of OpenAI's API."""

    url: str
    client: openai.AsyncOpenAI

    async def chat(self, content: Any, model: str = SEES, **fields: Any) -> Any:
        messages = [{"role": "user", "content": content}]
        return await self.client.chat.completions.create(
            model=model,
            messages=messages,
            **(GREEDY | fields),  # type: ignore[arg-type]
        )

    async def post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        status, _, answer = await exchange(self.url, http("POST", path, json.dumps(body).encode()))
        return status, json.loads(answer)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def endpoint(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Endpoint]:
    folder = tmp_path_factory.mktemp("media")
    seeing, sight = tiny_models.qwen2vl(folder / "see.gguf"), tiny_projectors.qwen2vl(folder / "sight.gguf")
    hearing, ear = tiny_models.llama(folder / "hear.gguf"), tiny_projectors.ultravox(folder / "ear.gguf")
    models = {}
    for name, model, projector in ((SEES, seeing, sight), (HEARS, hearing, ear)):
        settings = EngineSettings(context_length=1024, parallel=2, threads=1, projector=str(projector))
        models[name] = await open_model(str(model), settings)
        models[name].facts = replace(models[name].facts, chat_template=QWEN)
    pool = ModelPool(models)
    async with (
        serving(create_app(pool)) as url,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield Endpoint(url, client)
    await pool.close()


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def image(data: bytes | str) -> dict[str, Any]:
    url = data if isinstance(data, str) else f"data:image/png;base64,{encoded(data)}"
    return {"type": "image_url", "image_url": {"url": url}}


def text(content: str) -> dict[str, Any]:
    return {"type": "text", "text": content}


async def test_an_image_counts_and_is_known_again(endpoint: Endpoint) -> None:
    content = [text("What is "), image(png(1)), text("?")]
    bare = await endpoint.chat("What is ?")
    cold = await endpoint.chat(content)
    warm = await endpoint.chat(content)
    other = await endpoint.chat([text("What is "), image(png(2)), text("?")])
    rows = cold.usage.prompt_tokens - bare.usage.prompt_tokens - len("<|vision_start|><|vision_end|>")
    assert rows == 4 * 3  # 90 x 60 pixels are read as 112 x 84
    assert warm.usage.prompt_tokens_details.cached_tokens == cold.usage.prompt_tokens - 1
    assert other.usage.prompt_tokens_details.cached_tokens < other.usage.prompt_tokens - rows
    assert warm.choices[0].message.content == cold.choices[0].message.content
    assert other.choices[0].message.content != cold.choices[0].message.content
    stream = await endpoint.chat(content, stream=True)
    pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert "".join(pieces) == cold.choices[0].message.content


async def test_all_dialects_mean_the_same(endpoint: Endpoint) -> None:
    expected = await endpoint.chat([image(png(1)), text("What is it?")])
    said, count = expected.choices[0].message.content, expected.usage.prompt_tokens
    data = encoded(png(1))
    response = await endpoint.client.responses.create(
        model=SEES, temperature=0, max_output_tokens=16, input=[{"role": "user", "content": [
            {"type": "input_image", "image_url": f"data:image/png;base64,{data}", "detail": "auto"},
            {"type": "input_text", "text": "What is it?"},
        ]}],
    )  # fmt: skip
    assert response.usage is not None and response.usage.input_tokens == count
    assert response.output_text.startswith(said)
    further = await endpoint.client.responses.create(
        model=SEES, max_output_tokens=16, input="And?", previous_response_id=response.id
    )
    assert further.usage is not None and further.usage.input_tokens > count
    assert further.usage.input_tokens_details.cached_tokens >= count - 1
    block = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
    asked: Any = [{"role": "user", "content": [block, text("What is it?")]}]
    async with anthropic.AsyncAnthropic(base_url=endpoint.url, api_key="none", max_retries=0) as client:
        message = await client.messages.create(
            model=SEES, max_tokens=6, messages=asked, extra_body={"temperature": 0}
        )
        counted = await client.messages.count_tokens(model=SEES, messages=asked)
    assert message.usage.input_tokens + (message.usage.cache_read_input_tokens or 0) == count
    assert counted.input_tokens == count
    assert "".join(block.text for block in message.content if block.type == "text") == said
    local = ollama.AsyncClient(host=endpoint.url)
    options = {"temperature": 0, "num_predict": 6}
    chatted = await local.chat(
        SEES, [{"role": "user", "content": "What is it?", "images": [png(1)]}], options=options
    )
    generated = await local.generate(SEES, "What is it?", images=[png(1)], options=options)
    assert (chatted.message.content, generated.response) == (said, said)
    assert chatted.prompt_eval_count == count
    assert "vision" in ((await local.show(SEES)).capabilities or ())
    await local._client.aclose()


async def test_a_sound_is_heard(endpoint: Endpoint) -> None:
    sound = {"type": "input_audio", "input_audio": {"data": encoded(wav(1)), "format": "wav"}}
    answer = await endpoint.chat([sound, text("What is it?")], model=HEARS)
    bare = await endpoint.chat("What is it?", model=HEARS)
    assert answer.usage.prompt_tokens - bare.usage.prompt_tokens == 150


async def test_models_say_what_they_can(endpoint: Endpoint) -> None:
    told = {model.id: model.to_dict() for model in (await endpoint.client.models.list()).data}
    abilities: dict[str, Any] = {name: told[name]["details"] for name in told}
    senses = {"vision", "audio"}
    assert senses & set(abilities[SEES]["capabilities"]) == {"vision"}
    assert senses & set(abilities[HEARS]["capabilities"]) == {"audio"}


async def test_text_about_marks_shows_no_image(endpoint: Endpoint) -> None:
    lure = "<__media__><|image_pad|>"
    asked = {"model": SEES, "messages": [{"role": "user", "content": [image(png(1)), text(lure)]}]}
    status, rendered = await endpoint.post("/apply-template", asked)
    assert status == 200 and rendered["prompt"].count("<__media__>") == 2
    one = await endpoint.chat([image(png(1)), text(lure)])
    plain = await endpoint.chat(lure)
    assert one.usage.prompt_tokens - plain.usage.prompt_tokens == 12 + len("<|vision_start|><|vision_end|>")


@pytest.mark.parametrize(
    ("content", "model", "param", "said"),
    [
        ([image("https://example.org/a.png")], SEES, "messages[0].content[0].image_url", "none is fetched"),
        ([image("file:///etc/passwd")], SEES, "messages[0].content[0].image_url", "no data: URL"),
        ([image("/etc/passwd")], SEES, "messages[0].content[0].image_url", "no data: URL"),
        ([image("data:image/png;base64,!!")], SEES, "messages[0].content[0].image_url", "not valid base64"),
        ([text("a"), image(b"x")], SEES, "messages[0].content[1].image_url", "no image that can be read"),
        ([image(png()[:999])], SEES, "messages[0].content[0].image_url", "broken image"),
        ([image(png())], HEARS, "messages[0].content[0].image_url", "sees no images"),
        ([{"type": "image_url"}], SEES, "messages[0].content[0].image_url", "is missing"),
        ([{"type": "video_url"}], SEES, "messages[0].content[0].type", "not supported"),
    ],
    ids=["network", "file", "path", "base64", "no image", "cut", "hears", "missing", "video"],
)
async def test_the_part_at_fault_is_named(
    endpoint: Endpoint, content: Any, model: str, param: str, said: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await endpoint.chat(content, model=model)
    body: Any = caught.value.body
    assert body["param"] == param and said in body["message"]


async def test_others_name_it_too(endpoint: Endpoint) -> None:
    source = {"type": "url", "url": "https://example.org/a.png"}
    asked = [{"role": "user", "content": [{"type": "image", "source": source}]}]
    status, body = await endpoint.post("/v1/messages", {"model": SEES, "max_tokens": 5, "messages": asked})
    assert status == 400 and "not fetched" in body["error"]["message"]
    messages = [{"role": "user", "content": "x", "images": ["AAAA"]}]
    status, body = await endpoint.post("/api/chat", {"model": SEES, "messages": messages})
    assert status == 400 and "messages[0].images[0]" in body["error"]
    part = {"type": "input_image", "file_id": "file-1"}
    asked = [{"role": "user", "content": [part]}]
    status, body = await endpoint.post("/v1/responses", {"model": SEES, "input": asked})
    assert (status, body["error"]["param"]) == (400, "input[0].content[0].file_id")


async def test_only_users_show_images(endpoint: Endpoint) -> None:
    messages = [{"role": "system", "content": [image(png())]}, {"role": "user", "content": "x"}]
    status, body = await endpoint.post("/v1/chat/completions", {"model": SEES, "messages": messages})
    assert (status, body["error"]["param"]) == (400, "messages[0].content[0]")


async def test_old_turns_with_images_can_be_left_out(endpoint: Endpoint) -> None:
    turns = [
        {"role": "user", "content": [image(png(1, 560, 560)), text("a" * 400)]},
        {"role": "assistant", "content": "b" * 300},
        {"role": "user", "content": [image(png(2)), text("And this?")]},
    ]
    body = {"model": SEES, "messages": turns, "context_policy": "truncate", **GREEDY}
    status, answer = await endpoint.post("/v1/chat/completions", body)
    assert status == 200 and answer["context"]["dropped_messages"] == 2
    status, answer = await endpoint.post("/v1/chat/completions", body | {"context_policy": "shift"})
    assert (status, answer["error"]["param"]) == (400, "context_policy")
