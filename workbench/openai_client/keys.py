"""The key that a server wants: from the environment, or else from the system's keyring.

The keyring is opened only for a server that asks for a key. Keys are sent to the server they are kept for and
shown nowhere.
"""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from workbench.errors import WorkbenchError

_SERVICE = "workbench"
_OPENAI = "https://api.openai.com/v1"


def variables(url: str) -> tuple[str, ...]:
    """The names of the variables that may hold the key of the server at that address, the first one first."""
    parts = urlsplit(url)
    hosts = (parts.netloc, parts.hostname or "")
    named = dict.fromkeys("WORKBENCH_KEY_" + re.sub(r"\W", "_", host).upper() for host in hosts)
    usual = ("OPENAI_API_KEY",) if url == os.environ.get("OPENAI_BASE_URL", _OPENAI).rstrip("/") else ()
    return (*named, *usual)


def key_in_environment(url: str) -> str:
    """The first one that is set, or nothing."""
    return next((key for name in variables(url) if (key := os.environ.get(name, "").strip())), "")


def key_in_keyring(url: str) -> str:
    """Nothing where there is none, or no keyring."""
    try:
        import keyring

        return keyring.get_password(_SERVICE, urlsplit(url).netloc) or ""
    except Exception:  # keyrings are other programs, and fail in ways of their own
        return ""


def keep_key(url: str, key: str) -> None:
    """Keep it in the keyring; "" forgets the one that is there. Raises WorkbenchError where there is none."""
    host = urlsplit(url).netloc
    try:
        import keyring

        if key:
            keyring.set_password(_SERVICE, host, key)
        elif keyring.get_password(_SERVICE, host) is not None:
            keyring.delete_password(_SERVICE, host)
    except Exception as error:
        raise WorkbenchError(
            f"The keyring of this system cannot be used: {type(error).__name__}.",
            f"Put the key into the variable {variables(url)[0]} instead.",
        ) from error
