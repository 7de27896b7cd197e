"""What a failed request to the hub means, in a sentence and with a remedy.

Judges what huggingface_hub and its HTTP library raise; asks nothing itself.
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from workbench.errors import AccessDenied, ModelNotFound, Unreachable, WorkbenchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huggingface_hub.errors import HfHubHTTPError

_LATER = "Try again later; what has been fetched is kept."
_NETWORK = "Check the network and the proxy settings, or name a mirror in HF_ENDPOINT."


@dataclass(frozen=True, slots=True)
class Subject:
    """What was asked for: a repository, perhaps a revision and a file of it, at this endpoint.

    `token_refused` says that the hub did not know our token, so that it was asked without.
    """

    endpoint: str
    repository: str = ""
    revision: str = ""
    path: str = ""
    token_refused: bool = False

    @property
    def server(self) -> str:
        """Its name as a person knows it, without what the address may say of accounts and paths."""
        return urlsplit(self.endpoint).netloc.rpartition("@")[2]

    @property
    def repository_or_server(self) -> str:
        return self.repository or self.server


def explained(error: Exception, subject: Subject) -> WorkbenchError:
    """The error as one of ours."""
    from huggingface_hub.errors import (
        FileMetadataError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
    )

    match error:
        case WorkbenchError():
            return error
        case LocalEntryNotFoundError(__cause__=Exception() as cause):
            return explained(cause, subject)
        case OfflineModeIsEnabled():
            return offline(subject)
        case HfHubHTTPError():
            return _answered(error, subject)
        case FileMetadataError():
            return no_hub(subject, "says neither what the file is nor of which commit")
    return _unanswered(error, subject)


def offline(subject: Subject) -> WorkbenchError:
    return Unreachable(
        f"HF_HUB_OFFLINE is set, so {subject.server} is not asked.",
        "Unset it, or use what `workbench models` lists.",
    )


def no_hub(subject: Subject, what: str) -> WorkbenchError:
    """An answer arrived, but no hub sent it."""
    return Unreachable(
        f"{subject.server} {what}: it is no hub, or something in between answered for it.",
        "If this network wants a log-in, open a web page first; else check HF_ENDPOINT.",
    )


def seconds_to_wait(headers: Mapping[str, str]) -> int | None:
    """How long the server wants us to stay away; None where it does not say."""
    from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]

    limit = parse_ratelimit_headers(headers)
    if limit is not None and limit.remaining == 0:
        return limit.reset_in_seconds + 1
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return int(said[:9])
    try:
        return max(0, math.ceil(parsedate_to_datetime(said).timestamp() - time.time()))
    except (ValueError, OverflowError):
        return None


def _answered(error: HfHubHTTPError, subject: Subject) -> WorkbenchError:
    from huggingface_hub.errors import (
        DisabledRepoError,
        GatedRepoError,
        RemoteEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    with_token = "authorization" in error.response.request.headers
    if error.response.status_code == 401 and subject.token_refused:
        return _unknown_token(subject)
    match error:
        case GatedRepoError():
            return _gated(subject, with_token)
        case RevisionNotFoundError():
            return ModelNotFound(
                f"{subject.repository} has no revision {subject.revision!r}.",
                "Name one of its branches, tags or commits, or leave it out.",
            )
        case RemoteEntryNotFoundError():
            return ModelNotFound(
                f"{subject.repository} has no file {subject.path!r} in {subject.revision or 'main'}.",
                f"`workbench show {subject.repository}` lists what it has.",
            )
        case RepositoryNotFoundError():
            return missing(subject, with_token)
        case DisabledRepoError():
            return AccessDenied(f"{subject.server} has disabled {subject.repository}.", "Choose another one.")
    return _by_status(error, subject, with_token)


def missing(subject: Subject, with_token: bool) -> WorkbenchError:
    """The hub does not tell a missing repository from one that may not be seen."""
    private = "this token may not see it" if with_token else "a private one needs HF_TOKEN"
    return ModelNotFound(
        f"{subject.server} has no model {subject.repository}, or it is private.",
        f"Check the name with `workbench search`; {private}.",
    )


def _gated(subject: Subject, with_token: bool) -> WorkbenchError:
    page = f"{subject.endpoint}/{subject.repository}"
    if with_token:
        return AccessDenied(
            f"{subject.repository} is gated, and this token may not read it.",
            f"Ask for access at {page}; a fine-grained token must also allow gated repositories.",
        )
    return AccessDenied(
        f"{subject.repository} is gated, and no token was sent.",
        f"Ask for access at {page}, then set HF_TOKEN to a token from {subject.endpoint}/settings/tokens.",
    )


def _unknown_token(subject: Subject) -> WorkbenchError:
    return AccessDenied(
        f"{subject.server} does not know this token, and wants one for {subject.repository_or_server}.",
        f"Set HF_TOKEN to a valid one from {subject.endpoint}/settings/tokens.",
    )


def _by_status(error: HfHubHTTPError, subject: Subject, with_token: bool) -> WorkbenchError:
    status = error.response.status_code
    if status == 401 and with_token:
        return _unknown_token(subject)
    if status in (401, 403):
        return AccessDenied(
            f"{subject.server} refuses to show {subject.repository_or_server} ({status}).",
            "Set HF_TOKEN to a token that may read it.",
        )
    if status == 407:
        return Unreachable("The proxy wants a password.", "Put user and password in HTTPS_PROXY.")
    if status == 429:
        return _too_many(error.response.headers, subject, with_token)
    if status in (404, 410) and subject.repository:
        return missing(subject, with_token)
    if status >= 500:
        return Unreachable(f"{subject.server} fails at the moment ({status}).", _LATER)
    return no_hub(subject, f"answered with status {status}")


def _too_many(headers: Mapping[str, str], subject: Subject, with_token: bool) -> WorkbenchError:
    wait = seconds_to_wait(headers)
    when = "in a few minutes" if wait is None else f"in {wait} seconds"
    more = "" if with_token else "; with HF_TOKEN set, more is allowed"
    return Unreachable(f"{subject.server} has had too many requests from here.", f"Try again {when}{more}.")


def _unanswered(error: Exception, subject: Subject) -> WorkbenchError:
    import httpx2

    server = subject.server
    for cause in _causes(error):
        match cause:
            case socket.gaierror():
                return Unreachable(f"The name of {server} cannot be looked up.", _NETWORK)
            case ConnectionRefusedError():
                return Unreachable(f"{server} refuses the connection.", _NETWORK)
            case ssl.SSLError():
                return Unreachable(
                    f"{server} cannot prove who it is: {cause.reason or cause}.",
                    "Check the clock and the network; behind a proxy of your own, name its "
                    "certificate in SSL_CERT_FILE.",
                )
    match error:
        case httpx2.ProxyError():
            return Unreachable(f"The proxy does not let us through: {error}.", _NETWORK)
        case httpx2.TimeoutException():
            return Unreachable(f"{server} does not answer in time.", _LATER)
        case httpx2.UnsupportedProtocol() | httpx2.InvalidURL():
            return no_hub(subject, "sent us to an address that cannot be used")
        case httpx2.TooManyRedirects():
            return no_hub(subject, "sends us in circles")
        case httpx2.HTTPError():
            return Unreachable(f"The connection to {server} broke: {_words(error)}.", _LATER)
        case OSError():
            return WorkbenchError(f"{error.strerror or error}.", "Check the disk and the permissions.")
    return WorkbenchError(
        f"The hub's client failed: {_words(error)}.", "Check the HF_ and the proxy variables."
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def _words(error: Exception) -> str:
    said = " ".join(str(error).split()).rstrip(".")
    return said if said.isprintable() and said else type(error).__name__
