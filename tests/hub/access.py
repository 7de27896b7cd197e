"""Who may see which repository and fetch from it, with the refusals that the real hub gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hub.content import Commit, Repository
from tests.hub.messages import Refusal, Request

if TYPE_CHECKING:
    from tests.hub.hub import FakeHub


def check_token(hub: FakeHub, request: Request) -> None:
    """A token that nobody has is refused even where none is needed."""
    if request.token is not None and request.token not in hub.tokens:
        raise Refusal(401, "Invalid credentials in Authorization header")


def is_visible(repository: Repository, request: Request) -> bool:
    return not repository.private or request.token in repository.allowed_tokens


def visible_repository(hub: FakeHub, request: Request, id: str) -> Repository:
    """The repository; one that is private looks as one that does not exist."""
    check_token(hub, request)
    repository = hub.repositories.get(id)
    if repository is None or not is_visible(repository, request):
        if request.token is None:
            raise Refusal(401, "Invalid username or password.", "RepoNotFound")
        raise Refusal(404, "Repository not found", "RepoNotFound")
    if repository.disabled:
        raise Refusal(403, "Access to this resource is disabled.")
    return repository


def open_repository(hub: FakeHub, request: Request, id: str) -> Repository:
    """The repository whose files the request may have: a gated one shows itself to all and opens for some."""
    repository = visible_repository(hub, request, id)
    if not repository.gated or request.token in repository.allowed_tokens:
        return repository
    message = f"Access to model {id} is restricted"
    if request.token is None:
        raise Refusal(401, f"{message}. You must be authenticated to access it. Please log in.", "GatedRepo")
    raise Refusal(403, f"{message} and you are not in the authorized list.", "GatedRepo")


def commit_at(repository: Repository, revision: str) -> Commit:
    commit = repository.at(revision)
    if commit is None:
        raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    return commit
