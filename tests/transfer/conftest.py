"""A hub on loopback, an empty cache, and one repository with a model that is large enough to break."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest

from tests.hub import FakeHub
from workbench.models.transfer.fetching import Limits
from workbench.models.transfer.progress import Progress
from workbench.models.transfer.pulling import Pulled, PullRequest, pull

MODEL = "acme/tiny-GGUF"
FILE = "tiny-Q4_K_M.gguf"
SIZE = 24_000_001


@dataclass
class Downloads:
    """Pulls from the hub into a cache of its own, in this process."""

    hub: FakeHub
    cache: Path
    models: Path
    content: bytes = field(repr=False)
    seen: list[Progress] = field(default_factory=list)

    def pull(self, name: str = MODEL, stop_at: int | None = None, **fields: Any) -> Pulled:
        """Bring it; `stop_at` cancels once so many bytes are there."""
        cancel = Event()

        def watch(progress: Progress) -> None:
            self.seen.append(progress)
            if stop_at is not None and progress.done_bytes >= stop_at:
                cancel.set()

        fields.setdefault("limits", Limits(patience_seconds=2.0))
        return pull(PullRequest(name=name, **fields), watch, cancel)

    @property
    def blobs(self) -> list[Path]:
        """What has been published."""
        return [path for path in self.cache.rglob("blobs/*") if "workbench" not in path.name]

    @property
    def partials(self) -> list[Path]:
        return list(self.cache.rglob("*.incomplete"))

    @property
    def fetched(self) -> int:
        return self.hub.body_bytes()


@pytest.fixture(scope="session")
def content() -> bytes:
    return b"GGUF" + Random(7).randbytes(SIZE - 4)


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> Iterator[Downloads]:
    with FakeHub() as hub:
        hub.add_repository(MODEL, {FILE: content, "README.md": b"# Tiny\n"}, tags=["gguf"])
        for name, value in environment(hub, tmp_path).items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("HF_HUB_CACHE", raising=False)
        yield Downloads(hub, tmp_path / "hf" / "hub", tmp_path / "workbench" / "data" / "models", content)


def environment(hub: FakeHub, folder: Path) -> dict[str, str]:
    """What a process needs to use that hub and nothing of the user's own."""
    return {
        "HF_ENDPOINT": hub.endpoint,
        "HF_HOME": str(folder / "hf"),
        "WORKBENCH_HOME": str(folder / "workbench"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DOWNLOAD_TIMEOUT": "1",
        "HF_TOKEN": "hf_good",
        "NO_PROXY": "*",
    }
