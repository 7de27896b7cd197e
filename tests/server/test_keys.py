"""Named keys: what each allows, for how long and how often, and that none is ever stored."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest
import pytest_asyncio

from tests.server.loopback import chat, error_of, exchange, http, serving
from tests.server.recital import Recital
from workbench.errors import InvalidRequest, WorkbenchError
from workbench.server import ModelPool, create_app
from workbench.server.access.audit import MOST_BYTES, AuditLog
from workbench.server.access.key_ring import KeyRing
from workbench.server.access.keys import KeyFile
from workbench.server.access.rate import RateLimiter, spelled
from workbench.server.access.rules import AccessRules, rules_for


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


@pytest_asyncio.fixture
async def url(file: KeyFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """An endpoint of two models that looks at the keys again at each request."""
    monkeypatch.setattr("workbench.server.access.key_ring._LOOK_SECONDS", 0.0)
    file.add("first")
    pool = ModelPool({"guide": Recital(), "other": Recital()})
    rules = AccessRules(keys=KeyRing(file), loopback=False)
    async with serving(create_app(pool, rules=rules, audit=AuditLog(tmp_path / "audit.jsonl"))) as address:
        yield address


async def status_of(url: str, key: str, method: str = "GET", path: str = "/v1/models") -> int:
    return (await exchange(url, http(method, path, headers={"authorization": f"Bearer {key}"})))[0]


async def test_a_key_is_good_from_when_it_is_made_until_it_is_revoked(url: str, file: KeyFile) -> None:
    key = file.add("laptop")
    assert await status_of(url, key) == 200 and await status_of(url, key + "x") == 401
    status, _, _ = await exchange(url, http("GET", "/v1/models", headers={"x-api-key": key}))
    assert status == 200
    status, _, _ = await exchange(url, http("GET", "/v1/models", headers={"authorization": f"bearer {key}"}))
    assert status == 200
    file.revoke("laptop")
    assert await status_of(url, key) == 401
    file.revoke("first")
    assert await status_of(url, key) == 401 and await status_of(url, "") == 401


async def test_a_server_wants_keys_from_when_the_first_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.server.access.key_ring._LOOK_SECONDS", 0.0)
    file = KeyFile(tmp_path / "none.json")
    rules = rules_for("127.0.0.1", KeyRing(file))
    async with serving(create_app(ModelPool({"guide": Recital()}), rules=rules)) as url:
        assert await status_of(url, "") == 200
        key = file.add("first")
        assert await status_of(url, "") == 401 and await status_of(url, key) == 200
        file.revoke("first")
        assert await status_of(url, "") == 401


async def test_an_expired_key_opens_nothing(url: str, file: KeyFile) -> None:
    key = file.add("guest", lifetime=0.3)
    assert await status_of(url, key) == 200
    time.sleep(0.35)
    assert await status_of(url, key) == 401 and not file.read()[1].is_valid()


async def test_a_key_for_one_model_sees_no_other(url: str, file: KeyFile) -> None:
    async with openai.AsyncOpenAI(
        base_url=f"{url}/v1", api_key=file.add("narrow", models=["other"]), max_retries=0
    ) as client:
        assert [model.id async for model in await client.models.list()] == ["other"]
        answer = await client.chat.completions.create(**chat("a") | {"model": "other"})
        assert answer.choices[0].message.content == "a"
        with pytest.raises(openai.NotFoundError) as caught:
            await client.chat.completions.create(**chat("a"))
        assert "guide" not in caught.value.message.replace("'guide'", "")


async def test_only_admins_load_and_unload_and_all_is_noted(url: str, file: KeyFile, tmp_path: Path) -> None:
    user, admin = file.add("user"), file.add("boss", admin=True)
    assert await status_of(url, user, "POST", "/v1/models/guide/load") == 403
    assert await status_of(url, admin, "POST", "/v1/models/guide/load") == 200
    assert await status_of(url, admin, "POST", "/v1/models/none/unload") == 404
    noted = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [(line["key"], line["action"], line["target"], line["outcome"]) for line in noted] == [
        ("user", "load model", "guide", "access_denied"),
        ("boss", "load model", "guide", "done"),
        ("boss", "unload model", "none", "model_not_found"),
    ]
    assert noted[0]["address"] == "127.0.0.1"
    for fields in ({"keep_alive": 0}, {"prompt": "a", "keep_alive": "1h"}):
        body = json.dumps({"model": "guide", **fields}).encode()
        sent = http("POST", "/api/generate", body, {"authorization": f"Bearer {user}"})
        assert (await exchange(url, sent))[0] == 403


async def test_a_rate_is_kept_and_told_as_openai_tells_it(url: str, file: KeyFile) -> None:
    key = file.add("slow", per_minute=2)
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client:
        raw = await client.chat.completions.with_raw_response.create(**chat("a"))
        assert raw.headers["x-ratelimit-limit-requests"] == "2"
        assert raw.headers["x-ratelimit-remaining-requests"] == "1"
        assert raw.headers["x-ratelimit-reset-requests"].endswith("s")
        await client.chat.completions.create(**chat("a"))
        with pytest.raises(openai.RateLimitError) as caught:
            await client.chat.completions.create(**chat("a"))
    assert caught.value.code == "rate_limit_exceeded" and caught.value.type == "requests"
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 30
    assert caught.value.response.headers["x-ratelimit-remaining-requests"] == "0"
    assert await status_of(url, key, path="/health") == 200


def test_a_rate_has_no_edges() -> None:
    now = 0.0
    limiter = RateLimiter(lambda: now)
    assert [limiter.ask("a", 60).granted for _ in range(61)] == [True] * 60 + [False]
    assert limiter.ask("b", 60).granted
    now = 1.0
    assert limiter.ask("a", 60).granted and not limiter.ask("a", 60).granted
    assert [spelled(seconds) for seconds in (0.12, 1.5, 60, 360, 3723)] == [
        "120ms",
        "1.5s",
        "1m0s",
        "6m0s",
        "1h2m3s",
    ]


def test_the_file_is_private_and_holds_no_key(file: KeyFile, tmp_path: Path) -> None:
    key = file.add("laptop")
    stored = (tmp_path / "keys.json").read_text()
    assert key not in stored and key.removeprefix("wb-") not in stored
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0
    with pytest.raises(InvalidRequest, match="There is a key named"):
        file.add("laptop")
    with pytest.raises(InvalidRequest, match="There is no key named"):
        file.revoke("desktop")


async def test_a_damaged_file_ends_a_start_but_not_what_runs(url: str, file: KeyFile, tmp_path: Path) -> None:
    key = file.add("laptop")
    assert await status_of(url, key) == 200
    (tmp_path / "keys.json").write_text("[{")
    assert await status_of(url, key) == 200
    with pytest.raises(WorkbenchError, match="Cannot read the keys"):
        KeyRing(file)


async def test_without_a_key_the_health_route_names_no_model(url: str) -> None:
    status, _, body = await exchange(url, http("GET", "/health"))
    assert status == 200 and b"guide" not in body
    status, _, body = await exchange(url, http("GET", "/v1/models"))
    assert status == 401 and error_of(body)["code"] == "invalid_api_key"


def test_the_audit_log_is_bounded(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_bytes(b"x" * MOST_BYTES)
    AuditLog(log).note("add key", "laptop")
    assert len(log.read_text().splitlines()) == 1
    assert (tmp_path / "audit.jsonl.1").stat().st_size == MOST_BYTES
