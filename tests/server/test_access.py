"""Who is let in: the key, and the names that a server on this machine answers to."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.server.loopback import error_of, exchange, http, locked, serving
from tests.server.recital import Recital
from workbench.errors import InvalidRequest
from workbench.server import ModelPool, create_app
from workbench.server.access.key_ring import KeyRing
from workbench.server.access.keys import KeyFile
from workbench.server.access.rules import AccessRules, is_loopback, rules_for

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
    app = create_app(ModelPool({"guide": Recital()}), rules=locked(KEY, loopback=False))
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
    "host",
    [
        "localhost",
        "localhost:8080",
        "127.0.0.1",
        "127.0.0.1:99",
        "[::1]",
        "[::1]:8",
        "LOCALHOST",
        "localhost.:8",
    ],
)
async def test_names_of_this_machine_are_answered(local: str, host: str) -> None:
    assert await status_of(local, host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "localhost.evil.example", "192.168.0.7", "", "[::1", "127.0.0.1.x", "0.0.0.0"),
        *("localhost@evil.example", "[::]", "[::ffff:10.0.0.1]", "localhost..", ".localhost"),
    ],
)
async def test_other_names_are_refused_on_loopback(local: str, guarded: str, host: str) -> None:
    status, _, body = await exchange(local, http("GET", "/v1/models", headers={"host": host}))
    assert (status, error_of(body)["code"]) == (403, "host_not_allowed")
    assert await status_of(guarded, host=host, authorization=f"Bearer {KEY}") == 200


async def test_pages_of_other_sites_are_refused_on_loopback(local: str) -> None:
    assert await status_of(local, origin="https://evil.example") == 403
    assert await status_of(local, origin="http://localhost:3000") == 200
    assert await status_of(local, origin="app://notes") == 200
    assert await status_of(local, origin="null") == 403


async def test_loopback_is_this_machine_alone() -> None:
    assert all(is_loopback(host) for host in ("localhost", "127.0.0.1", "127.8.8.8", "::1"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "example.org", ""))


async def test_an_open_door_to_the_network_is_refused_unless_it_is_asked_for(tmp_path: Path) -> None:
    none = KeyRing(KeyFile(tmp_path / "keys.json"))
    with pytest.raises(InvalidRequest, match="Without an API key") as caught:
        rules_for("0.0.0.0", none)
    assert "127.0.0.1" in caught.value.remedy
    assert rules_for("0.0.0.0", none, no_key=True).keys is None
    for host in ("::", "", "192.168.0.7", "box.example"):
        with pytest.raises(InvalidRequest, match="Without an API key"):
            rules_for(host, none)
    with pytest.raises(InvalidRequest, match="key is empty"):
        KeyRing(KeyFile(tmp_path / "keys.json"), " ")


async def test_an_open_network_answers_to_addresses_and_lets_nobody_load() -> None:
    app = create_app(ModelPool({"guide": Recital()}), rules=AccessRules(loopback=False))
    async with serving(app) as url:
        assert await status_of(url, host="192.168.0.7:11518") == 200
        assert await status_of(url, host="box.example") == 403
        assert await status_of(url, host="192.168.0.7", origin="http://192.168.0.7") == 200
        assert await status_of(url, host="192.168.0.7", origin="http://evil.example") == 403
        status, _, body = await exchange(url, http("POST", "/v1/models/guide/unload"))
    assert (status, error_of(body)["code"]) == (403, "access_denied")


async def test_names_that_are_allowed_are_answered() -> None:
    rules = AccessRules(hosts=frozenset({"box.example"}))
    async with serving(create_app(ModelPool({"guide": Recital()}), rules=rules)) as url:
        assert await status_of(url, host="Box.example:443", origin="https://box.example") == 200
        assert await status_of(url, host="localhost") == 200
        assert await status_of(url, host="other.example") == 403


PAGE = "https://notes.example"
PREFLIGHT = {"origin": PAGE, "access-control-request-method": "POST"}


async def test_pages_of_listed_origins_are_answered_with_their_permission() -> None:
    rules = dataclasses.replace(locked(KEY), origins=(PAGE,))
    async with serving(create_app(ModelPool({"guide": Recital()}), rules=rules)) as url:
        asked = PREFLIGHT | {"access-control-request-headers": "authorization, content-type"}
        status, headers, _ = await exchange(url, http("OPTIONS", "/v1/chat/completions", headers=asked))
        assert status == 200 and headers["access-control-allow-origin"] == PAGE
        assert headers["access-control-allow-credentials"] == "true" and "Origin" in headers["vary"]
        assert headers["access-control-allow-headers"] == "authorization, content-type"
        with_key = {"origin": PAGE, "authorization": f"Bearer {KEY}"}
        status, headers, _ = await exchange(url, http("GET", "/v1/models", headers=with_key))
        assert (status, headers["access-control-allow-origin"]) == (200, PAGE)
        assert "x-request-id" in headers["access-control-expose-headers"]
        status, headers, _ = await exchange(url, http("GET", "/v1/models", headers={"origin": PAGE}))
        assert (status, headers["access-control-allow-origin"]) == (401, PAGE)
        other = PREFLIGHT | {"origin": "https://evil.example"}
        status, headers, _ = await exchange(url, http("OPTIONS", "/v1/models", headers=other))
        assert status == 403 and "access-control-allow-origin" not in headers


async def test_every_page_may_be_let_in_but_without_credentials() -> None:
    rules = AccessRules(origins=("*",))
    async with serving(create_app(ModelPool({"guide": Recital()}), rules=rules)) as url:
        _, headers, _ = await exchange(url, http("GET", "/v1/models", headers={"origin": PAGE}))
    assert headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize("origin", ["notes.example", "https://notes.example/", "https://", "", "null"])
async def test_an_origin_that_is_none_is_refused(origin: str) -> None:
    with pytest.raises(InvalidRequest, match="is no origin"):
        AccessRules(origins=(origin,))
