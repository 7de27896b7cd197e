"""What an ended process left is used by the next one, and processes that want the same file share it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.transfer.conftest import FILE, MODEL, SIZE, Downloads
from workbench.errors import TransferCancelled
from workbench.models.transfer import journal
from workbench.models.transfer.partial import PartialFile

pytestmark = pytest.mark.slow


def start(downloads: Downloads, *options: str) -> subprocess.Popen[str]:
    """`workbench pull` in a process of its own."""
    command = [sys.executable, "-m", "workbench", "pull", MODEL, *options]
    return subprocess.Popen(
        command, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> Path:
    answer, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    return Path(answer.strip())


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_after_a_kill_at_sixty_percent_little_is_fetched_again(
    downloads: Downloads, how: signal.Signals
) -> None:
    downloads.hub.rate = 8_000_000
    process = start(downloads)
    downloads.hub.wait_until_sent(int(0.6 * SIZE))
    process.send_signal(how)
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert not downloads.blobs

    downloads.hub.clear()
    downloads.hub.rate = None
    assert finish(start(downloads)).read_bytes() == downloads.content
    assert downloads.fetched <= 0.45 * SIZE
    assert not downloads.partials


def test_it_resumes_with_several_connections_too(downloads: Downloads) -> None:
    downloads.hub.rate = 4_000_000
    process = start(downloads, "--connections", "3")
    downloads.hub.wait_until_sent(int(0.6 * SIZE))
    process.kill()
    process.communicate(timeout=30)

    downloads.hub.clear()
    downloads.hub.rate = None
    assert finish(start(downloads)).read_bytes() == downloads.content
    assert downloads.fetched <= 0.45 * SIZE


def stop_at_half(downloads: Downloads) -> None:
    downloads.hub.rate = 12_000_000
    with pytest.raises(TransferCancelled):
        downloads.pull(stop_at=SIZE // 2)
    downloads.hub.rate = None
    assert not downloads.blobs


def test_a_partial_file_that_rotted_is_found_out_and_fetched_anew(downloads: Downloads) -> None:
    stop_at_half(downloads)
    with open(downloads.partials[0], "r+b") as file:
        file.seek(1_000_000)
        file.write(b"rot")
    assert downloads.pull().paths[0].read_bytes() == downloads.content


def test_stopping_keeps_what_has_arrived(downloads: Downloads) -> None:
    stop_at_half(downloads)
    arrived = downloads.fetched
    assert downloads.pull().paths[0].read_bytes() == downloads.content
    assert downloads.fetched - arrived <= 0.6 * SIZE


def test_after_a_loss_of_power_only_what_was_flushed_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.incomplete"
    partial = PartialFile(path, 4_000_000, "content")
    partial.write(0, bytes(1_000_000))
    partial.sync()
    partial.write(2_000_000, bytes(1_500_000))
    partial.close()

    again = PartialFile(path, 4_000_000, "content")
    assert list(again.have()) == [(0, 1_000_000), (2_000_000, 3_500_000)]
    again.close()
    monkeypatch.setattr(journal, "boot_id", lambda: "another start of the machine")
    after = PartialFile(path, 4_000_000, "content")
    assert list(after.have()) == [(0, 1_000_000)]
    after.close()


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\xff\xfe garbage",
        b"workbench transfer content 9\n",
        b"workbench transfer content 4000000\nboot x\n9 1\n1 2 3\n",
    ],
)
def test_a_journal_that_makes_no_sense_counts_for_nothing(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "model.incomplete"
    path.write_bytes(bytes(1_000_000))
    path.with_name("model.journal").write_bytes(damage)
    partial = PartialFile(path, 4_000_000, "content")
    assert partial.arrived_bytes == 0
    partial.close()


def test_bytes_that_the_journal_claims_beyond_the_file_are_fetched(tmp_path: Path) -> None:
    path = tmp_path / "model.incomplete"
    partial = PartialFile(path, 4_000_000, "content")
    partial.write(0, bytes(3_000_000))
    partial.close()
    os.truncate(path, 1_000_000)
    again = PartialFile(path, 4_000_000, "content")
    assert list(again.have()) == [(0, 1_000_000)]
    again.close()


def test_two_processes_fetch_it_once(downloads: Downloads) -> None:
    downloads.hub.rate = 12_000_000
    first, second = start(downloads), start(downloads)
    assert finish(first) == finish(second)
    assert downloads.fetched <= 1.05 * SIZE


def test_the_second_process_goes_on_when_the_first_is_killed(downloads: Downloads) -> None:
    downloads.hub.rate = 8_000_000
    first = start(downloads)
    downloads.hub.wait_until_sent(int(0.3 * SIZE))
    second = start(downloads)
    downloads.hub.wait_until_sent(int(0.5 * SIZE))
    first.kill()
    first.communicate(timeout=30)
    assert finish(second).read_bytes() == downloads.content
    assert downloads.fetched <= 1.3 * SIZE


def test_the_hubs_own_client_waits_for_us_and_fetches_nothing(downloads: Downloads) -> None:
    downloads.hub.rate = 8_000_000
    ours = start(downloads)
    downloads.hub.wait_until_sent(int(0.2 * SIZE))
    program = f"from huggingface_hub import hf_hub_download as get; print(get({MODEL!r}, {FILE!r}))"
    theirs = subprocess.run(
        [sys.executable, "-c", program], env=dict(os.environ), capture_output=True, text=True, timeout=60
    )
    assert theirs.returncode == 0, theirs.stderr
    assert Path(theirs.stdout.strip()) == finish(ours)
    assert downloads.fetched <= 1.05 * SIZE


def test_bytes_are_flushed_before_the_file_gets_its_name(
    downloads: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def fsync_noted(handle: int) -> None:
        done.append(f"fsync {Path(os.readlink(f'/proc/self/fd/{handle}')).suffix}")
        fsync(handle)

    def replace_noted(source: Path, target: Path) -> None:
        done.append(f"rename {Path(source).suffix}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync_noted)
    monkeypatch.setattr(os, "replace", replace_noted)
    downloads.pull()
    assert "fsync .incomplete" in done[: done.index("rename .incomplete")]
    assert done[done.index("rename .incomplete") + 1] == "fsync "
