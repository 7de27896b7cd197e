"""What a template itself marks for training with `{% generation %}`, which trainers then go by.

Few templates have it. Knows nothing of tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from workbench.chat.sandbox import GENERATION_BEGINS, GENERATION_ENDS
from workbench.datasets.target.marks import unused_base
from workbench.datasets.target.turns import Rendered, Turn


def with_tags(rendered: Rendered, render: Callable[[Mapping[str, object]], str]) -> Rendered:
    """The turns as the template marks them; those that it does not mark stay as they were found.

    `render` writes the same conversation with these further variables.
    """
    base = unused_base(rendered.text)
    begins, ends = f"{base}b", f"{base}e"
    written = render({GENERATION_BEGINS: begins, GENERATION_ENDS: ends})
    spans = list[tuple[int, int]]()
    length = start = 0
    for found in re.finditer(f"{base}([be])", written):
        length += found.start() - start
        start = found.end()
        if found[1] == "b":
            spans.append((length, length))
        elif spans:
            spans[-1] = (spans[-1][0], length)
    if written.replace(begins, "").replace(ends, "") != rendered.text:
        return rendered
    return replace(rendered, turns=tuple(_tagged(turn, spans) for turn in rendered.turns))


def _tagged(turn: Turn, spans: Sequence[tuple[int, int]]) -> Turn:
    """The turn from where the first of its spans begins to where the last of them ends."""
    own = [(begin, end) for begin, end in spans if begin < turn.end and end > turn.start]
    if not own:
        return turn
    end = max(end for _, end in own)
    terminator = turn.terminator if end >= turn.end else ""
    return replace(turn, start=min(begin for begin, _ in own), end=end, terminator=terminator)
