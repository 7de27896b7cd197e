"""Files that are sent for batches, as OpenAI's official client sees them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from tests.server.loopback import client_of, error_of, serving
from tests.server.recital import Recital
from workbench.batches import file_store
from workbench.batches.storage import BatchStorage
from workbench.errors import NoSpace
from workbench.server import ModelPool, create_app
from workbench.server.routes import files as file_routes

CONTENT = b'{"custom_id": "a"}\n'


def upload(name: str = "in.jsonl", content: bytes = CONTENT) -> Any:
    return {"file": (name, content), "purpose": "batch"}


async def test_a_file_comes_back_as_it_was_sent(tmp_path: Path) -> None:
    async with client_of(Recital(), data_folder=tmp_path) as client:
        made = await client.files.create(**upload("../ä b.jsonl"))
        assert made.id.startswith("file-") and (made.object, made.purpose) == ("file", "batch")
        assert (made.bytes, made.status) == (len(CONTENT), "processed")
        assert made.filename.endswith("ä b.jsonl") and made.created_at > 1_700_000_000
        assert await client.files.retrieve(made.id) == made
    async with client_of(Recital(), data_folder=tmp_path) as client:
        content = await client.files.content(made.id)
        assert content.read() == CONTENT
        gone = await client.files.delete(made.id)
        assert (gone.id, gone.object, gone.deleted) == (made.id, "file", True)
        with pytest.raises(openai.NotFoundError, match="No such File object"):
            await client.files.retrieve(made.id)
        with pytest.raises(openai.NotFoundError):
            await client.files.delete("..%2f..%2fbatches.sqlite3")
    assert list((tmp_path / "batches" / "files").iterdir()) == []


async def test_files_are_listed_page_by_page(tmp_path: Path) -> None:
    async with client_of(Recital(), data_folder=tmp_path) as client:
        made = [(await client.files.create(**upload(f"{number}"))).id for number in range(5)]
        newest = [file.id async for file in client.files.list(limit=2)]
        assert newest == made[::-1]
        oldest = await client.files.list(limit=2, order="asc", purpose="batch")
        assert [file.id for file in oldest.data] == made[:2] and oldest.has_more
        assert (await client.files.list(purpose="batch_output")).data == []


async def test_a_file_goes_when_its_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with client_of(Recital(), data_folder=tmp_path) as client:
        made = await client.files.create(**upload(), expires_after={"anchor": "created_at", "seconds": 3600})
        kept = await client.files.create(**upload())
        assert made.expires_at == made.created_at + 3600
        later = time.time() + 3601
        monkeypatch.setattr(file_store.time, "time", lambda: later)
        assert [file.id async for file in client.files.list()] == [kept.id]
    assert [path.name for path in (tmp_path / "batches" / "files").iterdir()] == [kept.id]


@pytest.mark.parametrize(
    ("data", "param"),
    [
        ({"purpose": "batch"}, "file"),
        ({"file": b"a"}, "purpose"),
        ({"file": b"a", "purpose": "vision"}, "purpose"),
        (
            {"file": b"a", "purpose": "batch", "expires_after[anchor]": "created_at"},
            "expires_after[seconds]",
        ),
    ],
)
async def test_what_is_missing_is_named(tmp_path: Path, data: dict[str, Any], param: str) -> None:
    app = create_app(ModelPool({"guide": Recital()}), data_folder=tmp_path)
    files = {"file": data.pop("file")} if "file" in data else {"nothing": b""}
    async with serving(app) as url, httpx2.AsyncClient(base_url=url) as client:
        answer = await client.post("/v1/files", data=data, files=files)
    assert answer.status_code == 400 and error_of(answer.content)["param"] == param


async def test_a_file_too_large_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_routes, "FILE_LIMIT_BYTES", 100_000)
    async with client_of(Recital(), data_folder=tmp_path) as client:
        for size in (100_001, 200_000):
            with pytest.raises(openai.APIStatusError) as raised:
                await client.files.create(**upload(content=b"x" * size))
            assert raised.value.status_code == 413
        assert (await client.files.list()).data == []


def test_all_files_together_take_no_more_than_their_share(tmp_path: Path) -> None:
    storage = BatchStorage(tmp_path, most_bytes=10)
    storage.files.check_room(10)
    storage.files.write("file-1", [b"12345", b"678"])
    storage.files.add("file-1", 8, filename="a", purpose="batch")
    with pytest.raises(NoSpace, match="8 bytes already"):
        storage.files.check_room(3)
    storage.files.delete("file-1")
    storage.files.check_room(10)
    storage.close()


async def test_a_server_without_a_folder_keeps_no_files() -> None:
    async with client_of(Recital()) as client:
        with pytest.raises(openai.BadRequestError, match="keeps no files"):
            await client.files.create(**upload())


async def test_the_address_is_checked(tmp_path: Path) -> None:
    app = create_app(ModelPool({"guide": Recital()}), data_folder=tmp_path)
    async with serving(app) as url, httpx2.AsyncClient(base_url=url) as client:
        for query, param in (("limit=0", "limit"), ("limit=x", "limit"), ("order=up", "order")):
            answer = await client.get(f"/v1/files?{query}")
            assert answer.status_code == 400 and json.loads(answer.content)["error"]["param"] == param
