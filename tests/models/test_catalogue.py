"""The list of models: each once, quick, and found by every name that people write."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.models.machine import COMMIT, OTHER_COMMIT, Machine, gguf, sha256, written
from workbench.errors import ModelNotFound
from workbench.models import describe_all, local_models, locate, unfinished_downloads
from workbench.models import description as describing
from workbench.models.transfer.journal import boot_id


def names() -> list[str]:
    return [model.name for model in local_models()]


def test_the_same_bytes_in_five_stores_are_one_model_with_five_places(machine: Machine) -> None:
    data = gguf()
    machine.in_hub("org/m-GGUF", "m-Q4_K_M.gguf", data)
    machine.in_ollama("registry.ollama.ai/library/m/latest", data)
    written(machine.lm_studio / "org" / "m-GGUF" / "m-Q4_K_M.gguf", data)
    machine.in_llama_cpp("org/m-GGUF", "latest", "m-Q4_K_M.gguf", data)
    written(machine.folder / "mine.gguf", data)
    (model,) = local_models()
    assert model.stores == ("folder", "hugging-face", "ollama", "lm-studio", "llama.cpp")
    (described,) = describe_all([model])
    assert len(described.paths) == 5
    assert described.size_bytes == len(data)


def test_links_are_the_same_model_without_reading_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = machine.in_hub("org/m", "m.gguf", gguf())
    (machine.lm_studio / "org" / "m").mkdir(parents=True)
    (machine.lm_studio / "org" / "m" / "m.gguf").symlink_to(link)
    os.link(link.resolve(), written(machine.folder / "x", b"").with_name("hard.gguf"))
    monkeypatch.setattr("workbench.models.sameness.sample", None)
    (model,) = local_models()
    assert len(model.places) == 3


def test_files_of_one_size_that_differ_stay_apart(machine: Machine) -> None:
    one, other = gguf("aa"), gguf("bb")
    assert len(one) == len(other)
    written(machine.folder / "one.gguf", one)
    written(machine.folder / "other.gguf", other)
    assert names() == ["one", "other"]


def test_one_name_for_two_models_is_told_apart_by_the_store(machine: Machine) -> None:
    machine.in_hub("org/m", "m.gguf", gguf("hub"))
    other = written(machine.lm_studio / "org" / "m" / "m.gguf", gguf("studio"))
    assert names() == ["org/m/m.gguf", "lm-studio:org/m/m.gguf"]
    assert locate("lm-studio:org/m/m.gguf").path == other


def test_a_folder_that_two_stores_share_is_listed_once(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(machine.lm_studio / "p" / "r" / "m.gguf", gguf())
    monkeypatch.setenv("WORKBENCH_MODELS", str(machine.lm_studio))
    (machine.home / ".cache").mkdir()
    (machine.home / ".cache" / "lm-studio").symlink_to(machine.home / ".lmstudio")
    (model,) = local_models()
    assert (model.name, len(model.places)) == ("p/r/m", 1)


@pytest.mark.parametrize(
    "name",
    [
        "llama3.2:3b",
        "library/llama3.2:3b",
        "registry.ollama.ai/library/llama3.2:3b",
        "ollama:llama3.2:3b",
        "Llama3.2:3B",
    ],
)
def test_ollamas_names_open_the_blob_in_place(machine: Machine, name: str) -> None:
    blob = machine.in_ollama("registry.ollama.ai/library/llama3.2/3b", gguf())
    found = locate(name)
    assert (found.name, found.path) == ("llama3.2:3b", blob)


def test_ollamas_latest_may_be_left_out(machine: Machine) -> None:
    machine.in_ollama("registry.ollama.ai/library/qwen/latest", gguf())
    assert locate("qwen").name == "qwen:latest"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("org/m-GGUF:Q4_K_M", "m-Q4_K_M.gguf"),
        ("org/m-GGUF:q8_0", "Q8_0/m-Q8_0-00001-of-00002.gguf"),
        ("org/m-GGUF/Q8_0/m-Q8_0-00002-of-00002.gguf", "Q8_0/m-Q8_0-00001-of-00002.gguf"),
        ("org/m-GGUF/m-Q4_K_S.gguf", "m-Q4_K_S.gguf"),
        ("org/m-GGUF", "m-Q4_K_M.gguf"),
        ("ORG/m-gguf:Q4_K_S", "m-Q4_K_S.gguf"),
        ("hf.co/org/m-GGUF:Q4_K_S", "m-Q4_K_S.gguf"),
        ("m-Q4_K_S.gguf", "m-Q4_K_S.gguf"),
        ("m-q4_k_s", "m-Q4_K_S.gguf"),
    ],
)
def test_what_is_here_of_a_repository_is_found_by_quant_and_by_path(
    machine: Machine, name: str, file: str
) -> None:
    paths = (
        "m-Q4_K_M.gguf",
        "m-Q4_K_S.gguf",
        "Q8_0/m-Q8_0-00001-of-00002.gguf",
        "Q8_0/m-Q8_0-00002-of-00002.gguf",
    )
    for path in paths:
        machine.in_hub("org/m-GGUF", path, gguf(path))
    assert locate(name).name == f"org/m-GGUF/{file}"


def test_a_quant_that_is_not_here_is_not_found(machine: Machine) -> None:
    machine.in_hub("org/m-GGUF", "m-Q4_K_M.gguf", gguf())
    for name in ("org/m-GGUF:Q4_K", "org/m-GGUF:Q6_K", "org/m-GGUF@v2:Q4_K_M"):
        with pytest.raises(ModelNotFound):
            locate(name)


def test_a_revision_is_found_by_branch_and_by_commit(machine: Machine) -> None:
    machine.in_hub("org/m", "m.gguf", gguf("new"), commit=COMMIT)
    old = machine.in_hub("org/m", "m.gguf", gguf("old"), commit=OTHER_COMMIT, branch="v1")
    assert locate("org/m@v1/m.gguf").path == old
    assert locate(f"org/m@{OTHER_COMMIT}").path == old
    assert locate("org/m").path != old


def test_a_name_of_several_files_says_which(machine: Machine) -> None:
    for folder in ("a", "b"):
        written(machine.folder / folder / "m.gguf", gguf(folder))
    with pytest.raises(ModelNotFound) as caught:
        locate("m.gguf")
    assert caught.value.remedy == "Choose one: a/m, b/m."


def test_the_path_of_any_shard_opens_the_first(machine: Machine) -> None:
    first = written(machine.home / "x-00001-of-00002.gguf", gguf())
    second = written(machine.home / "x-00002-of-00002.gguf", gguf())
    assert locate(str(second)).path == first


def test_headers_are_read_once(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(machine.folder / "m.gguf", gguf(quantization=15))
    read: list[Path] = []
    really = describing.read_model
    monkeypatch.setattr(describing, "read_model", lambda path: read.append(path) or really(path))
    assert describe_all(local_models())[0].quantization == "Q4_K_M"
    assert describe_all(local_models())[0].quantization == "Q4_K_M"
    assert len(read) == 1
    file.write_bytes(gguf(quantization=7))
    assert describe_all(local_models())[0].quantization == "Q8_0"
    (machine.home / "workbench" / "cache" / "models.json").write_bytes(b'{"layout": [')
    assert describe_all(local_models())[0].quantization == "Q8_0"
    assert len(read) == 3


def test_two_thousand_models_are_listed_in_a_blink_the_second_time(machine: Machine) -> None:
    for index in range(2000):
        written(machine.folder / f"{index % 40}" / f"{index}.gguf", b"GGUF" + bytes(20 + index))
    describe_all(local_models())
    started = time.process_time()
    assert len(describe_all(local_models())) == 2000
    assert time.process_time() - started < 2.0


def test_what_is_wrong_with_a_model_is_said(machine: Machine) -> None:
    written(machine.folder / "cut.gguf", gguf()[:-100])
    written(machine.folder / "half-00001-of-00002.gguf", gguf())
    problems = {model.name: model.problem for model in describe_all(local_models())}
    assert "100 bytes of its weights are missing" in problems["cut"]
    assert "half-00002-of-00002.gguf is missing" in problems["half-00001-of-00002"]


def test_unfinished_downloads_tell_how_much_is_there(machine: Machine) -> None:
    blobs = machine.hub / "models--org--m" / "blobs"
    written(blobs / f"{'e' * 64}.workbench.incomplete", bytes(1000))
    journal = f"workbench transfer {'e' * 64} 4000\nboot {boot_id()}\n0 300\n200 500\n"
    written(blobs / f"{'e' * 64}.workbench.journal", journal.encode())
    written(machine.folder / ".plain.gguf.incomplete", bytes(10))
    plain, hub = unfinished_downloads()
    assert (hub.name, hub.have_bytes, hub.total_bytes, len(hub.files)) == (f"org/m/{'e' * 12}", 500, 4000, 2)
    assert (plain.name, plain.have_bytes, plain.total_bytes) == ("plain.gguf", 0, None)
    assert names() == []
    named = journal.replace(" 4000", " sub/m-Q4_K_M.gguf 4000").encode()
    written(blobs / f"{'e' * 64}.workbench.journal", named)
    assert unfinished_downloads()[1].name == "org/m/sub/m-Q4_K_M.gguf"


def test_the_real_clients_cache_is_read(machine: Machine) -> None:
    """The layout above is the real one: huggingface_hub finds nothing wrong with it."""
    from huggingface_hub import scan_cache_dir

    data = gguf()
    machine.in_hub("org/m", "m.gguf", data)
    (repository,) = scan_cache_dir(machine.hub).repos
    (revision,) = repository.revisions
    (file,) = revision.files
    assert (repository.repo_id, revision.commit_hash, file.blob_path.name) == ("org/m", COMMIT, sha256(data))
