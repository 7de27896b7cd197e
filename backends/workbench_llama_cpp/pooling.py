"""How a model makes one vector of those of a text's tokens: as its file says, unless the settings do.

The numbers are those of llama.cpp's llama_pooling_type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest, Unsupported
from workbench.gguf import Header

if TYPE_CHECKING:
    from workbench.backend import Capability

NONE, MEAN, CLS, LAST, RANK = range(5)
_BY_NAME = {"mean": MEAN, "cls": CLS, "last": LAST, "rank": RANK}
_HEAD = ("cls.weight", "cls.output.weight")


def pooling(header: Header, settings: EngineSettings) -> int:
    """NONE where nobody names one. Raises InvalidRequest for a rank that the model has no head for."""
    named = header.number(f"{header.architecture}.pooling_type")
    kind = _BY_NAME[settings.pooling] if settings.pooling else named
    if settings.pooling == "rank" and not _ranks(header):
        raise InvalidRequest("This model has no head that ranks.", "Use another --pooling.")
    return kind if kind is not None and kind in _BY_NAME.values() else NONE


def capability(header: Header, settings: EngineSettings) -> Capability | None:
    """What the pooled vectors are good for."""
    kind = pooling(header, settings)
    if kind == RANK:
        return "rank" if _ranks(header) else None
    return "embed" if kind != NONE else None


def check(capabilities: frozenset[Capability], needed: Capability) -> None:
    """Raise Unsupported where the model cannot embed, or rank."""
    if needed in capabilities:
        return
    if needed == "rank":
        raise Unsupported("This model ranks no documents.", "Use one that has a head for it.")
    if "rank" in capabilities:
        raise Unsupported("This model ranks documents and makes no embeddings.", "Use one that does.")
    raise Unsupported(
        "This model was not made for embeddings: it names no pooling.",
        "Use one that was, or load it with --pooling last or mean.",
    )


def _ranks(header: Header) -> bool:
    return any(tensor.name in _HEAD for tensor in header.tensors)
