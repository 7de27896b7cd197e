"""How much may be loaded at once: so many models, so many bytes together, and no more than memory holds.

Knows nothing of how models are loaded and unloaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench import wording
from workbench.errors import DoesNotFit
from workbench.server.pool.served_model import ServedModel


@dataclass(frozen=True, slots=True)
class Room:
    """Limits that a person has set; None where there is none."""

    most_loaded: int | None = None
    most_bytes: int | None = None

    async def is_there(self, model: ServedModel, loaded: Sequence[ServedModel]) -> bool:
        """Whether the model can be loaded beside those. Raises DoesNotFit where it is too large alone."""
        if self._is_full(loaded) or not await self._holds([model, *loaded]):
            return False
        beside = [other.provider for other in loaded if other.provider is not None]
        return not beside or await model.offer.fits(beside)

    async def check(self, model: ServedModel, loaded: Iterable[ServedModel]) -> None:
        """Raise DoesNotFit where the limits keep the model out, whatever is unloaded for it."""
        pinned = [other for other in loaded if other.offer.pinned]
        if self._is_full(pinned):
            raise DoesNotFit(
                f"{self.most_loaded} models are loaded, which is the limit, and all of them are pinned.",
                "Unpin one of them, or raise the limit.",
            )
        if not await self._holds([model, *pinned]):
            most = wording.size(self.most_bytes or 0)
            raise DoesNotFit(
                f"{model.name} takes {wording.size(await model.offer.needs())}, and all models together may "
                f"take {most}{', those that are pinned included' if pinned else ''}.",
                "Give the server more with --memory, or ask for a smaller quantization.",
            )

    def _is_full(self, loaded: Sequence[ServedModel]) -> bool:
        return self.most_loaded is not None and len(loaded) >= self.most_loaded

    async def _holds(self, models: Iterable[ServedModel]) -> bool:
        if self.most_bytes is None:
            return True
        return sum([await model.offer.needs() for model in models]) <= self.most_bytes
