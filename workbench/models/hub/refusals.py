"""What it means when the hub refuses: no such model, no right to see it, too many requests, or no hub at all.

Judges the answers that huggingface_hub has sorted; asks nothing itself.
"""

from __future__ import annotations

import math
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from workbench.errors import AccessDenied, ModelNotFound, Unreachable, WorkbenchError
from workbench.models.hub.subject import Subject, no_hub

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huggingface_hub.errors import HfHubHTTPError


def refusal(error: HfHubHTTPError, subject: Subject) -> WorkbenchError:
    """What an answer with a status of 400 and above means."""
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
            return _missing(subject, with_token)
        case DisabledRepoError():
            return AccessDenied(f"{subject.server} has disabled {subject.repository}.", "Choose another one.")
    return _by_status(error, subject, with_token)


def _missing(subject: Subject, with_token: bool) -> WorkbenchError:
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
        return _missing(subject, with_token)
    if status >= 500:
        return Unreachable(f"{subject.server} fails at the moment ({status}).", "Try again later.")
    return no_hub(subject, f"answered with status {status}")


def _too_many(headers: Mapping[str, str], subject: Subject, with_token: bool) -> WorkbenchError:
    wait = seconds_to_wait(headers)
    when = "in a few minutes" if wait is None else f"in {wait} seconds"
    more = "" if with_token else "; with HF_TOKEN set, more is allowed"
    return Unreachable(f"{subject.server} has had too many requests from here.", f"Try again {when}{more}.")


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
