"""What a model file says of itself, for lists.

A file that cannot be read is described as far as the file system goes and never breaks a list.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.errors import InvalidModel, WorkbenchError
from workbench.gguf import Header, check_whole, read_header
from workbench.models.local import LocalModel


@dataclass(frozen=True, slots=True)
class Description:
    """One row of the list; `problem` says why it cannot be used, where it cannot."""

    name: str
    path: Path
    size_bytes: int
    architecture: str = ""
    quantization: str = ""
    problem: str = ""


def describe(model: LocalModel) -> Description:
    try:
        header = read_header(model.path)
    except WorkbenchError as error:
        return Description(model.name, model.path, _size(model.path), problem=error.message)
    return Description(
        model.name,
        model.path,
        header.file_size,
        header.architecture,
        header.quantization,
        problem=_missing_weights(header),
    )


def _missing_weights(header: Header) -> str:
    try:
        check_whole(header)
    except InvalidModel as error:
        return error.message
    return ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
