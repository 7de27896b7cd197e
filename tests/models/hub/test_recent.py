"""A repository asked about twice within minutes is asked for once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.hub import FakeHub
from workbench.errors import ModelNotFound
from workbench.models.hub import recent
from workbench.models.hub.recent import recent_repository
from workbench.models.hub.repository import repository

NAME = "acme/small-GGUF"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: FakeHub) -> Path:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    hub.add_repository(NAME, {"small-Q8_0.gguf": b"weights" * 100, "README.md": b"# Small"})
    return tmp_path / "cache" / "repositories"


def asked(hub: FakeHub) -> int:
    return len(hub.requests("GET", "/api/models/"))


def test_the_second_answer_is_the_first(hub: FakeHub, kept: Path) -> None:
    assert recent_repository(NAME) == recent_repository(NAME) == repository(NAME)
    assert asked(hub) == 2


def test_an_answer_grows_old(hub: FakeHub, kept: Path) -> None:
    before = recent_repository(NAME)
    hub.commit(NAME, {"small-Q8_0.gguf": b"other weights" * 100})
    assert recent_repository(NAME) == before
    for file in kept.iterdir():
        os.utime(file, (1, 1))
    assert recent_repository(NAME).commit != before.commit


@pytest.mark.parametrize("damage", [b"", b"\xc1", b"\x93\x01\x02\x03"])
def test_what_cannot_be_read_is_asked_again(hub: FakeHub, kept: Path, damage: bytes) -> None:
    before = recent_repository(NAME)
    for file in kept.iterdir():
        file.write_bytes(damage)
    assert recent_repository(NAME) == before and asked(hub) == 2


def test_revisions_hubs_and_tokens_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    places = {recent._place(NAME, "main"), recent._place(NAME, "other"), recent._place("acme/else", "main")}
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    places.add(recent._place(NAME, "main"))
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example")
    places.add(recent._place(NAME, "main"))
    assert len(places) == 5


def test_a_refusal_is_not_kept(hub: FakeHub, kept: Path) -> None:
    for _ in range(2):
        with pytest.raises(ModelNotFound):
            recent_repository(NAME, "no-such-branch")
    assert not kept.exists()


def test_few_are_kept(hub: FakeHub, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "_MOST_FILES", 1)
    for name in ("acme/one", "acme/two"):
        hub.add_repository(name, {"README.md": b"#"})
        recent_repository(name)
    assert len(list(kept.iterdir())) == 1
