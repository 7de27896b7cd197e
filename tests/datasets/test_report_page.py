"""The page of a run: every figure is there and right, and nothing that rows say becomes part of the page."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.datasets.planting import chat, made, planted, with_broken
from workbench.datasets.recipe import for_model, named, with_steps

EVIL = '<script>alert("x")</script><img src=http://evil.example/a.png>'
OUR_TAGS = {
    "meta", "title", "style", "h1", "h2", "p", "ul", "li", "table", "tr", "th", "td", "details", "summary",
    "pre", "svg", "g", "rect", "text",
}  # fmt: skip
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]


def page_of(folder: Path) -> str:
    return (folder / "report" / "report.html").read_text("utf-8")


def charts(page: str) -> dict[str, dict[str, str]]:
    """The bars of each chart, by its title: names and figures."""
    found = {}
    for drawn in map(ElementTree.fromstring, re.findall(r"<svg.*?</svg>", page, re.DOTALL)):
        bars = [group for group in drawn.iter() if group.tag.endswith("}g")]
        texts = [[text.text or "" for text in bar if text.tag.endswith("}text")] for bar in bars]
        found[drawn.get("aria-label", "")] = dict(texts)
    return found


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_page_tells_what_became_of_the_rows(tmp_path: Path) -> None:
    rows = with_broken(planted(600))
    outcome = made("sft-chat", rows.write(tmp_path / "rows.jsonl"), target=tmp_path / "set")
    page = page_of(tmp_path / "set")
    bars = charts(page)
    assert bars["rows by reason"] == {rule: f"{count:,}" for rule, count in outcome.rejected.items()}
    assert bars["rows"]["read"] == f"600 (−{len(rows.broken)})"
    assert bars["rows"]["write"] == f"{outcome.rows_out:,}"
    assert bars["messages by role"] == dict.fromkeys(("user", "assistant"), f"{outcome.rows_out:,}")
    for title in ("rows by characters", "rows by turns"):
        assert sum(int(figure.replace(",", "")) for figure in bars[title].values()) == outcome.rows_out
    assert outcome.copies.rows == outcome.rejected["duplicate"] + outcome.rejected["near-duplicate"]
    assert f"{outcome.copies.largest[0][0]}" in unescape(page)
    assert "The key &#x27;messages&#x27; is there twice." in page


def test_nothing_that_rows_say_becomes_part_of_the_page(tmp_path: Path) -> None:
    file = tmp_path / "<b>rows & more.jsonl"
    broken = json.dumps({"messages": [{"role": EVIL, "content": EVIL}]}).encode()
    file.write_bytes(b"\n".join([chat([EVIL, EVIL, EVIL]), broken, b"\x00<script>", chat([EVIL] * 3)]))
    made("sft-chat", file, target=tmp_path / "set")
    parsed = Parsed()
    parsed.feed(page_of(tmp_path / "set"))
    assert parsed.tags <= OUR_TAGS
    assert parsed.addresses == {"http://www.w3.org/2000/svg"}
    shown = "".join(parsed.texts)
    assert json.dumps(EVIL) in shown and f"{file}:3" in shown
    assert not re.search(r"@import|url\(", "".join(parsed.styles))


class Parsed(HTMLParser):
    """The tags of a page, the addresses in them, what its styles say, and its texts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.addresses = set[str](), set[str]()
        self.texts, self.styles = list[str](), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses |= {value for _, value in attrs if value and "//" in value}

    def handle_data(self, data: str) -> None:
        (self.styles if self.lasttag == "style" else self.texts).append(data)


@pytest.mark.parametrize(
    ("name", "rows", "title", "bars"),
    [
        (
            "kto",
            [{"prompt": f"Why {n}?", "completion": f"So {n}.", "label": n < 3} for n in range(10)],
            "rows by label",
            {"wanted": "3", "not wanted": "7"},
        ),
        (
            "preference",
            [{"prompt": f"Why {n}?", "chosen": "Because.", "rejected": "No."} for n in range(10)],
            "characters of answers",
            {"chosen": "80", "rejected": "30"},
        ),
    ],
)
def test_labels_and_answers_are_weighed(
    tmp_path: Path, name: str, rows: list[dict[str, Any]], title: str, bars: dict[str, str]
) -> None:
    made("convert", written(tmp_path / "rows.jsonl", rows), target=tmp_path / "set")
    page = page_of(tmp_path / "set")
    assert charts(page)[title] == bars
    assert ("Of 10 pairs the chosen answer is the longer one in 10 (100%)." in page) == (name == "preference")


def test_calls_and_tools_are_counted(tmp_path: Path) -> None:
    call = {"type": "function", "function": {"name": "look", "arguments": {"at": 1}}}
    messages = [
        {"role": "user", "content": "Where?"},
        {"role": "assistant", "content": "", "tool_calls": [call, call]},
        {"role": "tool", "content": "There."},
        {"role": "assistant", "content": "So."},
    ]
    rows = [{"messages": messages, "tools": TOOLS}, {"messages": messages[::3]}]
    found = made("convert", written(tmp_path / "rows.jsonl", rows), target=tmp_path / "set").balance
    assert (found.with_tools, found.calls, found.roles) == (1, 2, {"user": 2, "assistant": 3, "tool": 1})


def test_languages_are_shown_where_they_were_told(tmp_path: Path) -> None:
    said = ["The weather is fine today and we go for a walk.", "Das Wetter ist heute schön, und wir gehen."]
    rows = [{"text": f"{said[number > 6]} {number}"} for number in range(10)]
    recipe = with_steps(named("convert"), ["language"])
    made(recipe, written(tmp_path / "rows.jsonl", rows), target=tmp_path / "set")
    assert charts(page_of(tmp_path / "set"))["rows by language"] == {"en": "7", "de": "3"}


def test_lengths_are_shown_against_the_context_of_the_model(tmp_path: Path) -> None:
    from workbench_guide import PATH

    path = planted(40, most_words=900).write(tmp_path / "rows.jsonl")
    outcome = made(for_model(named("sft-chat")), path, target=tmp_path / "set", model=PATH)
    bars = charts(page_of(tmp_path / "set"))["rows by tokens, against a context of 2,048"]
    shown = {name: int(figure) for name, figure in bars.items()}
    assert shown.pop("set aside as too long") == outcome.rejected["too-long"] > 0
    assert sum(shown.values()) == outcome.rows_out
    assert max(outcome.lengths.tokens.values()) <= 2048
