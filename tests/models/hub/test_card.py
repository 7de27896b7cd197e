"""Model cards: what is kept of them, and that their cleaning ends soon whatever they hold."""

from __future__ import annotations

import time

import pytest

from tests.hub import FakeHub
from workbench.models.hub.card import Card, card, parse_card
from workbench.models.hub.repository import repository

WRITTEN = """\
---
license: other
license_name: "llama3.1"
base_model:
- acme/tiny
- 'acme/small'
language: [en, de]
tags:
  - gguf
---
<!-- written by
a machine -->
<div align="center"><img src="logo.png" alt="Our logo" width=300></div>
<h2>What it is</h2>

[![Discord](https://img.example/x.svg)](https://chat.example) ![](y.png) ![a graph](z.png)
It thinks in `<think>` and **speaks**.<br>A < B.

```jinja
<div>{{ kept }}</div> <!-- kept --> ![kept](x)
```
"""


def test_a_card_is_its_words_its_code_and_its_facts() -> None:
    read = parse_card(WRITTEN.encode())
    assert (read.licence, read.base_models, read.languages) == (
        "llama3.1",
        ("acme/tiny", "acme/small"),
        ("en", "de"),
    )
    assert read.markdown.startswith("(Our logo)\n\n## What it is\n\n[Discord](https://chat.example)")
    for kept in (
        "(a graph)",
        "`<think>`",
        "**speaks**",
        "A < B.",
        "<div>{{ kept }}</div> <!-- kept --> ![kept](x)",
    ):
        assert kept in read.markdown
    for gone in ("machine", "y.png", "z.png", "x.svg", "align", "license", "\n\n\n"):
        assert gone not in read.markdown
    assert not read.cut


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("", ""),
        ("# Title", "# Title"),
        ("---\nlicense: mit\nnever closed", "---\nlicense: mit\nnever closed"),
        ("a <!-- never closed", "a <!-- never closed"),
        ("```\nnever closed <b>", "```\nnever closed <b>"),
        ("\ufeff---\r\nlicense: mit\r\n---\r\nText\r\n", "Text"),
        ("a\x1b[31mb\x00\u202ec\td", "a[31mbc\td"),
        ("<li>one<li>two", "- one\n- two"),
    ],
)
def test_odd_cards_keep_their_words(text: str, markdown: str) -> None:
    assert parse_card(text.encode()).markdown == markdown


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert parse_card(b"a\xffb").markdown == "a\ufffdb"


@pytest.mark.parametrize(
    "piece", ["<!--", "![", "[![", "<a ", "`", "```\n", "![a](", "<!-- --> ", " \n", "- x\n", "["]
)
def test_cleaning_takes_time_in_proportion_to_the_text(piece: str) -> None:
    started = time.process_time()
    parse_card((piece * (1_000_000 // len(piece))).encode())
    assert time.process_time() - started < 2


def test_the_card_is_that_of_the_commit(hub: FakeHub) -> None:
    first = hub.add_repository("acme/tiny", {"README.md": b"# One", "m.gguf": b"G"})
    hub.commit("acme/tiny", {"README.md": b"# Two", "m.gguf": b"G"})
    assert card(repository("acme/tiny")).markdown == "# Two"
    assert card(repository("acme/tiny", first)).markdown == "# One"


def test_without_a_card_nothing_is_asked(hub: FakeHub) -> None:
    hub.add_repository("acme/tiny", {"m.gguf": b"G"})
    found = repository("acme/tiny")
    asked = len(hub.log)
    assert card(found) == Card()
    assert len(hub.log) == asked
