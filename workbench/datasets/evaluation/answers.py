"""What a model answers to the questions of rows, greedily, and how that compares with the answers there.

Knows no engine.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from workbench.answer import collected_calls
from workbench.backend import Provider
from workbench.conversation import Conversation, Message, ToolCall
from workbench.datasets.row import Row
from workbench.datasets.target.tool_checks import schema_fault
from workbench.errors import WorkbenchError
from workbench.events import Finished, TextDelta, ToolCallDelta
from workbench.generation import Generation
from workbench.sampling import SamplingSettings

_SCHEMAS = ("schema", "json_schema")


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer beside the one of the row. None where the row asks for nothing of the kind.

    Attributes:
        stopped: Whether the model ended it, and no limit.
        length_ratio: Its characters for each of the expected answer.
    """

    text: str
    stopped: bool
    exact: bool
    same_words: bool
    length_ratio: float | None
    json_valid: bool | None
    schema: bool | None
    calls: bool | None


@dataclass(frozen=True, slots=True)
class Share:
    """How many of so many rows, and between which shares the truth lies with 95 % certainty (Wilson)."""

    count: int
    rows: int

    @property
    def value(self) -> float:
        return self.count / self.rows

    @property
    def bounds(self) -> tuple[float, float]:
        z, n = 1.959964, self.rows
        middle = (self.value + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(self.value * (1 - self.value) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)


def question_of(row: Row) -> tuple[Conversation, Message] | None:
    """What comes before the last answer of a chat, and that answer; None where there is none."""
    places = [place for place, message in enumerate(row.messages) if message.role == "assistant"]
    if not places or not places[-1]:
        return None
    return Conversation(row.messages[: places[-1]], row.tools), row.messages[places[-1]]


async def answered(
    provider: Provider, question: Conversation, expected: Message, row: Row, most_tokens: int
) -> Answered | None:
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
    except WorkbenchError:
        return None
    return compared(text, collected_calls(deltas), reason != "length", expected, _schema(row))


def compared(
    text: str, calls: Sequence[ToolCall], stopped: bool, expected: Message, schema: dict[str, Any] | None
) -> Answered:
    """The answer beside the expected one."""
    wanted = expected.content
    same_calls = _calls(calls) == _calls(expected.tool_calls)
    is_json = schema is not None or isinstance(_json(wanted), dict | list)
    value = _json(text)
    return Answered(
        text=text,
        stopped=stopped,
        exact=text.strip() == wanted.strip() and same_calls,
        same_words=_words(text) == _words(wanted) and same_calls,
        length_ratio=len(text) / len(wanted) if wanted else None,
        json_valid=value is not _NO_JSON if is_json else None,
        schema=(value is not _NO_JSON and not schema_fault(value, schema)) if schema is not None else None,
        calls=same_calls if expected.tool_calls or calls else None,
    )


def share(values: Sequence[bool | None]) -> Share | None:
    """Of the rows that have a value."""
    known = [value for value in values if value is not None]
    return Share(sum(known), len(known)) if known else None


_NO_JSON = object()


def _json(text: str) -> Any:
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    return _NO_JSON


def _calls(calls: Sequence[ToolCall]) -> list[tuple[str, str]]:
    return sorted((call.name, json.dumps(_arguments(call), sort_keys=True)) for call in calls)


def _arguments(call: ToolCall) -> Any:
    value = _json(call.arguments or "{}")
    return call.arguments if value is _NO_JSON else value


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _schema(row: Row) -> dict[str, Any] | None:
    found = next((row.meta[name] for name in _SCHEMAS if isinstance(row.meta.get(name), dict)), None)
    return found
