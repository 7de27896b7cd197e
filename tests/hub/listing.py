"""What the API lists: models that match a search, and the files of a tree, page by page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from tests.hub import describe
from tests.hub.access import check_token, is_visible
from tests.hub.content import Commit, Repository
from tests.hub.messages import Refusal, Request, Response, in_json

if TYPE_CHECKING:
    from tests.hub.hub import FakeHub

T = TypeVar("T")
DETAILED_PAGE = 50

ORDERS: dict[str, Callable[[Repository], Any]] = {
    "downloads": lambda repository: repository.downloads,
    "likes": lambda repository: repository.likes,
    "trendingScore": lambda repository: repository.trending,
    "lastModified": lambda repository: repository.last_modified or repository.main.date,
    "createdAt": lambda repository: repository.created,
}


def search(hub: FakeHub, request: Request) -> Response:
    """The models that match, the highest first."""
    check_token(hub, request)
    order = request.parameter("sort", "trendingScore")
    if order not in ORDERS:
        raise Refusal(400, f"Invalid sort: {order}")
    found = [repository for repository in hub.repositories.values() if _matches(repository, request)]
    found.sort(key=ORDERS[order], reverse=True)
    limit = min(int(request.parameter("limit", str(hub.page_size))), hub.page_size)
    page, headers = _page(hub, request, found, limit)
    expand, full = expanded(request), request.flag("full")
    listed = [describe.model(model, model.main, expand=expand, full=full) for model in page]
    return in_json(listed, headers=headers)


def expanded(request: Request) -> list[str]:
    return request.query.get("expand", []) + request.query.get("expand[]", [])


def tree(hub: FakeHub, request: Request, repository: Repository, commit: Commit, top: str) -> Response:
    """The files and folders below `top`."""
    expand = request.flag("expand")
    entries = dict(_entries(repository, commit, top, request.flag("recursive"), expand))
    if top and not entries:
        raise Refusal(404, f"{quote(top)} does not exist on {commit.sha}", "EntryNotFound")
    limit = min(hub.page_size, DETAILED_PAGE) if expand else hub.page_size
    page, headers = _page(hub, request, list(entries.values()), limit)
    return in_json(page, headers=headers)


def _matches(repository: Repository, request: Request) -> bool:
    """Whether all conditions of the search hold; a word is sought in the name only, as on the real hub."""
    tags = describe.model(repository, repository.main)["tags"]
    known = {*tags, repository.pipeline_tag, repository.library}
    wanted = {tag for tags in request.query.get("filter", []) for tag in tags.split(",")}
    words = request.parameter("search").lower().split()
    author, task = request.parameter("author"), request.parameter("pipeline_tag")
    return (
        is_visible(repository, request)
        and wanted <= known
        and all(word in repository.id.lower() for word in words)
        and author in ("", repository.id.split("/")[0])
        and task in ("", repository.pipeline_tag)
        and ("gated" not in request.query or request.flag("gated") == bool(repository.gated))
    )


def _entries(
    repository: Repository, commit: Commit, top: str, recursive: bool, expand: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    prefix = f"{top}/" if top else ""
    for path in commit.blobs:
        if not path.startswith(prefix):
            continue
        *folders, _ = path.removeprefix(prefix).split("/")
        for depth in range(1, (len(folders) if recursive else min(len(folders), 1)) + 1):
            name = prefix + "/".join(folders[:depth])
            yield name, describe.folder(name)
        if recursive or not folders:
            yield path, describe.entry(repository, commit, path, expand=expand)


def _page(hub: FakeHub, request: Request, items: list[T], limit: int) -> tuple[list[T], dict[str, str]]:
    """The page that the request's cursor names, and the header that leads to the next one."""
    start = int(base64.b64decode(request.parameter("cursor")) or 0)
    stop = start + limit
    if stop >= len(items):
        return items[start:], {}
    query = [pair for pair in parse_qsl(urlsplit(request.target).query) if pair[0] != "cursor"]
    query.append(("cursor", base64.b64encode(str(stop).encode()).decode()))
    link = f'<{hub.endpoint}{request.raw_path}?{urlencode(query)}>; rel="next"'
    return items[start:stop], {"Link": link}
