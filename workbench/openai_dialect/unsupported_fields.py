"""Parameters that would change the answer and that this program does not honour: refused by name.

Parameters that change nothing here (`user`, `service_tier`, ...) are not listed and so are ignored.
"""

from __future__ import annotations

from typing import Any

from workbench.openai_dialect.constraint_fields import ConstraintFields
from workbench.openai_dialect.parameter_errors import UnsupportedParameter

_HARMLESS: dict[str, tuple[Any, ...]] = {
    "modalities": (["text"],),
    "verbosity": ("medium",),
}


class UnsupportedFields(ConstraintFields, kw_only=True):
    """Each may be absent, null, empty or a value that asks for nothing."""

    grammar_lazy: Any = None
    guided_whitespace_pattern: Any = None
    modalities: Any = None
    audio: Any = None
    web_search_options: Any = None
    verbosity: Any = None
    suffix: Any = None
    store: Any = None
    repetition_penalty: Any = None
    dry_penalty_last_n: Any = None
    samplers: Any = None

    def refuse_unsupported(self) -> None:
        """Raises UnsupportedParameter for the first field that asks for something."""
        for name in UnsupportedFields.__struct_fields__:
            if name in ConstraintFields.__struct_fields__:
                continue
            value = getattr(self, name)
            if value and value not in _HARMLESS.get(name, ()):
                raise UnsupportedParameter(f"{name} is not supported here.", f"Leave {name} out.", name)
