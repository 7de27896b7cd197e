"""How certain models are loaded and asked: a TOML file with a table for each, read once and checked whole.

    [models.writer]
    model = "org/repo:Q4_K_M"
    aliases = ["gpt-4o"]
    pin = true
    ttl = "30m"
    system = "Answer briefly."
    chat_template = "writer.jinja"
    settings = { context_length = 8192, kv_type_k = "q8_0", kv_type_v = "q8_0" }
    sampling = { temperature = 0.7, min_p = 0.05 }

Knows nothing of which models there are, nor of who uses the presets.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from workbench.duration import seconds_of
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.sampling import SamplingSettings

Value = TypeVar("Value")
_MOST_BYTES = 1 << 20
UNSPOKEN = frozenset({"vocabulary_only", "projector_found", "given"})
"""Fields of EngineSettings that are nobody's to choose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What is said of one model.

    Attributes:
        name: What clients call it.
        model: What it is called here; the name again where the file does not say.
        ttl: Seconds without a request after which it is unloaded.
        chat_template: The text of a template to be used in place of the model's own.
        settings: Fields of EngineSettings, those that the file gives.
        sampling: Likewise of SamplingSettings.
    """

    name: str
    model: str
    aliases: tuple[str, ...] = ()
    pin: bool = False
    ttl: float | None = None
    system: str = ""
    chat_template: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    sampling: Mapping[str, Any] = field(default_factory=dict)


def read_presets(path: Path) -> tuple[Preset, ...]:
    """The presets in the file. Raises InvalidRequest, which names the place of the first fault."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InvalidRequest(f"{path} is larger than {_MOST_BYTES} bytes.", "Give a file of presets.")
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidRequest(f"Cannot read {path}: {error.strerror}.", "Give another file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path} is not valid TOML: {error}.", "Correct it there.") from error
    return _Reader(path).presets(document)


class _Reader:
    """Says of every fault in which file and under which key it is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def presets(self, document: dict[str, Any]) -> tuple[Preset, ...]:
        self._check_keys("", document, {"models"})
        tables = self._value("models", document.get("models", {}), dict[str, dict[str, Any]])
        presets = tuple(self._preset(name, table) for name, table in tables.items())
        self._check_names(presets)
        return presets

    def _preset(self, name: str, table: dict[str, Any]) -> Preset:
        place = f"models.{name}"
        self._check_keys(place, table, {known.name for known in fields(Preset)} - {"name"})
        given = {"model": name} | table
        for key, kind in (("settings", EngineSettings), ("sampling", SamplingSettings)):
            given[key] = self._fields(f"{place}.{key}", given.get(key, {}), kind)
        if "ttl" in given:
            given["ttl"] = self._checked(f"{place}.ttl", lambda: seconds_of(str(table["ttl"])))
        if "chat_template" in given:
            given["chat_template"] = self._text(f"{place}.chat_template", given["chat_template"])
        return self._value(place, {"name": name, **given}, Preset)

    def _fields(self, place: str, table: Any, kind: type) -> dict[str, Any]:
        table = self._value(place, table, dict[str, Any])
        self._check_keys(place, table, {known.name for known in fields(kind)} - UNSPOKEN)
        whole: object = self._value(place, table, kind)
        return {name: getattr(whole, name) for name in table}

    def _value(self, place: str, value: Any, kind: type[Value]) -> Value:
        return self._checked(place, lambda: msgspec.convert(value, kind))

    def _checked(self, place: str, make: Callable[[], Value]) -> Value:
        try:
            return make()
        except (InvalidRequest, msgspec.ValidationError) as error:
            reason = error.message if isinstance(error, InvalidRequest) else f"{error}."
            raise self._fault(place, f"is wrong: {reason}") from None

    def _text(self, place: str, name: object) -> str:
        try:
            return (self._path.parent / str(name)).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise self._fault(place, f"names a file that cannot be read: {error}.") from None

    def _check_keys(self, place: str, table: Mapping[str, Any], known: Collection[str]) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                raise self._fault(
                    f"{place}.{key}".lstrip("."), "is not known.", f"Write {near[0]}." if near else
                    f"Use {', '.join(sorted(known))}.",
                )  # fmt: skip

    def _check_names(self, presets: Collection[Preset]) -> None:
        seen: set[str] = set()
        for preset in presets:
            for name in (preset.name, *preset.aliases):
                if name in seen:
                    raise self._fault(f"models.{preset.name}", f"has a name that is there twice: {name}.")
                seen.add(name)

    def _fault(self, place: str, what: str, remedy: str = "Correct it there.") -> InvalidRequest:
        return InvalidRequest(f"{self._path}: {place} {what}", remedy)
