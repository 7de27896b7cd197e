"""Names and the files behind them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

import workbench_guide
from workbench.errors import ModelNotFound
from workbench.models import describe, local_models, locate
from workbench.models.local import LocalModel


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("WORKBENCH_MODELS", raising=False)
    monkeypatch.setattr(workbench_guide, "PATH", placed(tmp_path / "guide.gguf"))
    return tmp_path


def placed(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"GGUF")
    return path


def names() -> list[str]:
    return [model.name for model in local_models()]


def test_guide_is_the_bundled_model(home: Path) -> None:
    assert locate("guide") == LocalModel("guide", home / "guide.gguf")


def test_a_path_is_itself(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = placed(home / "elsewhere" / "tiny.gguf")
    assert locate(str(file)) == LocalModel("tiny", file)
    monkeypatch.chdir(file.parent)
    assert locate("tiny.gguf").path.samefile(file)
    assert locate("./tiny.gguf").path.samefile(file)


def test_models_in_folders_answer_to_their_name(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = placed(home / "home" / "data" / "models" / "org" / "own.gguf")
    other = placed(home / "other" / "big-Q4_K_M.gguf")
    monkeypatch.setenv("WORKBENCH_MODELS", f"{home / 'missing'}:{home / 'other'}")
    assert names() == ["guide", "org/own", "big-Q4_K_M"]
    assert locate("org/own").path == own
    assert locate("big-Q4_K_M").path == other


def test_later_shards_projectors_and_dead_links_are_left_out(home: Path) -> None:
    folder = home / "home" / "data" / "models"
    for name in ("big-00001-of-00002", "big-00002-of-00002", "mmproj-F16", "plain"):
        placed(folder / f"{name}.gguf")
    (folder / "gone.gguf").symlink_to(home / "nowhere")
    assert names() == ["guide", "big-00001-of-00002", "plain"]


@pytest.mark.parametrize("variable", ["HF_HOME", "HF_HUB_CACHE"])
def test_the_hugging_face_cache_is_read(home: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, str(home / "cache"))
    hub = home / "cache" / ("hub" if variable == "HF_HOME" else "")
    file = placed(hub / "models--org--my--repo-GGUF" / "snapshots" / "abc" / "Q4" / "m.gguf")
    assert locate("org/my--repo-GGUF/Q4/m.gguf").path == file


def test_an_unknown_name_suggests_the_nearest(home: Path) -> None:
    with pytest.raises(ModelNotFound, match="no model named 'giude'") as caught:
        locate("giude")
    assert "Did you mean guide?" in caught.value.remedy


def test_a_missing_file_and_a_folder_are_told_apart(home: Path) -> None:
    with pytest.raises(ModelNotFound, match="no file"):
        locate(str(home / "missing.gguf"))
    with pytest.raises(ModelNotFound, match="is a folder"):
        locate(str(home))


def test_a_broken_file_is_described_with_its_problem(home: Path) -> None:
    file = home / "broken.gguf"
    file.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 2**60, 2**60))
    described = describe(LocalModel("broken", file))
    assert described.size_bytes == 24
    assert described.problem
    assert describe(LocalModel("gone", home / "gone.gguf")).problem
