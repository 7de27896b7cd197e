"""What each store holds, from layouts as the real programs make them, and what no store trips over."""

from __future__ import annotations

import json
import os

import pytest

from tests.models.machine import COMMIT, OTHER_COMMIT, Machine, gguf, sha256, written
from workbench.models.stores import StoredModel, store_of
from workbench.models.stores.hugging_face import cache_folder

WEIGHTS = b"application/vnd.ollama.image.model"


def held(slug: str) -> dict[str, StoredModel]:
    return {model.name: model for model in store_of(slug).models()}


def test_the_hugging_face_cache_gives_names_and_published_hashes(machine: Machine) -> None:
    data = gguf()
    link = machine.in_hub("org/some-GGUF", "sub/tiny-Q4_K_M.gguf", data)
    machine.in_hub("org/some-GGUF", "README.md", b"# Some")
    (model,) = held("hugging-face").values()
    assert (model.name, model.path) == ("org/some-GGUF/sub/tiny-Q4_K_M.gguf", link)
    assert (model.repository, model.inside) == ("org/some-GGUF", "sub/tiny-Q4_K_M.gguf")
    assert model.files[0].digest == sha256(data)
    assert set(model.revisions) == {COMMIT, "main"}


def test_a_blob_in_the_shared_folder_keeps_the_hash_of_its_first_link(machine: Machine) -> None:
    """With Xet, blobs/<sha256> is itself a link to a name that is no SHA-256."""
    data = gguf()
    link = machine.in_hub("org/xet", "m.gguf", data)
    blob = machine.hub / "models--org--xet" / "blobs" / sha256(data)
    shared = machine.hub / "blobs" / "ab" / ("ab" + "c" * 62)
    shared.parent.mkdir(parents=True)
    blob.rename(shared)
    blob.symlink_to(os.path.relpath(shared, blob.parent))
    assert held("hugging-face")["org/xet/m.gguf"].files[0].digest == sha256(data)
    assert link.resolve() == shared


def test_revisions_that_differ_have_names_of_their_own(machine: Machine) -> None:
    machine.in_hub("org/m", "m.gguf", gguf("new"), commit=COMMIT, branch="main")
    machine.in_hub("org/m", "m.gguf", gguf("old"), commit=OTHER_COMMIT, branch="")
    assert set(held("hugging-face")) == {"org/m/m.gguf", f"org/m@{OTHER_COMMIT[:8]}/m.gguf"}


@pytest.mark.parametrize(
    ("variable", "inside"),
    [
        ("HF_HUB_CACHE", ""),
        ("HUGGINGFACE_HUB_CACHE", ""),
        ("HF_HOME", "hub"),
        ("XDG_CACHE_HOME", "huggingface/hub"),
    ],
)
def test_the_cache_is_where_the_real_client_has_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, variable: str, inside: str
) -> None:
    monkeypatch.delenv("HF_HOME")
    monkeypatch.setenv(variable, str(machine.home / "elsewhere"))
    assert cache_folder() == machine.home / "elsewhere" / inside


def test_ollama_names_its_blobs(machine: Machine) -> None:
    library = "registry.ollama.ai/library"
    blob = machine.in_ollama(f"{library}/llama3.2/3b", gguf(), template="{{ .Prompt }}", license="Llama")
    machine.in_ollama(f"{library}/qwen/latest", gguf("qwen"))
    machine.in_ollama("registry.ollama.ai/someone/own/7b", gguf("own"))
    machine.in_ollama("hf.co/bartowski/X-GGUF/Q4_K_M", gguf("x"))
    models = held("ollama")
    assert set(models) == {"llama3.2:3b", "qwen:latest", "someone/own:7b", "hf.co/bartowski/X-GGUF:Q4_K_M"}
    llama = models["llama3.2:3b"]
    assert (llama.path, llama.files[0].digest) == (blob, blob.name.removeprefix("sha256-"))
    assert {role: path.read_text() for role, path in llama.texts} == {
        "template": "{{ .Prompt }}",
        "licence": "Llama",
    }
    assert "library/llama3.2:3b" in llama.also
    assert "qwen" in models["qwen:latest"].also
    assert models["hf.co/bartowski/X-GGUF:Q4_K_M"].repository == "bartowski/X-GGUF"


def test_ollama_projectors_and_adapters_belong_to_their_model(machine: Machine) -> None:
    layers = [machine.layer(kind, gguf(kind)) for kind in ("model", "projector", "adapter")]
    machine.manifest("registry.ollama.ai/library/sees/latest", layers)
    model = held("ollama")["sees:latest"]
    assert model.projector is not None
    assert [file.digest for file in model.all_files] == [layer["digest"][7:] for layer in layers]


def test_ollamas_newer_layout_links_to_manifests_that_are_blobs(machine: Machine) -> None:
    """A list of manifests for several runners, in manifests-v2, with one member inline and one as a blob."""
    layer = machine.layer("model", gguf())
    child = {"schemaVersion": 2, "config": machine.layer("config", b"{}"), "layers": [layer]}
    digest = machine.layer("manifest", json.dumps(child).encode())["digest"]
    tensors = {"layers": [machine.layer("tensor", b"weights")], "runner": "mlx"}
    listed = {"schemaVersion": 2, "manifests": [tensors, {"digest": digest, "runner": "ollama"}]}
    blob = (
        machine.ollama
        / "blobs"
        / machine.layer("manifest", json.dumps(listed).encode())["digest"].replace(":", "-")
    )
    link = machine.ollama / "manifests-v2" / "ollama.com" / "library" / "new" / "latest"
    link.parent.mkdir(parents=True)
    link.symlink_to(os.path.relpath(blob, link.parent))
    assert held("ollama")["new:latest"].files[0].digest == layer["digest"][7:]


def test_ollama_models_that_have_lost_a_blob_say_so(machine: Machine) -> None:
    machine.in_ollama("registry.ollama.ai/library/lost/latest", gguf()).unlink()
    model = held("ollama")["lost:latest"]
    assert (model.files, len(model.missing)) == ((), 1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"layers": 7}',
        b'{"layers": [7]}',
        b'{"layers": [{"mediaType": "' + WEIGHTS + b'", "digest": "sha256:../../../../etc/passwd"}]}',
        b'{"layers": [{"mediaType": "' + WEIGHTS + b'", "digest": ["a"]}]}',
        b'{"manifests": [[]]}',
        b"[" * 100_000,
        b'{"layers": [], "pad": "' + b"a" * (8 << 20) + b'"}',
    ],
    ids=lambda content: repr(content[:24]),
)
def test_hostile_manifests_are_passed_over(machine: Machine, content: bytes) -> None:
    machine.in_ollama("registry.ollama.ai/library/good/latest", gguf())
    written(machine.ollama / "manifests/registry.ollama.ai/library/bad/latest", content)
    assert set(held("ollama")) == {"good:latest"}


def test_a_manifest_of_a_gigabyte_is_not_read(machine: Machine) -> None:
    path = written(machine.ollama / "manifests/registry.ollama.ai/library/huge/latest", b"{")
    os.truncate(path, 1 << 30)
    assert held("ollama") == {}


def test_lm_studio_is_found_where_its_pointer_and_its_settings_say(machine: Machine) -> None:
    usual = written(machine.lm_studio / "pub" / "repo-GGUF" / "usual.gguf", gguf())
    home = machine.home / "moved"
    written(machine.home / ".lmstudio-home-pointer", str(home).encode() + b"\n")
    written(home / "settings.json", json.dumps({"downloadsFolder": str(machine.home / "big disk")}).encode())
    chosen = written(machine.home / "big disk" / "pub" / "other" / "chosen.gguf", gguf("chosen"))
    bundled = written(home / ".internal/bundled-models/nomic-ai/nomic/nomic.gguf", gguf("nomic"))
    assert {name: model.path for name, model in held("lm-studio").items()} == {
        "pub/repo-GGUF/usual.gguf": usual,
        "pub/other/chosen.gguf": chosen,
        "nomic-ai/nomic/nomic.gguf": bundled,
    }


@pytest.mark.parametrize(
    "settings", [b"", b"[]", b'{"downloadsFolder": 7}', b'{"downloadsFolder": "relative"}']
)
def test_lm_studios_settings_may_be_anything(machine: Machine, settings: bytes) -> None:
    written(machine.home / ".lmstudio" / "settings.json", settings)
    written(machine.lm_studio / "p" / "r" / "m.gguf", gguf())
    assert set(held("lm-studio")) == {"p/r/m.gguf"}


def test_llama_cpps_manifests_give_back_repository_and_hash(machine: Machine) -> None:
    file = machine.in_llama_cpp("org/repo-GGUF", "latest", "sub/m-Q4_K_M.gguf", gguf())
    written(machine.llama_cpp / "unknown.gguf", gguf("unknown"))
    models = held("llama.cpp")
    assert set(models) == {"org/repo-GGUF/sub/m-Q4_K_M.gguf", "unknown.gguf"}
    known = models["org/repo-GGUF/sub/m-Q4_K_M.gguf"]
    assert (known.path, known.files[0].digest) == (file, sha256(gguf()))


def test_llama_cpps_newer_cache_is_one_of_hugging_face(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.in_hub("org/repo", "m.gguf", gguf())
    monkeypatch.setenv("LLAMA_CACHE", str(machine.hub))
    assert set(held("llama.cpp")) == {"org/repo/m.gguf"}
