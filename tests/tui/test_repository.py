"""One repository: its facts, its variants, its card, and what becomes of a choice."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from textual.widgets import Markdown, OptionList, Static

from tests.hub import FakeHub
from tests.tui.driving import AppPilot, opened, until
from tests.tui.shelf import MODEL, Q4, Q8, in_the_repository, on_the_hub
from tests.tui.shelf import hub as hub
from tests.tui.stage import Stage
from workbench.tui.app import WorkbenchApp
from workbench.tui.screens.link_question import LinkQuestion
from workbench.tui.screens.repository import RepositoryScreen
from workbench.tui.widgets.model_card import LONGEST, ModelCard, bounded
from workbench.tui.widgets.problem import Problem
from workbench.tui.widgets.variant_table import VariantTable

pytestmark = pytest.mark.slow


def said(app: WorkbenchApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


def rows(table: VariantTable) -> list[list[str]]:
    return [str(option.prompt).split() for option in table.query_one(OptionList).options]


async def with_card(app: WorkbenchApp, pilot: AppPilot) -> str:
    """Wait for the card; its text as it is shown."""
    card = app.screen.query_one(ModelCard)
    await until(pilot, lambda: card.query("MarkdownBlock") or "card" not in said(app, "#remark")[:12])
    await app.workers.wait_for_complete()
    return " ".join(str(part.render()) for part in card.query("MarkdownBlock, Label").results(Static))


async def test_the_facts_the_variants_and_the_card_are_shown(stage: Stage, hub: FakeHub) -> None:
    async with opened(stage, model=None, size=(120, 40)) as (app, pilot):
        table = await in_the_repository(app, pilot)
        for fact in ("parameters 10.0M", "architecture llama", "context 4096", "licence apache-2.0"):
            assert fact in said(app, "#facts")
        assert said(app, "#headings").split() == [
            "quant", "bits/weight", "size", "shards", "mmproj", "fits", "here",
        ]  # fmt: skip
        bf16, q8, q4 = rows(table)
        assert q4 == ["Q4_K_M", "4.80", "5.7", "MiB", "1", "mmproj-F16.gguf", "yes"]
        assert q8[0] == "Q8_0" and q8[4:] == ["2", "mmproj-F16.gguf", "yes"]
        assert bf16[0] == "BF16" and "only 1 of 2 shards" in " ".join(bf16)
        assert table.query_one(OptionList).options[0].disabled
        shown = await with_card(app, pilot)
        assert "[bold]Not markup[/bold]" in shown and 'print("tiny")' in shown
        assert app.screen.query("MarkdownTable") and app.screen.query("MarkdownH1")


async def test_a_machine_with_little_memory_is_told_what_does_not_fit(stage: Stage, hub: FakeHub) -> None:
    stage.machine = stage.machine.__class__(**{**_fields(stage), "ram_free": 6_100_000})
    async with opened(stage, model=None, size=(120, 40)) as (app, pilot):
        table = await in_the_repository(app, pilot)
        assert [row[-1] for row in rows(table)[1:]] == ["yes", "tight"]


def _fields(stage: Stage) -> dict[str, object]:
    return {name: getattr(stage.machine, name) for name in stage.machine.__dataclass_fields__}


async def test_enter_fetches_the_marked_variant_whole(stage: Stage, hub: FakeHub, tmp_path: Path) -> None:
    async with opened(stage, model=None) as (app, pilot):
        await in_the_repository(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: [entry.state for entry in app.downloads.entries] == ["done"])
        assert app.downloads.entries[0].request.name == Q8
        snapshot = next((tmp_path / "hf" / "hub").glob("models--*/snapshots/*"))
        assert sorted(path.name for path in snapshot.iterdir()) == [
            "mmproj-F16.gguf", "tiny-Q8_0-00001-of-00002.gguf", "tiny-Q8_0-00002-of-00002.gguf",
        ]  # fmt: skip
        assert [notice.title for notice in app._notifications][-1] == f"{Q8} has arrived."


async def test_the_same_variant_is_queued_once_and_the_screen_stays(stage: Stage, hub: FakeHub) -> None:
    hub.rate = 500_000
    async with opened(stage, model=None) as (app, pilot):
        await in_the_repository(app, pilot)
        await pilot.press("down", "enter", "enter", "up", "enter")
        await until(pilot, lambda: len(app.downloads.entries) == 2)
        await app.workers.wait_for_complete()
        assert [entry.request.name for entry in app.downloads.entries] == [Q4, Q8]
        assert isinstance(app.screen, RepositoryScreen)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, RepositoryScreen))
        assert app.current_mode == "hub"


async def test_in_the_card_enter_fetches_nothing(stage: Stage, hub: FakeHub) -> None:
    async with opened(stage, model=None) as (app, pilot):
        await in_the_repository(app, pilot)
        await with_card(app, pilot)
        await pilot.press("tab", "enter")
        assert isinstance(app.focused, ModelCard)
        assert "enter" not in app.screen.active_bindings or not app.screen.active_bindings["enter"].enabled
        await pilot.press("tab")
        assert isinstance(app.focused, OptionList)
        assert not app.downloads.entries


@pytest.mark.parametrize(("key", "visited"), [("escape", []), ("enter", ["https://example.com/tiny"])])
async def test_a_link_is_opened_only_when_its_address_was_seen(
    stage: Stage, hub: FakeHub, monkeypatch: pytest.MonkeyPatch, key: str, visited: list[str]
) -> None:
    seen: list[str] = []
    async with opened(stage, model=None) as (app, pilot):
        monkeypatch.setattr(app, "open_url", seen.append)
        await in_the_repository(app, pilot)
        await with_card(app, pilot)
        markdown = app.screen.query_one(Markdown)
        markdown.post_message(Markdown.LinkClicked(markdown, "https://example.com/tiny"))
        await until(pilot, lambda: isinstance(app.screen, LinkQuestion))
        assert seen == []
        assert "https://example.com/tiny" in said(app, "#question Static")
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, RepositoryScreen))
        assert seen == visited


async def test_what_is_no_web_address_is_not_opened(
    stage: Stage, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    async with opened(stage, model=None) as (app, pilot):
        monkeypatch.setattr(app, "open_url", seen.append)
        await in_the_repository(app, pilot)
        await with_card(app, pilot)
        markdown = app.screen.query_one(Markdown)
        for address in ("file:///etc/passwd", "tiny.gguf", "javascript:alert(1)"):
            markdown.post_message(Markdown.LinkClicked(markdown, address))
        await until(pilot, lambda: len(app._notifications) == 3)
        assert isinstance(app.screen, RepositoryScreen) and seen == []


async def test_a_card_that_does_not_come_leaves_the_table(stage: Stage, hub: FakeHub) -> None:
    hub.faults.add("status", status=404, path="*README.md", times=-1)
    async with opened(stage, model=None) as (app, pilot):
        table = await in_the_repository(app, pilot)
        await until(pilot, lambda: "has no" in said(app, "#remark") or "404" in said(app, "#remark"))
        assert len(rows(table)) == 3


async def test_a_repository_that_is_gone_says_so_and_is_looked_for_again(stage: Stage, hub: FakeHub) -> None:
    async with opened(stage, model=None) as (app, pilot):
        results = await on_the_hub(app, pilot)
        gone = hub.repositories.pop(results.marked.title)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query(Problem))
        error = app.screen.query_one(Problem).error
        assert MODEL in error.message and error.remedy
        await pilot.press("enter")
        hub.repositories[MODEL] = gone
        await pilot.press("r")
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count == 3)
        assert not app.screen.query(Problem) and app.screen.query_one("#parts").display


async def test_a_repository_without_models_says_so(stage: Stage, hub: FakeHub) -> None:
    hub.add_repository("acme/empty", {"notes.txt": b"x"}, tags=["gguf"], downloads=9_999_999)
    async with opened(stage, model=None) as (app, pilot):
        await on_the_hub(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RepositoryScreen))
        await until(pilot, lambda: "no model that can be fetched" in said(app, "#notes"))
        await until(pilot, lambda: said(app, "#remark") == "It has no model card.")
        await pilot.press("enter")
        assert not app.downloads.entries


async def test_a_gated_model_without_a_token_fails_with_its_remedy(stage: Stage, hub: FakeHub) -> None:
    async with opened(stage, model=None) as (app, pilot):
        await in_the_repository(app, pilot, "others/model-00-GGUF")
        assert "gated" in said(app, "#title") and "ask for access" in said(app, "#notes")
        await pilot.press("enter")
        await until(pilot, lambda: [entry.state for entry in app.downloads.entries] == ["failed"])
        await until(pilot, lambda: any("HF_TOKEN" in notice.message for notice in app._notifications))


HOSTILE = {
    "list": "- a\n" * 15_000,
    "table": "|a|b|\n|-|-|\n" + "|x|y|\n" * 9000,
    "wide table": "|" + "a|" * 9000 + "\n|" + "-|" * 9000 + "\n" + ("|" + "x|" * 9000 + "\n") * 2,
    "quotes": "".join("> " * (number % 19) + "a\n\n" for number in range(2000)),
    "brackets": "[" * LONGEST,
    "images": "![" * (LONGEST // 2),
    "fences": "```python\nx\n```\n" * 3000,
    "long": "word " * 60_000,
    "emphasis": "*a" * (LONGEST // 2),
}


@pytest.mark.parametrize("card", HOSTILE.values(), ids=HOSTILE)
def test_no_card_is_drawn_beyond_what_a_screen_can_do(card: str) -> None:
    began = time.process_time()
    kept = bounded(card)
    assert time.process_time() - began < 10
    assert len(kept.markdown) <= LONGEST
    assert kept.markdown == card[: len(kept.markdown)]
    assert kept.cut is (len(kept.markdown) < len(card))


def test_a_card_of_usual_length_is_kept_whole() -> None:
    card = "# Title\n\n" + "Some words.\n\n" * 100 + "|a|b|c|\n|-|-|-|\n" + "|x|y|z|\n" * 30
    assert bounded(card).markdown == card and not bounded(card).cut


@pytest.mark.parametrize("card", ["list", "table", "quotes", "fences"])
async def test_a_hostile_card_does_not_stop_the_app(stage: Stage, hub: FakeHub, card: str) -> None:
    files = {"tiny-Q4_K_M.gguf": b"GGUF" + bytes(100), "README.md": HOSTILE[card].encode()}
    hub.add_repository("acme/hostile-GGUF", files, tags=["gguf"], downloads=9_999_999)
    async with opened(stage, model=None) as (app, pilot):
        await on_the_hub(app, pilot)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query("#remark"))
        await until(pilot, lambda: "The card goes on at" in said(app, "#remark"))
        assert len(app.screen.query("*")) < 1500
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, RepositoryScreen))
