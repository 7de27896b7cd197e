"""Repositories made up of file names, for tests that ask no server."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.models.hub.repository import HubFile, Repository

COMMIT = "0123456789" * 4


def listing(files: Mapping[str, int] | Sequence[str], **facts: Any) -> Repository:
    """A repository with these files, of the given sizes or of 1000 bytes each."""
    sizes = files if isinstance(files, Mapping) else dict.fromkeys(files, 1000)
    made = tuple(
        HubFile(path, size, hashlib.sha256(path.encode()).hexdigest()) for path, size in sorted(sizes.items())
    )
    return Repository(id="acme/tiny-GGUF", revision="main", commit=COMMIT, files=made, **facts)
