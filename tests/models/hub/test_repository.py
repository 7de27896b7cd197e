"""Repositories as the hub describes them, asked of a real one on loopback."""

from __future__ import annotations

import pytest

from tests.hub import FakeHub
from workbench.errors import InvalidRequest
from workbench.models.hub.repository import repository

FILES = {"tiny-Q4_K_M.gguf": b"G" * 5000, "sub/tiny-Q8_0.gguf": b"H" * 100, "README.md": b"# Tiny\n"}
GGUF = {"total": 1000, "architecture": "llama", "context_length": 4096}


def test_a_repository_is_described_in_one_request(hub: FakeHub) -> None:
    commit = hub.add_repository(
        "acme/tiny-GGUF",
        FILES,
        gguf=GGUF,
        downloads=12,
        likes=3,
        licence="mit",
        card={"base_model": "acme/tiny"},
        tags=["gguf"],
        last_modified="2026-11-20T10:00:00",
    )
    found = repository("acme/tiny-GGUF")
    assert (found.id, found.revision, found.commit) == ("acme/tiny-GGUF", "main", commit)
    assert {file.path: file.size_bytes for file in found.files} == {
        path: len(content) for path, content in FILES.items()
    }
    assert (found.parameters, found.architecture, found.context_length) == (1000, "llama", 4096)
    assert (found.downloads, found.likes, found.licence) == (12, 3, "mit")
    assert (found.gated, found.private, found.left_out) == (False, False, 0)
    assert (found.base_models, found.updated) == (("acme/tiny",), "2026-11-20")
    assert len(hub.log) == 1


def test_etags_are_the_names_of_blobs_in_the_cache(hub: FakeHub) -> None:
    hub.add_repository("acme/tiny-GGUF", FILES)
    files = {file.path: file for file in repository("acme/tiny-GGUF").files}
    large, small = files["tiny-Q4_K_M.gguf"], files["README.md"]
    assert large.sha256 == large.etag and len(large.etag) == 64
    assert small.sha256 is None and len(small.etag) == 40


def test_a_revision_is_pinned_to_its_commit(hub: FakeHub) -> None:
    first = hub.add_repository("acme/tiny-GGUF", FILES)
    second = hub.commit("acme/tiny-GGUF", {"other-Q8_0.gguf": b"O"}, branch="feature/x")
    assert repository("acme/tiny-GGUF").commit == first
    found = repository("acme/tiny-GGUF", "feature/x")
    assert (found.commit, found.revision) == (second, "feature/x")
    assert [file.path for file in found.files] == ["other-Q8_0.gguf"]
    assert repository("acme/tiny-GGUF", first).commit == first


def test_gates_and_privacy_are_told(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add_repository("acme/gated", FILES, gated="manual")
    assert repository("acme/gated").gated
    hub.add_repository("acme/private", FILES, private=True, allowed_tokens={"hf_good"})
    monkeypatch.setenv("HF_TOKEN", "hf_good")
    assert repository("acme/private").private


@pytest.mark.parametrize("id", ["", "x", "../x", "a/b/c", "a/../b", "a/b\x1b", "a b/c"])
def test_what_is_no_id_is_not_asked_for(id: str, hub: FakeHub) -> None:
    with pytest.raises(InvalidRequest):
        repository(id)
    assert hub.log == []
