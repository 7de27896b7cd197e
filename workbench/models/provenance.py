"""Where a quantized file comes from, as texts in its own metadata: written when it is made, read for `show`.

llama.cpp takes short texts only, so longer ones are cut into numbered pieces. Knows no engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from workbench.gguf import Header
from workbench.quantize_request import MOST_TEXT_BYTES

PREFIX = "workbench.quantize."


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How a file was made; "" and () where it does not say.

    Attributes:
        source_hashes: The SHA-256 of each file of the source, in order.
        recipe: The options beside the type, as they are given to the command.
        tools: What made it, with versions.
        importance: The name of the importance matrix; `importance_hash` its SHA-256.
        dataset: The name of the text that the matrix was made with; `corpus_hash` the text's SHA-256.
    """

    source: str = ""
    source_hashes: tuple[str, ...] = ()
    type: str = ""
    recipe: str = ""
    tools: str = ""
    importance: str = ""
    importance_hash: str = ""
    dataset: str = ""
    corpus_hash: str = ""


_OWN = ("source", "type", "recipe", "tools", "importance_hash", "corpus_hash")
_HASH = "source_hash"


def metadata(provenance: Provenance, source: Header) -> tuple[tuple[str, str], ...]:
    """The keys and texts that tell it, without what llama.cpp itself tells of the matrix.

    What the source says of its own making would be copied, and is blanked where nothing takes its place.
    """
    found: dict[str, str] = {}
    for name in _OWN:
        found |= _pieces(name, getattr(provenance, name))
    for number, digest in enumerate(provenance.source_hashes, 1):
        found[f"{PREFIX}{_HASH}.{number}"] = digest
    former = {key: "" for key in source.metadata if key.startswith(PREFIX)}
    return tuple((former | found).items())


def provenance_of(header: Header) -> Provenance | None:
    """What a file says of how it was made, by us or with a matrix by llama.cpp's own program."""
    told = {name: header.text(PREFIX + name) or "".join(_numbered(header, name)) for name in _OWN}
    importance = header.text("quantize.imatrix.file") or ""
    if not any(told.values()) and not importance:
        return None
    return Provenance(
        source_hashes=tuple(_numbered(header, _HASH)),
        importance=importance.rpartition("/")[2],
        dataset=(header.text("quantize.imatrix.dataset") or "").rpartition("/")[2],
        **told,
    )


def _pieces(name: str, text: str) -> Iterator[tuple[str, str]]:
    """The whole under the name itself, or numbered pieces, none of which ends within a letter."""
    pieces = list(_cut(text))
    for number, piece in enumerate(pieces, 1):
        yield PREFIX + (name if len(pieces) == 1 else f"{name}.{number}"), piece


def _cut(text: str) -> Iterator[str]:
    raw = text.encode()
    while raw:
        piece = raw[:MOST_TEXT_BYTES].decode(errors="ignore")
        yield piece
        raw = raw[len(piece.encode()) :]


def _numbered(header: Header, name: str) -> Iterator[str]:
    for number in count(1):
        piece = header.text(f"{PREFIX}{name}.{number}")
        if not piece:
            return
        yield piece
