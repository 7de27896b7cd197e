"""What a failed question to the hub means, in a sentence and with a remedy.

Judges what huggingface_hub and its HTTP library raise; asks nothing itself.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

from workbench.errors import Unreachable, WorkbenchError
from workbench.models.hub.refusals import refusal
from workbench.models.hub.subject import Subject, no_hub, offline

_LATER = "Try again later."
_NETWORK = "Check the network and the proxy settings, or name a mirror in HF_ENDPOINT."


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
            return refusal(error, subject)
        case FileMetadataError():
            return no_hub(subject, "says neither what the file is nor of which commit")
    return _unanswered(error, subject)


def _unanswered(error: Exception, subject: Subject) -> WorkbenchError:
    """Looks at what lies below first: the HTTP library calls all of these a failed connection."""
    for cause in _causes(error):
        match cause:
            case socket.gaierror():
                return Unreachable(f"The name of {subject.server} cannot be looked up.", _NETWORK)
            case ConnectionRefusedError():
                return Unreachable(f"{subject.server} refuses the connection.", _NETWORK)
            case ssl.SSLError():
                return _unproven(cause, subject)
    return _broken(error, subject)


def _unproven(error: ssl.SSLError, subject: Subject) -> WorkbenchError:
    return Unreachable(
        f"{subject.server} cannot prove who it is: {error.reason or error}.",
        "Check the clock and the network; name a proxy's own certificate in SSL_CERT_FILE.",
    )


def _broken(error: Exception, subject: Subject) -> WorkbenchError:
    import httpx2

    match error:
        case httpx2.ProxyError():
            return Unreachable(f"The proxy does not let us through: {_words(error)}.", _NETWORK)
        case httpx2.TimeoutException():
            return Unreachable(f"{subject.server} does not answer in time.", _LATER)
        case httpx2.UnsupportedProtocol() | httpx2.InvalidURL():
            return no_hub(subject, "sent us to an address that cannot be used")
        case httpx2.TooManyRedirects():
            return no_hub(subject, "sends us in circles")
        case httpx2.HTTPError():
            return Unreachable(f"The connection to {subject.server} broke: {_words(error)}.", _LATER)
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
