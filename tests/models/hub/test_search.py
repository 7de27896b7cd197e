"""Searching the hub, a page at a time."""

from __future__ import annotations

import pytest

from tests.hub import FakeHub
from workbench.models.hub.search import SearchResult, search

FILES = {"m-Q4_K_M.gguf": b"G"}


@pytest.fixture
def shelf(hub: FakeHub) -> FakeHub:
    """Five in GGUF, of which each is the first in another order, and one that is not."""
    facts = {"architecture": "llama", "total": 8_000_000_000}
    for number in range(5):
        hub.add_repository(
            f"acme/tiny-{number}-GGUF",
            FILES,
            tags=["gguf"],
            gguf=facts,
            licence="mit",
            downloads=number,
            likes=(number + 1) % 5,
            trending=(number + 2) % 5,
            last_modified=f"2026-01-0{(number + 3) % 5 + 1}T00:00:00",
            gated="auto" if number == 4 else False,
        )
    hub.add_repository("other/tiny", {"model.safetensors": b"S"}, downloads=99)
    return hub


def test_a_result_says_what_the_hub_knows(shelf: FakeHub) -> None:
    first = search("tiny").results[0]
    assert first == SearchResult(
        id="acme/tiny-4-GGUF",
        downloads=4,
        likes=0,
        updated="2026-01-03",
        parameters=8_000_000_000,
        architecture="llama",
        licence="mit",
        gated=True,
    )


@pytest.mark.parametrize(("sort", "first"), [("downloads", 4), ("likes", 3), ("trending", 2), ("updated", 1)])
def test_the_order_is_the_one_asked_for(sort: str, first: int, shelf: FakeHub) -> None:
    results = search("tiny", sort=sort).results  # type: ignore[arg-type]
    assert len(results) == 5
    assert results[0].id == f"acme/tiny-{first}-GGUF"


def test_pages_follow_each_other_with_one_request_each(shelf: FakeHub) -> None:
    page, found = search("tiny", limit=2), list[str]()
    while True:
        found += [result.id for result in page.results]
        if not page.next:
            break
        page = search("tiny", cursor=page.next)
    assert found == [f"acme/tiny-{number}-GGUF" for number in (4, 3, 2, 1, 0)]
    assert len(shelf.log) == 3


def test_formats_and_authors_narrow_the_search(shelf: FakeHub) -> None:
    assert "other/tiny" not in [result.id for result in search("tiny").results]
    assert search("tiny", all_formats=True).results[0].id == "other/tiny"
    assert [result.id for result in search("", author="other", all_formats=True).results] == ["other/tiny"]
    assert search("no such model").results == ()
