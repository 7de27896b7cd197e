"""A machine with models on it, laid out as the programs that keep them lay them out.

Hugging Face: blobs by hash, relative links in snapshots, refs. Ollama: manifests and blobs. LM Studio:
publisher, repository, file. llama.cpp before 2026: flat names with manifests beside them.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.core.gguf_bytes import STRING, U32, GgufBytes

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
COMMIT, OTHER_COMMIT = "a" * 40, "b" * 40


def gguf(name: str = "tiny", *, tensors: int = 4, quantization: int = 1, **metadata: int) -> bytes:
    """A sound GGUF file whose weights are those of no other name."""
    file = GgufBytes()
    file.entry("general.architecture", STRING, file.text("llama"))
    file.entry("general.name", STRING, file.text(name))
    file.entry("general.file_type", U32, file.pack("I", quantization))
    for key, number in metadata.items():
        file.entry(f"llama.{key}", U32, file.pack("I", number))
    for index in range(tensors):
        file.tensor(f"blk.{index}.attn_q.weight", (256, 16), kind=0, offset=index * 16384)
    seed = hashlib.sha256(name.encode()).digest()
    file.data = (seed * (16384 // len(seed))) * tensors
    return bytes(file)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@dataclass
class Machine:
    """Everything lies below `home`."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "WORKBENCH_HOME": str(self.home / "workbench"),
            "HF_HOME": str(self.home / "hf"),
            "OLLAMA_MODELS": str(self.ollama),
        }

    @property
    def hub(self) -> Path:
        return self.home / "hf" / "hub"

    @property
    def ollama(self) -> Path:
        return self.home / ".ollama" / "models"

    @property
    def lm_studio(self) -> Path:
        return self.home / ".lmstudio" / "models"

    @property
    def llama_cpp(self) -> Path:
        return self.home / ".cache" / "llama.cpp"

    @property
    def folder(self) -> Path:
        return self.home / "workbench" / "data" / "models"

    def in_hub(
        self, repository: str, path: str, data: bytes, *, commit: str = COMMIT, branch: str = "main"
    ) -> Path:
        """A file in the Hugging Face cache; returns its link in the snapshot."""
        folder = self.hub / f"models--{repository.replace('/', '--')}"
        large = path.endswith((".gguf", ".safetensors"))
        blob = written(folder / "blobs" / (sha256(data) if large else git_sha1(data)), data)
        link = folder / "snapshots" / commit / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blob, link.parent))
        if branch:
            written(folder / "refs" / branch, commit.encode())
        return link

    def in_ollama(self, name: str, model: bytes, **texts: str) -> Path:
        """A model of Ollama's own; returns the blob of its weights. `name` is host/namespace/model/tag."""
        layers = [self.layer("model", model)]
        for kind, text in texts.items():
            layers.append(self.layer(kind, text.encode()))
        self.manifest(name, layers)
        return self.ollama / "blobs" / f"sha256-{sha256(model)}"

    def layer(self, kind: str, data: bytes) -> dict[str, Any]:
        written(self.ollama / "blobs" / f"sha256-{sha256(data)}", data)
        return {
            "mediaType": f"application/vnd.ollama.image.{kind}",
            "digest": f"sha256:{sha256(data)}",
            "size": len(data),
        }

    def manifest(self, name: str, layers: list[dict[str, Any]]) -> Path:
        config = {**self.layer("config", json.dumps({"model_format": "gguf"}).encode())}
        config["mediaType"] = "application/vnd.docker.container.image.v1+json"
        document = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": layers}
        return written(self.ollama / "manifests" / name, json.dumps(document).encode())

    def in_llama_cpp(self, repository: str, tag: str, inside: str, data: bytes) -> Path:
        """A file as `llama-server -hf` kept it before it used the Hugging Face cache."""
        owner, name = repository.split("/")
        file = written(self.llama_cpp / f"{owner}_{name}_{inside.replace('/', '_')}", data)
        written(file.with_name(f"{file.name}.etag"), f'"{sha256(data)}"'.encode())
        entry = {"rfilename": inside, "size": len(data), "lfs": {"sha256": sha256(data), "size": len(data)}}
        manifest = self.llama_cpp / f"manifest={owner}={name}={tag}.json"
        written(manifest, json.dumps({"ggufFile": entry}).encode())
        return file
