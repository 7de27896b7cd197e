"""Values in the query of an address, checked. Knows no route."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from workbench.openai_dialect.parameter_errors import InvalidParameter


def count_in_query(request: Request, name: str, usual: int, most: int, *, least: int = 1) -> int:
    """A number from `least` to `most`. Raises InvalidParameter."""
    text = request.query_params.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and len(text) < 11 and least <= int(text) <= most):
        raise InvalidParameter(f"{name} is not a number from {least} to {most}.", f"Correct {name}.", name)
    return int(text)


def choice_in_query(request: Request, name: str, choices: Sequence[str]) -> str:
    """One of the words, the first if left out. Raises InvalidParameter."""
    text = request.query_params.get(name, choices[0])
    if text not in choices:
        raise InvalidParameter(f"{name} is none of {', '.join(choices)}.", f"Correct {name}.", name)
    return text
