"""The sampling parameters of a request: OpenAI's, and llama.cpp's under the names its server gives them.

A parameter that is absent or null gets OpenAI's default, and an extension then is off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct

from workbench.errors import InvalidRequest
from workbench.openai_dialect.parameter_errors import InvalidParameter
from workbench.sampling import SamplingSettings

Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class SamplingFields(Struct, kw_only=True):
    """Every field has the name that SamplingSettings gives it."""

    defaults: ClassVar[Mapping[str, Any]] = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0}

    temperature: float | None = None
    top_k: Int64 | None = None
    top_p: float | None = None
    min_p: float | None = None
    typical_p: float | None = None
    repeat_penalty: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    repeat_last_n: Int64 | None = None
    dry_multiplier: float | None = None
    dry_base: float | None = None
    dry_allowed_length: Int64 | None = None
    dry_sequence_breakers: tuple[str, ...] | None = None
    xtc_probability: float | None = None
    xtc_threshold: float | None = None
    mirostat: Int64 | None = None
    mirostat_tau: float | None = None
    mirostat_eta: float | None = None
    logit_bias: dict[Int64, float] | None = None
    seed: Int64 | None = None

    def fill_in(self, values: Mapping[str, object]) -> None:
        """Take these, by name, for what the request leaves open."""
        for name, value in values.items():
            if getattr(self, name) is None:
                setattr(self, name, value)

    def sampling(self) -> SamplingSettings:
        """Raises InvalidParameter for a value out of range."""
        sent = {name: getattr(self, name) for name in SamplingFields.__struct_fields__}
        values = {**self.defaults, **{name: value for name, value in sent.items() if value is not None}}
        try:
            return SamplingSettings(**values)
        except InvalidRequest:
            raise _at_fault(values) from None


def _at_fault(values: dict[str, Any]) -> InvalidRequest:
    """The error of the first value that is refused by itself; settings are checked one at a time."""
    for name, value in values.items():
        try:
            SamplingSettings(**{name: value})
        except InvalidRequest as error:
            return InvalidParameter(error.message, error.remedy, name)
    return InvalidRequest("The sampling parameters do not go together.", "Leave some of them out.")
