"""Files, batches and responses belong to the key that made them; batches may do what their key may."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import openai
import pytest

from tests.batches.request_files import request
from tests.server.loopback import serving
from tests.server.recital import Recital
from tests.server.test_batches import ended, lines_of, started
from workbench import database
from workbench.batches import schema
from workbench.batches.storage import BatchStorage, database_file
from workbench.server import ModelPool, create_app, response_store
from workbench.server.access.key_ring import KeyRing
from workbench.server.access.keys import KeyFile
from workbench.server.access.rate import RateLimiter
from workbench.server.access.rules import AccessRules
from workbench.server.response_store import ResponseStore

Clients = Callable[[str], openai.AsyncOpenAI]


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyFile:
    monkeypatch.setattr("workbench.server.access.key_ring._LOOK_SECONDS", 0.0)
    return KeyFile(tmp_path / "keys.json")


@asynccontextmanager
async def endpoint(keys: KeyFile, folder: Path, model: Recital | None = None) -> AsyncIterator[Clients]:
    """A function from a key to a client that has it."""
    pool = ModelPool({"guide": model or Recital(), "other": Recital()})
    rules = AccessRules(keys=KeyRing(keys))
    made: list[openai.AsyncOpenAI] = []
    async with serving(create_app(pool, rules=rules, data_folder=folder)) as url:

        def client(key: str) -> openai.AsyncOpenAI:
            made.append(openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0))
            return made[-1]

        try:
            yield client
        finally:
            for one in made:
                await one.close()


async def test_nobody_but_admins_finds_what_another_key_has_made(keys: KeyFile, tmp_path: Path) -> None:
    secrets = keys.add("ann"), keys.add("bob"), keys.add("boss", admin=True)
    async with endpoint(keys, tmp_path) as clients:
        ann, bob, boss = map(clients, secrets)
        batch = await ended(ann, (await started(ann, [request("a", "one")])).id)
        response = await ann.responses.create(model="guide", input="hello")
        output = batch.output_file_id
        assert output is not None
        hidden: list[Callable[[openai.AsyncOpenAI], Awaitable[object]]] = [
            lambda client: client.files.retrieve(batch.input_file_id),
            lambda client: client.files.content(output),
            lambda client: client.files.delete(output),
            lambda client: client.batches.retrieve(batch.id),
            lambda client: client.batches.cancel(batch.id),
            lambda client: client.responses.retrieve(response.id),
            lambda client: client.responses.input_items.list(response.id),
            lambda client: client.responses.delete(response.id),
        ]
        for look in hidden:
            with pytest.raises(openai.NotFoundError):
                await look(bob)
        with pytest.raises(openai.BadRequestError, match="no input file"):
            await bob.batches.create(
                input_file_id=batch.input_file_id, endpoint="/v1/chat/completions", completion_window="24h"
            )
        with pytest.raises(openai.BadRequestError, match="not found"):
            await bob.responses.create(model="guide", input="and", previous_response_id=response.id)
        reference = [{"type": "item_reference", "id": response.output[0].id}]
        with pytest.raises(openai.BadRequestError, match="not found"):
            await bob.responses.create(model="guide", input=reference)  # type: ignore[arg-type]
        for client, count in ((ann, 1), (bob, 0), (boss, 1)):
            assert len([one async for one in client.batches.list()]) == count
            assert len([one async for one in client.files.list()]) == 2 * count
        assert (await boss.files.content(output)).text == (await ann.files.content(output)).text
        assert (await boss.responses.retrieve(response.id)).id == response.id
        keys.revoke("ann")
        again = clients(keys.add("ann"))
        with pytest.raises(openai.NotFoundError):
            await again.batches.retrieve(batch.id)


async def test_each_line_of_a_batch_may_ask_for_what_its_key_may(keys: KeyFile, tmp_path: Path) -> None:
    narrow = keys.add("narrow", models=["other"])
    lines = [request("a", "one") | {"body": {"model": name, "messages": [{"role": "user", "content": "one"}]}}
             for name in ("guide",)]  # fmt: skip
    lines.append(request("b", body=lines[0]["body"] | {"model": "other"}))
    async with endpoint(keys, tmp_path) as clients:
        client = clients(narrow)
        done = await ended(client, (await started(client, lines)).id)
        [refused], [answered] = (
            await lines_of(client, done.error_file_id),
            await lines_of(client, done.output_file_id),
        )
    assert answered["custom_id"] == "b" and refused["response"]["status_code"] == 404
    assert refused["response"]["body"]["error"]["code"] == "model_not_found"


async def test_a_batch_whose_key_is_revoked_is_answered_no_more(keys: KeyFile, tmp_path: Path) -> None:
    secret, boss = keys.add("ann"), keys.add("boss", admin=True)
    model = Recital(hold_at=1)
    async with endpoint(keys, tmp_path, model) as clients:
        made = await started(clients(secret), [request(str(number), "one two") for number in range(4)])
        await model.held.wait()
        keys.revoke("ann")
        model.released.set()
        done = await ended(clients(boss), made.id)
        errors = await lines_of(clients(boss), done.error_file_id)
    assert done.request_counts is not None and done.request_counts.completed == 2
    assert {line["response"]["body"]["error"]["code"] for line in errors} == {"invalid_api_key"}


async def test_batches_leave_half_of_a_rate_to_other_requests(keys: KeyFile, tmp_path: Path) -> None:
    limited = keys.add("limited", per_minute=20)
    async with endpoint(keys, tmp_path) as clients:
        client = clients(limited)
        made = await started(client, [request(str(number), "one") for number in range(20)])
        raw = await client.models.with_raw_response.list()
        while (await client.batches.retrieve(made.id)).request_counts.completed == 0:  # type: ignore[union-attr]
            raw = await client.models.with_raw_response.list()
        assert int(raw.headers["x-ratelimit-remaining-requests"]) >= 1
        running = await client.batches.cancel(made.id)
    assert running.request_counts is not None and running.request_counts.completed < 11


def test_what_is_spared_is_left_to_others() -> None:
    limiter = RateLimiter(lambda: 0.0)
    assert [limiter.ask("a", 10, 0.5).granted for _ in range(7)] == [True] * 6 + [False]
    assert limiter.ask("a", 10, 0.5).wait == pytest.approx(6.0)
    assert [limiter.ask("a", 10).granted for _ in range(5)] == [True] * 4 + [False]
    assert limiter.ask("b", 1, 0.5).granted


def test_what_was_kept_before_there_were_owners_is_everybodys_who_sees_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "responses.sqlite3"
    with monkeypatch.context() as before:
        before.setattr(schema, "_MIGRATIONS", schema._MIGRATIONS[:1])
        with schema.opened(database_file(tmp_path)) as old:
            old.execute(
                "INSERT INTO file (id, purpose, bytes, expires, object) VALUES ('file-1', 'batch', 1, ?, ?)",
                (2**40, json.dumps({"id": "file-1", "bytes": 1, "created_at": 1, "expires_at": 2**40,
                                    "filename": "a", "purpose": "batch"})),
            )  # fmt: skip
        old.close()
        kept = sqlite3.connect(path, isolation_level=None)
        database.prepare(kept, response_store._MIGRATIONS[:1], "record")
        kept.execute("INSERT INTO response VALUES (1, 'r', NULL, ?, '[]', '{}', 4)", (2.0**40,))
        kept.close()
    storage, responses = BatchStorage(tmp_path), ResponseStore(path)
    assert {file.stat().st_mode & 0o077 for file in tmp_path.glob("*.sqlite3*")} == {0}
    assert storage.files.find("file-1", None) and storage.files.find("file-1", "") is not None
    assert storage.files.find("file-1", "somebody") is None
    assert responses.find("r", None) and responses.find("r", "somebody") is None
    storage.close()
    responses.close()
