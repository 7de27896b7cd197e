"""From a path to the answer: the addresses of the hub and of the cdn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

from tests.hub import describe, listing
from tests.hub.access import check_token, commit_at, open_repository, visible_repository
from tests.hub.content import Commit, Repository
from tests.hub.messages import Refusal, Request, Response, in_json
from tests.hub.resolve import resolve, signed_blob, small_file

if TYPE_CHECKING:
    from tests.hub.hub import FakeHub

ID = "((?:[^/]+/)?[^/]+)"
FILE = re.compile(f"/{ID}/resolve/([^/]+)/(.+)")
SMALL_FILE = re.compile(f"/api/resolve-cache/models/{ID}/([0-9a-f]{{40}})/(.+)")
MODEL = re.compile(f"/api/models/{ID}(?:/([^/]+))?(?:/([^/]+))?(?:/(.+))?")


def respond(hub: FakeHub, request: Request) -> Response:
    """The answer of the port that was asked, faults aside."""
    try:
        return signed_blob(hub, request) if request.port == "cdn" else _respond(hub, request)
    except Refusal as refusal:
        return refusal.response


def _respond(hub: FakeHub, request: Request) -> Response:
    if request.path == "/api/models":
        return listing.search(hub, request)
    if request.path == "/api/whoami-v2":
        return _whoami(hub, request)
    if request.path == "/api/agent-harnesses":
        return in_json({"standardEnvVars": [], "harnesses": {}})
    for pattern, answer in ((SMALL_FILE, small_file), (FILE, resolve)):
        if match := pattern.fullmatch(request.raw_path):
            return answer(hub, request, *map(unquote, match.groups()))
    if match := MODEL.fullmatch(request.raw_path):
        return _model(hub, request, *(unquote(part or "") for part in match.groups()))
    raise Refusal(404, "Sorry, we can't find the page you are looking for.")


def _whoami(hub: FakeHub, request: Request) -> Response:
    check_token(hub, request)
    if request.token is None:
        raise Refusal(401, "Invalid username or password.")
    name = hub.tokens[request.token]
    token = {"displayName": "loopback", "role": "read"}
    return in_json(
        {"type": "user", "name": name, "fullname": name, "orgs": [], "auth": {"accessToken": token}}
    )


def _model(hub: FakeHub, request: Request, id: str, view: str, revision: str, path: str) -> Response:
    if view == "auth-check":
        open_repository(hub, request, id)
        return in_json({})
    repository = visible_repository(hub, request, id)
    if view == "refs":
        branches = [
            {"name": name, "ref": f"refs/heads/{name}", "targetCommit": sha}
            for name, sha in repository.branches.items()
        ]
        return in_json({"branches": branches, "converts": [], "tags": []})
    commit = commit_at(repository, revision or "main")
    if view == "tree":
        return listing.tree(hub, request, repository, commit, path)
    if view == "paths-info":
        return in_json(_paths(request, repository, commit))
    if view in ("", "revision"):
        expand, blobs = listing.expanded(request), request.flag("blobs")
        return in_json(describe.model(repository, commit, expand=expand, full=True, blobs=blobs))
    raise Refusal(404, "Sorry, we can't find the page you are looking for.")


def _paths(request: Request, repository: Repository, commit: Commit) -> list[dict[str, object]]:
    """The asked files and folders; those that do not exist are left out."""
    form = parse_qs(request.body.decode())
    expand = form.get("expand", [""])[0].lower() == "true"
    listed = []
    for path in form.get("paths", []):
        if path in commit.blobs:
            listed.append(describe.entry(repository, commit, path, expand=expand))
        elif any(name.startswith(f"{path}/") for name in commit.blobs):
            listed.append(describe.folder(path))
    return listed
