"""How the downloads go, in a word or two beside the name of their place. Shows the entries of the queue."""

from __future__ import annotations

from textual.content import Content

from workbench import wording
from workbench.models.transfer.queue import Download
from workbench.tui.downloads import Entries


def sign(entries: Entries) -> Content:
    """The share of the one that runs, else how many failed, wait or are paused."""
    running = next((entry for entry in entries if entry.state == "running"), None)
    if running is not None:
        return Content.styled(f"↓ {_share(running)}".rstrip(), "$primary")
    for state, style in (("failed", "$text-error"), ("waiting", "$primary"), ("paused", "$text-warning")):
        if number := sum(entry.state == state for entry in entries):
            return Content.styled(f"{number} {state}", style)
    return Content()


def _share(download: Download) -> str:
    return "" if download.progress is None else wording.share(download.progress)
