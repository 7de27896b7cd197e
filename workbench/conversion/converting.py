"""A model's folder made into one GGUF file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf

from workbench import __version__
from workbench.conversion.adapter import read_adapter
from workbench.conversion.checkpoint import Checkpoint, read_checkpoint
from workbench.conversion.families import family_of
from workbench.conversion.gguf_output import Weight, closest_type, write_gguf
from workbench.conversion.json_file import Entries, read_object
from workbench.conversion.pooling import describe_pooling
from workbench.conversion.tokenizers.reading import describe_tokenizer
from workbench.errors import InvalidModel, ModelNotFound

Advance = Callable[[str, int, int], None]
"""Gets what is being done, the bytes that are done and how many there are."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What was made; `notes` say in sentences what of the model could not be kept."""

    path: Path
    architecture: str
    type: str
    size_bytes: int
    tensors: int
    source_sha256: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a person may choose.

    Attributes:
        output: The file to write; None for one named after the model and its type, in the current folder.
        type: auto keeps what the model has.
        pre: llama.cpp's name of how the tokenizer finds words; "" to find it out.
        name: What the model is called; "" for the name of its folder.
    """

    output: Path | None = None
    type: str = "auto"
    pre: str = ""
    name: str = ""


def convert(folder: Path, choices: Choices, advance: Advance, adapter: Path | None = None) -> Converted:
    """Read a model's folder and write its GGUF file; `adapter` is that of a LoRA to be merged into it.

    Raises InvalidModel, InvalidRequest, Unsupported, ModelNotFound, NoSpace or WorkbenchError; there is then
    no file.
    """
    config = read_config(folder)
    family = family_of(config)
    checkpoint = read_checkpoint(folder, config.object("quantization_config"))
    files = checkpoint.files() + (_merge(checkpoint, adapter) if adapter else [])
    weights = family.weights(checkpoint)
    chosen = closest_type(checkpoint.commonest_type()) if choices.type == "auto" else choices.type
    name = choices.name or (adapter or folder).resolve().name
    path = choices.output or Path(f"{name}-{chosen.upper()}.gguf")
    digest = digest_of(files, advance)
    writer = new_writer(family.architecture, name, digest)
    writer.add_type(gguf.GGUFType.MODEL)
    family.describe(writer)
    notes = [*family.notes, *describe_pooling(writer, folder)]
    notes += describe_tokenizer(writer, folder, config, _rows_of_embeddings(weights), choices.pre)
    write_gguf(path, writer, weights, chosen, lambda done, total: advance("written", done, total))
    size = path.stat().st_size
    return Converted(path, family.architecture, chosen, size, len(weights), digest, tuple(notes))


def _merge(checkpoint: Checkpoint, folder: Path) -> list[Path]:
    """Merge the adapter of the folder into the weights; returns its files."""
    adapter = read_adapter(folder)
    for change in adapter.changes:
        checkpoint.merge(change.name, change.left, change.right, change.strength)
    return list(adapter.files)


def read_config(folder: Path) -> Entries:
    """What config.json says of the part about text. Raises ModelNotFound or InvalidModel."""
    if not folder.is_dir():
        raise ModelNotFound(f"{folder} is no folder.", "Name a folder as transformers saves models.")
    if not (folder / "config.json").is_file():
        raise InvalidModel(f"{folder} has no config.json.", "Name a folder as transformers saves models.")
    config = read_object(folder / "config.json")
    return Entries(config.file, config.values | config.object("text_config").values | _architectures(config))


def _architectures(config: Entries) -> dict[str, Any]:
    return {"architectures": config.items("architectures")}


def _rows_of_embeddings(weights: list[Weight]) -> int:
    return next(weight.source.shape[0] for weight in weights if weight.name == "token_embd.weight")


def new_writer(architecture: str, name: str, digest: str) -> Any:
    """A GGUFWriter with what every output says of itself."""
    writer = gguf.GGUFWriter(None, architecture)
    writer.add_name(name.encode(errors="replace").decode())
    writer.add_string("workbench.version", __version__)
    writer.add_string("workbench.source.sha256", digest)
    return writer


def digest_of(files: list[Path], advance: Advance) -> str:
    """SHA-256 over the SHA-256 of each file, in the order of their names."""
    total, done = sum(file.stat().st_size for file in files), 0

    def one(file: Path) -> bytes:
        nonlocal done
        digest = hashlib.sha256()
        with open(file, "rb") as stream:
            while block := stream.read(8 << 20):
                digest.update(block)
                done += len(block)
                advance("hashed", done, total)
        return digest.digest()

    with ThreadPoolExecutor(max_workers=4) as pool:
        return hashlib.sha256(b"".join(pool.map(one, files))).hexdigest()
