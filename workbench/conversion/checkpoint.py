"""The weights of a model's folder: safetensors in one file or in shards, with 8-bit floats made whole again.

Pickles are never opened. Knows no family: tensors answer to the names that they have in the files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from workbench.conversion.element_types import ELEMENT_TYPES, FLOAT8
from workbench.conversion.json_file import Entries, read_object
from workbench.conversion.safetensors_file import StoredTensor, stored_tensors
from workbench.conversion.sources import Merged, Scaled, Source, Stored
from workbench.errors import InvalidModel

INDEX = "model.safetensors.index.json"
WHOLE = "model.safetensors"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
_SCALES = ("_scale_inv", "_scale")
_NOT_WEIGHTS = (*_SCALES, ".input_scale", ".activation_scale", ".k_scale", ".v_scale")
_DEFAULT_BLOCK = (128, 128)


class Checkpoint:
    """The tensors of all files by name.

    Raises InvalidModel where a file is missing, broken or of a kind that is not read.
    """

    def __init__(self, tensors: list[StoredTensor], quantization: Entries) -> None:
        self._tensors = {tensor.name: tensor for tensor in tensors}
        self._quantization = quantization
        self._merged: dict[str, Callable[[Source], Source]] = {}
        if len(self._tensors) < len(tensors):
            twice = next(name for name, count in Counter(each.name for each in tensors).items() if count > 1)
            raise InvalidModel(f"{twice} is in two files.", "Fetch the model again.")
        self._check_quantization()

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def names(self) -> list[str]:
        """What is a weight: scales that belong to one and calibration of activations are none."""
        return [name for name in self._tensors if not self._belongs_to_another(name)]

    def files(self) -> list[Path]:
        return sorted({tensor.file for tensor in self._tensors.values()})

    def commonest_type(self) -> str:
        """The element type that most bytes of matrices have."""
        sizes: Counter[str] = Counter()
        for tensor in self._tensors.values():
            if len(tensor.shape) > 1:
                sizes[tensor.type] += tensor.size_bytes
        return sizes.most_common(1)[0][0] if sizes else "F32"

    def merge(self, name: str, left: Source, right: Source, strength: float) -> None:
        """Add `strength` times `left` times `right` to the matrix; raises InvalidModel where none fits."""
        shape = (left.rows, right.columns)
        if name not in self or self._tensors[name].shape != shape:
            raise InvalidModel(
                f"The adapter changes {name} of shape {list(shape)}, which the model does not have.",
                "Name the model that it was made for.",
            )
        self._merged[name] = lambda source: Merged(source, left, right, strength)

    def source(self, name: str) -> Source:
        """The values of a weight, with scales and adapters applied where it has any."""
        stored = self._unmerged(name)
        return self._merged[name](stored) if name in self._merged else stored

    def _unmerged(self, name: str) -> Source:
        tensor = self._tensors[name]
        if tensor.type not in ELEMENT_TYPES:
            raise InvalidModel(
                f"{name} is stored as {tensor.type}, which is not read.",
                "Take the model as it was before it was quantized: F32, F16, BF16 or 8-bit floats.",
            )
        scales = next((name + ending for ending in _SCALES if name + ending in self), None)
        if tensor.type != FLOAT8:
            return Stored(tensor)
        if scales is None:
            raise InvalidModel(f"{name} has 8-bit floats without their scales.", "Fetch the model again.")
        return self._scaled(Stored(tensor), Stored(self._tensors[scales]))

    def _scaled(self, weight: Stored, scales: Stored) -> Source:
        name, values = weight.tensor.name, scales.whole()
        if scales.tensor.type not in ("F32", "F16", "BF16") or len(weight.shape) != 2:
            raise InvalidModel(f"The scales of {name} are of a kind that is not read.", "Take another copy.")
        if values.size == 1:
            return Scaled(weight, values.reshape(1, 1), weight.shape)
        if values.shape in ((weight.rows,), (weight.rows, 1)):
            return Scaled(weight, values.reshape(-1, 1), (1, max(weight.columns, 1)))
        block = self._block()
        expected = (-(-weight.rows // block[0]), -(-weight.columns // block[1]))
        if values.shape != expected:
            raise InvalidModel(
                f"The scales of {name} have shape {list(values.shape)}; {list(expected)} would fit it.",
                "Fetch the model again.",
            )
        return Scaled(weight, values, block)

    def _block(self) -> tuple[int, int]:
        sizes = [int(size) for size in self._quantization.numbers("weight_block_size")] or _DEFAULT_BLOCK
        if len(sizes) != 2 or min(sizes) < 1:
            self._quantization.refuse("weight_block_size", "is no pair of sizes")
        return sizes[0], sizes[1]

    def _check_quantization(self) -> None:
        method = self._quantization.text("quant_method")
        if method and not any(tensor.type == FLOAT8 for tensor in self._tensors.values()):
            raise InvalidModel(
                f"This model is quantized with {method}, which is not read.",
                "Take the model as it was before it was quantized.",
            )

    def _belongs_to_another(self, name: str) -> bool:
        if name.endswith(_NOT_WEIGHTS[2:]):
            return True
        owner = next((name.removesuffix(ending) for ending in _SCALES if name.endswith(ending)), None)
        return owner in self._tensors


def read_checkpoint(folder: Path, quantization: Entries) -> Checkpoint:
    """`quantization` is what config.json says of it."""
    if (folder / INDEX).is_file():
        tensors = _of_shards(folder)
    elif (folder / WHOLE).is_file():
        tensors = stored_tensors(folder / WHOLE)
    else:
        _refuse_without_weights(folder)
    return Checkpoint(tensors, quantization)


def _of_shards(folder: Path) -> list[StoredTensor]:
    index = read_object(folder / INDEX)
    places = index.object("weight_map").values
    if not places or not all(isinstance(name, str) for name in places.values()):
        index.refuse("weight_map", "names no files")
    files = [_shard(folder, name) for name in sorted(set(places.values()))]
    tensors = [tensor for file in files for tensor in stored_tensors(file)]
    if lacking := places.items() - {(tensor.name, tensor.file.name) for tensor in tensors}:
        name, file = min(lacking)
        raise InvalidModel(f"{file} lacks {name}, which {INDEX} promises.", "Fetch the model again.")
    return tensors


def _shard(folder: Path, name: str) -> Path:
    if Path(name).name != name or not name.endswith(".safetensors"):
        raise InvalidModel(f"{INDEX} names {name!r}, which is no file of this folder.", "Do not use it.")
    if not (folder / name).is_file():
        raise InvalidModel(f"{name} is missing, which {INDEX} names.", "Fetch the model again.")
    return folder / name


def _refuse_without_weights(folder: Path) -> NoReturn:
    for pattern in _PICKLES:
        for pickle in sorted(folder.glob(pattern)):
            raise InvalidModel(
                f"{pickle.name} is a pickle, which can run any program when it is opened.",
                "Take the model's safetensors, which the hub makes of most models. Or open it with "
                "torch.load(FILE, weights_only=True) where it can do no harm, and save it with safetensors.",
            )
    raise InvalidModel(f"{folder} has no {WHOLE}.", "Name a folder as transformers saves models.")
