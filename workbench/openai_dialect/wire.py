"""Bytes to wire structs and back. Knows JSON and msgspec, and nothing of what the structs mean."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from workbench.openai_dialect.parameter_errors import InvalidParameter

Wire = TypeVar("Wire", bound=msgspec.Struct)
_MISSING = re.compile(r"missing required field `([^`]+)`")
_ANY_KEY = "[...]"
_PLACE = re.compile(r" - at (?:`key` in )?`\$\.?([^`]*)`$")

encode = msgspec.json.Encoder().encode


def decode(decoder: msgspec.json.Decoder[Wire], body: bytes) -> Wire:
    """The struct that the body holds. Raises InvalidParameter with the place of the fault."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidParameter(f"The body is not valid JSON: {error}.", "Send one JSON object.") from None
    except RecursionError:
        raise InvalidParameter("The body is nested too deeply.", "Send a flatter JSON object.") from None


def _invalid(description: str) -> InvalidParameter:
    place = _PLACE.search(description)
    param = place[1].replace(_ANY_KEY, "") if place else ""
    missing = _MISSING.search(description)
    if missing:
        param = f"{param}.{missing[1]}".lstrip(".")
        return InvalidParameter(f"The parameter {param} is missing.", f"Send {param}.", param)
    fault = _PLACE.sub("", description)
    name = param or "the body"
    return InvalidParameter(
        f"The value of {name} is wrong: {fault[0].lower()}{fault[1:]}.", f"Correct {name}.", param or None
    )
