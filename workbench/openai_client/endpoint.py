"""One server: its connections, its key, how many requests it has of us, and whether it is worth asking now.

Knows nothing of what is asked.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from workbench.errors import Unreachable, WorkbenchError
from workbench.openai_client.event_lines import events
from workbench.openai_client.failures import Place, Refused
from workbench.openai_client.keys import key_in_environment, key_in_keyring
from workbench.openai_client.manner import Manner

if TYPE_CHECKING:
    import httpx2

MOST_BYTES = 256 << 20
_MOST_OF_ERRORS = 64 << 10
_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 600.0
"""How long a server may say nothing: it may have to load a model, or read a long prompt."""
_ALIVE_SECONDS = 5.0
_PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0)
"""Seconds for which a server that failed is asked only when no other is left; more each time."""


class Endpoint:
    """Lives on one event loop.

    Attributes:
        place: The address, the model, and the models that there are.
        manner: What the server was found to take.
        in_flight: Requests that it has of us now.
        failed_in_passing: Whether its last failure may have been that of one of several servers behind it.
    """

    def __init__(self, url: str, model: str = "", key: str | None = None) -> None:
        """Without a `key`, the one that is kept for the server is sent."""
        self.place = Place(url, model)
        self.manner = Manner()
        self.in_flight = 0
        self.failed_in_passing = False
        self._key = key_in_environment(url) if key is None else key
        self._asked_keyring = key is not None
        self._failures = 0
        self._resting_until = 0.0
        self._client: httpx2.AsyncClient | None = None

    @property
    def rested(self) -> bool:
        return time.monotonic() >= self._resting_until

    @property
    def root(self) -> str:
        """The server's address without the API's own part."""
        return self.place.url.removesuffix("/v1")

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Counts a request, and whether the server held out."""
        self.in_flight += 1
        try:
            yield
            self._failures, self.failed_in_passing = 0, False
        except Unreachable as error:
            self.failed_in_passing = error.passing
            self._resting_until = time.monotonic() + _PAUSES[min(self._failures, len(_PAUSES) - 1)]
            self._failures += 1
            raise
        finally:
            self.in_flight -= 1

    async def get(self, url: str, seconds: float = _ANSWER_SECONDS) -> Any:
        """The JSON that is there. Raises Refused and WorkbenchError."""
        return await self._json("GET", url, None, seconds)

    async def post(self, url: str, body: object, seconds: float = _ANSWER_SECONDS) -> Any:
        """The JSON that is answered. Raises Refused and WorkbenchError."""
        return await self._json("POST", url, body, seconds)

    @asynccontextmanager
    async def stream(self, url: str, body: object) -> AsyncIterator[AsyncIterator[bytes]]:
        """The data of each event that is answered; leaving it ends the answer. Raises as `post`."""
        async with self._response("POST", url, body, _ANSWER_SECONDS) as response:
            if "json" in response.headers.get("content-type", ""):
                yield _one(await self._whole(response))
            else:
                yield self._told(response)

    async def is_alive(self) -> bool:
        """Whether it says anything to a small question, however busy it is."""
        import httpx2

        timeout = httpx2.Timeout(_ALIVE_SECONDS)
        url, headers = f"{self.place.url}/models", self._headers()
        try:
            async with self._opened().stream("GET", url, headers=headers, timeout=timeout):
                return True
        except httpx2.HTTPError:
            return False

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _told(self, response: httpx2.Response) -> AsyncIterator[bytes]:
        import httpx2

        try:
            async for data in events(response.aiter_bytes()):
                yield data
        except httpx2.HTTPError as error:
            raise self.place.silent(error) from error

    async def _json(self, method: str, url: str, body: object, seconds: float) -> Any:
        async with self._response(method, url, body, seconds) as response:
            content = await self._whole(response)
        try:
            return msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self.place.garbled("what is no JSON") from None

    @asynccontextmanager
    async def _response(
        self, method: str, url: str, body: object, seconds: float
    ) -> AsyncIterator[httpx2.Response]:
        import httpx2

        content = None if body is None else msgspec.json.encode(body)
        try:
            for _ in range(2):
                timeout = httpx2.Timeout(seconds, connect=_CONNECT_SECONDS)
                async with self._opened().stream(
                    method, url, content=content, headers=self._headers(), timeout=timeout
                ) as response:
                    if response.status_code == 401 and self._found_key():
                        continue
                    if not response.is_success:
                        raise await self._refusal(response)
                    yield response
                return
        except httpx2.HTTPError as error:
            raise self.place.silent(error) from error
        except httpx2.InvalidURL as error:
            raise self.place.garbled(f"to a place that is no address: {error}") from None

    async def _refusal(self, response: httpx2.Response) -> Refused | WorkbenchError:
        if response.is_redirect:
            return self.place.garbled(f"elsewhere, to {response.headers.get('location', 'nowhere')[:200]}")
        body = b""
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > _MOST_OF_ERRORS:
                break
        return self.place.refusal(response.status_code, body[:_MOST_OF_ERRORS])

    async def _whole(self, response: httpx2.Response) -> bytes:
        pieces, size = list[bytes](), 0
        async for piece in response.aiter_bytes():
            pieces.append(piece)
            size += len(piece)
            if size > MOST_BYTES:
                raise self.place.garbled(f"more than {MOST_BYTES >> 20} MiB at once")
        return b"".join(pieces)

    def _found_key(self) -> bool:
        """Whether the keyring has a key that was not sent yet."""
        if self._asked_keyring:
            return False
        self._asked_keyring = True
        key = key_in_keyring(self.place.url)
        found, self._key = bool(key) and key != self._key, key or self._key
        return found

    def _headers(self) -> dict[str, str]:
        told = {"content-type": "application/json", "accept": "text/event-stream, application/json"}
        return told | ({"authorization": f"Bearer {self._key}"} if self._key else {})

    def _opened(self) -> httpx2.AsyncClient:
        """Nothing that goes to this machine itself goes through a proxy.

        Reading the certificates that plain HTTP does not need takes a tenth of a second.
        """
        import httpx2

        if self._client is None:
            self._client = httpx2.AsyncClient(
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=64),
                trust_env=not _is_here(self.place.url),
                verify=self.place.url.startswith("https:"),
            )
        return self._client


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
