"""What a person writes to name a model that is published somewhere, and what it means.

Nothing is asked of any server here, and nothing is known of what a repository holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from workbench.errors import InvalidRequest
from workbench.models.hub.client import endpoint
from workbench.models.hub.file_path import is_plain_path, is_repository

_HUB_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co")
_VIEWS = ("blob", "resolve", "tree", "raw")
_OTHER_KINDS = ("datasets", "spaces", "collections", "papers", "docs", "api")
_EXAMPLES = "Write org/repo, org/repo:Q4_K_M, org/repo/file.gguf or an https address."


@dataclass(frozen=True, slots=True)
class HubReference:
    """A model in a repository of the hub.

    Attributes:
        repository: Its id, "org/name".
        selector: A quant such as "Q4_K_M", or a file's path in the repository; "" is the usual quant.
        revision: A branch, tag or commit.
    """

    repository: str
    selector: str = ""
    revision: str = "main"


@dataclass(frozen=True, slots=True)
class UrlReference:
    """A file at an http or https address that is not the hub's."""

    url: str


def parse_reference(text: str) -> HubReference | UrlReference:
    """The model that the text names. Raises InvalidRequest where it names none."""
    text = text.strip()
    if not text or not text.isprintable():
        raise _unclear(text)
    if text.lower().startswith(("http://", "https://")):
        return _from_address(text)
    first, _, rest = text.partition("/")
    if first.lower() in _HUB_HOSTS and "/" in rest:
        return _from_page(text, rest)
    return _from_name(text, text.removeprefix("hf://"))


def _unclear(text: str, why: str = "names no published model") -> InvalidRequest:
    return InvalidRequest(f"{text!r} {why}.", _EXAMPLES)


def _from_name(text: str, name: str) -> HubReference:
    """`org/repo`, then `@revision`, then `:quant` or `/path`; each of them may be left out."""
    owner, _, rest = name.partition("/")
    end = next((at for at, letter in enumerate(rest) if letter in "@:/"), len(rest))
    repository, rest = f"{owner}/{rest[:end]}", rest[end:]
    revision, rest = _revision(rest[1:]) if rest.startswith("@") else ("main", rest)
    return _checked(text, repository, rest[1:], revision)


def _revision(rest: str) -> tuple[str, str]:
    """The revision and what follows it; only those below refs/ have slashes of their own."""
    skipped = len("refs/") if rest.startswith("refs/") else 0
    if skipped:
        skipped = rest.find("/", skipped) + 1
    end = next((at for at in range(skipped, len(rest)) if rest[at] in ":/"), len(rest))
    return rest[:end], rest[end:]


def _from_address(text: str) -> HubReference | UrlReference:
    try:
        address, hub = urlsplit(text), urlsplit(endpoint())
        address.port  # noqa: B018 - raises where the port is no number
    except ValueError:
        raise _unclear(text, "is no address") from None
    if not address.hostname:
        raise _unclear(text, "is no address: the server is missing")
    if address.hostname in _HUB_HOSTS:
        return _from_page(text, address.path)
    inside = address.path.removeprefix(hub.path)
    if _server(address) == _server(hub) and address.path == f"{hub.path}{inside}":
        return _from_page(text, inside)
    return UrlReference(text)


def _server(address: SplitResult) -> tuple[str | None, int]:
    return address.hostname, address.port or (443 if address.scheme == "https" else 80)


def _from_page(text: str, path: str) -> HubReference:
    """A page of the hub's site: /org/repo, or /org/repo/blob/revision/file and its kin."""
    parts = [part for part in path.partition("?")[0].partition("#")[0].split("/") if part]
    if parts and parts[0] in _OTHER_KINDS:
        raise _unclear(text, f"is no model but one of the hub's {parts[0]}")
    if len(parts) < 3:
        return _from_name(text, "/".join(parts))
    if parts[2] not in _VIEWS:
        return _from_name(text, "/".join(parts))
    if len(parts) == 3:
        return _checked(text, "/".join(parts[:2]), "", "main")
    return _checked(text, "/".join(parts[:2]), unquote("/".join(parts[4:])), unquote(parts[3]))


def _checked(text: str, repository: str, selector: str, revision: str) -> HubReference:
    if not is_repository(repository):
        raise _unclear(text)
    if selector and not is_plain_path(selector):
        raise _unclear(text, "names a file outside its repository")
    if not is_plain_path(revision):
        raise _unclear(text, "names no revision after the @")
    return HubReference(repository, selector, revision)
