"""The queue: one download at a time, in an order that can be changed, and none forgotten."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.transfer.conftest import MODEL, SIZE, Downloads
from workbench.models.transfer.fetching import Limits
from workbench.models.transfer.pulling import PullRequest
from workbench.models.transfer.queue import Download, DownloadQueue

OTHERS = ("acme/second-GGUF", "acme/third-GGUF")


@pytest.fixture
def queue(downloads: Downloads) -> Iterator[DownloadQueue]:
    for name in OTHERS:
        downloads.hub.add_repository(name, {"model-Q8_0.gguf": name.encode() * 100_000}, tags=["gguf"])
    downloads.hub.rate = 20_000_000
    queue = DownloadQueue()
    yield queue
    queue.close()


def request(name: str) -> PullRequest:
    return PullRequest(name=name, limits=Limits(patience_seconds=1))


def until(queue: DownloadQueue, so: Callable[[list[Download]], bool]) -> list[Download]:
    deadline = time.monotonic() + 20
    while not so(queue.downloads()):
        assert time.monotonic() < deadline, queue.downloads()
        time.sleep(0.01)
    return queue.downloads()


def states(queue: DownloadQueue) -> list[str]:
    return [download.state for download in queue.downloads()]


def running(position: int = 0) -> Callable[[list[Download]], bool]:
    """Whether the download there has begun to arrive."""
    return lambda downloads: bool((found := downloads[position].progress) and found.done_bytes > 0)


def all_done(downloads: list[Download]) -> bool:
    return all(download.state == "done" for download in downloads)


def test_they_arrive_one_after_the_other(queue: DownloadQueue) -> None:
    for name in (MODEL, *OTHERS):
        queue.add(request(name))
    until(queue, running())
    assert states(queue) == ["running", "waiting", "waiting"]
    done = until(queue, all_done)
    assert all(download.pulled and download.pulled.paths[0].exists() for download in done)


def test_the_order_can_be_changed(queue: DownloadQueue, downloads: Downloads) -> None:
    first, second, third = (queue.add(request(name)) for name in (MODEL, *OTHERS))
    until(queue, running())
    queue.move(third, 1)
    assert [download.id for download in queue.downloads()] == [first, third, second]
    until(queue, all_done)
    asked = [record.path for record in downloads.hub.requests(path_contains="/api/models/")]
    assert [OTHERS[1] in path for path in asked] == [False, True, False]


def test_a_paused_one_lets_the_next_go_and_resumes_where_it_was(
    queue: DownloadQueue, downloads: Downloads
) -> None:
    first, _ = queue.add(request(MODEL)), queue.add(request(OTHERS[0]))
    until(queue, running())
    queue.pause(first)
    until(queue, lambda downloads: downloads[1].state == "done")
    assert states(queue) == ["paused", "done"]
    queue.resume(first)
    until(queue, all_done)
    assert downloads.fetched < 1.2 * SIZE + 2_000_000


def test_resuming_at_once_after_a_pause_goes_on(queue: DownloadQueue) -> None:
    first = queue.add(request(MODEL))
    until(queue, running())
    queue.pause(first)
    queue.resume(first)
    until(queue, all_done)


def test_a_dropped_one_is_gone_and_stays_gone(queue: DownloadQueue) -> None:
    first = queue.add(request(MODEL))
    until(queue, running())
    queue.drop(first)
    assert queue.downloads() == []
    queue.close()
    assert DownloadQueue().downloads() == []


def test_a_failure_is_told_and_the_next_goes_on(queue: DownloadQueue) -> None:
    queue.add(request("acme/none"))
    queue.add(request(OTHERS[0]))
    failed, done = until(queue, lambda downloads: downloads[1].state == "done")
    assert failed.state == "failed"
    assert failed.error is not None
    assert failed.error.remedy
    assert done.pulled


def test_what_was_not_done_is_there_after_a_restart_in_its_order(queue: DownloadQueue) -> None:
    for name in (MODEL, *OTHERS):
        queue.add(request(name))
    until(queue, running())
    queue.move(queue.downloads()[2].id, 0)
    queue.close()
    after = DownloadQueue()
    assert [download.request.name for download in after.downloads()] == [OTHERS[1], MODEL, OTHERS[0]]
    assert {download.state for download in after.downloads()} == {"paused"}
    for download in after.downloads():
        after.resume(download.id)
    until(after, all_done)
    after.close()
    assert DownloadQueue().downloads() == []


def test_the_same_name_is_not_queued_twice(queue: DownloadQueue) -> None:
    assert queue.add(request(MODEL)) == queue.add(request(MODEL))
    assert len(queue.downloads()) == 1
