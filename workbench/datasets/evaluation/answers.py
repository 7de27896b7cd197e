"""What a model answers to the questions of rows, greedily, and how that compares with the answers there.

Knows no engine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from workbench.answer import collected_calls
from workbench.backend import Provider
from workbench.conversation import Conversation, Message, ToolCall
from workbench.datasets.row import Row
from workbench.datasets.strict_json import Unreadable, decode
from workbench.datasets.target.tool_checks import schema_fault
from workbench.errors import InvalidRequest
from workbench.events import Finished, TextDelta, ToolCallDelta
from workbench.generation import Generation
from workbench.sampling import SamplingSettings

_SCHEMAS = ("schema", "json_schema", "response_format")
_AROUND = " \n\t.!?…\"'`*"
"""What may stand around an answer without making it another."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer beside the one of the row. None where the row asks for nothing of the kind.

    Attributes:
        called: The calls of tools that it makes.
        stopped: Whether the model ended it, and no limit.
        right: It says what was expected: the same JSON where that is asked for, else the same text but for
            its case, its spacing and the marks around it; with the same calls.
        same_words: Whatever their case, and what stands between them.
        length_ratio: Its characters for each of the expected answer.
        same_json: Whether it is the expected value, however it is spaced and ordered.
        calls: Whether it makes the expected calls and no others.
    """

    text: str
    called: tuple[ToolCall, ...]
    stopped: bool
    right: bool
    exact: bool
    same_words: bool
    length_ratio: float | None
    json_valid: bool | None
    same_json: bool | None
    schema: bool | None
    calls: bool | None


def question_of(row: Row) -> tuple[Conversation, Message] | None:
    """What comes before the last answer of a chat, and that answer; None where there is none."""
    places = [place for place, message in enumerate(row.messages) if message.role == "assistant"]
    if not places or not places[-1]:
        return None
    return Conversation(row.messages[: places[-1]], row.tools), row.messages[places[-1]]


async def answered(
    provider: Provider, question: Conversation, expected: Message, schema: dict[str, Any] | None,
    most_tokens: int,
) -> Answered | None:  # fmt: skip
    """None where the question cannot be put to the model, such as one longer than the context."""
    text, deltas, reason = "", list[ToolCallDelta](), "length"
    sampling = SamplingSettings(temperature=0.0)
    try:
        async for event in provider.generate(
            Generation(prompt=question, sampling=sampling, max_tokens=most_tokens)
        ):
            match event:
                case TextDelta(piece):
                    text += piece
                case ToolCallDelta():
                    deltas.append(event)
                case Finished(reason):
                    pass
    except InvalidRequest:
        return None
    return compared(text, collected_calls(deltas), reason != "length", expected, schema)


def compared(
    text: str, calls: Sequence[ToolCall], stopped: bool, expected: Message, schema: dict[str, Any] | None
) -> Answered:
    """The answer beside the expected one."""
    wanted = expected.content
    same_calls = _calls(calls) == _calls(expected.tool_calls)
    value, wanted_value = _json(text), _json(wanted)
    has_json = isinstance(wanted_value, dict | list)
    same_json = _spelled(value) == _spelled(wanted_value) if has_json else None
    same_text = _essence(text) == _essence(wanted) if same_json is None else same_json
    return Answered(
        text=text,
        called=tuple(calls),
        stopped=stopped,
        right=same_text and same_calls,
        exact=text.strip() == wanted.strip() and same_calls,
        same_words=_words(text) == _words(wanted) and same_calls,
        length_ratio=len(text) / len(wanted) if wanted else None,
        json_valid=value is not _NO_JSON if has_json or schema is not None else None,
        same_json=same_json,
        schema=(value is not _NO_JSON and not schema_fault(value, schema)) if schema is not None else None,
        calls=same_calls if expected.tool_calls or calls else None,
    )


def schema_of(row: Row) -> dict[str, Any] | None:
    """The schema that the row says its answer has, by itself or as OpenAI's `response_format`."""
    found = next((row.meta[name] for name in _SCHEMAS if isinstance(row.meta.get(name), dict)), None)
    if found is not None and isinstance(inner := found.get("json_schema"), dict):
        found = inner.get("schema", inner)
    return found if isinstance(found, dict) else None


_NO_JSON = object()


def _json(text: str) -> Any:
    with suppress(Unreadable, ValueError):
        return decode(text.encode())
    return _NO_JSON


def _spelled(value: Any) -> bytes:
    """A value always the same way; what is no JSON is like no other."""
    return b"" if value is _NO_JSON else msgspec.json.encode(value, order="deterministic")


def _calls(calls: Sequence[ToolCall]) -> list[tuple[str, bytes]]:
    return sorted((call.name, _arguments(call)) for call in calls)


def _arguments(call: ToolCall) -> bytes:
    return _spelled(_json(call.arguments or "{}")) or call.arguments.encode(errors="replace")


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _essence(text: str) -> str:
    return " ".join(text.casefold().split()).strip(_AROUND) or text.strip()
