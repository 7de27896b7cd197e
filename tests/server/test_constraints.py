"""Answers of a given form, asked for as clients of OpenAI, llama-server and vLLM ask."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

import anthropic
import jsonschema
import openai
import pytest
from pydantic import BaseModel, Field

from tests.server.loopback import chat
from workbench.backend import Provider
from workbench.engine_settings import EngineSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS = EngineSettings(context_length=512, parallel=4, threads=1)
YEAR = {"type": "integer", "minimum": 1900, "maximum": 2099}
BOOK = {
    "type": "object",
    "properties": {"year": YEAR, "kind": {"enum": ["novel", "play"]}},
    "required": ["year", "kind"],
    "additionalProperties": False,
}
LETTERS = "[xyz]{4}"
GBNF = 'root ::= [xyz] [xyz] [xyz] "!"'
LARK = 'start: LETTERS "!"\nLETTERS: /[xyz]{3}/'


class Chapter(BaseModel):
    """A part of a book."""

    title: str = Field(max_length=12)
    pages: int = Field(ge=1, le=999)


class Book(BaseModel):
    """What pydantic makes a strict schema of: nested, with alternatives and null."""

    kind: Literal["novel", "play"]
    year: int = Field(ge=1900, le=2099)
    chapters: list[Chapter] = Field(min_length=1, max_length=2)
    translated: bool | None


async def said(client: openai.AsyncOpenAI, **fields: Any) -> str:
    fields = {"max_tokens": 200, "temperature": 0, **fields}
    answer = await client.chat.completions.create(**chat("Which book?", **fields))
    assert answer.choices[0].finish_reason == "stop"
    return str(answer.choices[0].message.content)


def format_of(schema: object, **fields: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "book", "schema": schema, **fields}}


async def test_the_sdk_parses_what_it_asked_for(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.parse(
        model="guide", messages=[{"role": "user", "content": "Which book?"}], response_format=Book
    )
    book = answer.choices[0].message.parsed
    assert isinstance(book, Book) and 1 <= len(book.chapters) <= 2


@pytest.mark.parametrize("strict", [True, False, None])
async def test_a_schema_holds_whether_strict_or_not(client: openai.AsyncOpenAI, strict: bool | None) -> None:
    jsonschema.validate(json.loads(await said(client, response_format=format_of(BOOK, strict=strict))), BOOK)


async def test_json_object_is_an_object(model: Provider, client: openai.AsyncOpenAI) -> None:
    [closing] = await model.tokenize("}")
    biased = {"logit_bias": {str(closing): 100}}
    assert await said(client, response_format={"type": "json_object"}, **biased) == "{}"


async def test_a_stream_and_many_choices_keep_to_it(client: openai.AsyncOpenAI) -> None:
    fields: dict[str, Any] = {"response_format": format_of(BOOK), "temperature": 1.5, "n": 3, "stream": True}
    texts = ["", "", ""]
    async for chunk in await client.chat.completions.create(**chat("Which book?", **fields)):
        texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    for text in texts:
        jsonschema.validate(json.loads(text), BOOK)


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        ({"grammar": GBNF}, "[xyz]{3}!"),
        ({"grammar": LARK}, "[xyz]{3}!"),
        ({"guided_grammar": GBNF}, "[xyz]{3}!"),
        ({"json_schema": YEAR}, r"(19|20)\d\d"),
        ({"guided_json": json.dumps(YEAR)}, r"(19|20)\d\d"),
        ({"response_format": {"type": "json_object", "schema": YEAR}}, r"(19|20)\d\d"),
        ({"regex": LETTERS}, LETTERS),
        ({"guided_regex": LETTERS}, LETTERS),
        ({"guided_choice": ["a (b)", "c.d", "c"]}, r"a \(b\)|c\.d|c"),
        ({"structured_outputs": {"regex": LETTERS}}, LETTERS),
        ({"structured_outputs": {"choice": ["yes", "no"]}}, "yes|no"),
        ({"structured_outputs": {"json": YEAR}}, r"(19|20)\d\d"),
    ],
    ids=str,
)
async def test_the_names_of_others_mean_the_same(
    client: openai.AsyncOpenAI, extension: dict[str, Any], expected: str
) -> None:
    assert re.fullmatch(expected, await said(client, extra_body=extension))
    completion = await client.completions.create(
        model="guide", prompt="Which book?", max_tokens=30, extra_body=extension
    )
    assert re.fullmatch(expected, completion.choices[0].text)


async def test_text_is_any_text(client: openai.AsyncOpenAI) -> None:
    free = await said(client)
    assert await said(client, response_format={"type": "text"}, extra_body={"grammar": None}) == free


@pytest.mark.parametrize(
    ("fields", "param", "named"),
    [
        ({"response_format": {"type": "xml"}}, "response_format.type", "xml"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema", "missing"),
        ({"response_format": format_of([])}, "response_format.json_schema.schema", "object"),
        ({"response_format": format_of({"type": "strange"})}, "response_format", "strange"),
        ({"response_format": format_of({"not": {"pattern": "a"}})}, "response_format", "at not.pattern"),
        ({"grammar": "root ::= nowhere"}, "grammar", "nowhere"),
        ({"grammar": "start: nowhere"}, "grammar", "nowhere"),
        ({"json_schema": {"$ref": "#/$defs/nowhere"}}, "json_schema", "nowhere"),
        ({"guided_regex": "(?=a)b"}, "guided_regex", "look-around"),
        ({"structured_outputs": {"regex": "(a"}}, "structured_outputs.regex", "unclosed"),
        ({"structured_outputs": {"choice": []}}, "structured_outputs.choice", "length"),
        ({"grammar": GBNF, "regex": LETTERS}, "regex", "both"),
        ({"grammar_lazy": True}, "grammar_lazy", "supported"),
    ],
    ids=str,
)
async def test_what_cannot_be_is_a_400_that_names_it(
    client: openai.AsyncOpenAI, fields: dict[str, Any], param: str, named: str
) -> None:
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as caught:
            await client.chat.completions.create(**chat("Which book?", stream=stream, extra_body=fields))
        assert (caught.value.type, caught.value.param) == ("invalid_request_error", param)
        assert named in caught.value.message


STRICT = {"type": "object", "properties": {"a": {"type": "string", "not": {"pattern": "a"}}}}


@pytest.mark.parametrize("stream", [False, True])
async def test_every_dialect_says_where_the_schema_was(client: openai.AsyncOpenAI, stream: bool) -> None:
    tools: list[Any] = [
        {"type": "function", "function": {"name": "a"}},
        {"type": "function", "function": {"name": "b", "parameters": STRICT, "strict": True}},
    ]
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(**chat("a", tools=tools, tool_choice="required", stream=stream))
    assert (caught.value.code, caught.value.param) == (
        "invalid_function_parameters",
        "tools[1].function.parameters",
    )
    form: Any = {"format": {"type": "json_schema", "name": "a", "schema": STRICT}}
    with pytest.raises(openai.BadRequestError) as caught:
        await client.responses.create(model="guide", input="a", text=form, stream=stream)
    assert (caught.value.code, caught.value.param) == ("invalid_json_schema", "text.format.schema")
    address = str(client.base_url).removesuffix("/v1/")
    async with anthropic.AsyncAnthropic(base_url=address, api_key="x", max_retries=0) as other:
        with pytest.raises(anthropic.BadRequestError) as refused:
            await other.messages.create(
                model="guide",
                max_tokens=9,
                messages=[{"role": "user", "content": "a"}],
                output_config={"format": {"type": "json_schema", "schema": STRICT}},
                stream=stream,
            )
    assert "output_config.format.schema" in str(refused.value) and "not.pattern" in str(refused.value)
