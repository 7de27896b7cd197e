"""`workbench pull` as a person or a script meets it."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys

import pytest

from tests.transfer.conftest import FILE, MODEL, SIZE, Downloads


def run_pull(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workbench", "pull", *arguments]
    return subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, timeout=60)


@pytest.mark.slow
def test_what_was_interrupted_goes_on_without_being_named(downloads: Downloads) -> None:
    downloads.hub.faults.add("status", port="cdn", status=503, times=-1)
    assert run_pull(MODEL, "--patience", "0.5").returncode == 8
    assert run_pull("acme/none").returncode == 3
    downloads.hub.clear()
    assert run_pull("--unfinished").stdout.strip().endswith(FILE)
    assert run_pull("--unfinished").stdout == ""


def test_one_failure_does_not_stop_the_others(downloads: Downloads) -> None:
    result = run_pull("acme/none", MODEL)
    assert result.returncode == 3
    assert result.stdout.strip().endswith(FILE)
    assert "acme/none" in result.stderr


def pull_in_a_process(limit_file_size: int | None = None) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        if limit_file_size:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_file_size, limit_file_size))

    return subprocess.run(
        [sys.executable, "-m", "workbench", "pull", MODEL],
        env=dict(os.environ),
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_full_disk_stops_it_and_loses_nothing(downloads: Downloads) -> None:
    stopped = pull_in_a_process(limit_file_size=16_000_000)
    assert stopped.returncode == 11
    assert len(stopped.stderr.strip().splitlines()) == 2
    assert not downloads.blobs
    downloads.hub.clear()
    assert pull_in_a_process().returncode == 0
    assert downloads.fetched <= SIZE - 15_000_000


@pytest.mark.slow
def test_progress_is_told_in_json_lines(downloads: Downloads) -> None:
    downloads.hub.rate = 12_000_000
    result = subprocess.run(
        [sys.executable, "-m", "workbench", "pull", MODEL, "--json"],
        env=dict(os.environ),
        capture_output=True,
        text=True,
    )
    *moments, last = [json.loads(line) for line in result.stdout.splitlines()]
    assert {moment["event"] for moment in moments} == {"progress"}
    assert [moment["done_bytes"] for moment in moments] == sorted(moment["done_bytes"] for moment in moments)
    assert last["event"] == "done"
    assert last["sha256"] == hashlib.sha256(downloads.content).hexdigest()
