"""What families with experts have in common: how many there are and how large, and fused matrices parted."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from workbench.conversion.family import Family, Named
from workbench.conversion.sources import Rows, Source
from workbench.errors import InvalidModel, Unsupported

_FUSED = ("experts.gate_up_proj", "experts.gate_up_proj.weight")


class WithExperts(Family):
    """A decoder whose feed-forward parts are chosen among many."""

    weights_add_to_one: ClassVar[bool | None] = None
    """Whether engines scale the chosen experts' weights to add to one; None where the model may say."""

    def describe(self, writer: Any) -> None:
        super().describe(writer)
        writer.add_expert_count(
            self.config.integer("num_local_experts", "num_experts", "n_routed_experts", low=1)
        )
        writer.add_expert_used_count(self.config.integer("num_experts_per_tok", low=1))
        self._check_weights()

    def place(self, name: str, source: Source) -> Named:
        if name.endswith(_FUSED):
            yield from _parted(name, source)
        elif name.endswith("experts.down_proj"):
            yield f"{name}.weight", source
        else:
            yield from super().place(name, source)

    def _check_weights(self) -> None:
        said = self.config.values.get("norm_topk_prob")
        if None not in (said, self.weights_add_to_one) and said != self.weights_add_to_one:
            raise Unsupported(
                f"norm_topk_prob {said} is not known for this family, which engines compute otherwise."
            )


def _parted(name: str, source: Source) -> Named:
    """The two halves of each expert's rows: gate, then up."""
    if len(source.shape) != 3 or source.shape[1] % 2:
        raise InvalidModel(
            f"{name} has shape {list(source.shape)}, which cannot be parted.", "Take another copy."
        )
    experts, rows, columns = source.shape
    order = np.arange(source.rows).reshape(experts, 2, rows // 2)
    before = name[: name.index("gate_up_proj")]
    for half, part in enumerate(("gate_proj", "up_proj")):
        yield f"{before}{part}.weight", Rows(source, order[:, half].ravel(), (experts, rows // 2, columns))
