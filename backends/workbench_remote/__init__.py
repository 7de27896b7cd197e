"""Models that other servers have, behind any API that is OpenAI's: one address, or several for failover.

`http://HOST:PORT/v1#MODEL` names one. Knows nothing of what runs there.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from workbench.backend import Backend, LoadProgress, Status
from workbench.engine_settings import EngineSettings
from workbench.errors import LoadCancelled, Unsupported
from workbench.openai_client.address import is_address, parse_address

if TYPE_CHECKING:
    from workbench.openai_client.provider import OpenAIProvider

_OURS = {"parallel", "vocabulary_only", "prompt_cache_bytes"}
"""What can be chosen here, or means nothing there; all else is the server's to choose."""


class RemoteBackend(Backend):
    """Opens addresses."""

    name = "remote"
    runs = "http://HOST:PORT/v1#MODEL"
    elsewhere = True
    opens = "provider"

    def status(self) -> Status:
        return Status(available=True, version="1")

    def supports(self, model: str) -> bool:
        return is_address(model)

    def open(self, model: str, settings: EngineSettings, progress: LoadProgress) -> OpenAIProvider:
        from workbench.openai_client.connecting import connected

        refuse_settings(settings)
        if not progress(0.0):
            raise LoadCancelled("Connecting was cancelled.")
        return connected(parse_address(model), settings.parallel)


def refuse_settings(settings: EngineSettings) -> None:
    """Raise Unsupported for what only the server can choose."""
    usual = EngineSettings()
    for field in fields(settings):
        if (
            field.compare
            and field.name not in _OURS
            and getattr(settings, field.name) != getattr(usual, field.name)
        ):
            raise Unsupported(
                f"How a model is loaded is for its server to choose, and so is {field.name}.",
                "Leave that setting out.",
            )
