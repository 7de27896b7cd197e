"""Backends are found by entry point, one at a time, and a broken one harms no other."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from workbench import entry_point, registry
from workbench.errors import EngineUnavailable, ModelNotFound


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(EngineUnavailable, match="nothing") as caught:
        registry.load("nothing")
    assert "llama-cpp" in caught.value.remedy and "scripted" in caught.value.remedy


def test_a_model_finds_its_backend() -> None:
    assert registry.name_for("a.gguf") == "llama-cpp"
    assert registry.name_for("a.script.toml") == "scripted"
    with pytest.raises(ModelNotFound, match="what-is-this"):
        registry.name_for("what-is-this")


@pytest.mark.parametrize("value", ["no_such_module:Backend", "workbench:nothing", "builtins:dict"])
def test_a_broken_backend_is_named_and_passed_over(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    entries = entry_point.entries(registry.GROUP) | {"broken": EntryPoint("broken", value, registry.GROUP)}
    monkeypatch.setattr(entry_point, "entries", lambda group: entries)
    assert registry.name_for("a.gguf") == "llama-cpp"
    with pytest.raises(EngineUnavailable, match="broken"):
        registry.load("broken")
    with pytest.raises(EngineUnavailable, match="broken"):
        registry.name_for("what-is-this")
