"""A share as a bar of letters. Knows nothing of what it is a share of."""

from __future__ import annotations

_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(share: float, cells: int) -> str:
    """So much of it, from 0 to 1, full, to an eighth of a letter; what is more than nothing shows."""
    eighths = round(min(max(share, 0.0), 1.0) * cells * 8) or (1 if share > 0 else 0)
    full, rest = divmod(eighths, 8)
    return f"{'█' * full}{_EIGHTHS[rest] if rest else ''}".ljust(cells)
