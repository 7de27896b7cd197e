"""Each fault does on the wire what its name says, to the requests that it is meant for and to no others."""

from __future__ import annotations

import http.client
import random
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.hub.hub import FakeHub
from tests.hub.plugin import hub as hub
from tests.hub.wire import Answer, ask, cdn_url, file_url

DATA = random.Random(5).randbytes(3_000_000)
FILE = "acme/tiny/tiny.gguf"


@pytest.fixture(params=["memory", "file"])
def url(request: pytest.FixtureRequest, hub: FakeHub, tmp_path: Path) -> str:
    """The signed address of a file that the hub has in memory or on disk."""
    path = tmp_path / "tiny.gguf"
    path.write_bytes(DATA)
    hub.add_repository("acme/tiny", {"tiny.gguf": DATA if request.param == "memory" else path})
    return cdn_url(hub, FILE)


@pytest.fixture
def page(hub: FakeHub) -> str:
    """The address of the file on the hub."""
    hub.add_repository("acme/tiny", {"tiny.gguf": DATA})
    return file_url(hub, FILE)


def part(url: str, start: int, stop: int) -> Answer:
    return ask(url, range=f"bytes={start}-{stop - 1}")


def test_a_reset_comes_after_exactly_so_many_bytes(hub: FakeHub, url: str) -> None:
    hub.faults.add("reset", after=1_234_567, path="*.gguf")
    answer = ask(url)
    assert answer.body == DATA[:1_234_567] and isinstance(answer.error, ConnectionResetError)
    assert ask(url).body == DATA
    assert hub.body_bytes() == 1_234_567 + len(DATA)


def test_a_drop_comes_after_exactly_so_many_bytes(hub: FakeHub, url: str) -> None:
    hub.faults.add("drop", after=1_234_567)
    answer = ask(url)
    assert answer.body == DATA[:1_234_567] and not answer.is_whole
    assert not isinstance(answer.error, ConnectionResetError)


def test_a_fault_at_a_place_of_the_file_finds_the_request_for_it(hub: FakeHub, url: str) -> None:
    drop = hub.faults.add("drop", offset=1_500_000)
    assert part(url, 0, 1_000_000).body == DATA[:1_000_000]
    assert part(url, 1_000_000, 2_000_000).body == DATA[1_000_000:1_500_000]
    assert part(url, 1_000_000, 2_000_000).body == DATA[1_000_000:2_000_000]
    assert drop.hits == 1


def test_a_flipped_bit_is_at_its_place_in_whole_and_part(hub: FakeHub, url: str) -> None:
    hub.faults.add("corrupt", offset=2_000_003, times=2)
    for start, stop in ((0, len(DATA)), (1_500_000, 2_500_000)):
        wrong = [at for at, value in enumerate(part(url, start, stop).body, start) if value != DATA[at]]
        assert wrong == [2_000_003]
    assert ask(url).body == DATA


def test_garbage_has_the_right_length_and_no_right_byte(hub: FakeHub, url: str) -> None:
    hub.faults.add("garbage")
    answer = part(url, 10, 100_000)
    assert answer.is_whole and answer.status == 206
    assert not any(a == b for a, b in zip(answer.body, DATA[10:100_000], strict=True))


def test_breaks_that_were_added_one_after_another_happen_so(hub: FakeHub, url: str) -> None:
    hub.faults.add("drop", after=100)
    hub.faults.add("reset", after=200)
    assert [len(ask(url).body) for _ in range(3)] == [100, 200, len(DATA)]


def test_a_stall_is_silence_and_then_the_rest(hub: FakeHub, url: str) -> None:
    hub.faults.add("stall", after=1_000_000, seconds=0.3)
    begin = time.monotonic()
    assert ask(url).body == DATA
    assert time.monotonic() - begin >= 0.3
    hub.faults.add("stall", after=1_000_000)
    answer = ask(url, timeout=0.2)
    assert len(answer.body) == 1_000_000 and isinstance(answer.error, TimeoutError)


def test_pace_is_that_of_the_fault_or_of_the_hub(hub: FakeHub, url: str) -> None:
    hub.faults.add("slow", rate=1_000_000)
    begin = time.monotonic()
    assert part(url, 0, 300_000).body == DATA[:300_000]
    middle = time.monotonic()
    assert middle - begin > 0.25
    hub.rate = 600_000
    assert part(url, 0, 300_000).body == DATA[:300_000]
    assert time.monotonic() - middle > 0.45


def test_a_short_answer_says_its_own_length(hub: FakeHub, url: str) -> None:
    hub.faults.add("short", after=500, times=2)
    whole, partial = ask(url), part(url, 1000, 2000)
    assert whole.is_whole and whole.body == DATA[:500]
    assert partial.is_whole and partial.body == DATA[1000:1500]
    assert partial.headers["content-range"] == f"bytes 1000-1499/{len(DATA)}"


def test_bodies_without_a_length(hub: FakeHub, url: str) -> None:
    for kind, fields in (("chunked", {}), ("no_length", {}), ("unfinished", {"after": 1_500_000})):
        hub.faults.add(kind, **fields)
        answer = ask(url)
        assert "content-length" not in answer.headers
        assert (answer.headers.get("transfer-encoding") == "chunked") == (kind != "no_length")
        assert answer.body == (DATA[:1_500_000] if kind == "unfinished" else DATA)
        assert (answer.error is not None) == (kind == "unfinished")


def test_ranges_are_served_and_refused(hub: FakeHub, url: str) -> None:
    assert part(url, 5, 50).headers["content-range"] == f"bytes 5-49/{len(DATA)}"
    assert ask(url, range="bytes=2999990-").body == ask(url, range="bytes=-10").body == DATA[-10:]
    beyond = ask(url, range="bytes=3000000-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(DATA)}")
    etag = ask(url, "HEAD").headers["etag"]
    assert [ask(url, range="bytes=0-0", if_range=tag).status for tag in (etag, '"x"')] == [206, 200]


def test_ranges_that_go_wrong(hub: FakeHub, url: str) -> None:
    hub.faults.add("ignore_range", ranged=True)
    hub.faults.add("wrong_bytes", shift=7)
    hub.faults.add("wrong_bytes", shift=-5)
    hub.faults.add("wrong_range", shift=9)
    hub.faults.add("unsatisfiable")
    ignored, bytes_, before, range_, refused = (part(url, 100, 200) for _ in range(5))
    assert (ignored.status, ignored.body) == (200, DATA)
    assert (bytes_.headers["content-range"], bytes_.body) == (f"bytes 100-199/{len(DATA)}", DATA[107:207])
    assert before.body == DATA[95:195]
    assert (range_.headers["content-range"], range_.body) == (f"bytes 109-208/{len(DATA)}", DATA[100:200])
    assert refused.status == 416


def test_another_size_than_published(hub: FakeHub, url: str) -> None:
    hub.faults.add("wrong_size", size=3_000_010, port="cdn")
    assert ask(url).body == DATA + bytes(10)
    hub.faults.add("wrong_size", size=10, port="cdn")
    assert ask(url).body == DATA[:10]
    hub.faults.add("wrong_size", size=77, port="hub", times=2)
    assert ask(file_url(hub, FILE)).headers["x-linked-size"] == "77"
    listed = ask(f"{hub.endpoint}/api/models/acme/tiny?blobs=true").json()["siblings"][0]
    assert listed["size"] == listed["lfs"]["size"] == 77


def test_statuses_with_headers_and_bodies(hub: FakeHub, page: str) -> None:
    hub.faults.add("status", status=503, headers={"Retry-After": "3"}, body=b"busy")
    answer = ask(page)
    assert (answer.status, answer.headers["retry-after"], answer.body) == (503, "3", b"busy")
    hub.faults.add("expired", path="*.gguf")
    location = ask(page).headers["location"]
    assert (ask(location).status, ask(location).status) == (403, 200)


def test_too_many_requests_in_three_forms(hub: FakeHub, page: str) -> None:
    for form in ("seconds", "date", "ratelimit"):
        hub.faults.add("too_many", seconds=2, form=form)
    in_seconds, by_date, by_limit = (ask(page) for _ in range(3))
    assert {in_seconds.status, by_date.status, by_limit.status} == {429}
    assert in_seconds.headers["retry-after"] == "2"
    wait = parsedate_to_datetime(by_date.headers["retry-after"]).timestamp() - time.time()
    assert 1 < wait <= 3.1
    assert by_limit.headers["ratelimit"] == '"api";r=0;t=2' and "retry-after" not in by_limit.headers


def test_a_captive_portal_answers_everything_with_its_page(hub: FakeHub, page: str) -> None:
    location = ask(page).headers["location"]
    hub.faults.add("html", times=-1)
    for address in (page, location, f"{hub.endpoint}/api/models"):
        answer = ask(address, range="bytes=0-9")
        assert (answer.status, answer.headers["content-type"][:9]) == (200, "text/html")


def test_headers_that_are_missing(hub: FakeHub, page: str) -> None:
    for kind, names in (
        ("no_commit", {"x-repo-commit"}),
        ("no_etag", {"etag", "x-linked-etag"}),
        ("no_length", {"x-linked-size"}),
    ):
        usual = ask(page, "HEAD").headers.keys()
        hub.faults.add(kind)
        assert usual - ask(page, "HEAD").headers.keys() == names


def test_redirects_that_lead_astray(hub: FakeHub, page: str) -> None:
    hub.faults.add("loop", path="/acme/*")
    assert ask(page).headers["location"] == page
    for location in ("file:///etc/passwd", "http://192.0.2.1/tiny.gguf"):
        hub.faults.add("redirect", location=location)
        answer = ask(page, "HEAD")
        assert (answer.status, answer.headers["location"]) == (302, location)
        assert answer.headers["x-linked-size"] == str(len(DATA))


def test_an_answer_that_is_late_or_never_comes(hub: FakeHub, page: str) -> None:
    hub.faults.add("delay", seconds=0.2)
    begin = time.monotonic()
    assert ask(page).status == 302 and time.monotonic() - begin >= 0.2
    hub.faults.add("delay")
    with pytest.raises(TimeoutError):
        ask(page, timeout=0.1)
    hub.faults.add("refuse")
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        ask(page)
    hub.close_port("hub")
    with pytest.raises(ConnectionRefusedError):
        ask(page)
    hub.open_port("hub")
    assert ask(page).status == 302


def test_a_fault_chooses_its_requests(hub: FakeHub, page: str) -> None:
    hub.faults.add("status", method="HEAD", path="tiny.gguf", port="hub", ranged=False, skip=1, times=2)
    assert [ask(page, "HEAD", range="bytes=0-").status, ask(page).status] == [302, 302]
    assert [ask(page, "HEAD").status for _ in range(4)] == [302, 503, 503, 302]
    never = hub.faults.add("status", times=-1)
    assert ask(page).status == 503
    never.times = 0
    assert ask(page).status == 302
    with pytest.raises(ValueError, match="no fault called"):
        hub.faults.add("rest")
