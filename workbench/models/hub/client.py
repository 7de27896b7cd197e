"""The one place that calls huggingface_hub: where the hub is, who we are to it, and one question at a time.

Questions are answered soon or not at all, and no answer is larger than it may be. Importing this loads
nothing; the variables that the library reads are set before it is first imported.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlsplit

from workbench import __version__
from workbench.errors import AccessDenied, InvalidRequest, Unreachable, WorkbenchError
from workbench.models.hub.failures import Subject, explained, no_hub, offline, seconds_to_wait

if TYPE_CHECKING:
    import httpx2
    from huggingface_hub import HfFileMetadata

_ENDPOINT = "https://huggingface.co"
_TRUE = ("1", "ON", "YES", "TRUE")
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 10.0
_ANSWER_SECONDS = 60.0
_PAUSES = (0.2, 0.8)
_PATIENCE = 2
_PASSING = (408, 429, 500, 502, 503, 504)
MOST_BYTES = 32 << 20
"""No answer about models is read beyond this."""

_refused_tokens: set[str] = set()

Parameters = Sequence[tuple[str, str]]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hub sent, and the question that gets what follows it, "" at the end."""

    body: bytes
    following: str = ""


def endpoint() -> str:
    """The hub's address without a slash at its end: HF_ENDPOINT, or huggingface.co."""
    given = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or _ENDPOINT
    try:
        address = urlsplit(given)
        usable = address.scheme in ("http", "https") and bool(address.hostname) and (address.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or not given.isprintable():
        raise InvalidRequest(f"HF_ENDPOINT is no address: {given!r}.", f"Write it as {_ENDPOINT}.")
    return given


def is_offline() -> bool:
    return _is_true("HF_HUB_OFFLINE" if os.environ.get("HF_HUB_OFFLINE") else "TRANSFORMERS_OFFLINE")


def _is_true(variable: str) -> bool:
    return os.environ.get(variable, "").upper() in _TRUE


def prepare() -> None:
    """Set what huggingface_hub reads when it is imported, unless the user has: no telemetry, no chatter."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    read_before = sys.modules.get("huggingface_hub.constants")
    if read_before is not None and _is_true("HF_HUB_DISABLE_TELEMETRY"):
        read_before.HF_HUB_DISABLE_TELEMETRY = True  # type: ignore[attr-defined]


def headers() -> dict[str, str]:
    """User agent and, where there is a token that the hub has not refused, authorization."""
    sent = {"user-agent": f"workbench/{__version__}"}
    token = _token()
    if token and token not in _refused_tokens:
        sent["authorization"] = f"Bearer {token}"
    return sent


def token_was_refused() -> bool:
    """Whether the hub did not know the token, so that we go on without it."""
    return _token() in _refused_tokens


def file_url(repository: str, commit: str, path: str) -> str:
    return f"{endpoint()}/{repository}/resolve/{quote(commit, safe='')}/{quote(path)}"


@contextmanager
def translated(repository: str = "", revision: str = "", path: str = "") -> Iterator[None]:
    """Whatever huggingface_hub and its HTTP library raise inside becomes a WorkbenchError."""
    try:
        yield
    except WorkbenchError:
        raise
    except Exception as error:
        subject = Subject(endpoint(), repository, revision, path, token_was_refused())
        raise explained(error, subject) from error


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
    subject = Subject(endpoint(), repository, revision, path)

    def ask() -> Answer:
        return _get(subject, f"{endpoint()}{path}", parameters, most, whole)

    return _patiently(ask, subject)


def file_metadata(repository: str, commit: str, path: str) -> HfFileMetadata:
    """What the hub says of one file without sending it."""

    def ask() -> HfFileMetadata:
        from huggingface_hub import get_hf_file_metadata

        url = file_url(repository, commit, path)
        return get_hf_file_metadata(url, token=False, headers=headers(), timeout=_READ_SECONDS)

    return _patiently(ask, Subject(endpoint(), repository, commit, path))


def _patiently(ask: Callable[[], Found], subject: Subject) -> Found:
    """Ask again after a failure that may pass, and without a token that the hub does not know."""
    if is_offline():
        raise offline(subject)
    prepare()
    subject = replace(subject, token_refused=token_was_refused())
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
    _refused_tokens.add(sent.removeprefix("Bearer "))
    return True


def _token() -> str:
    """The user's token, from HF_TOKEN or where `hf auth login` keeps it."""
    prepare()
    from huggingface_hub import constants, get_token

    try:
        token = "" if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token() or ""
    except Exception as error:  # of the files and services that may hold one
        raise AccessDenied(f"Your token cannot be read: {error}.", "Set HF_TOKEN.") from error
    if not token.isascii() or not token.isprintable():
        raise AccessDenied("HF_TOKEN holds characters that no token has.", "Copy the token again.")
    return token


def _get(subject: Subject, url: str, parameters: Parameters, most: int, whole: bool) -> Answer:
    import httpx2
    from huggingface_hub import get_session
    from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]

    timeout = httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    with get_session().stream(
        "GET", url, params=list(parameters), headers=headers(), timeout=timeout
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
