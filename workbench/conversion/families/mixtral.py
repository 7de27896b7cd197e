"""Mixtral: Mistral with experts."""

from __future__ import annotations

from typing import ClassVar

from workbench.conversion.experts import WithExperts
from workbench.conversion.families.llama import Mistral


class Mixtral(WithExperts, Mistral):
    accepts: ClassVar[tuple[str, ...]] = ("MixtralForCausalLM",)
    weights_add_to_one: ClassVar[bool | None] = True
