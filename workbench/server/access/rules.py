"""Who may reach the server, by which names, and from which pages. Plain values; nothing is enforced here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from workbench.errors import InvalidRequest
from workbench.server.access.key_ring import KeyRing


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRules:
    """What a server asks of those who call it.

    Attributes:
        keys: The keys of which a request needs one as soon as there is any; None where it never needs one.
        loopback: Whether only this machine reaches it.
        hosts: Names, beside those of this machine, by which it may be called.
        origins: Origins of pages that may read what it answers; "*" for every page.
    """

    keys: KeyRing | None = None
    loopback: bool = True
    hosts: frozenset[str] = frozenset()
    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for origin in self.origins:
            parts = urlsplit(origin)
            if origin != "*" and (not parts.scheme or not parts.netloc or parts.path or parts.query):
                raise InvalidRequest(f"{origin!r} is no origin.", "Write it as https://example.org:8443.")

    def is_host_allowed(self, host: str) -> bool:
        """Whether it may be called so. A name that a page could make its own is refused.

        On a network with keys it may be called by any, as a page has no key. Without keys it may be called by
        an address, which no page can make its own.
        """
        if is_loopback(host) or host.lower() in self.hosts:
            return True
        if self.loopback or self.hosts:
            return False
        return self.keys is not None or _is_address(host)

    def is_page_allowed(self, origin: str, host: str) -> bool:
        """Whether a page of that origin may call it; keys keep other pages out where there are any.

        What is no page of a site, such as an extension, may; any site can be "null" when it likes.
        """
        if "*" in self.origins or origin in self.origins:
            return True
        if origin != "null" and not origin.startswith(("http://", "https://")):
            return True
        page = host_of(origin)
        if is_loopback(page) or page.lower() in self.hosts or (page == host and not self.loopback):
            return True
        return self.keys is not None and not self.loopback


def is_loopback(host: str) -> bool:
    """Whether the host name or address, without a port, means this machine alone."""
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(address: str) -> str:
    """The host in an address, or in what follows // in one, without the dot that may end a full name."""
    try:
        return (urlsplit(address).hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def rules_for(
    host: str,
    keys: KeyRing,
    *,
    no_key: bool = False,
    hosts: Iterable[str] = (),
    origins: Iterable[str] = (),
) -> AccessRules:
    """The rules of a server that listens there. A key is asked for where there is any.

    Raises InvalidRequest where the network would reach it without a key and nobody said that it may.
    """
    loopback = is_loopback(host)
    if not loopback and not keys and not no_key:
        raise InvalidRequest(
            f"Without an API key the server would answer anyone who reaches {host}.",
            "Make a key with `workbench keys add NAME`, or bind to 127.0.0.1; --no-key does without.",
        )
    return AccessRules(
        keys=None if no_key else keys,
        loopback=loopback,
        hosts=frozenset(name.lower().removesuffix(".") for name in hosts),
        origins=tuple(origins),
    )
