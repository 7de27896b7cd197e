"""Stop strings never leak and characters never break, however the text is cut into tokens."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workbench.events import SampledToken, TextDelta, TokenLogprob
from workbench.runtime.text_assembly import TextAssembly


def assemble(pieces: list[bytes], stop: tuple[str, ...] = ()) -> tuple[str, TextAssembly, list[TextDelta]]:
    assembly = TextAssembly(stop)
    deltas = []
    for piece in pieces:
        if not assembly.stopped and (delta := assembly.feed(piece)):
            deltas.append(delta)
    if delta := assembly.finish():
        deltas.append(delta)
    return "".join(delta.text for delta in deltas), assembly, deltas


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@given(st.text(), st.lists(st.integers(min_value=0)))
def test_any_cut_gives_the_text_back(text: str, places: list[int]) -> None:
    got, assembly, deltas = assemble(cut(text.encode(), places))
    assert got == text and not assembly.stopped
    assert all("\ufffd" not in delta.text for delta in deltas) or "\ufffd" in text


@given(
    st.text(alphabet="abc€😀"),
    st.lists(st.text(alphabet="abc€😀", min_size=1, max_size=4), max_size=3),
    st.lists(st.integers(min_value=0)),
)
@example("baa", ["a", "baa"], [1, 2])
def test_no_cut_lets_a_stop_string_through(text: str, stop: list[str], places: list[int]) -> None:
    got, assembly, _ = assemble(cut(text.encode(), places), tuple(stop))
    found = [(at + len(one), at, one) for one in stop if (at := text.find(one)) >= 0]
    assert assembly.stopped == bool(found)
    first = min(found, default=(0, len(text), ""))
    assert (got, assembly.stop_sequence) == (text[: first[1]], first[2])


def test_the_first_stop_string_wins() -> None:
    assert assemble([b"one two three"], ("three", "two"))[0] == "one "


def test_what_may_become_a_stop_string_is_held_and_then_released() -> None:
    assembly = TextAssembly(("END",))
    assert assembly.feed(b"so E") == TextDelta("so ", 1)
    assert assembly.feed(b"N") is None
    assert assembly.feed(b"ough") == TextDelta("ENough", 2)


def test_invalid_bytes_become_replacement_characters() -> None:
    assert assemble([b"a\xff", b"\xe2\x82"])[0] == "a\ufffd\ufffd"


def test_every_token_is_counted_once() -> None:
    _, _, deltas = assemble([b"a", "€".encode()[:1], "€".encode()[1:], b"", b"b"])
    assert sum(delta.tokens for delta in deltas) == 5


@pytest.mark.parametrize(("stop", "kept"), [((), [b"a", b"b", b"c"]), (("b",), [b"a"])])
def test_log_probabilities_go_with_the_text_they_belong_to(stop: tuple[str, ...], kept: list[bytes]) -> None:
    assembly = TextAssembly(stop)
    deltas = []
    for piece in (b"a", b"b", b"c"):
        if not assembly.stopped:
            deltas.append(assembly.feed(piece, SampledToken(TokenLogprob(piece, -1.0))))
    deltas.append(assembly.finish())
    assert [token.chosen.token for delta in deltas if delta for token in delta.logprobs] == kept
