"""Batches as OpenAI's official client sees them: answered, cancelled, expired, and gone on with."""

from __future__ import annotations

import asyncio
import json
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types import Batch

from tests.batches.request_files import request
from tests.server.loopback import chat, client_of
from tests.server.recital import Recital
from workbench.batches import batch_store
from workbench.embedding import Embeddings
from workbench.server import batch_runner

ROOT = Path(__file__).parents[2]


class Embedder(Recital):
    """A double that makes vectors of one number, too."""

    def __init__(self) -> None:
        super().__init__()
        self.facts = replace(self.facts, capabilities=frozenset({"generate", "embed"}), embedding_length=1)

    async def embed(self, inputs: Sequence[str | Sequence[int]]) -> Embeddings:
        return Embeddings(tuple(array("f", [1.0]) for _ in inputs), 1)


async def started(client: openai.AsyncOpenAI, lines: Iterable[dict[str, Any] | str], **fields: Any) -> Batch:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    content = "\n".join(texts).encode()
    file = await client.files.create(file=("in.jsonl", content), purpose="batch")
    usual: Any = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
    return await client.batches.create(input_file_id=file.id, **(usual | fields))


async def ended(client: openai.AsyncOpenAI, id: str) -> Batch:
    while True:
        batch = await client.batches.retrieve(id)
        if batch.status in ("failed", "completed", "expired", "cancelled"):
            return batch
        await asyncio.sleep(0.02)


async def lines_of(client: openai.AsyncOpenAI, file_id: str | None) -> list[Any]:
    assert file_id is not None
    return [json.loads(line) for line in (await client.files.content(file_id)).text.splitlines()]


async def test_a_batch_is_answered_line_by_line(tmp_path: Path) -> None:
    lines = [request("a", "one"), request("b", "two words"), request("c", body={"model": "guide"})]
    async with client_of(Recital(), data_folder=tmp_path) as client:
        made = await started(client, lines, metadata={"for": "test"})
        assert made.id.startswith("batch_") and (made.object, made.status) == ("batch", "validating")
        assert made.expires_at == made.created_at + 24 * 3600 and made.metadata == {"for": "test"}
        done = await ended(client, made.id)
        output = await lines_of(client, done.output_file_id)
        errors = await lines_of(client, done.error_file_id)
        files = [file.purpose async for file in client.files.list()]
    assert done.status == "completed" and done.completed_at and done.finalizing_at and done.in_progress_at
    assert done.request_counts and done.request_counts.to_dict() == {"total": 3, "completed": 2, "failed": 1}
    assert [line["custom_id"] for line in output] == ["a", "b"]
    assert output[1]["response"]["body"]["choices"][0]["message"]["content"] == "two words"
    assert output[0]["response"]["status_code"] == 200 and output[0]["error"] is None
    assert output[0]["id"].startswith("batch_req_")
    [failed] = errors
    assert failed["custom_id"] == "c" and failed["response"]["status_code"] == 400
    assert failed["response"]["body"]["error"]["param"] == "messages"
    assert sorted(files) == ["batch", "batch_output", "batch_output"]


@pytest.mark.parametrize(
    ("endpoint", "body", "kind"),
    [
        ("/v1/completions", {"prompt": "a b"}, "text_completion"),
        ("/v1/responses", {"input": "a b"}, "response"),
        ("/v1/embeddings", {"input": "a b"}, "list"),
    ],
)
async def test_other_endpoints_have_batches_too(
    tmp_path: Path, endpoint: str, body: dict[str, Any], kind: str
) -> None:
    line = request("a", url=endpoint, body={"model": "guide"} | body)
    async with client_of(Embedder(), data_folder=tmp_path) as client:
        done = await ended(client, (await started(client, [line], endpoint=endpoint)).id)
        [answer] = await lines_of(client, done.output_file_id)
    assert answer["response"]["body"]["object"] == kind


async def test_an_input_that_is_no_batch_fails_with_its_lines(tmp_path: Path) -> None:
    lines = [request("a"), "{", request("a"), request("b", url="/v1/completions")]
    async with client_of(Recital(), data_folder=tmp_path) as client:
        failed = await ended(client, (await started(client, lines)).id)
        empty = await ended(client, (await started(client, [])).id)
    assert failed.status == "failed" and failed.failed_at and failed.output_file_id is None
    assert failed.errors and failed.errors.data
    assert [(error.line, error.code) for error in failed.errors.data] == [
        (2, "invalid_json_line"),
        (3, "duplicate_custom_id"),
        (4, "invalid_url"),
    ]
    assert empty.errors and empty.errors.data and empty.errors.data[0].code == "empty_file"


async def test_a_cancelled_batch_keeps_what_was_answered(tmp_path: Path) -> None:
    model = Recital(hold_at=1)
    async with client_of(model, data_folder=tmp_path) as client:
        made = await started(client, [request("a", "one"), request("b"), request("c"), request("d")])
        await model.held.wait()
        running = await client.batches.retrieve(made.id)
        assert running.request_counts and running.request_counts.total == 4
        with pytest.raises(openai.BadRequestError, match="yet to read"):
            await client.files.delete(made.input_file_id)
        assert (await client.batches.cancel(made.id)).status == "cancelling"
        done = await ended(client, made.id)
        [line] = await lines_of(client, done.output_file_id)
        with pytest.raises(openai.BadRequestError, match="cancelled cannot be cancelled"):
            await client.batches.cancel(made.id)
    assert (done.status, done.error_file_id, line["custom_id"]) == ("cancelled", None, "a")
    assert done.cancelling_at and done.cancelled_at and model.running == 0


async def test_what_was_not_answered_in_time_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_store, "WINDOW_SECONDS", 0)
    async with client_of(Recital(hold_at=-1), data_folder=tmp_path) as client:
        done = await ended(client, (await started(client, [request("a"), request("b")])).id)
        errors = await lines_of(client, done.error_file_id)
    assert done.status == "expired" and done.expired_at and done.output_file_id is None
    assert [(line["custom_id"], line["error"]["code"]) for line in errors] == [
        ("a", "batch_expired"),
        ("b", "batch_expired"),
    ]


async def test_batches_run_beside_other_requests_and_a_few_at_a_time(tmp_path: Path) -> None:
    model = Recital(hold_at=1)
    async with client_of(model, data_folder=tmp_path) as client:
        made = await started(client, [request(str(number)) for number in range(8)])
        await model.held.wait()
        answer = await client.chat.completions.create(**chat("hello"))
        assert answer.choices[0].message.content == "hello" and model.running == 2
        model.released.set()
        done = await ended(client, made.id)
    assert done.request_counts and done.request_counts.completed == 8


async def test_a_restart_goes_on_where_it_stopped(tmp_path: Path) -> None:
    first, second = Recital(hold_at=1), Recital()
    async with client_of(first, data_folder=tmp_path) as client:
        made = await started(client, [request("a", "one"), request("b"), request("c"), request("d", "two")])
        await first.held.wait()
        while (await client.batches.retrieve(made.id)).request_counts.completed < 1:  # type: ignore[union-attr]
            await asyncio.sleep(0.01)
    async with client_of(second, data_folder=tmp_path) as client:
        done = await ended(client, made.id)
        output = await lines_of(client, done.output_file_id)
    assert (done.status, done.error_file_id) == ("completed", None)
    assert [line["custom_id"] for line in output] == ["a", "b", "c", "d"]
    assert len(second.received) == 3


async def test_a_kill_loses_nothing_and_answers_nothing_twice(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.server.serve_recital", str(tmp_path),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    url = (await process.stdout.readline()).decode().strip()
    lines = [request("a", "one"), *(request(str(number)) for number in range(5))]
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        made = await started(client, lines)
        while (await client.batches.retrieve(made.id)).request_counts.completed < 1:  # type: ignore[union-attr]
            await asyncio.sleep(0.01)
        process.kill()
        await process.wait()
    model = Recital()
    async with client_of(model, data_folder=tmp_path) as client:
        done = await ended(client, made.id)
        output = await lines_of(client, done.output_file_id)
    assert [line["custom_id"] for line in output] == ["a", "0", "1", "2", "3", "4"]
    assert len(model.received) == 5 and done.status == "completed"


async def test_servers_that_share_a_folder_leave_each_other_their_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_runner, "_IDLE_SECONDS", 0.02)
    held, other = Recital(hold_at=1), Recital()
    body = {"model": "other", "messages": [{"role": "user", "content": "a b"}]}
    async with (
        client_of(held, data_folder=tmp_path) as first,
        client_of(other, names=("other",), data_folder=tmp_path) as second,
    ):
        busy = await started(first, [request("a")])
        await held.held.wait()
        waiting = await started(second, [request("b", body=body)])
        held.released.set()
        assert (await ended(first, busy.id)).model == "guide"
        done = await ended(first, waiting.id)
    assert (done.model, done.status, done.error_file_id) == ("other", "completed", None)
    assert len(other.received) == 1


async def test_batches_are_listed_the_newest_first(tmp_path: Path) -> None:
    async with client_of(Recital(), data_folder=tmp_path) as client:
        made = [(await started(client, [request("a")])).id for _ in range(3)]
        assert [batch.id async for batch in client.batches.list(limit=2)] == made[::-1]
        with pytest.raises(openai.NotFoundError, match="No batch found"):
            await client.batches.retrieve("batch_0")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"endpoint": "/v1/moderations"}, "endpoint"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"metadata": {"a": "x" * 513}}, "metadata"),
    ],
)
async def test_what_is_wrong_is_named(tmp_path: Path, fields: dict[str, Any], param: str) -> None:
    async with client_of(Recital(), data_folder=tmp_path) as client:
        with pytest.raises(openai.BadRequestError) as raised:
            await started(client, [request("a")], **fields)
        with pytest.raises(openai.BadRequestError, match="no input file"):
            await client.batches.create(
                input_file_id="file-0", endpoint="/v1/responses", completion_window="24h"
            )
    assert raised.value.param == param
