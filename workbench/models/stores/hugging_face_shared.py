"""Bytes that several repositories of the Hugging Face cache share, which its own client keeps count of.

The links to such bytes are listed beside them in `<Xet hash>.refs`; they go with the last of the links.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.models.stores.walking import read_text


def shared_bytes(blob: Path, cache: Path) -> int:
    """What removing this link into the shared folder frees: nothing while another repository has one, too."""
    target = blob.resolve()
    links = read_text(target.with_name(f"{target.name}.refs")).splitlines()
    others = (cache / line for line in set(links) if cache / line != blob)
    if not links or any(other.is_symlink() and other.resolve() == target for other in others):
        return 0
    try:
        return target.stat().st_size
    except OSError:
        return 0


def removed_by_client(blobs: Sequence[Path], cache: Path) -> None:
    """Let the hub's client remove the links, and their bytes where nobody else has them."""
    if not blobs:
        return
    from huggingface_hub import DeleteCacheStrategy

    nothing: frozenset[Path] = frozenset()
    DeleteCacheStrategy(0, frozenset(blobs), nothing, nothing, nothing, cache_dir=cache).execute()
