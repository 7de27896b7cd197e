"""Text made as wide as its column, counted in cells of the terminal."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """Padded, or cut with an ellipsis, to exactly that width."""
    if cell_len(text) > width:
        return set_cell_size(set_cell_size(text, width - 1).rstrip() + "…", width)
    padding = " " * (width - cell_len(text))
    return padding + text if right else text + padding
