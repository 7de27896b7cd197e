"""GLM-4 of 9 and 32 billion."""

from __future__ import annotations

from typing import Any, ClassVar

from workbench.conversion.family import Family
from workbench.conversion.rope import describe_rope


class Glm4(Family):
    architecture: ClassVar[str] = "glm4"
    accepts: ClassVar[tuple[str, ...]] = ("Glm4ForCausalLM",)

    def describe_positions(self, writer: Any) -> None:
        outer = self.config.number("partial_rotary_factor", default=0.5)
        share = self.rope.parameters.number("partial_rotary_factor", default=outer)
        writer.add_rope_dimension_count(int(self.head_size * share))
        describe_rope(writer, self.rope, self.context_length, self.rope_scalings)
