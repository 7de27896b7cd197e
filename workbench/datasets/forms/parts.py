"""Content that is a list of parts, as OpenAI and Anthropic write it: text, images, thoughts, calls, results.

Images are named, never opened. Parts of other kinds are refused by name.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.conversation import ToolCall
from workbench.datasets.forms.calls import as_json
from workbench.datasets.strict_json import Unreadable

_BASE64_IMAGE = re.compile(r"(?:iVBORw0KGgo|/9j/|R0lGOD|UklGR|Qk0|SUkq|TU0A)[A-Za-z0-9+/\s]{40,}={0,2}")
"""Base64 of how files of images begin."""
UNNAMED = ""
"""The source of an image that stands in the row's list of images."""


@dataclass(slots=True)
class Content:
    """What the parts hold. `images` are pairs of a source and the characters of text before it.

    `results` are answers of tools: the call's id and the text.
    """

    text: str = ""
    reasoning: str = ""
    calls: list[ToolCall] = field(default_factory=list)
    images: list[tuple[str, int]] = field(default_factory=list)
    results: list[tuple[str, str]] = field(default_factory=list)


def read_parts(parts: Sequence[Any], place: str) -> Content:
    """Raises Unreadable."""
    content = Content()
    follows_text = False
    for part in parts:
        kind = "text" if isinstance(part, str) else _kind(part, place)
        if kind == "text":
            text = part if isinstance(part, str) else _text(part.get("text"), place)
            content.text += f"\n{text}" if follows_text else text
        else:
            _take(content, kind, part, place)
        follows_text = kind == "text"
    return content


def _take(content: Content, kind: str, part: Mapping[str, Any], place: str) -> None:
    match kind:
        case "image_url" | "image" | "input_image":
            content.images.append((_source(part, place), len(content.text)))
        case "thinking":
            content.reasoning += _text(part.get("thinking"), place)
        case "redacted_thinking":  # sealed by whoever wrote it; there is nothing to read
            pass
        case "tool_use":
            arguments = as_json(part.get("input") or {})
            name = _text(part.get("name"), place)
            content.calls.append(ToolCall(str(part.get("id") or ""), name, arguments))
        case "tool_result":
            told = part.get("content") or ""
            text = told if isinstance(told, str) else read_parts(told, place).text
            content.results.append((str(part.get("tool_use_id") or ""), text))
        case "refusal":
            content.text += _text(part.get("refusal"), place)
        case _:
            raise Unreadable("form", f"{place} has a part of type {kind[:40]!r}, which is not read.")


def _kind(part: Any, place: str) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(kind, str):
        raise Unreadable("form", f"{place} has a part without a type.")
    return "text" if kind in ("input_text", "output_text") else kind


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise Unreadable("form", f"{place} has a part without text.")
    return value


def _source(part: Mapping[str, Any], place: str) -> str:
    """Where the image is; UNNAMED where the part only marks its place."""
    given: Any = part
    for key in ("image_url", "source", "image", "bytes", "url", "path", "base64", "data"):
        if isinstance(given, dict) and given.get(key) is not None:
            given = _anthropic(given[key]) if key == "source" else given[key]
    if given is part:
        return UNNAMED
    source = image_source(given)
    if source is None:
        raise Unreadable("form", f"{place} has an image that is no path, address or data: URL.")
    return source


def image_source(value: Any) -> str | None:
    """A path, an address or a data: URL, of the image's own bytes too, in base64 or not; else None."""
    if isinstance(value, bytes):
        value = base64.b64encode(value).decode()
    if not isinstance(value, str) or not value:
        return None
    return f"data:image/png;base64,{value}" if _BASE64_IMAGE.fullmatch(value) else value


def _anthropic(source: Any) -> Any:
    """An image that was sent along becomes a data: URL."""
    if isinstance(source, dict) and source.get("type") == "base64":
        return f"data:{source.get('media_type', 'image/png')};base64,{source.get('data', '')}"
    return source
