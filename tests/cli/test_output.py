"""What reaches standard output and the terminal."""

from __future__ import annotations

import io
import json

import pytest

from workbench.cli import output, terminal


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_table_is_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("name", "size"), [("a", "10 B"), ("longer", "9 B")], right=(1,))
    assert capsys.readouterr().out == "name    size\na       10 B\nlonger   9 B\n"


def test_a_document_is_json_that_keeps_its_letters(capsys: pytest.CaptureFixture[str]) -> None:
    output.document({"text": "Ünïcode"})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"text": "Ünïcode"}
    assert "Ünïcode" in printed


def test_control_characters_reach_a_pipe_but_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, expected in ((io.StringIO(), "a\x1b[2Jb\x9bc\td\n"), (Screen(), "a[2Jbc\td\n")):
        monkeypatch.setattr("sys.stdout", stream)
        output.write("a\x1b[2Jb\x9bc\td\n")
        assert stream.getvalue() == expected


@pytest.mark.parametrize(
    ("variables", "stream", "styled"),
    [
        ({}, Screen(), True),
        ({}, io.StringIO(), False),
        ({"NO_COLOR": "1"}, Screen(), False),
        ({"TERM": "dumb"}, Screen(), False),
    ],
)
def test_style_is_for_terminals_that_want_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], stream: io.StringIO, styled: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (output.styled("text", output.DIM, stream) != "text") is styled


def test_a_status_line_is_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream, shown in ((io.StringIO(), False), (Screen(), True)):
        monkeypatch.setattr("sys.stderr", stream)
        status = terminal.StatusLine()
        status.show("loading")
        status.clear()
        assert ("loading" in stream.getvalue()) is shown


def test_a_stream_without_a_terminal_is_the_text_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stderr", err)
    stream = terminal.StreamWithStatus()
    stream.write("one\ntwo")
    stream.status("fast")
    stream.end()
    assert (out.getvalue(), err.getvalue()) == ("one\ntwo\n", "")


def test_the_status_line_waits_while_the_terminal_holds_a_wrap_back(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = Screen(), Screen()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stderr", err)
    monkeypatch.setenv("COLUMNS", "10")
    stream = terminal.StreamWithStatus()
    stream.write("0123456789")
    stream.status("held back")
    assert err.getvalue() == ""
    stream.write("x")
    stream.status("shown")
    assert "shown" in err.getvalue()


@pytest.mark.parametrize(
    ("text", "column", "same_row"),
    [
        ("abc", 3, True),
        ("a" * 10, 10, True),
        ("a" * 11, 1, False),
        ("漢" * 5 + "x", 1, False),
        ("a\nb", 1, False),
    ],
)
def test_the_cursor_is_followed(
    monkeypatch: pytest.MonkeyPatch, text: str, column: int, same_row: bool
) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    assert terminal._after(0, text) == (column, same_row)
