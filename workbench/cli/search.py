"""`workbench search`: models on the hub by words in their names."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from workbench import wording
from workbench.cli import output
from workbench.cli.options import json_option

if TYPE_CHECKING:
    from workbench.models.hub.search import SearchPage, SearchResult, Sort

_COLUMNS = ("model", "parameters", "downloads", "access", "updated", "licence", "likes", "architecture")
"""From the most to the least important; a narrow terminal gets fewer."""
_NUMBERS = ("parameters", "downloads", "likes")
_GAP = 2


@click.command()
@click.argument("query")
@click.option(
    "--sort",
    type=click.Choice(["downloads", "likes", "updated", "trending"]),
    default="downloads",
    show_default=True,
)
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="Models on a page.")
@click.option("--page", type=click.IntRange(1, 100), default=1, show_default=True)
@click.option("--author", default="", help="Only models of this user or organisation.")
@click.option("--all-formats", is_flag=True, help="Also models without GGUF files.")
@json_option
def search(
    *, query: str, sort: Sort, limit: int, page: int, author: str, all_formats: bool, as_json: bool
) -> None:
    """Find models on the hub.

    QUERY is one or more words of a model's name. Only models in GGUF are listed, unless --all-formats is
    given.
    """
    found = _page(query, sort, limit, page, author, all_formats)
    if as_json:
        output.document([asdict(result) for result in found.results])
    elif found.results:
        _print(found.results)
    _say_what_next(found, query, page, all_formats)


def _page(query: str, sort: Sort, limit: int, page: int, author: str, all_formats: bool) -> SearchPage:
    from workbench.models.hub.search import SearchPage
    from workbench.models.hub.search import search as ask

    found = ask(query, sort=sort, limit=limit, author=author, all_formats=all_formats)
    for _ in range(page - 1):
        if not found.next:
            return SearchPage(())
        found = ask(query, cursor=found.next)
    return found


def _print(results: Sequence[SearchResult]) -> None:
    cells = [_cells(result) for result in results]
    shown = _that_fit(cells)
    output.table(
        shown,
        [[row[name] for name in shown] for row in cells],
        right=[index for index, name in enumerate(shown) if name in _NUMBERS],
    )


def _cells(result: SearchResult) -> dict[str, str]:
    return {
        "model": result.id,
        "parameters": wording.short(result.parameters) if result.parameters else "",
        "downloads": wording.short(result.downloads),
        "access": "gated" if result.gated else "",
        "updated": result.updated,
        "licence": result.licence,
        "likes": wording.short(result.likes),
        "architecture": result.architecture,
    }


def _that_fit(cells: Sequence[dict[str, str]]) -> list[str]:
    """The columns that say something and have room; all of them where the output is no terminal."""
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    shown: list[str] = []
    for name in _COLUMNS:
        if not any(row[name] for row in cells):
            continue
        room -= max(len(name), *(len(row[name]) for row in cells)) + (_GAP if shown else 0)
        if room < 0 and shown:
            break
        shown.append(name)
    return shown


def _say_what_next(found: SearchPage, query: str, page: int, all_formats: bool) -> None:
    if found.results:
        first = found.results[0].id
        output.note(f"`workbench show {first}` lists its quants, `workbench pull {first}:QUANT` fetches one.")
        if found.next:
            output.note(f"--page {page + 1} shows more.")
    elif page > 1:
        output.note(f"There is no page {page}.")
    else:
        wider = "" if all_formats else ", or --all-formats for models without GGUF files"
        output.note(f"No model on the hub has {query!r} in its name. Try fewer or shorter words{wider}.")
