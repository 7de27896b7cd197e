"""Finds repositories on the hub by words, a page at a time, with one request for each page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl

import msgspec

from workbench.models.hub import fields, questions
from workbench.models.hub.file_path import is_repository

Sort = Literal["downloads", "likes", "updated", "trending"]
SORTS: tuple[Sort, ...] = get_args(Sort)
MOST_RESULTS = 100
"""No page has more."""

_SORTS_OF_THE_HUB = {"updated": "lastModified", "trending": "trendingScore"}
_WANTED = ("downloads", "likes", "lastModified", "gated", "tags", "gguf", "safetensors", "config")
_LONGEST_CURSOR = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What the hub says of a repository in a list. Texts are "" and numbers None or 0 where it does not.

    Attributes:
        parameters: Number of weights of the model.
        updated: The day of the last commit, such as "2026-11-23".
    """

    id: str
    downloads: int
    likes: int
    updated: str
    parameters: int | None
    architecture: str
    licence: str
    gated: bool


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Results in the order asked for; `next` is the cursor of the page after it, "" on the last."""

    results: tuple[SearchResult, ...]
    next: str = ""


class _Found(msgspec.Struct):
    id: Any = None
    downloads: Any = None
    likes: Any = None
    lastModified: Any = None
    gated: Any = None
    tags: Any = None
    gguf: Any = None
    safetensors: Any = None
    config: Any = None


def search(
    query: str,
    *,
    sort: Sort = "downloads",
    limit: int = 20,
    cursor: str = "",
    author: str = "",
    all_formats: bool = False,
) -> SearchPage:
    """Models whose names hold the words; those with GGUF files only, unless all formats are asked for.

    A cursor is the `next` of the page before, whose other settings it carries.
    """
    asked = parse_qsl(cursor) if cursor else _question(query, sort, limit, author, all_formats)
    answer = questions.get("/api/models", asked)
    found = fields.decoded(answer, list[_Found])[:MOST_RESULTS]
    results = tuple(result for result in map(_result, found) if result is not None)
    following = answer.following if len(answer.following) <= _LONGEST_CURSOR else ""
    return SearchPage(results, following if following != cursor else "")


def _question(query: str, sort: Sort, limit: int, author: str, all_formats: bool) -> list[tuple[str, str]]:
    given = (
        ("search", query.strip()),
        ("author", author),
        ("filter", "" if all_formats else "gguf"),
        ("sort", _SORTS_OF_THE_HUB.get(sort, sort)),
        ("limit", str(min(limit, MOST_RESULTS))),
    )
    return [*((name, value) for name, value in given if value), *(("expand", name) for name in _WANTED)]


def _result(found: _Found) -> SearchResult | None:
    """None where the hub names something that is no repository's id."""
    id = fields.text(found.id)
    if not is_repository(id):
        return None
    return SearchResult(
        id=id,
        downloads=fields.count(found.downloads) or 0,
        likes=fields.count(found.likes) or 0,
        updated=fields.text(found.lastModified)[:10],
        parameters=fields.parameters(found.gguf, found.safetensors),
        architecture=fields.architecture(found.gguf, found.config),
        licence=fields.licence(None, fields.texts(found.tags)),
        gated=fields.is_gated(found.gated),
    )
