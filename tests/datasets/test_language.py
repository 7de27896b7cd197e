"""Languages of rows are told, counted and filtered; where there is nothing to go by, none is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.datasets.planting import made, rows_in
from workbench.conversation import Message
from workbench.datasets.findings import Findings
from workbench.datasets.operation import Surroundings
from workbench.datasets.recipe import changed, named, parse, with_steps
from workbench.datasets.row import Origin, Rejection, Row
from workbench.errors import InvalidRequest
from workbench_recipes.operations.language import Language

SAID = {
    "en": ("Why do leaves change their colour in autumn?", "Because the green pigment in them breaks down."),
    "de": ("Warum verfärben sich die Blätter im Herbst?", "Weil der grüne Farbstoff in ihnen abgebaut wird."),
    "fr": ("Pourquoi les feuilles changent-elles de couleur ?", "Parce que leur pigment vert se décompose."),
    "es": ("¿Por qué las hojas cambian de color en otoño?", "Porque el pigmento verde se descompone."),
    "zh": ("为什么秋天的树叶会变颜色？", "因为叶子里的绿色色素分解了。"),
    "ja": ("なぜ秋に葉の色が変わるのですか。", "葉の緑の色素が分解されるからです。"),
    "ru": ("Почему осенью листья меняют цвет?", "Потому что зелёный пигмент в них разрушается."),
    "ar": ("لماذا يتغير لون أوراق الشجر في الخريف؟", "لأن الصبغة الخضراء فيها تتحلل."),
}  # fmt: skip
CODE = "```python\nfor value in values:\n    print(value, sum(values), len(values))\n```"


def told(operation: Language, *messages: Message, text: str = "") -> Row | Rejection:
    operation.begin(Surroundings())
    return operation.apply(Row(origin=Origin("a", 1), messages=messages, text=text), Findings())


def language(*messages: Message, text: str = "") -> str:
    row = told(Language(), *messages, text=text)
    assert isinstance(row, Row)
    return row.language


def chat(asked: str, answered: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]}


@pytest.mark.parametrize("name", SAID)
def test_each_language_is_told_of_chats_and_texts(name: str) -> None:
    asked, answered = SAID[name]
    system = Message("system", "You are a helpful assistant and you always answer in English.")
    assert language(system, Message("user", asked), Message("assistant", answered)) == name
    assert language(text=f"{asked} {answered}") == name
    assert language(Message("user", f"{asked} {CODE}"), Message("assistant", f"{CODE} {answered}")) == name


@pytest.mark.parametrize("text", ["Ok", "17 + 4 = 21", CODE, "https://example.org/warum/ist/das/so", " "])
def test_where_there_is_nothing_to_go_by_none_is_told(text: str) -> None:
    assert language(text=text) == "und"


def test_rows_in_other_languages_are_set_aside_and_the_rest_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [
        chat(f"{number}. {asked}", answered) for number in range(5) for asked, answered in SAID.values()
    ] + [chat("2 + 2", "4")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    steps = '[[steps]]\noperation = "language"\nlanguages = ["de", "ZH"]\n[[steps]]\noperation = "split"'
    recipe = parse(f'summary = "x"\n{steps}', "mine")
    outcome = made(recipe, path, target=tmp_path / "set")
    assert outcome.languages == {"de": 5, "zh": 5, "und": 1}
    assert outcome.rejected == {"language": 30}
    quarantine = rows_in(tmp_path / "set" / "report" / "quarantine.jsonl")
    assert {str(row["reason"]) for row in quarantine} >= {"Its language is fr.", "Its language is en."}
    assert "| de | 5 |" in (tmp_path / "set" / "report" / "report.md").read_text()
    strict = changed(recipe, {"language.keep_untold": False})
    assert made(strict, path, target=tmp_path / "strict").languages == {"de": 5, "zh": 5}


def test_rows_that_are_set_aside_later_are_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(chat(*SAID["en"])) + "\n" for _ in range(3)))
    asked = with_steps(named("sft-chat"), ["language"])
    assert made(asked, path, target=tmp_path / "set").languages == {"en": 1}
    assert made("sft-chat", path, target=tmp_path / "plain").languages == {}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"languages": ["klingon"]}, "klingon"),
        ({"least_certainty": 2}, "least_certainty"),
        ({"most_letters": 0}, "most_letters"),
    ],
)
def test_languages_that_are_not_known_are_refused(change: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidRequest, match=word):
        msgspec.convert(change, Language).begin(Surroundings())
