"""Where the hub is, and who we are to it: its address, the user's token, and what huggingface_hub is told.

Importing this loads nothing. The variables that the library reads are set before it is first imported.
"""

from __future__ import annotations

import os
import sys
from urllib.parse import quote, urlsplit

from workbench import __version__
from workbench.errors import AccessDenied, InvalidRequest

_ENDPOINT = "https://huggingface.co"
_TRUE = ("1", "ON", "YES", "TRUE")

_refused_tokens: set[str] = set()


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


def file_url(repository: str, commit: str, path: str) -> str:
    return f"{endpoint()}/{repository}/resolve/{quote(commit, safe='')}/{quote(path)}"


def token_was_refused() -> bool:
    """Whether the hub did not know the token, so that we go on without it."""
    return _token() in _refused_tokens


def refuse_token(token: str) -> None:
    """Do not send this token any more: the hub does not know it, and answers nothing that comes with it."""
    _refused_tokens.add(token)


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
