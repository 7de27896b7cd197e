"""A backend that recites a script, for tests, demonstrations and screenshots; needs no model and no library.

A script is a TOML file named *.script.toml. Its tokens are the bytes of UTF-8, so that every rule about
tokens can be tested on it. Knows nothing of language.
"""

from __future__ import annotations

from workbench.backend import Backend, Engine, LoadProgress, Status
from workbench.engine_settings import EngineSettings
from workbench_scripted.engine import ScriptedEngine
from workbench_scripted.script import read_script


class ScriptedBackend(Backend):
    """Opens scripts."""

    name = "scripted"
    runs = "*.script.toml"
    opens = "engine"

    def status(self) -> Status:
        return Status(available=True, version="1")

    def supports(self, model: str) -> bool:
        return model.endswith(".script.toml")

    def open(self, model: str, settings: EngineSettings, progress: LoadProgress) -> Engine:
        return ScriptedEngine(read_script(model, progress), settings)
