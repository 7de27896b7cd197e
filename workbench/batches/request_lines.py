"""The lines of a batch's input, in OpenAI's form, and what is wrong with those that are not.

Reads one line at a time, so that a file of any size takes little memory. Knows nothing of what a body means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import msgspec

ENDPOINTS = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses")
MOST_LINE_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request; `line` counts from 1."""

    line: int
    custom_id: str
    url: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LineFault:
    """A line that is no request, why, and which member is at fault; "" for the line as a whole."""

    line: int
    code: str
    message: str
    param: str = ""
    custom_id: str | None = None


class _Refused(Exception):
    """Code, message and member."""


def read_lines(file: BinaryIO, endpoint: str | None = None) -> Iterator[RequestLine | LineFault]:
    """Every line that is not blank. `endpoint` is the one that all must ask for; None allows each of them."""
    seen: set[str] = set()
    for number, raw in enumerate(_raw_lines(file), 1):
        if raw is not None and not raw.strip():
            continue
        read = _read(number, raw, endpoint)
        if read.custom_id is not None:
            if read.custom_id in seen:
                message = f"The custom_id {read.custom_id[:80]!r} is used more than once."
                read = LineFault(number, "duplicate_custom_id", message, "custom_id", read.custom_id)
            seen.add(read.custom_id or "")
        yield read


def _raw_lines(file: BinaryIO) -> Iterator[bytes | None]:
    """The lines; None for one that is too long to be held."""
    while line := file.readline(MOST_LINE_BYTES + 1):
        too_long = len(line) > MOST_LINE_BYTES
        while too_long and line and not line.endswith(b"\n"):
            line = file.readline(MOST_LINE_BYTES)
        yield None if too_long else line


def _read(number: int, raw: bytes | None, endpoint: str | None) -> RequestLine | LineFault:
    custom_id = None
    try:
        value = _object(raw)
        if not isinstance(value.get("custom_id"), str) or not value["custom_id"]:
            raise _Refused("missing_required_parameter", "custom_id is missing.", "custom_id")
        custom_id = value["custom_id"]
        return RequestLine(number, custom_id, _url(value, endpoint), _body(value))
    except _Refused as refused:
        code, message, param = refused.args
        return LineFault(number, code, message, param, custom_id)


def _object(raw: bytes | None) -> dict[str, Any]:
    if raw is None:
        raise _Refused("line_too_long", f"The line is longer than {MOST_LINE_BYTES} bytes.", "")
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _Refused("invalid_json_line", f"The line is not valid JSON: {error}.", "") from None
    if not isinstance(value, dict):
        raise _Refused("invalid_json_line", "The line is no JSON object.", "")
    return value


def _url(value: dict[str, Any], endpoint: str | None) -> str:
    if value.get("method") != "POST":
        raise _Refused("invalid_method", 'method is not "POST".', "method")
    url = value.get("url")
    if url not in ((endpoint,) if endpoint else ENDPOINTS):
        expected = endpoint or f"one of {', '.join(ENDPOINTS)}"
        raise _Refused("invalid_url", f"url is not {expected}.", "url")
    return str(url)


def _body(value: dict[str, Any]) -> dict[str, Any]:
    body = value.get("body")
    if not isinstance(body, dict):
        raise _Refused("missing_required_parameter", "body is no JSON object.", "body")
    if body.get("stream"):
        raise _Refused("invalid_request", "An answer in a batch cannot be streamed.", "body.stream")
    return body
