"""The small parts of a transfer, each by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.models.transfer.attempts import Attempts, TryAgain, retry_after
from workbench.models.transfer.pieces import Pieces
from workbench.models.transfer.progress import Speedometer
from workbench.models.transfer.ranges import Ranges
from workbench.models.transfer.throttle import Throttle
from workbench.models.transfer.width import Width

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=20)


@given(SPANS)
def test_ranges_hold_what_a_set_of_bytes_would(spans: list[tuple[int, int]]) -> None:
    ranges, expected = Ranges(), set[int]()
    for start, end in spans:
        ranges.add(start, end)
        expected |= set(range(start, end))
    assert {byte for start, end in ranges for byte in range(start, end)} == expected
    assert ranges.total == len(expected)
    assert ranges.frontier == next(byte for byte in range(62) if byte not in expected)
    missing = {byte for start, end in ranges.gaps(50) for byte in range(start, end)}
    assert missing == set(range(50)) - expected
    assert {byte for start, end in ranges.cut(30) for byte in range(start, end)} == expected & set(range(30))
    borders = [border for span in ranges for border in span]
    assert borders == sorted(set(borders))


@given(SPANS, st.integers(1, 9))
def test_pieces_cover_what_is_missing_once(spans: list[tuple[int, int]], piece_bytes: int) -> None:
    have = Ranges((start, end) for start, end in spans)
    pieces, taken = Pieces(60, piece_bytes), list[tuple[int, int]]()
    while piece := pieces.take(have, whole_only=False):
        taken.append(piece)
    assert taken == sorted(taken)
    assert all(0 < end - start <= piece_bytes for start, end in taken)
    covered = [byte for start, end in taken for byte in range(start, end)]
    assert covered == [byte for start, end in have.gaps(60) for byte in range(start, end)]


def test_a_server_that_cannot_begin_in_the_middle_is_asked_once_for_all() -> None:
    pieces = Pieces(100, 10)
    assert pieces.take(Ranges([(0, 30)]), whole_only=True) == (30, 100)
    assert pieces.take(Ranges([(0, 30)]), whole_only=True) is None
    pieces.give_back((30, 100))
    assert pieces.take(Ranges([(0, 50)]), whole_only=True) == (50, 100)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_waits_grow_and_end_when_patience_does() -> None:
    clock = Clock()
    attempts = Attempts(60, clock)
    waits = []
    while (wait := attempts.wait(TryAgain("broken"))) is not None:
        waits.append(wait)
        clock.now += wait
    assert waits[0] < 0.3
    assert 60 < sum(waits) < 100
    assert max(waits) <= 30


def test_progress_renews_patience() -> None:
    clock = Clock()
    attempts = Attempts(10, clock)
    for _ in range(100):
        clock.now += 9
        assert attempts.wait(TryAgain("broken")) is not None
        attempts.progressed()


def test_refusals_are_believed_sooner_than_silence() -> None:
    attempts = Attempts(1e9, Clock())
    refusal = TryAgain("no", refused=True)
    assert [attempts.wait(refusal) is None for _ in range(5)] == [False, False, False, False, True]


def test_a_wait_that_the_server_asks_for_is_granted_in_full() -> None:
    clock = Clock()
    attempts = Attempts(5, clock)
    for _ in range(3):
        assert attempts.wait(TryAgain("busy", 60.0)) == 60.0
        clock.now += 60


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:30 GMT"}, 20),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:05 GMT"}, 0),
        ({"ratelimit": '"api";r=0;t=55', "Retry-After": "7"}, 56),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_from_the_answer(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=lambda: 10.0) == seconds


def arrive(width: Width, rates: dict[int, float], seconds: float) -> list[int]:
    """The widths that are chosen when so many connections bring so many bytes per second."""
    chosen, arrived = [], 0.0
    for tick in range(int(seconds * 10)):
        chosen.append(width.observe(tick / 10, int(arrived)))
        arrived += rates[chosen[-1]] / 10
    return chosen


def test_connections_are_added_while_they_pay() -> None:
    limited_each = {count: 10e6 * min(count, 5) for count in range(1, 9)}
    assert arrive(Width(), limited_each, 20)[-1] == 8


def test_a_second_connection_that_brings_nothing_is_given_up() -> None:
    assert arrive(Width(), dict.fromkeys(range(1, 9), 10e6), 20)[-1] == 1


def test_a_fixed_number_of_connections_is_kept() -> None:
    assert set(arrive(Width(fixed=3), {3: 1e6}, 20)) == {3}


def test_a_throttle_keeps_its_rate_over_all_callers() -> None:
    clock = Clock()
    throttle = Throttle(1000, clock)
    assert [throttle.delay(500), throttle.delay(500)] == [0.5, 1.0]
    clock.now += 5
    assert throttle.delay(100) == pytest.approx(0.1)
    assert Throttle(None).delay(10**9) == 0


def test_speed_is_that_of_the_last_seconds_and_unknown_at_first() -> None:
    clock = Clock()
    meter = Speedometer(clock)
    meter.observe(0)
    assert meter.bytes_per_second is None
    for _ in range(40):
        clock.now += 1
        meter.observe(int(1e9))
    assert meter.bytes_per_second == 0
    assert meter.seconds_left(10) is None
