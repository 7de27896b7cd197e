"""Values out of a hub's JSON, each taken as what it should be or not at all.

Any server can claim to be a hub, so a value of the wrong type, an impossible number and a text that would
steer a terminal are as good as absent. Asks nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from workbench.models.hub.client import endpoint
from workbench.models.hub.questions import Answer
from workbench.models.hub.subject import Subject, no_hub

MOST = 1 << 53
"""No count and no size is larger; beyond it JSON numbers are no longer whole."""
_LONGEST_TEXT = 200

Shape = TypeVar("Shape")


def decoded(answer: Answer, shape: type[Shape]) -> Shape:
    """The answer as this msgspec type. Raises Unreachable where it is another, such as a portal's page."""
    import msgspec

    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.MsgspecError, RecursionError):
        page = answer.body.lstrip()[:1] == b"<"
        what = "a web page" if page else "something else than was asked for"
        raise no_hub(Subject(endpoint()), f"answered with {what}") from None


def text(value: Any) -> str:
    """One line of printable text, cut to what a table can hold; "" for anything else."""
    if not isinstance(value, str):
        return ""
    line = "".join(letter for letter in value[: 4 * _LONGEST_TEXT] if letter.isprintable())
    return line.strip()[:_LONGEST_TEXT]


def count(value: Any) -> int | None:
    """A whole number that is not negative."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value <= MOST else None


def inside(value: Any, *names: str) -> Any:
    """What lies under these names in nested objects, None where the way is barred."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts, or one text as a list of its own."""
    items: Sequence[Any] = value if isinstance(value, list) else [value]
    return tuple(found for found in map(text, items[:1000]) if found)


def licence(card: Any, tags: tuple[str, ...]) -> str:
    """What the card says, or the tag that the hub makes of it."""
    named = texts(inside(card, "license_name")) or texts(inside(card, "license"))
    tagged = (tag.removeprefix("license:") for tag in tags if tag.startswith("license:"))
    return named[0] if named else next(tagged, "")


def parameters(gguf: Any, safetensors: Any) -> int | None:
    """The number of weights, as the hub counted them in the GGUF or the safetensors files."""
    return count(inside(gguf, "total")) or count(inside(safetensors, "total")) or None


def architecture(gguf: Any, config: Any) -> str:
    return text(inside(gguf, "architecture")) or text(inside(config, "model_type"))


def is_gated(value: Any) -> bool:
    """The hub says False, "auto" or "manual"."""
    return value not in (None, False, "")
