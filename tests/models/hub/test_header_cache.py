"""Headers of models on the hub: fetched once, kept small, and true to what was fetched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.blueprints import models
from tests.blueprints.blueprint import header_bytes
from tests.hub import FakeHub
from workbench.errors import InvalidModel
from workbench.gguf import Header
from workbench.models import header_cache
from workbench.models.header_cache import cached_header, header_of
from workbench.models.header_of_name import named_header, siblings
from workbench.models.hub import recent
from workbench.models.hub.repository import repository
from workbench.models.hub.variants import choose

NAME = "acme/large-GGUF"
VOCABULARY = [f"token {number}" for number in range(5000)]
TOKENIZER = {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.tokens": VOCABULARY}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))


@pytest.fixture
def published(hub: FakeHub) -> FakeHub:
    """Headers alone are enough for whoever reads headers alone."""
    large, hybrid = header_bytes(models.llama_3_70b(), TOKENIZER), header_bytes(models.lfm2_1_2b(), TOKENIZER)
    hub.add_repository(NAME, {"large-Q4_K_M.gguf": large, "large-Q8_0.gguf": hybrid, "README.md": b"# Large"})
    return hub


def fetched(hub: FakeHub) -> int:
    return len(hub.requests("GET", ".gguf"))


def described(header: Header) -> dict[str, object]:
    return {
        key: list(value) if not isinstance(value, bool | int | float | str) else value
        for key, value in header.metadata.items()
        if not key.startswith("tokenizer.ggml.tokens")
    }


@pytest.mark.parametrize("quant", ["Q4_K_M", "Q8_0"])
def test_what_is_kept_says_what_was_fetched(published: FakeHub, quant: str) -> None:
    found = repository(NAME)
    files = choose(found, quant).files
    assert cached_header(files) is None
    first, again = header_of(found, files).header, cached_header(files)
    assert again is not None
    assert (again.tensors, again.files, again.alignment) == (first.tensors, first.files, first.alignment)
    kept, size = described(again), f"{first.architecture}.vocab_size"
    assert kept == {**described(first), size: first.metadata.get(size, len(VOCABULARY))}


def test_it_is_fetched_once_and_kept_small(published: FakeHub, tmp_path: Path) -> None:
    found = repository(NAME)
    files = choose(found, "Q4_K_M").files
    header_of(found, files)
    requests = fetched(published)
    header_of(found, files)
    assert fetched(published) == requests
    (kept,) = (tmp_path / "home" / "cache" / "headers").iterdir()
    assert kept.stat().st_size < 100_000


def test_another_commit_of_the_same_name_is_another_header(
    published: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "FRESH_SECONDS", 0)
    assert named_header(f"{NAME}:Q4_K_M").header.architecture == "llama"
    changed = header_bytes(models.gemma_3_27b(), TOKENIZER)
    published.commit(NAME, {"large-Q4_K_M.gguf": changed})
    assert named_header(f"{NAME}:Q4_K_M").header.architecture == "gemma3"


@pytest.mark.parametrize("damage", [b"", b"\x00" * 40, b"\x98\x02\x03"])
def test_a_damaged_one_is_fetched_again(published: FakeHub, tmp_path: Path, damage: bytes) -> None:
    found = repository(NAME)
    files = choose(found, "Q4_K_M").files
    first = header_of(found, files).header
    (kept,) = (tmp_path / "home" / "cache" / "headers").iterdir()
    kept.write_bytes(damage)
    assert cached_header(files) is None
    assert header_of(found, files).header.tensors == first.tensors
    assert cached_header(files) is not None


def test_the_oldest_are_forgotten(
    published: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(header_cache, "_MOST_FILES", 1)
    found = repository(NAME)
    for quant in ("Q4_K_M", "Q8_0"):
        header_of(found, choose(found, quant).files)
        for file in (tmp_path / "home" / "cache" / "headers").iterdir():
            os.utime(file, (1, 1))
    assert cached_header(choose(found, "Q4_K_M").files) is None


def test_a_folder_that_cannot_be_written_harms_nothing(published: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "cache").write_text("in the way")
    found = repository(NAME)
    files = choose(found, "Q4_K_M").files
    assert header_of(found, files).header.architecture == "llama" and cached_header(files) is None


def test_what_is_no_model_is_refused_and_not_kept(hub: FakeHub, tmp_path: Path) -> None:
    hub.add_repository(NAME, {"large-Q4_K_M.gguf": b"<html>not here</html>" * 50})
    with pytest.raises(InvalidModel):
        named_header(NAME)
    assert not (tmp_path / "home" / "cache" / "headers").exists()


def test_siblings_are_all_quantizations_by_size(published: FakeHub) -> None:
    found = siblings(named_header(f"{NAME}:Q4_K_M"))
    assert {one.name for one in found} == {f"{NAME}:Q4_K_M", f"{NAME}:Q8_0"}
    sizes = [one.variant.size_bytes for one in found if one.variant]
    assert sizes == sorted(sizes)


def test_a_large_vocabulary_costs_less_than_twenty_megabytes(hub: FakeHub) -> None:
    tokenizer = {**TOKENIZER, "tokenizer.ggml.tokens": [f"{number:_>40}" for number in range(128_256)]}
    hub.add_repository(
        NAME, {"large-Q4_K_M.gguf": header_bytes(models.llama_3_70b(), tokenizer) + bytes(2**26)}
    )
    named_header(NAME)
    assert sum(record.bytes_sent for record in hub.requests("GET", ".gguf")) < 20_000_000


def test_a_header_at_a_plain_address_is_read_as_well(
    published: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_ENDPOINT")
    read = named_header(f"{published.endpoint}/{NAME}/resolve/main/large-Q4_K_M.gguf")
    assert (read.name, read.path, read.repository) == ("large-Q4_K_M.gguf", "", None)
    assert read.header.parameters > 70e9
    assert 0 < read.bytes_fetched <= published.body_bytes()
