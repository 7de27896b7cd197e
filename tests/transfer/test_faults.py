"""Each way in which a transfer is known to break: in the end the file is whole, or nothing of it appears."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.transfer.conftest import FILE, MODEL, SIZE, Downloads
from workbench.errors import CorruptDownload, Unreachable, WorkbenchError
from workbench.models.transfer import pieces
from workbench.models.transfer.fetching import Limits

FOR_EVER = -1
MEGABYTE = 1_000_000

PASSING: dict[str, dict[str, Any]] = {
    "one flipped bit": {"kind": "corrupt", "offset": 5 * MEGABYTE},
    "garbage of the right length": {"kind": "garbage"},
    "the right range with the wrong bytes": {"kind": "wrong_bytes", "shift": 1000},
    "another range than was asked for": {"kind": "wrong_range"},
    "reset": {"kind": "reset", "after": 9 * MEGABYTE},
    "reset at the first byte": {"kind": "refuse", "times": 3},
    "connection closed early": {"kind": "drop", "after": 9 * MEGABYTE},
    "stall": {"kind": "stall", "after": 9 * MEGABYTE},
    "service unavailable": {"kind": "status", "status": 503, "times": 2},
    "bad gateway": {"kind": "status", "status": 502, "times": 2},
    "address expired": {"kind": "expired", "times": 2},
    "range refused": {"kind": "unsatisfiable", "times": 2},
    "too many requests": {"kind": "too_many", "seconds": 1},
    "too many requests until a date": {"kind": "too_many", "seconds": 1, "form": "date"},
    "range ignored": {"kind": "ignore_range"},
    "short body": {"kind": "short", "after": 9 * MEGABYTE},
    "no length": {"kind": "no_length"},
    "chunks without an end": {"kind": "unfinished", "after": 9 * MEGABYTE},
    "a page of a captive portal": {"kind": "html", "times": 2},
}


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("connections", [1, 4])
def test_a_fault_that_passes_costs_time_and_nothing_else(
    downloads: Downloads, name: str, connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE_BYTES", 12 * MEGABYTE)
    fault = downloads.hub.faults.add(port="cdn", **PASSING[name])
    pulled = downloads.pull(limits=Limits(connections=connections, patience_seconds=20))
    assert fault.hits
    assert pulled.paths[0].read_bytes() == downloads.content
    assert not downloads.partials


@pytest.mark.parametrize("kind", ["reset", "drop", "short", "unfinished"])
def test_a_connection_that_breaks_every_eight_megabytes_loses_next_to_nothing(
    downloads: Downloads, kind: str
) -> None:
    downloads.hub.faults.add(kind, port="cdn", after=8 * MEGABYTE, times=FOR_EVER)
    assert downloads.pull().paths[0].read_bytes() == downloads.content
    assert downloads.fetched < 1.1 * SIZE


def test_a_server_that_ignores_every_range_still_delivers(downloads: Downloads) -> None:
    downloads.hub.faults.add("reset", port="cdn", after=8 * MEGABYTE, times=1)
    downloads.hub.faults.add("ignore_range", port="cdn", times=FOR_EVER)
    assert downloads.pull().paths[0].read_bytes() == downloads.content


@pytest.mark.slow
def test_addresses_that_expire_all_the_time_are_asked_for_again(downloads: Downloads) -> None:
    downloads.hub.url_lifetime = 0.5
    downloads.hub.rate = 12 * MEGABYTE
    downloads.hub.faults.add("reset", port="cdn", after=3 * MEGABYTE, times=FOR_EVER)
    assert downloads.pull().paths[0].read_bytes() == downloads.content


@pytest.mark.slow
def test_too_many_requests_are_not_repeated_before_their_time(downloads: Downloads) -> None:
    downloads.hub.faults.add("too_many", port="cdn", seconds=2)
    began = time.monotonic()
    downloads.pull(limits=Limits(connections=1, patience_seconds=0.5))
    assert time.monotonic() - began >= 2


NEVER_WHOLE: dict[str, tuple[dict[str, Any], type[WorkbenchError]]] = {
    "one flipped bit": ({"kind": "corrupt", "offset": 5 * MEGABYTE}, CorruptDownload),
    "garbage": ({"kind": "garbage"}, CorruptDownload),
    "wrong bytes": ({"kind": "wrong_bytes", "shift": 1000}, CorruptDownload),
}

NEVER_MORE: dict[str, tuple[dict[str, Any], type[WorkbenchError]]] = {
    "unavailable": ({"kind": "status", "status": 503}, Unreachable),
    "range refused": ({"kind": "unsatisfiable"}, Unreachable),
    "expired": ({"kind": "expired"}, Unreachable),
    "stall": ({"kind": "stall"}, Unreachable),
    "captive portal": ({"kind": "html"}, Unreachable),
    "reset": ({"kind": "refuse"}, Unreachable),
    "too long a wait": ({"kind": "too_many", "seconds": 100_000}, Unreachable),
    "another size": ({"kind": "wrong_size", "size": MEGABYTE}, Unreachable),
    "a loop": ({"kind": "loop"}, Unreachable),
    "a local file": ({"kind": "redirect", "location": "file:///etc/passwd", "port": "hub"}, Unreachable),
}


@pytest.mark.parametrize("name", NEVER_WHOLE)
def test_wrong_bytes_never_appear(downloads: Downloads, name: str) -> None:
    fault, error = NEVER_WHOLE[name]
    downloads.hub.faults.add(port="cdn", times=FOR_EVER, **fault)
    with pytest.raises(error) as raised:
        downloads.pull()
    assert raised.value.remedy
    assert not downloads.blobs
    assert downloads.fetched <= 2.1 * SIZE


@pytest.mark.slow
@pytest.mark.parametrize("name", NEVER_MORE)
def test_a_fault_that_stays_ends_in_one_error_and_keeps_what_has_arrived(
    downloads: Downloads, name: str
) -> None:
    fault, error = NEVER_MORE[name]
    downloads.hub.faults.add("reset", port="cdn", after=16 * MEGABYTE)
    downloads.hub.faults.add(**{"port": "cdn", "times": FOR_EVER, "skip": 1, **fault})
    with pytest.raises(error) as raised:
        downloads.pull(limits=Limits(connections=1, patience_seconds=2))
    assert raised.value.remedy
    assert not downloads.blobs

    arrived = downloads.fetched
    downloads.hub.clear()
    assert downloads.pull().paths[0].read_bytes() == downloads.content
    assert downloads.fetched <= SIZE - arrived + 2 * MEGABYTE


def test_a_model_that_changes_meanwhile_is_still_the_one_that_was_asked_for(downloads: Downloads) -> None:
    downloads.hub.faults.add("reset", port="cdn", after=8 * MEGABYTE)
    downloads.hub.faults.add("delay", port="cdn", skip=1, seconds=0.5)
    before = downloads.hub.repositories[MODEL].main.sha
    downloads.hub.commit(MODEL, {FILE: downloads.content[::-1]})
    assert downloads.pull(f"{MODEL}@{before}").paths[0].read_bytes() == downloads.content
    assert downloads.pull().paths[0].read_bytes() == downloads.content[::-1]


def test_the_token_goes_to_the_hub_and_to_nobody_else(downloads: Downloads) -> None:
    downloads.pull()
    sent = {
        record.port: "authorization" in record.headers
        for record in downloads.hub.log
        if record.is_file or record.port == "hub"
    }
    assert sent == {"hub": True, "cdn": False}
