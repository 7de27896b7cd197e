"""The `options` of a request: how tokens are drawn, and how long the answer may become.

Options that say how a model is loaded or run, such as num_gpu or num_thread, change no answer and are
ignored: the server's own settings hold. An option that is left out has Ollama's default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from workbench.openai_dialect.parameter_errors import InvalidParameter, UnsupportedParameter
from workbench.openai_dialect.sampling_fields import Int64, SamplingFields


class OllamaOptions(SamplingFields, kw_only=True):
    """`num_predict` below 1 sets no limit.

    `num_ctx` must not exceed the context that the model has; a smaller one is what a request may use of it.
    """

    defaults: ClassVar[Mapping[str, Any]] = {"top_p": 0.9, "min_p": 0.0}

    num_predict: Int64 | None = None
    num_ctx: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    stop: str | list[str] | None = None
    tfs_z: float | None = None

    def token_limit(self) -> int | None:
        limit = self.num_predict
        return limit if limit is not None and limit > 0 else None

    def stop_strings(self) -> tuple[str, ...]:
        """Raises InvalidParameter and UnsupportedParameter."""
        if self.tfs_z not in (None, 1):
            raise UnsupportedParameter("tfs_z is not supported here.", "Leave it out.", "options.tfs_z")
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        if not all(stop):
            raise InvalidParameter("A stop string is empty.", "Leave it out.", "options.stop")
        return tuple(stop)

    def check(self, context_length: int) -> None:
        """Raise UnsupportedParameter where a longer context is asked for than the model was loaded with."""
        if self.num_ctx is not None and 0 < context_length < self.num_ctx:
            raise UnsupportedParameter(
                f"num_ctx is {self.num_ctx}, and the model is loaded with a context of {context_length}.",
                "Send no more, or load the model with more --context.",
                "options.num_ctx",
            )
