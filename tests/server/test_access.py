"""Who is let in: the key, and the names that a server on this machine answers to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.server.loopback import error_of, exchange, http, serving
from tests.server.recital import Recital
from workbench.errors import InvalidRequest
from workbench.server import ModelPool, create_app, serve
from workbench.server.access import is_loopback

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEY = "s3cret"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def local() -> AsyncIterator[str]:
    """An endpoint that answers to names of this machine."""
    async with serving(create_app(ModelPool({"guide": Recital()}))) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded() -> AsyncIterator[str]:
    """An endpoint that answers to any name, and to those who have the key."""
    app = create_app(ModelPool({"guide": Recital()}), api_key=KEY, loopback_only=False)
    async with serving(app) as url:
        yield url


async def status_of(url: str, path: str = "/v1/models", **headers: str) -> int:
    return (await exchange(url, http("GET", path, headers=headers)))[0]


@pytest.mark.parametrize("sent", ["", "Bearer wrong", "Bearer ", f"Basic {KEY}", KEY, f"Bearer {KEY}x"])
async def test_without_the_key_nothing_is_told(guarded: str, sent: str) -> None:
    request = http("GET", "/v1/models", headers={"authorization": sent} if sent else {})
    status, headers, body = await exchange(guarded, request)
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    assert error_of(body)["code"] == "invalid_api_key" and b"guide" not in body


async def test_with_the_key_and_at_the_health_route_the_door_is_open(guarded: str) -> None:
    assert await status_of(guarded, authorization=f"Bearer {KEY}") == 200
    assert await status_of(guarded, "/health") == 200
    assert await status_of(guarded, "/nowhere") == 401


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "127.0.0.1", "127.0.0.1:99", "[::1]", "[::1]:8"]
)
async def test_names_of_this_machine_are_answered(local: str, host: str) -> None:
    assert await status_of(local, host=host) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "192.168.0.7", "", "[::1", "127.0.0.1.x"]
)
async def test_other_names_are_refused_on_loopback(local: str, guarded: str, host: str) -> None:
    status, _, body = await exchange(local, http("GET", "/v1/models", headers={"host": host}))
    assert (status, error_of(body)["code"]) == (403, "host_not_allowed")
    assert await status_of(guarded, host=host, authorization=f"Bearer {KEY}") == 200


async def test_pages_of_other_sites_are_refused_on_loopback(local: str) -> None:
    assert await status_of(local, origin="https://evil.example") == 403
    assert await status_of(local, origin="http://localhost:3000") == 200
    assert await status_of(local, origin="app://notes") == 200


async def test_loopback_is_this_machine_alone() -> None:
    assert all(is_loopback(host) for host in ("localhost", "127.0.0.1", "127.8.8.8", "::1"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "example.org", ""))


async def test_an_open_door_to_the_network_is_refused() -> None:
    model = Recital()
    with pytest.raises(InvalidRequest, match="Without an API key") as caught:
        await serve(ModelPool({"guide": model}), "0.0.0.0", 0)
    assert "127.0.0.1" in caught.value.remedy and model.closed
    with pytest.raises(InvalidRequest, match="key is empty"):
        await serve(ModelPool({"guide": Recital()}), "0.0.0.0", 0, api_key=" ")
