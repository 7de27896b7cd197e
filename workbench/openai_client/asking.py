"""A Generation as the body of a request, in the dialect's own structs. Knows no server's peculiarities."""

from __future__ import annotations

import base64
import json
from dataclasses import fields
from typing import Any, TypeVar

from msgspec import UNSET, Struct

from workbench.conversation import Conversation, Medium, Message, Tool
from workbench.errors import InvalidRequest
from workbench.generation import Generation, ToolUse
from workbench.openai_dialect.chat_message import CalledFunction, ChatMessage, ContentPart, MessageToolCall
from workbench.openai_dialect.chat_request import ChatRequest
from workbench.openai_dialect.chat_tools import (
    ChatTool,
    FunctionDefinition,
    FunctionName,
    NamedTool,
    ToolChoice,
)
from workbench.openai_dialect.completion_request import CompletionRequest
from workbench.openai_dialect.generation_request import GenerationRequest, StreamOptions
from workbench.openai_dialect.media_parts import ImageUrl, InputAudio
from workbench.openai_dialect.sampling_fields import SamplingFields
from workbench.sampling import SamplingSettings

Body = dict[str, Any]
Request = TypeVar("Request", bound=GenerationRequest)
_ALWAYS = ("temperature", "top_p", "top_k", "min_p")
"""Servers differ in what they do when these are left open."""
_USUAL = SamplingSettings()
_IMAGES = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp", b"BM": "bmp"}


def written(value: Any) -> Any:
    """A struct as JSON has it, without what it leaves open; what a schema holds stays as it is."""
    if isinstance(value, list):
        return [written(one) for one in value]
    if not isinstance(value, Struct):
        return value
    config = value.__struct_config__
    told = {config.tag_field: config.tag} if config.tag_field else {}
    members = {name: getattr(value, name) for name in value.__struct_fields__}
    return told | {
        name: written(one) for name, one in members.items() if one is not None and one is not UNSET
    }


def body_of(model: str, generation: Generation) -> Body:
    """The request, but for what the answer must look like. Raises InvalidRequest for an empty prompt."""
    prompt = generation.prompt
    if isinstance(prompt, Conversation):
        return written(_chat(model, prompt, generation))  # type: ignore[no-any-return]
    if not prompt:
        raise InvalidRequest("The prompt is empty.", "Give at least one token.")
    request = CompletionRequest(model=model, prompt=prompt if isinstance(prompt, str) else list(prompt))
    request.logprobs = generation.logprobs
    request.max_tokens = generation.max_tokens
    body: Body = written(_with_manner(request, generation))
    return body


def wished(generation: Generation) -> set[str]:
    """The names of the parameters that somebody asked for, beside those that an answer cannot do without."""
    sampling, thinking = generation.sampling, generation.thinking
    names = {
        one.name for one in fields(sampling) if getattr(sampling, one.name) not in _open_values(one.name)
    }
    asked = {
        "repetition_penalty": "repeat_penalty" in names,
        "max_tokens": generation.max_tokens is not None,
        "ignore_eos": generation.ignore_end,
        "parallel_tool_calls": not generation.tool_use.parallel,
        "reasoning_effort": thinking.effort is not None,
        "enable_thinking": thinking.enabled is not None,
        "thinking_budget": thinking.budget is not None,
        "chat_template_kwargs": bool(generation.template_values) or thinking.enabled is not None,
        "speculate": generation.speculation is not None,
    }
    return names | {name for name, is_asked in asked.items() if is_asked}


def tools_of(conversation: Conversation) -> list[ChatTool]:
    return [ChatTool(type="function", function=_function(tool)) for tool in conversation.tools]


def messages_of(conversation: Conversation) -> list[ChatMessage]:
    return [_message(message) for message in conversation.messages]


def _chat(model: str, conversation: Conversation, generation: Generation) -> ChatRequest:
    thinking, use = generation.thinking, generation.tool_use
    request = ChatRequest(model=model, messages=messages_of(conversation))
    if conversation.tools:
        request.tools = tools_of(conversation)
        request.tool_choice = _choice(use)
        request.parallel_tool_calls = None if use.parallel else False
    request.max_tokens = generation.max_tokens
    if generation.logprobs is not None:
        request.logprobs, request.top_logprobs = True, generation.logprobs
    request.reasoning_effort = thinking.effort
    request.enable_thinking = thinking.enabled
    request.thinking_budget = thinking.budget
    switch = {} if thinking.enabled is None else {"enable_thinking": thinking.enabled}
    request.chat_template_kwargs = (switch | generation.template_values) or None
    if generation.continues:
        request.continue_final_message, request.add_generation_prompt = True, False
    return _with_manner(request, generation)


def _with_manner(request: Request, generation: Generation) -> Request:
    for name, value in _sampling(generation.sampling).items():
        setattr(request, name, value)
    request.stop = list(generation.stop) or None
    request.ignore_eos = generation.ignore_end or None
    request.speculate = generation.speculation
    request.stream, request.stream_options = True, StreamOptions(include_usage=True)
    return request


def _sampling(sampling: SamplingSettings) -> Body:
    """What is not off, by the names that servers have for it."""
    told: Body = {name: getattr(sampling, name) for name in _ALWAYS}
    for one in fields(sampling):
        value = getattr(sampling, one.name)
        if one.name not in told and value != getattr(_USUAL, one.name):
            told[one.name] = value
    if "logit_bias" in told:
        told["logit_bias"] = {str(token): bias for token, bias in sampling.logit_bias.items()}
    if "repeat_penalty" in told:
        told["repetition_penalty"] = sampling.repeat_penalty
    return told


def _open_values(name: str) -> tuple[object, ...]:
    """What a setting is where nobody has set it: here, and in OpenAI's API."""
    usual = getattr(_USUAL, name)
    return usual, SamplingFields.defaults.get(name, usual)


def _choice(use: ToolUse) -> ToolChoice:
    return NamedTool(type="function", function=FunctionName(name=use.name)) if use.name else use.choice


def _function(tool: Tool) -> FunctionDefinition:
    return FunctionDefinition(
        name=tool.name,
        description=tool.description or None,
        parameters=tool.parameters or {"type": "object", "properties": {}},
        strict=tool.strict or None,
    )


def _message(message: Message) -> ChatMessage:
    calls = [
        MessageToolCall(id=call.id, function=CalledFunction(name=call.name, arguments=call.arguments))
        for call in message.tool_calls
    ]
    told = ChatMessage(role=message.role, content=_content(message))
    if message.role == "assistant":
        told.content = message.content or (None if calls else "")
        told.tool_calls = calls or None
        told.reasoning_content = message.reasoning or None
    elif message.role == "tool":
        told.tool_call_id = message.tool_call_id
    return told


def _content(message: Message) -> str | list[ContentPart]:
    if not message.media:
        return message.content
    parts, place = list[ContentPart](), 0
    for medium in message.media:
        parts += _texts(message.content[place : medium.at])
        parts.append(_part(medium))
        place = medium.at
    return [*parts, *_texts(message.content[place:])]


def _texts(text: str) -> list[ContentPart]:
    return [ContentPart(type="text", text=text)] if text.strip() else []


def _part(medium: Medium) -> ContentPart:
    data = base64.b64encode(medium.data).decode()
    if medium.kind == "audio":
        form = "wav" if medium.data[:4] == b"RIFF" else "mp3"
        return ContentPart(type="input_audio", input_audio=InputAudio(data=data, format=form))  # type: ignore[arg-type]
    kind = next((kind for start, kind in _IMAGES.items() if medium.data.startswith(start)), "png")
    return ContentPart(type="image_url", image_url=ImageUrl(url=f"data:image/{kind};base64,{data}"))


def schema_of(text: str) -> dict[str, Any]:
    """A schema out of its text. Raises InvalidRequest where it is none."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InvalidRequest(f"The schema is not valid JSON: {error}.", "Correct it.") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The schema is no JSON object.", "Correct it.")
    return value
