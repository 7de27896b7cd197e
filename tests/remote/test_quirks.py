"""Every shape that servers give their answers, and what they do not take, against a double that has it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.answers import ask, events_of, text_of
from tests.remote.double import HELLO, USAGE, Answer, delta, double, end, event
from workbench.answer import collected_calls
from workbench.backend import Provider
from workbench.constraint import Constraint
from workbench.conversation import Conversation, Tool, ToolCall
from workbench.engine_settings import EngineSettings
from workbench.errors import ContextExceeded, Unsupported
from workbench.events import Event, Finished, ReasoningDelta, ToolCallDelta, Usage
from workbench.generation import Generation, ToolUse
from workbench.openai_client.forms import WORD
from workbench.runtime import open_model
from workbench.sampling import SamplingSettings

QUESTION = Generation(prompt=ask("Hello?"))


async def opened(url: str) -> Provider:
    return await open_model(url, EngineSettings())


async def answered(answer: Answer, generation: Generation = QUESTION) -> list[Event]:
    async with double(lambda body: answer) as server:
        provider = await opened(server.url)
        try:
            return await events_of(provider, generation)
        finally:
            await provider.close()


def end_of(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


SHAPES = {
    "OpenAI's": HELLO,
    "nulls everywhere": [
        delta(role="assistant", content="Hello", tool_calls=None, reasoning_content=None, refusal=None),
        end(logprobs=None, stop_reason=None),
        {**USAGE, "choices": None},
    ],
    "usage with the last chunk, no end": [delta(content="Hello"), {**end(), "usage": USAGE["usage"]}],
    "lines that end as in mail, no space": [
        event(delta(content="Hello")).replace(b"data: ", b"data:").replace(b"\n", b"\r\n"),
        b": a comment\r\n\r\nevent: message\r\n",
        event(end()),
        event(USAGE),
    ],
    "content in parts": [delta(content=[{"type": "text", "text": "Hello"}]), end(), USAGE],
    "not streamed": {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}], **USAGE}
    | {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]},
    "another word for the end": [delta(content="Hello"), end("eos_token"), USAGE],
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
async def test_an_answer_of_any_shape_is_read(shape: Any) -> None:
    events = await answered(Answer(shape))
    assert text_of(events) == "Hello"
    finished = end_of(events)
    assert (finished.reason, finished.usage, finished.notices) == ("stop", Usage(3, 0, 2), ())


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
async def test_thoughts_come_apart(name: str) -> None:
    events = await answered(Answer([delta(**{name: "Hm."}), *HELLO]))
    assert [event.text for event in events if isinstance(event, ReasoningDelta)] == ["Hm."]
    assert text_of(events) == "Hello"


CALLS = {
    "OpenAI's": [
        {"index": 0, "id": "c1", "function": {"name": "look", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"a": '}},
        {"index": 0, "function": {"arguments": "1}"}},
    ],
    "an object, no index": [{"id": "c1", "function": {"name": "look", "arguments": {"a": 1}}}],
    "the id each time": [
        {"index": 0, "id": "c1", "function": {"name": "look", "arguments": '{"a": '}},
        {"index": 0, "id": "c1", "function": {"name": "look", "arguments": "1}"}},
    ],
}


@pytest.mark.parametrize("calls", CALLS.values(), ids=CALLS.keys())
async def test_calls_of_any_shape_are_read(calls: list[Any]) -> None:
    events = await answered(Answer([*(delta(tool_calls=[call]) for call in calls), end("stop"), USAGE]))
    made = collected_calls(event for event in events if isinstance(event, ToolCallDelta))
    assert made == (ToolCall("c1", "look", '{"a": 1}'),)
    assert end_of(events).reason == "tool_calls"


async def test_two_calls_without_index_are_two() -> None:
    calls = [{"id": f"c{n}", "function": {"name": "look", "arguments": "{}"}} for n in (1, 2)]
    events = await answered(Answer([delta(tool_calls=calls), end("tool_calls"), USAGE]))
    made = collected_calls(event for event in events if isinstance(event, ToolCallDelta))
    assert [call.id for call in made] == ["c1", "c2"]


@pytest.mark.parametrize("told", [{"generation_seconds": 2.5}, {"predicted_ms": 2500.0, "predicted_n": 2}])
async def test_the_time_that_a_server_took_is_its_own_word(told: dict[str, float]) -> None:
    """Pieces that arrive in one packet say nothing of how fast they were written."""
    events = await answered(Answer([*HELLO[:3], {**end(), "timings": told}, USAGE]))
    assert end_of(events).timings.generation_seconds == 2.5


@pytest.mark.parametrize("numbered", [{"index": 0}, {}])
async def test_calls_that_come_one_by_one_under_one_number_are_several(numbered: dict[str, int]) -> None:
    calls = [{"function": {"name": "look", "arguments": f'{{"a": {n}}}'}, **numbered} for n in (1, 2)]
    chunks = [delta(tool_calls=[call]) for call in calls]
    events = await answered(Answer([*chunks, end("tool_calls"), USAGE]))
    made = collected_calls(event for event in events if isinstance(event, ToolCallDelta))
    assert [call.arguments for call in made] == ['{"a": 1}', '{"a": 2}']
    assert all(call.id for call in made) and made[0].id != made[1].id


async def test_what_is_not_counted_is_counted_here_and_told() -> None:
    finished = end_of(await answered(Answer(HELLO[:4])))
    assert finished.usage.completion_tokens == 2 and "counts no tokens" in finished.notices[0]


REFUSALS = {
    "OpenAI's": lambda name: {
        "error": {"message": f"Unrecognized request argument supplied: {name}", "param": None}
    },
    "OpenAI's with a param": lambda name: {
        "error": {"message": "Unsupported parameter.", "param": name, "code": "unsupported_parameter"}
    },
    "FastAPI's": lambda name: {
        "detail": [
            {"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}
        ]
    },
    "in a list": lambda name: json.dumps(
        [{"error": {"code": 400, "message": f'Unknown name "{name}": Cannot find field.'}}]
    ).encode(),
    "JSON in JSON": lambda name: f'{{"object": "error", "message": "{name} is not supported", "code": 400}}',
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
@pytest.mark.parametrize("status", [400, 422])
async def test_what_a_server_does_not_take_is_left_out_and_told(refusal: Any, status: int) -> None:
    def answer(body: dict[str, Any]) -> Answer:
        return Answer(refusal("top_k"), status) if "top_k" in body else Answer(HELLO)

    asked = Generation(prompt=QUESTION.prompt, sampling=SamplingSettings(top_k=7, seed=3))
    async with double(answer) as server:
        provider = await opened(server.url)
        for _ in range(2):
            finished = end_of(await events_of(provider, asked))
            assert "does not take top_k" in finished.notices[0]
        assert not end_of(await events_of(provider, QUESTION)).notices, "nobody asked for it"
        await provider.close()
    assert ["top_k" in body for body in server.asked] == [True, False, False, False]
    assert all(body["seed"] == 3 for body in server.asked[:3])


async def test_a_value_that_is_wrong_is_no_parameter_to_leave_out() -> None:
    wrong = Answer({"error": {"message": "temperature must be at most 2.", "param": "temperature"}}, 400)
    with pytest.raises(Exception, match="at most 2") as caught:
        await answered(wrong)
    assert getattr(caught.value, "param", None) == "temperature"


async def test_what_an_answer_needs_is_never_left_out() -> None:
    refused = Answer({"error": {"message": "tools is not supported by this model", "param": "tools"}}, 400)
    conversation = Conversation(ask("Look.").messages, (Tool(name="look"),))
    with pytest.raises(Unsupported, match="tools"):
        await answered(refused, Generation(prompt=conversation))


async def test_the_limit_goes_by_its_newer_name_where_the_older_is_refused() -> None:
    message = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."

    def answer(body: dict[str, Any]) -> Answer:
        return Answer({"error": {"message": message}}, 400) if "max_tokens" in body else Answer(HELLO)

    async with double(answer) as server:
        provider = await opened(server.url)
        finished = end_of(await events_of(provider, Generation(prompt=QUESTION.prompt, max_tokens=9)))
        await provider.close()
    assert server.asked[-1]["max_completion_tokens"] == 9 and not finished.notices


async def test_log_probabilities_that_do_not_come_are_no_secret() -> None:
    with pytest.raises(Unsupported, match="log-probabilities"):
        await answered(Answer(HELLO), Generation(prompt=QUESTION.prompt, logprobs=2))


async def test_a_call_that_was_required_and_not_made_is_told() -> None:
    conversation = Conversation(ask("Look.").messages, (Tool(name="look"),))
    asked = Generation(prompt=conversation, tool_use=ToolUse(choice="required"))
    assert "required" in end_of(await answered(Answer(HELLO), asked)).notices[0]


async def test_a_server_that_takes_every_form_is_believed_none() -> None:
    with pytest.raises(Unsupported, match="regex"):
        await answered(
            Answer(HELLO), Generation(prompt=QUESTION.prompt, constraint=Constraint("regex", "a+"))
        )


async def test_a_form_is_told_in_the_way_that_the_server_enforces() -> None:
    def answer(body: dict[str, Any]) -> Answer:
        asked = body.get("structured_outputs", {}).get("regex")
        return Answer([delta(content=WORD), end()]) if asked == WORD else Answer(HELLO)

    async with double(answer) as server:
        provider = await opened(server.url)
        for _ in range(2):
            asked = Generation(prompt=QUESTION.prompt, constraint=Constraint("regex", "[a-z]+"))
            await events_of(provider, asked)
        await provider.close()
    assert server.asked[-1]["structured_outputs"] == {"regex": "[a-z]+"}
    assert "structured_outputs" in server.asked[-2], "what was found out is kept"


async def test_an_answer_that_is_not_of_its_form_is_told() -> None:
    schema = Generation(prompt=QUESTION.prompt, constraint=Constraint("json_schema", '{"type": "object"}'))
    assert "no JSON" in end_of(await answered(Answer(HELLO), schema)).notices[0]


async def test_a_prompt_that_is_too_long_is_known_by_whatever_words() -> None:
    said = "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens."
    with pytest.raises(ContextExceeded, match="4096"):
        await answered(Answer({"object": "error", "message": said, "code": 400}, 400))
