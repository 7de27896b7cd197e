"""A file of requests becomes a file of answers, once, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.batches.request_files import read, request, write
from workbench.batches import running
from workbench.batches.file_run import BatchFiles, BatchProgress, run_file
from workbench.errors import InvalidRequest


class Echo:
    """Answers with what it was asked, after as many failures as it is told; keeps count."""

    def __init__(self, *failures: int) -> None:
        self.failures = list(failures)
        self.asked: list[bytes] = []
        self.running = self.most = 0

    async def __call__(self, path: str, body: bytes) -> tuple[int, bytes]:
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        self.asked.append(body)
        return (self.failures.pop(0), b'{"error":{}}') if self.failures else (200, body)


@pytest.fixture
def files(tmp_path: Path) -> BatchFiles:
    source = write(tmp_path / "in.jsonl", [request(str(number)) for number in range(10)])
    return BatchFiles(source, tmp_path / "out.jsonl")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_PAUSE_SECONDS", 0.0)


def stopping_after(count: int) -> Callable[[BatchProgress], None]:
    def take(progress: BatchProgress) -> None:
        if progress.done == count:
            raise KeyboardInterrupt

    return take


async def run(files: BatchFiles, answer: Echo, concurrency: int = 3) -> BatchProgress:
    return await run_file(files, answer, concurrency, lambda progress: None)


async def test_every_line_is_answered_in_its_order(files: BatchFiles) -> None:
    echo = Echo()
    end = await run(files, echo)
    assert end == BatchProgress(total=10, completed=10, failed=0, known=0) and echo.most == 3
    answers = read(files.output)
    assert [answer["custom_id"] for answer in answers] == [str(number) for number in range(10)]
    assert len({answer["id"] for answer in answers}) == 10
    assert answers[0]["error"] is None
    assert answers[0]["response"]["status_code"] == 200 and answers[0]["response"]["request_id"]
    assert answers[0]["response"]["body"] == request("0")["body"]
    assert {path.name for path in files.output.parent.iterdir()} == {"in.jsonl", "out.jsonl"}


async def test_what_was_interrupted_goes_on_where_it_stopped(files: BatchFiles) -> None:
    first, second = Echo(), Echo()
    task = asyncio.ensure_future(run_file(files, first, 1, lambda progress: None))
    while len(first.asked) < 4:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not files.output.exists()
    end = await run(files, second)
    assert end.known in (3, 4) and end.done == 10
    assert len(second.asked) == 10 - end.known
    assert [answer["custom_id"] for answer in read(files.output)] == [str(n) for n in range(10)]


async def test_passing_failures_are_tried_again_and_others_told(files: BatchFiles) -> None:
    echo = Echo(503, 429, 400)
    end = await run(files, echo, 1)
    assert (end.completed, end.failed, len(echo.asked)) == (9, 1, 12)
    [error] = read(files.errors)
    assert error["custom_id"] == "0" and error["error"] is None
    assert error["response"]["status_code"] == 400 and error["response"]["body"] == {"error": {}}


async def test_bad_lines_are_told_with_their_numbers(files: BatchFiles) -> None:
    write(files.source, [request("a"), "{", request("a"), request("b")])
    end = await run(files, Echo())
    assert (end.total, end.completed, end.failed) == (4, 2, 2)
    broken, twice = read(files.errors)
    assert (broken["error"]["line"], broken["error"]["code"]) == (2, "invalid_json_line")
    assert (twice["error"]["line"], twice["error"]["code"]) == (3, "duplicate_custom_id")
    assert (broken["custom_id"], twice["custom_id"], broken["response"]) == (None, "a", None)


async def test_one_model_may_answer_all(files: BatchFiles) -> None:
    echo = Echo()
    await run(BatchFiles(files.source, files.output, model="other"), echo)
    assert all(b'"model":"other"' in body for body in echo.asked)


async def test_another_input_is_not_mixed_with_what_is_unfinished(files: BatchFiles) -> None:
    with pytest.raises(KeyboardInterrupt):
        await run_file(files, Echo(), 1, stopping_after(0))
    write(files.source, [request("other")])
    with pytest.raises(InvalidRequest, match="another input"):
        await run(files, Echo())


async def test_an_output_that_is_there_is_left_alone(files: BatchFiles) -> None:
    files.output.write_text("mine")
    with pytest.raises(InvalidRequest, match="is there already"):
        await run(files, Echo())
    assert files.output.read_text() == "mine"


async def test_two_runs_do_not_write_one_output(files: BatchFiles) -> None:
    other = sqlite3.connect(files.unfinished)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("CREATE TABLE mine (a)")
    try:
        with pytest.raises(InvalidRequest, match="Another run"):
            await run(files, Echo())
    finally:
        other.close()


async def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="No such file"):
        await run(BatchFiles(tmp_path / "none.jsonl", tmp_path / "out.jsonl"), Echo())
