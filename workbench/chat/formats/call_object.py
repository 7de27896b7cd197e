"""A call written as one JSON object: {"name": ..., "arguments": ...}, under the names families give these."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.chat.formats.calls import Calls
from workbench.chat.formats.json_text import json_string, json_value
from workbench.chat.formats.source import NotUnderstood, Reading, Source

_NAMES = frozenset({"name", "tool_name", "function", "function_name"})
_ARGUMENTS = frozenset({"arguments", "parameters", "args", "input"})
_IDS = frozenset({"id", "call_id", "tool_call_id"})


@dataclass(slots=True)
class _Found:
    """What has been read of the object."""

    name: str = ""
    call_id: str = ""
    arguments: str = ""
    begun: bool = False


def read_call_object(source: Source, calls: Calls, *, known_only: bool = False) -> Reading[None]:
    """Give out the call that comes next, its arguments as they come.

    Raises NotUnderstood where none does; `known_only` where its name is none of the tools'.
    """
    found = _Found()
    yield from source.expect("{")
    while True:
        yield from source.skip_space()
        if (yield from source.accept("}")):
            break
        yield from source.accept(",")
        yield from source.skip_space()
        key = yield from json_string(source)
        yield from source.skip_space()
        yield from source.expect(":")
        yield from source.skip_space()
        yield from _read_member(source, calls, found, key)
        if known_only and key in _NAMES and found.name not in calls.tools:
            raise NotUnderstood
    if found.begun:
        source.drop_seen()
    elif found.name:
        calls.begin(found.name, found.call_id)
        calls.argue(found.arguments or "{}")
    else:
        raise NotUnderstood


def _read_member(source: Source, calls: Calls, found: _Found, key: str) -> Reading[None]:
    if key in _NAMES:
        found.name = yield from json_string(source)
    elif key in _IDS:
        found.call_id = (yield from json_value(source)).strip('"')
    elif key in _ARGUMENTS and found.name and not found.begun:
        yield from _read_arguments(source, calls, found)
    else:
        value = yield from json_value(source)
        found.arguments = value if key in _ARGUMENTS else found.arguments


def _read_arguments(source: Source, calls: Calls, found: _Found) -> Reading[None]:
    """An object as it comes, or a text that holds one."""
    opening = yield from source.expect("{", '"', "null")
    source.at -= len(opening)
    if opening == "{":
        calls.begin(found.name, found.call_id)
        found.begun = True
        yield from json_value(source, calls.argue)
    elif opening == "null":
        source.at += len(opening)
    else:
        found.arguments = yield from json_string(source)
