"""Asks at an address and goes where the server points, and says what its refusals mean.

Credentials go to the server that was named and to no other; a step from https down to http is not taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from urllib3 import BaseHTTPResponse

from workbench.errors import AccessDenied, ModelNotFound, Unreachable, WorkbenchError
from workbench.models.transfer.attempts import TryAgain, retry_after
from workbench.models.transfer.connections import Connections

MOST_REDIRECTS = 10


def follow(
    address: str, headers: Mapping[str, str], connections: Connections, private: Mapping[str, str], home: str
) -> tuple[str, BaseHTTPResponse]:
    """The last address and its answer, body unread. `private` headers go only to the server of `home`.

    Raises TryAgain, or Unreachable for a way that leads nowhere.
    """
    for _ in range(MOST_REDIRECTS):
        own = private if origin(address) == origin(home) else {}
        response = connections.get(address, {"Accept-Encoding": "identity"} | dict(headers) | dict(own))
        target = response.headers.get("Location")
        if response.status not in (301, 302, 303, 307, 308) or not target:
            return address, response
        release(response)
        address = _next_address(address, target)
    raise Unreachable(f"{host(home)} sends requests round in circles.", "Try again later.")


def release(response: BaseHTTPResponse) -> None:
    """Be done with an answer; its connection serves again if little of the body is left."""
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) <= 65536:
        response.drain_conn()
    response.close()


def refusal(response: BaseHTTPResponse, address: str, signed: bool) -> TryAgain | WorkbenchError:
    """What an answer means that brings no bytes. A `signed` address may merely be too old."""
    status, name = response.status, host(address)
    if status in (408, 425, 429) or status >= 500:
        wait = retry_after(response.headers)
        return TryAgain(f"{name} answers with HTTP {status}", wait, refused=False)
    if signed or status == 416:
        return TryAgain(f"{name} answers with HTTP {status}", refused=True)
    if status in (401, 403):
        return AccessDenied(
            f"{name} does not let you read this file.",
            "Ask for access, and set HF_TOKEN.",
        )
    if status in (404, 410):
        return ModelNotFound(f"{name} has no such file.", "Check the name and the revision.")
    return Unreachable(f"{name} answers with HTTP {status}.", "Try again later.")


def origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port


def host(address: str) -> str:
    return urlsplit(address).hostname or address[:100]


def _next_address(address: str, target: str) -> str:
    try:
        following = urljoin(address, target)
        scheme = urlsplit(following).scheme
    except ValueError:
        scheme = following = ""
    if scheme not in ("http", "https") or (urlsplit(address).scheme == "https" and scheme == "http"):
        raise Unreachable(
            f"{host(address)} points to an address that is not safe to follow.", "Use another server."
        )
    return following
