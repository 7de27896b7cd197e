"""A bar of text, for where a widget of its own would be too much."""

from __future__ import annotations

from textual.content import Content


def bar(share: float, cells: int, style: str = "$primary") -> Content:
    """So much of it, from 0 to 1, full; what has begun shows."""
    share = min(1.0, max(0.0, share))
    full = round(share * cells) or (1 if share else 0)
    return Content.assemble(("━" * full, style), ("━" * (cells - full), "$foreground 15%"))
