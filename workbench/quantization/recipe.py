"""How a file is made, in the words of the command, and what is written into it about that."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import __version__
from workbench.errors import InvalidRequest
from workbench.models.provenance import Provenance
from workbench.quantize_request import QuantizeRequest

if TYPE_CHECKING:
    from workbench.imatrix import ImportanceMatrix

CORPUS = "workbench.imatrix.corpus_hash"
"""What an importance matrix says of the text that it was made with."""


def recipe(request: QuantizeRequest) -> str:
    """The options beside the type that change the weights."""
    words = [
        *(["--pure"] if request.pure else []),
        *(["--leave-output"] if request.leave_output else []),
        *(["--allow-requantize"] if request.allow_requantize else []),
        *(["--output-type", request.output_type] if request.output_type else []),
        *(["--embedding-type", request.embedding_type] if request.embedding_type else []),
    ]
    for rule in request.tensor_types:
        words += ["--tensor-type", f"{rule.pattern}={rule.type}"]
    return shlex.join(words)


def provenance(
    request: QuantizeRequest, matrix: ImportanceMatrix | None, hashes: tuple[str, ...], engine: str
) -> Provenance:
    """`hashes` are the source's, `engine` the engine's name and version."""
    return Provenance(
        source=Path(request.source).name,
        source_hashes=hashes,
        type=request.type,
        recipe=recipe(request),
        tools=f"workbench {__version__}, {engine}",
        importance_hash=_hash_of(request.importance) if request.importance else "",
        corpus_hash=matrix.notes.get(CORPUS, "") if matrix else "",
    )


def _hash_of(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
