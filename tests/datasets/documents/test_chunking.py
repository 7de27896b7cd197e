"""From pages to chunks: what pages repeat goes, paragraphs come together, and nothing is lost or doubled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import workbench_guide
from workbench.datasets.findings import Findings
from workbench.datasets.operation import Operation, RowOperation, Surroundings
from workbench.datasets.row import Origin, Row
from workbench.datasets.target.vocabulary import Vocabulary
from workbench.errors import InvalidRequest
from workbench_recipes.operations.chunks import Chunks
from workbench_recipes.operations.page_headers import PageHeaders
from workbench_recipes.operations.unwrap import Unwrap


def document(text: str, layout: str = "pdf") -> Row:
    return Row(origin=Origin("a", 1), text=text, meta={"document": "a", "format": layout})


def applied(operation: RowOperation, row: Row) -> list[Row]:
    result = operation.apply(row, Findings())
    found = [result] if isinstance(result, Row) else result
    assert isinstance(found, Sequence)
    return list(found)


def chunks(text: str, layout: str = "markdown", **parameters: Any) -> list[Row]:
    operation = Chunks(**parameters)
    operation.begin(Surroundings())
    return applied(operation, document(text, layout))


def without_headers(pages: Sequence[str], **parameters: Any) -> list[str]:
    [row] = applied(PageHeaders(**parameters), document("\f".join(pages)))
    return row.text.split("\f")


def test_headers_footers_and_page_numbers_go() -> None:
    bodies = [f"Body {word} of its own.\nAnd a second line {word}." for word in "abcdefg"]
    pages = [
        f"ACME Ltd.\nUser manual for engineers {number}\n{body}\nConfidential\n- {number} -"
        for number, body in enumerate(bodies, 7)
    ]
    assert without_headers(pages) == [page.split("\n", 1)[1].rsplit("\nConf", 1)[0] for page in pages]


def test_a_running_title_goes_where_it_is_outermost() -> None:
    pages = [
        f"User manual for engineers {number}\nText {word}.\nMore {word}." for number, word in enumerate("abc")
    ]
    assert without_headers(pages) == [f"Text {word}.\nMore {word}." for word in "abc"]


def test_headers_of_chapters_and_of_facing_pages_go() -> None:
    pages = [
        f"{('Left title', f'Chapter {number // 6}')[number % 2]}\nText {word}.\nMore {word}."
        for number, word in enumerate("abcdefghijklmnopqr")
    ]
    assert all(page.startswith("Text") for page in without_headers(pages))


@pytest.mark.parametrize(
    "pages",
    [
        ["One page\nalone"],
        [f"Sentence {number} is here.\nIt goes on with {number} of them." for number in range(5)],
        ["Page 1", "Page 2", "Page 3"],
        ["First.\nA", "First.\nB", "Q\nR", *(f"{n}{n}\n{n}!" for n in "efghijklmnopq"), "First.\nZ"],
    ],
)
def test_what_is_no_header_stays(pages: list[str]) -> None:
    assert without_headers(pages) == pages


LINES = [
    "This is the first line of a paragraph that goes on for",
    "some more lines, so that it fills the width of its inter-",
    "esting page.",
    "Here begins another one, which is also as wide as they",
    "are and goes over to",
]


def test_lines_become_paragraphs_also_over_pages() -> None:
    text = "\n".join([*LINES, "- an item", "- another"]) + "\f" + "the next page. It was short.\nThe end."
    [row] = applied(Unwrap(), document("\n".join(LINES[:4]) + " because it goes\ffurther on here."))
    assert row.text == (
        "This is the first line of a paragraph that goes on for some more lines, so that it fills the width"
        " of its interesting page.\n\nHere begins another one, which is also as wide as they because it goes"
        " \ffurther on here."
    )
    [listed] = applied(Unwrap(), document(text))
    assert listed.text.split("\n\n")[2:] == [
        "- an item",
        "- another \fthe next page. It was short.",
        "The end.",
    ]
    [left] = applied(Unwrap(), document(text, "text"))
    assert left.text == text


GUIDEBOOK = """Before all.

# Plants

Roses need water. {long}

## Roses

```
# no heading

code
```

# Animals

Cats sleep.
"""


def test_chunks_end_at_headings_and_know_where_they_stand() -> None:
    text = GUIDEBOOK.format(long="They need it every day. " * 4)
    found = chunks(text, most_characters=160, full=0.2)
    assert [row.text.split("\n")[0] for row in found] == ["Before all.", "## Roses", "# Animals"]
    assert [row.meta.get("heading") for row in found] == [None, "Plants > Roses", "Animals"]
    assert [(row.meta["chunk"], row.meta["chunks"]) for row in found] == [(1, 3), (2, 3), (3, 3)]
    assert "# no heading\n\ncode" in found[1].text


def test_chunks_of_pages_name_their_pages() -> None:
    text = "Page one.\n\n\f\n\n\fPage three goes \fon to four.\n\n\fFive."
    found = chunks(text, "pdf", most_characters=30)
    assert [(row.text, row.meta["pages"], row.origin.line) for row in found] == [
        ("Page one.", [1, 1], 1),
        ("Page three goes on to four.", [3, 4], 3),
        ("Five.", [5, 5], 5),
    ]


WORDS = st.sampled_from(
    ["wort", "ein längeres Wort", "Ende.", "「文。」", "x" * 70, "# H", "## Sub", "- item"]
)
TEXTS = st.lists(
    st.tuples(WORDS, st.sampled_from([" ", "\n", "\n\n", "\f", "\n\n\f"])), min_size=1, max_size=40
).map(lambda parts: "".join(word + gap for word, gap in parts))


def letters(text: str) -> str:
    return re.sub(r"\s", "", text)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXTS, most=st.integers(1, 200), layout=st.sampled_from(["markdown", "pdf", "text"]))
def test_nothing_is_lost_or_said_twice_and_nothing_is_too_long(text: str, most: int, layout: str) -> None:
    found = chunks(text, layout, most_characters=most)
    assert letters("".join(row.text for row in found)) == letters(text)
    assert all(0 < len(row.text) <= most for row in found)


def test_chunks_keep_to_a_budget_of_tokens() -> None:
    model = str(workbench_guide.PATH)
    text = "\n\n".join(
        f"# Part {number}\n\n" + "The memory of a machine holds the weights of a model. " * (number * 3)
        for number in range(12)
    )
    operation, vocabulary = Chunks(most_tokens=60), Vocabulary(model)
    try:
        operation.begin(Surroundings(model=model))
        found = applied(operation, document(text, "markdown"))
        lengths = [len(ids) for ids in vocabulary.ids([row.text for row in found], add=False)]
    finally:
        operation.end()
        vocabulary.close()
    assert max(lengths) <= 60 and sum(lengths) / len(lengths) > 35
    assert letters("".join(row.text for row in found)) == letters(text)


def test_budgets_that_cannot_be_kept_are_refused() -> None:
    for operation in (Chunks(most_characters=0), Chunks(most_tokens=5)):
        assert isinstance(operation, Operation)
        with pytest.raises(InvalidRequest):
            operation.begin(Surroundings())
