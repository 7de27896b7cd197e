"""Lines of a batch's input, and what is said of those that are none."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from tests.batches.request_files import request
from workbench.batches import request_lines
from workbench.batches.request_lines import LineFault, RequestLine, read_lines


def lines_of(*lines: dict[str, Any] | bytes) -> list[RequestLine | LineFault]:
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    return list(read_lines(io.BytesIO(b"\n".join(raw))))


def test_requests_keep_the_number_of_their_line() -> None:
    first, second = lines_of(request("a"), b"  ", request("b", url="/v1/responses"))
    assert isinstance(first, RequestLine) and isinstance(second, RequestLine)
    assert (first.line, first.custom_id, first.url) == (1, "a", "/v1/chat/completions")
    assert (second.line, second.custom_id, second.url) == (3, "b", "/v1/responses")
    assert first.body["messages"] == [{"role": "user", "content": "one two"}]


@pytest.mark.parametrize(
    ("line", "code", "param"),
    [
        (b"{", "invalid_json_line", ""),
        (b"\xff", "invalid_json_line", ""),
        (b"[" * 100_000, "invalid_json_line", ""),
        (b"[]", "invalid_json_line", ""),
        (request("a") | {"custom_id": 1}, "missing_required_parameter", "custom_id"),
        (request(""), "missing_required_parameter", "custom_id"),
        (request("a", method="GET"), "invalid_method", "method"),
        (request("a", url="/v1/files"), "invalid_url", "url"),
        (request("a", body=None), "missing_required_parameter", "body"),
        (request("a", body={"stream": True}), "invalid_request", "body.stream"),
    ],
)
def test_what_is_wrong_with_a_line_is_named(line: dict[str, Any] | bytes, code: str, param: str) -> None:
    [fault] = lines_of(line)
    assert isinstance(fault, LineFault)
    assert (fault.line, fault.code, fault.param) == (1, code, param) and fault.message


def test_a_name_may_be_used_once() -> None:
    first, second = lines_of(request("a"), request("a"))
    assert isinstance(first, RequestLine) and isinstance(second, LineFault)
    assert (second.code, second.custom_id) == ("duplicate_custom_id", "a")


def test_a_line_too_long_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_lines, "MOST_LINE_BYTES", 1000)
    long, after = lines_of(request("a", "word " * 1000), request("b"))
    assert isinstance(long, LineFault) and (long.line, long.code) == (1, "line_too_long")
    assert isinstance(after, RequestLine) and (after.line, after.custom_id) == (2, "b")
