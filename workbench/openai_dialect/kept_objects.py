"""What is said of things that are kept, such as files: a page of a list of them, and that one is gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Literal, Protocol, TypeVar

from msgspec import Struct


class Kept(Protocol):
    """Something with an id."""

    @property
    def id(self) -> str | None: ...


Item = TypeVar("Item", bound=Kept)


class Page(Struct, Generic[Item], kw_only=True):
    """Some of a list, and whether there are more."""

    object: Literal["list"] = "list"
    data: list[Item]
    first_id: str | None
    last_id: str | None
    has_more: bool


class Deleted(Struct, kw_only=True):
    """Says that something is gone."""

    id: str
    object: Literal["file", "response"]
    deleted: bool = True


def page(items: Sequence[Item], limit: int) -> Page[Item]:
    """The first `limit` of them."""
    data = list(items[:limit])
    first, last = (data[0].id, data[-1].id) if data else (None, None)
    return Page(data=data, first_id=first, last_id=last, has_more=len(items) > limit)
