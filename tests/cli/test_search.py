"""`workbench search` against a hub on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cli.process import Workbench
from tests.hub import FakeHub

LONG = "a-publisher/Meta-Llama-3.1-8B-Instruct-tiny-GGUF"


@pytest.fixture
def hub(workbench: Workbench) -> Iterator[FakeHub]:
    with FakeHub() as running:
        workbench.environment["HF_ENDPOINT"] = running.endpoint
        facts = {"architecture": "llama", "total": 8_030_000_000}
        for id, downloads in (("acme/tiny-GGUF", 1_234_567), (LONG, 40), ("acme/tiny-2-GGUF", 3)):
            running.add_repository(
                id,
                {"m-Q4_K_M.gguf": b"G"},
                tags=["gguf"],
                gguf=facts,
                downloads=downloads,
                licence="mit",
                gated="manual" if downloads == 40 else False,
            )
        running.add_repository("acme/tiny", {"model.safetensors": b"S"})
        yield running


def test_the_table_and_what_to_do_next(workbench: Workbench, hub: FakeHub) -> None:
    done = workbench("search", "tiny")
    heading, first, second, *_ = done.stdout.splitlines()
    assert heading.split()[:3] == ["model", "parameters", "downloads"]
    assert first.split()[:3] == ["acme/tiny-GGUF", "8.0B", "1.2M"]
    assert LONG in second and "gated" in second
    assert "workbench show acme/tiny-GGUF" in done.stderr and "workbench pull acme/tiny-GGUF:" in done.stderr
    assert done.returncode == 0


def test_the_document(workbench: Workbench, hub: FakeHub) -> None:
    listed = json.loads(workbench("search", "tiny", "--json").stdout)
    assert [one["id"] for one in listed] == ["acme/tiny-GGUF", LONG, "acme/tiny-2-GGUF"]
    assert {"downloads", "likes", "updated", "parameters", "architecture", "licence", "gated"} < set(
        listed[0]
    )
    formats = json.loads(workbench("search", "tiny", "--all-formats", "--json").stdout)
    assert "acme/tiny" in [one["id"] for one in formats]


def test_pages(workbench: Workbench, hub: FakeHub) -> None:
    pages = [workbench("search", "tiny", "--limit", "2", "--page", str(page), "--json") for page in (1, 2, 3)]
    assert [len(json.loads(page.stdout)) for page in pages] == [2, 1, 0]
    assert "--page 2 shows more" in pages[0].stderr and "no page 3" in pages[2].stderr


def test_nothing_found_is_no_failure(workbench: Workbench, hub: FakeHub) -> None:
    done = workbench("search", "zzz", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert "'zzz'" in done.stderr and "--all-formats" in done.stderr
    assert workbench("search", "zzz").stdout == ""


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(columns: int, workbench: Workbench, hub: FakeHub) -> None:
    terminal = workbench.on_terminal("search", "tiny", columns=columns)
    terminal.end()
    table = [line for line in terminal.seen.splitlines() if "tiny" in line or line.startswith("model")]
    rows = [line for line in table if "`" not in line]
    assert len(rows) >= 4
    assert [line for line in rows if len(line) > max(columns, len(LONG))] == []


def test_what_is_not_there_is_one_sentence(workbench: Workbench, hub: FakeHub) -> None:
    hub.close_port("hub")
    done = workbench("search", "tiny")
    assert (done.returncode, done.stdout) == (8, "")
    assert len(done.stderr.splitlines()) == 2
    offline = workbench("search", "tiny", HF_HUB_OFFLINE="1")
    assert offline.returncode == 8 and "HF_HUB_OFFLINE" in offline.stderr


def test_no_telemetry_is_sent(workbench: Workbench, hub: FakeHub) -> None:
    workbench("search", "tiny", HF_TOKEN="hf_good")
    (asked,) = hub.log
    assert asked.path == "/api/models"
    assert asked.headers["user-agent"].startswith("workbench/")
    assert asked.headers["authorization"] == "Bearer hf_good"
