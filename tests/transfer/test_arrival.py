"""What is there once it has arrived: other programs find it, units come whole, and addresses work as well."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from random import Random

import pytest

import workbench_guide
from tests.transfer.conftest import FILE, MODEL, SIZE, Downloads
from workbench.errors import (
    AccessDenied,
    CorruptDownload,
    ModelNotFound,
    NoSpace,
    Unreachable,
)
from workbench.gguf import read_header
from workbench.models.hub.repository import repository
from workbench.models.hub.variants import choose
from workbench.models.transfer.fetching import Limits
from workbench.models.transfer.remote_header import remote_header

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_ENDPOINT": "http://127.0.0.1:9",
}


def with_their_client(program: str, **variables: str) -> str:
    """What a program prints that uses huggingface_hub in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-c", f"import huggingface_hub as hub\n{program}"],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_the_hubs_own_client_finds_and_reads_it_offline(downloads: Downloads) -> None:
    downloads.pull()
    program = (
        f"import hashlib; path = hub.hf_hub_download({MODEL!r}, {FILE!r})\n"
        "print(hashlib.sha256(open(path, 'rb').read()).hexdigest())"
    )
    assert with_their_client(program, **OFFLINE) == hashlib.sha256(downloads.content).hexdigest()


def test_the_hubs_own_client_finds_nothing_wrong_with_the_cache(downloads: Downloads) -> None:
    downloads.pull()
    program = (
        "cache = hub.scan_cache_dir()\n"
        "repo, = cache.repos; revision, = repo.revisions; file, = revision.files\n"
        "print(len(cache.warnings), len(cache.incomplete_files), sorted(revision.refs), file.size_on_disk)"
    )
    assert with_their_client(program) == f"0 0 ['main'] {SIZE}"


def test_what_is_unfinished_is_seen_by_the_hubs_own_client(downloads: Downloads) -> None:
    downloads.hub.faults.add("reset", port="cdn", after=8_000_000, times=1)
    downloads.hub.faults.add("expired", port="cdn", times=-1, skip=1)
    with pytest.raises(Unreachable):
        downloads.pull(limits=Limits(connections=1, patience_seconds=1))
    assert with_their_client("print(len(hub.scan_cache_dir().incomplete_files))") == "1"


def test_offline_what_is_here_is_found_and_nothing_is_asked(
    downloads: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = downloads.pull()
    downloads.hub.clear()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert downloads.pull().paths == here.paths
    with pytest.raises(Unreachable, match="HF_HUB_OFFLINE"):
        downloads.pull("acme/other-GGUF")
    assert not downloads.hub.log


def test_what_is_here_is_not_fetched_again(downloads: Downloads) -> None:
    first = downloads.pull()
    fetched = downloads.fetched
    again = downloads.pull()
    assert again.paths == first.paths
    assert (first.checked_against, again.checked_against, again.was_here) == ("hub", "", True)
    assert downloads.fetched == fetched


def test_what_their_client_fetched_is_taken_as_it_is(downloads: Downloads) -> None:
    path = with_their_client(f"print(hub.hf_hub_download({MODEL!r}, {FILE!r}))")
    fetched = downloads.fetched
    assert str(downloads.pull().paths[0]) == path
    assert downloads.fetched == fetched


def parts(*names: str) -> dict[str, bytes]:
    return {name: Random(name).randbytes(3_000_000 + len(name)) for name in names}


SHARDS = [f"Q8_0/big-Q8_0-0000{number}-of-00003.gguf" for number in (1, 2, 3)]


def test_shards_and_projector_arrive_as_one_unit(downloads: Downloads) -> None:
    files = parts(*SHARDS, "mmproj-F16.gguf", "big-Q4_K_M.gguf")
    downloads.hub.add_repository("acme/seeing-GGUF", dict(files), tags=["gguf"])
    pulled = downloads.pull("acme/seeing-GGUF:Q8_0")
    names = [*SHARDS, "mmproj-F16.gguf"]
    assert [path.read_bytes() for path in pulled.paths] == [files[name] for name in names]
    totals = {progress.total_bytes for progress in downloads.seen}
    assert totals == {sum(len(files[name]) for name in names)}


def test_a_unit_of_which_one_part_is_wrong_does_not_appear_at_all(downloads: Downloads) -> None:
    downloads.hub.add_repository("acme/big-GGUF", dict(parts(*SHARDS)), tags=["gguf"])
    downloads.hub.faults.add("garbage", port="cdn", path="*00003-of-00003*", times=-1)
    with pytest.raises(CorruptDownload):
        downloads.pull("acme/big-GGUF:Q8_0")
    assert not downloads.blobs
    assert not list(downloads.cache.rglob("snapshots/*/*"))
    downloads.hub.clear()
    downloads.pull("acme/big-GGUF:Q8_0")
    assert downloads.fetched < 3_500_000


def test_files_with_the_same_bytes_are_one_blob(downloads: Downloads) -> None:
    same = Random(3).randbytes(2_000_000)
    downloads.hub.add_repository(
        "acme/twice", {"config.json": b"{}", "a.safetensors": same, "b.safetensors": same}
    )
    pulled = downloads.pull("acme/twice")
    assert [path.name for path in pulled.paths] == ["a.safetensors", "b.safetensors", "config.json"]
    assert len(downloads.blobs) == 2


def test_the_disk_is_checked_first(downloads: Downloads, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil._ntuple_diskusage(10**12, 10**12 - 9_000_000, 9_000_000)  # type: ignore[attr-defined]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(NoSpace, match=f"{SIZE - 9_000_000:,} bytes are missing"):
        downloads.pull()
    assert downloads.fetched == 0


def test_a_limit_on_speed_is_kept(downloads: Downloads) -> None:
    began = time.monotonic()
    downloads.pull(limits=Limits(bytes_per_second=12_000_000))
    assert 1.8 <= time.monotonic() - began <= 4


def test_a_gated_model_asks_for_a_token(downloads: Downloads) -> None:
    downloads.hub.add_repository(
        "meta/gated", {"a-Q8_0.gguf": b"GGUF" * 9}, gated="manual", allowed_tokens={"x"}
    )
    with pytest.raises(AccessDenied):
        downloads.pull("meta/gated")


def test_a_quant_that_is_not_there_brings_the_names_of_those_that_are(downloads: Downloads) -> None:
    with pytest.raises(ModelNotFound) as raised:
        downloads.pull(f"{MODEL}:Q5_K_M")
    assert "Q4_K_M" in raised.value.remedy


def test_a_header_is_read_without_the_weights(downloads: Downloads) -> None:
    model = workbench_guide.PATH
    downloads.hub.add_repository("acme/guide-GGUF", {"guide-F16.gguf": model}, tags=["gguf"])
    downloads.hub.faults.add("reset", port="cdn", after=10_000, times=2)
    found = repository("acme/guide-GGUF")
    told = remote_header(found, choose(found, "F16").files)
    assert told.header.tensors == read_header(model).tensors
    assert told.header.metadata.keys() == read_header(model).metadata.keys()
    assert downloads.fetched < 0.2 * model.stat().st_size


def test_a_header_is_read_where_the_weights_are_refused(downloads: Downloads) -> None:
    model = read_header(workbench_guide.PATH)
    downloads.hub.add_repository("acme/guide-GGUF", {"guide-F16.gguf": workbench_guide.PATH}, tags=["gguf"])
    downloads.hub.faults.add("reset", port="cdn", offset=model.data_offset, times=-1)
    found = repository("acme/guide-GGUF")
    told = remote_header(found, choose(found, "F16").files)
    assert told.header.tensors == model.tensors
    assert 0 < told.bytes_fetched == downloads.hub.body_bytes() <= model.data_offset
