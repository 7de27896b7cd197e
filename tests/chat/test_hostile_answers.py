"""Answers that are put together of a family's own pieces in any order: nothing raises, nothing is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chat.families import FAMILIES, TOOLS, Family
from workbench.chat.formats.answer_reader import AnswerReader
from workbench.events import TextDelta, ToolCallDelta


def pieces_of(family: Family) -> list[str]:
    """The family's markers, and the parts of its own calls."""
    parts = re.findall(r"<[^<>]*>|\[[A-Z_/]+\]|\w+|\s+|[^\w\s]", family.thought + family.calls)
    return sorted({*family.format.markers, *parts, "é", "\n", '"', "\\", "{}", "[]", "<", "x" * 30})


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_order_of_pieces_is_read_to_its_end(family: Family, data: st.DataObject) -> None:
    pieces = data.draw(st.lists(st.sampled_from(pieces_of(family)), max_size=40))
    answer = "".join(pieces)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(answer)), max_size=8)))
    reader = AnswerReader(family.format, TOOLS, "start")
    events = []
    for start, end in zip([0, *cuts], [*cuts, len(answer)], strict=True):
        events += reader.feed(TextDelta(answer[start:end], 1))
    events += reader.finish()
    assert reader.cut() == answer
    indices = [event.index for event in events if isinstance(event, ToolCallDelta)]
    assert indices == sorted(indices) and set(indices) == set(range(len(set(indices))))
