"""Responses that are kept: gone on from, shown, listed, deleted, and made room for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.server.loopback import client_of
from tests.server.recital import CONTEXT, Recital
from tests.server.speaker import THOUGHT_AND_CALLS, Speaker
from workbench.conversation import Conversation, Message, ToolCall
from workbench.errors import EngineDied
from workbench.events import Prefill, TextDelta
from workbench.server.response_store import KeptResponse, ResponseStore


async def test_a_response_is_gone_on_from_without_its_instructions() -> None:
    model = Recital()
    async with client_of(model) as client:
        first = await client.responses.create(model="guide", input="one", instructions="Be brief.")
        second = await client.responses.create(model="guide", input="two", previous_response_id=first.id)
        await client.responses.create(model="guide", input="three", previous_response_id=second.id)
    assert second.previous_response_id == first.id
    said = (("user", "one"), ("assistant", "one"), ("user", "two"), ("assistant", "two"), ("user", "three"))
    assert model.received[2].prompt == Conversation(tuple(Message(*turn) for turn in said))  # type: ignore[arg-type]


async def test_calls_of_a_streamed_response_are_answered_by_their_outputs_alone() -> None:
    model = Speaker(*THOUGHT_AND_CALLS)
    async with client_of(model) as client:
        stream = await client.responses.create(model="guide", input="How warm?", stream=True)
        [done] = [event async for event in stream if event.type == "response.completed"]
        outputs: Any = [
            {"type": "function_call_output", "call_id": "call_1", "output": "4"},
            {"type": "function_call_output", "call_id": "call_2", "output": "noon"},
        ]
        await client.responses.create(model="guide", input=outputs, previous_response_id=done.response.id)
    calls = (ToolCall("call_1", "weather", '{"city":"Oslo"}'), ToolCall("call_2", "clock", ""))
    prompt = model.received[1].prompt
    assert isinstance(prompt, Conversation)
    assert prompt.messages[1:] == (
        Message("assistant", "Let me look.", "It is about weather.", calls),
        Message("tool", "4", tool_call_id="call_1", name="weather"),
        Message("tool", "noon", tool_call_id="call_2", name="clock"),
    )


async def test_items_may_be_referred_to() -> None:
    model = Recital()
    async with client_of(model) as client:
        first = await client.responses.create(model="guide", input="one")
        items: Any = [{"type": "item_reference", "id": first.output[0].id}, {"role": "user", "content": "b"}]
        await client.responses.create(model="guide", input=items)
        with pytest.raises(openai.BadRequestError, match="Item with id 'msg_0' not found"):
            await client.responses.create(model="guide", input=[{"type": "item_reference", "id": "msg_0"}])
    assert model.received[1].prompt == Conversation((Message("assistant", "one"), Message("user", "b")))


async def test_a_kept_response_is_shown_listed_and_deleted(tmp_path: Path) -> None:
    async with client_of(Recital(), data_folder=tmp_path) as client:
        items: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "one two"}]
        made = await client.responses.create(model="guide", input=items, metadata={"a": "b"})
    async with client_of(Recital(), data_folder=tmp_path) as client:
        shown = await client.responses.retrieve(made.id)
        assert shown == made
        listed = [item async for item in client.responses.input_items.list(made.id, limit=1, order="asc")]
        assert [item.role for item in listed] == ["system", "user"]  # type: ignore[union-attr]
        assert listed[1].content[0].text == "one two"  # type: ignore[union-attr]
        newest = await client.responses.input_items.list(made.id)
        assert [item.id for item in newest.data] == [item.id for item in reversed(listed)]
        await client.responses.delete(made.id)
        for gone in (client.responses.retrieve, client.responses.delete, client.responses.cancel):
            with pytest.raises(openai.NotFoundError, match="not found"):
                await gone(made.id)


async def test_what_is_not_to_be_stored_is_not() -> None:
    async with client_of(Recital()) as client:
        made = await client.responses.create(model="guide", input="one", store=False)
        assert made.id.startswith("resp_")
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(made.id)
        with pytest.raises(openai.BadRequestError) as raised:
            await client.responses.create(model="guide", input="two", previous_response_id=made.id)
    assert (raised.value.code, raised.value.param) == ("previous_response_not_found", "previous_response_id")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": []}, "input"),
        ({"input": [{"type": "web_search_call", "id": "ws"}]}, "input[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input[0].content[0].type"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        (
            {"input": [{"type": "function_call_output", "call_id": "x", "output": ""}]},
            "input[0].call_id",
        ),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "file_search", "vector_store_ids": []}]}, "tools[0].type"),
        ({"tool_choice": {"type": "web_search"}}, "tool_choice.type"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"text": {"format": {"type": "json_schema", "name": "a"}}}, "text.format.schema"),
        ({"include": ["file_search_call.results"]}, "include[0]"),
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"temperature": -1}, "temperature"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"metadata": {"a": 1}}, "metadata"),
    ],
)
async def test_what_is_wrong_is_named(fields: dict[str, Any], param: str) -> None:
    async with client_of(Recital()) as client:
        with pytest.raises(openai.BadRequestError) as raised:
            await client.responses.create(**({"model": "guide", "input": "a"} | fields))
    assert (raised.value.param, raised.value.type) == (param, "invalid_request_error")


async def test_a_stream_that_breaks_ends_with_what_there_is_and_why() -> None:
    broken = Speaker(Prefill(0, 1, 0), TextDelta("a", 1), EngineDied("The engine died.", "Ask again."))
    async with client_of(broken) as client:
        stream = await client.responses.create(model="guide", input="a", stream=True)
        events = [event async for event in stream]
        with pytest.raises(openai.BadRequestError, match="context holds"):
            async with client_of(Recital()) as other:
                await other.responses.create(model="guide", input="word " * CONTEXT, stream=True)
    last = events[-1]
    assert last.type == "response.failed" and last.response.status == "failed"
    assert last.response.error and last.response.error.code == "server_error"
    assert "The engine died" in last.response.error.message and last.response.output_text == "a"
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-2].type == "response.output_item.done"


@pytest.mark.parametrize("streamed", [False, True])
async def test_the_events_of_a_kept_response_are_told_again(streamed: bool) -> None:
    async with client_of(Speaker(*THOUGHT_AND_CALLS)) as client:
        if streamed:
            told = [
                event async for event in await client.responses.create(model="guide", input="a", stream=True)
            ]
            [id] = {event.response.id for event in told if event.type == "response.completed"}
        else:
            id = (await client.responses.create(model="guide", input="a")).id
        again = [event async for event in await client.responses.retrieve(id, stream=True)]
        rest = await client.responses.retrieve(id, stream=True, starting_after=4)
        assert [event.sequence_number async for event in rest] == list(range(5, len(again)))
        assert not streamed or again == told
        assert again[-1].type == "response.completed"
        assert again[-1].response == await client.responses.retrieve(id)
        for wrong in ({"starting_after": -1}, {"include": ["file_search_call.results"]}):
            with pytest.raises(openai.BadRequestError):
                await client.responses.retrieve(id, stream=True, **wrong)  # type: ignore[call-overload]
        with pytest.raises(openai.BadRequestError, match="no item"):
            await client.responses.input_items.list(id, after="msg_0")


def test_the_oldest_make_room(tmp_path: Path) -> None:
    store = ResponseStore(tmp_path / "responses.sqlite3", most_bytes=1000)
    for number in range(20):
        body = json.dumps({"output": [{"id": f"m{number}"}], "filling": "x" * 60})
        store.keep(KeptResponse(f"r{number}", None, "[]", body), [f"m{number}"])
    kept = [number for number in range(20) if store.find(f"r{number}", None)]
    assert kept == list(range(kept[0], 20)) and 5 < len(kept) < 12
    assert store.find_item("m0", None) is None
    assert json.loads(store.find_item("m19", None) or "") == {"id": "m19"}
    store.close()
