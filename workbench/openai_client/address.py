"""How a model that a server has is written: `http://HOST:PORT/v1#MODEL`, with several servers between commas.

Knows nothing of what answers there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from workbench.errors import InvalidRequest

_SCHEMES = ("http://", "https://")
_BETWEEN = re.compile(r",(?=https?://)")
_ROUTES = ("/chat/completions", "/completions", "/models", "/embeddings")
_FORM = "Write it as http://HOST:PORT/v1, or as http://HOST:PORT/v1#MODEL."


@dataclass(frozen=True, slots=True)
class Address:
    """One model on one or several servers.

    Attributes:
        urls: Of the servers' APIs, without a slash at the end.
        model: What they call it; "" for the only one that they have.
    """

    urls: tuple[str, ...]
    model: str = ""

    @property
    def name(self) -> str:
        """What to call it: as the servers do, else by the first server."""
        return self.model or urlsplit(self.urls[0]).netloc

    @property
    def places(self) -> str:
        """The servers, in words."""
        return ", ".join(urlsplit(url).netloc for url in self.urls)


def is_address(name: str) -> bool:
    """Whether the name begins as an address and does not name a file to be fetched."""
    return name.startswith(_SCHEMES) and not name.partition("?")[0].endswith(".gguf")


def parse_address(text: str) -> Address:
    """Raises InvalidRequest, without repeating what may be a password."""
    places, _, model = text.partition("#")
    return Address(tuple(dict.fromkeys(_url(place.strip()) for place in _BETWEEN.split(places))), model)


def _url(text: str) -> str:
    parts = _parts(text)
    if parts.username is not None or parts.password is not None:
        raise InvalidRequest(
            f"The address of {parts.hostname} holds a password, which would be kept in histories and lists.",
            "Leave it out, and keep the key with `workbench keys store`.",
        )
    if parts.query:
        raise InvalidRequest(f"The address {parts.scheme}://{parts.netloc} has a ? in it.", _FORM)
    path = parts.path.rstrip("/")
    route = next((route for route in _ROUTES if path.endswith(route)), "")
    return f"{parts.scheme}://{parts.netloc}{path.removesuffix(route)}"


def _parts(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        if parts.hostname and parts.scheme in ("http", "https") and parts.port != 0:
            return parts
    except ValueError:
        pass
    raise InvalidRequest("This is no address of a server.", _FORM)
