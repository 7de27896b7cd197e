"""How sizes, times and transfers are written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workbench import wording
from workbench.models.transfer.progress import Progress
from workbench.models.transfer.pulling import Pulled

FETCHING = Progress(
    phase="fetching", done_bytes=3 << 30, total_bytes=4 << 30, bytes_per_second=5_500_000, seconds_left=195.3
)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (4_724_464_026, "4.4 GiB"),
        (150 << 30, "150 GiB"),
        (3 << 40, "3.0 TiB"),
    ],
)
def test_sizes_are_read_easily(count: int, text: str) -> None:
    assert wording.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations_have_two_parts_at_most(seconds: float, text: str) -> None:
    assert wording.duration(seconds) == text


def test_a_transfer_is_told_with_speed_and_time_left() -> None:
    assert wording.transfer(FETCHING) == "3.0 GiB of 4.0 GiB, 5.2 MiB/s, 3 min 15 s left"


def test_all_of_it_is_told_only_when_all_is_here() -> None:
    assert wording.share(FETCHING) == "75%"
    assert wording.share(replace(FETCHING, done_bytes=FETCHING.total_bytes - 1)) == "99%"
    assert wording.share(replace(FETCHING, done_bytes=FETCHING.total_bytes)) == "100%"
    assert wording.share(replace(FETCHING, total_bytes=0)) == "0%"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"bytes_per_second": None, "seconds_left": None}, "3.0 GiB of 4.0 GiB"),
        ({"seconds_left": None}, "3.0 GiB of 4.0 GiB, 5.2 MiB/s"),
        ({"phase": "checking"}, "checking 3.0 GiB of 4.0 GiB"),
        ({"phase": "waiting"}, "3.0 GiB of 4.0 GiB, another program is fetching it"),
        ({"trouble": "connection reset; trying again in 4 s"}, "connection reset; trying again in 4 s"),
    ],
)
def test_what_is_not_known_is_not_told(fields: dict[str, object], text: str) -> None:
    assert wording.transfer(replace(FETCHING, **fields)) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("against", "text"),
    [
        ("hub", "5.0 KiB, checked against the hash that the hub publishes"),
        ("sha256", "5.0 KiB, checked against the hash that you named"),
        ("", "5.0 KiB, without a hash to check it against"),
    ],
)
def test_what_arrived_is_told_with_what_vouches_for_it(against: str, text: str) -> None:
    pulled = Pulled(name="a/b", paths=(), size_bytes=5120, checked_against=against)  # type: ignore[arg-type]
    assert wording.received(pulled) == text
