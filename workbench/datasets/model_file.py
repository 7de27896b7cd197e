"""What tells a model from others, and how much it reads at once, as far as its file says."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import xxhash

from workbench.errors import WorkbenchError
from workbench.gguf import read_model
from workbench.openai_client.address import is_address

_HEADER_BYTES = 16 << 20


def digest_of(model: Path | str) -> str:
    """Of its beginning, where its template and vocabulary are, and its size; or of its address.

    Raises WorkbenchError where the file cannot be read.
    """
    if is_address(str(model)):
        return xxhash.xxh3_128_hexdigest(str(model).encode())
    try:
        with open(model, "rb") as file:
            head = file.read(_HEADER_BYTES)
        return f"{xxhash.xxh3_128_hexdigest(head)}-{Path(model).stat().st_size}"
    except OSError as error:
        raise WorkbenchError(f"{model} cannot be read: {error.strerror}.", "Check the path.") from error


def context_of(model: Path | str) -> int:
    """What the header of a GGUF file says, in tokens; 0 where there is none."""
    with suppress(WorkbenchError):
        return read_model(Path(model)).context_length or 0
    return 0
