"""Questions to the hub, each answered soon or not at all, and by no more bytes than it may be.

The one place that talks to the hub through huggingface_hub. Knows nothing of what the answers mean.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from workbench.errors import Unreachable, WorkbenchError
from workbench.models.hub import client
from workbench.models.hub.failures import explained
from workbench.models.hub.refusals import seconds_to_wait
from workbench.models.hub.subject import Subject, no_hub, offline

if TYPE_CHECKING:
    import httpx2
    from huggingface_hub import HfFileMetadata

MOST_BYTES = 32 << 20
"""No answer about models is read beyond this."""

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 10.0
_ANSWER_SECONDS = 60.0
_PAUSES = (0.2, 0.8)
_PATIENCE = 2
_PASSING = (408, 429, 500, 502, 503, 504)

Parameters = Sequence[tuple[str, str]]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hub sent, and the question that gets what follows it, "" at the end."""

    body: bytes
    following: str = ""


def get(
    path: str,
    parameters: Parameters = (),
    *,
    repository: str = "",
    revision: str = "",
    most: int = MOST_BYTES,
    whole: bool = True,
) -> Answer:
    """Ask the hub at this path below its endpoint, about this repository.

    A longer answer than `most` is an error, unless its beginning will do (`whole` is false).
    """
    subject = Subject(client.endpoint(), repository, revision, path)

    def ask() -> Answer:
        return _get(subject, f"{client.endpoint()}{path}", parameters, most, whole)

    return _patiently(ask, subject)


def file_metadata(repository: str, commit: str, path: str) -> HfFileMetadata:
    """What the hub says of one file without sending it."""

    def ask() -> HfFileMetadata:
        from huggingface_hub import get_hf_file_metadata

        url = client.file_url(repository, commit, path)
        return get_hf_file_metadata(url, token=False, headers=client.headers(), timeout=_READ_SECONDS)

    return _patiently(ask, Subject(client.endpoint(), repository, commit, path))


def _patiently(ask: Callable[[], Found], subject: Subject) -> Found:
    """Ask again after a failure that may pass, and without a token that the hub does not know."""
    if client.is_offline():
        raise offline(subject)
    client.prepare()
    subject = replace(subject, token_refused=client.token_was_refused())
    for pause in (*_PAUSES, None):
        try:
            return ask()
        except WorkbenchError:
            raise
        except Exception as error:
            if _learn_of_unknown_token(error):
                return _patiently(ask, subject)
            wait = None if pause is None else _wait_after(error, pause)
            if wait is None:
                raise explained(error, subject) from error
            time.sleep(wait)
    raise AssertionError("the last attempt returns or raises")


def _wait_after(error: Exception, pause: float) -> float | None:
    """Seconds until asking again, None where it will not help or would take too long."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    if isinstance(error, HfHubHTTPError):
        if error.response.status_code not in _PASSING:
            return None
        wanted = seconds_to_wait(error.response.headers)
        return pause if wanted is None else wanted if wanted <= _PATIENCE else None
    if isinstance(error, httpx2.ConnectTimeout | httpx2.UnsupportedProtocol | httpx2.ProxyError):
        return None
    return pause if isinstance(error, httpx2.TransportError) else None


def _learn_of_unknown_token(error: Exception) -> bool:
    """Whether the hub refused the token itself, which from now on is not sent."""
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError

    if not isinstance(error, HfHubHTTPError) or isinstance(error, GatedRepoError):
        return False
    sent = error.response.request.headers.get("authorization", "")
    if error.response.status_code != 401 or not sent:
        return False
    client.refuse_token(sent.removeprefix("Bearer "))
    return True


def _get(subject: Subject, url: str, parameters: Parameters, most: int, whole: bool) -> Answer:
    import httpx2
    from huggingface_hub import get_session
    from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]

    timeout = httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    with get_session().stream(
        "GET", url, params=list(parameters), headers=client.headers(), timeout=timeout
    ) as response:
        if response.is_error:
            hf_raise_for_status(_without_body(response))
        body = _read(response, subject, most, whole)
        following = urlsplit(response.links.get("next", {}).get("url", "")).query
    return Answer(body, following)


def _without_body(response: httpx2.Response) -> httpx2.Response:
    """What the server says of its failure in words is not read: it may be of any length and shape."""
    import httpx2

    kept = [(name, value) for name, value in response.headers.items() if not name.startswith("content-")]
    return httpx2.Response(response.status_code, headers=kept, json={}, request=response.request)


def _read(response: httpx2.Response, subject: Subject, most: int, whole: bool) -> bytes:
    started, parts, size = time.monotonic(), list[bytes](), 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > most and whole:
            raise no_hub(subject, f"sent more than {most >> 20} MiB in answer to one question")
        if size > most:
            break
        if time.monotonic() - started > _ANSWER_SECONDS:
            raise Unreachable(f"{subject.server} is too slow to be of use.", "Try again later.")
    return b"".join(parts)[:most]
