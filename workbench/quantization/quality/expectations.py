"""What a model expects after each of some tokens, a few at a time so that memory stays small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InvalidModel
from workbench.ports import ScoredModel
from workbench.quantization.quality.log_probs import log_softmax

_BYTES = 8 << 20

Rows = tuple[slice, NDArray[np.float32]]


def logits_from(model: ScoredModel, tokens: Sequence[int] | NDArray[np.int32], first: int) -> Iterator[Rows]:
    """The logits after each token from position `first` on, with the rows that they are of all those.

    Each part holds until the next is asked for.
    """
    begun, count = 0, len(tokens) - first
    for start in range(0, count, model.most_outputs):
        end = min(start + model.most_outputs, count)
        logits = model.extend(tokens[begun : first + end], end - start, anew=not begun)
        begun = first + end
        yield slice(start, end), logits


def log_probs_from(model: ScoredModel, tokens: NDArray[np.int32], first: int) -> Iterator[Rows]:
    """As logits_from, as log-probabilities. Raises InvalidModel where a logit is not a number."""
    rows = max(1, _BYTES // (4 * model.vocabulary_size))
    for place, logits in logits_from(model, tokens, first):
        for start in range(0, len(logits), rows):
            part = logits[start : start + rows]
            if not np.isfinite(part.max(axis=1)).all():
                raise InvalidModel(
                    f"What {model.name} computes is not a number.",
                    "It is damaged, or does not work on this device: try --gpu-layers 0.",
                )
            yield slice(place.start + start, place.start + start + len(part)), log_softmax(part)
