"""Stands in for MLC's engine: what it refuses, what it passes over, and how it streams.

Recites, says what it was started with when it is asked for `arguments`, and calls a tool where there is one.
Its server stands in server.py, and its package in package/.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

TEXT = "I recite, and I do not look out of the window. Ünïcödé 😀 and more."
PAUSE = 0.005
_TAKEN = {
    "messages", "prompt", "model", "frequency_penalty", "presence_penalty", "logprobs", "top_logprobs",
    "logit_bias", "max_tokens", "n", "seed", "stop", "stream", "stream_options", "temperature", "top_p",
    "tools", "tool_choice", "user", "response_format",
}  # fmt: skip
"""What its requests have; nothing else may be sent by those who know that it is passed over."""


class Refused(Exception):
    """A status and a body."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body

    @property
    def words(self) -> str:
        if isinstance(self.body, str):
            return str(json.loads(self.body)["message"])
        return str(self.body["detail"][0]["msg"])


def failure(message: str) -> Refused:
    """JSON within JSON, as the engine's own errors are sent."""
    return Refused(400, json.dumps({"object": "error", "message": message, "code": 400}))


def invalid(place: str, message: str) -> Refused:
    return Refused(422, {"detail": [{"type": "value_error", "loc": ["body", place], "msg": message}]})


def checked(body: dict[str, Any], model: str, context: int) -> dict[str, Any]:
    if body["model"] != model:
        raise failure(f'The requested model "{body["model"]}" is not served.')
    if body.get("user") is not None:
        raise failure("The request id is in use.")
    if passed_over := body.keys() - _TAKEN:
        raise AssertionError(f"MLC would pass over {passed_over}")
    _check_form(body.get("response_format") or {"type": "text"})
    if body.get("top_logprobs") and not body.get("logprobs"):
        raise invalid("top_logprobs", '"logprobs" must be True to support "top_logprobs"')
    if body.get("stream_options") and not body.get("stream"):
        raise invalid("stream_options", "stream must be set to True when stream_options is present")
    if body.get("tool_choice") not in (None, "none", "auto") and not isinstance(body["tool_choice"], dict):
        raise invalid("tool_choice", "Input should be 'none' or 'auto'")
    for place, message in enumerate(body.get("messages", ())):
        if message["role"] == "system" and place:
            raise failure(f"System prompt at position {place} in the message list is invalid.")
        if message.get("tool_calls"):
            raise failure("Assistant message having `tool_calls` is not supported yet.")
    count = _length(body)
    if count > context:
        limit = f"larger than the model input length limit {context}."
        raise failure(f"Request prompt has {count} tokens in total, {limit}")
    return body


def _check_form(wanted: dict[str, Any]) -> None:
    if wanted["type"] not in ("text", "json_object"):
        raise invalid("response_format", "Input should be 'text' or 'json_object'")
    if wanted.get("schema") is not None and not isinstance(wanted["schema"], str):
        raise invalid("response_format", "Input should be a valid string")


def _length(body: dict[str, Any]) -> int:
    """About a token for four bytes, where they are not given."""
    prompt = body.get("prompt", body.get("messages"))
    return len(prompt) if isinstance(prompt, list) and "prompt" in body else len(json.dumps(prompt)) // 4


def chunks(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every chunk of an answer, with the nulls that its objects have."""
    chat, count = "messages" in body, 0
    reason = "tool_calls" if body.get("tools") else "stop"
    for delta in _deltas(body):
        if count == body.get("max_tokens"):
            reason = "length"
            break
        count += 1
        time.sleep(PAUSE)
        yield _chunk(_part(delta, chat), _likely(delta, body) if chat else None)
    yield _chunk(_part({"content": ""}, chat), None, reason)
    if (body.get("stream_options") or {}).get("include_usage"):
        usage = {"prompt_tokens": _length(body), "completion_tokens": count, "extra": None}
        yield {"id": "x", "choices": [], "system_fingerprint": "", "usage": usage}


def _chunk(part: dict[str, Any], likely: Any, reason: str | None = None) -> dict[str, Any]:
    choice = {"finish_reason": reason, "index": 0, "logprobs": likely, **part}
    return {"id": "x", "choices": [choice], "system_fingerprint": "", "usage": None}


def _part(delta: dict[str, Any], chat: bool) -> dict[str, Any]:
    if not chat:
        return {"text": delta["content"]}
    usual = {"role": "assistant", "content": "", "name": None, "tool_calls": None, "tool_call_id": None}
    return {"delta": usual | delta}


def _likely(delta: dict[str, Any], body: dict[str, Any]) -> dict[str, Any] | None:
    if not body.get("logprobs"):
        return None
    told = {"token": delta["content"], "logprob": -0.1, "bytes": list(delta["content"].encode())}
    return {"content": [{**told, "top_logprobs": [told][: body.get("top_logprobs", 0)]}]}


def _deltas(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if body.get("tools"):
        function = {"name": body["tools"][0]["function"]["name"], "arguments": {"word": "GGUF"}}
        yield {"tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
        return
    text = _text(body)
    stops = body.get("stop") or []
    ends = [text.index(stop) for stop in ([stops] if isinstance(stops, str) else stops) if stop in text]
    text = text[: min(ends, default=len(text))]
    for start in range(0, len(text), 3):
        yield {"content": text[start : start + 3]}


def _text(body: dict[str, Any]) -> str:
    if body.get("response_format"):
        schema = json.loads(body["response_format"]["schema"])
        if "enum" in schema:
            return json.dumps(schema["enum"][0])
        name, *_ = schema.get("properties", "a")
        return f'{{"{name}": 1}}'
    if body.get("messages") and body["messages"][-1]["content"] == "arguments":
        return " ".join(sys.argv[1:])
    return TEXT
