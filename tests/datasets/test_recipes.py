"""Recipes from files to folders: what is planted is found, nothing disappears, the same goes in and out."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec
import pytest

from tests.datasets.planting import Planted, made, planted, rows_in, with_broken
from workbench.datasets.making import Order, make
from workbench.datasets.reading import source
from workbench.datasets.recipe import Recipe, changed, named, parse
from workbench.datasets.running.plan import Progress
from workbench.errors import InvalidRequest


@pytest.fixture(scope="module")
def found() -> Planted:
    return with_broken(planted(2000))


@pytest.fixture(scope="module")
def path(found: Planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return found.write(tmp_path_factory.mktemp("planted") / "rows.jsonl")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PART_BYTES", 200_000)
    monkeypatch.setattr(source, "_BLOCK_BYTES", 50_000)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_what_is_planted_is_found_and_nothing_disappears(
    found: Planted, path: Path, tmp_path: Path, small_parts: None
) -> None:
    outcome = made("sft-chat", path, target=tmp_path / "set")
    quarantine = rows_in(tmp_path / "set" / "report" / "quarantine.jsonl")
    by_rule: dict[str, set[int]] = {}
    for row in quarantine:
        by_rule.setdefault(str(row["rule"]), set()).add(int(str(row["line"])))
    near = by_rule.pop("near-duplicate")
    exact = by_rule.pop("duplicate")
    assert exact == found.exact
    assert len(near & found.near) >= 0.98 * len(found.near)
    assert near <= found.near
    assert set().union(*by_rule.values()) == found.broken
    written = [rows_in(tmp_path / "set" / "messages" / f"{split}.jsonl") for split in ("train", "valid")]
    assert outcome.rows_in == len(found.lines) == sum(map(len, written)) + len(quarantine)
    assert outcome.splits == {"train": len(written[0]), "valid": len(written[1])}


def test_the_same_rows_give_the_same_bytes_in_any_number_of_processes(
    path: Path, tmp_path: Path, small_parts: None
) -> None:
    for name, processes in (("one", 1), ("again", 1), ("two", 2)):
        made("sft-chat", path, target=tmp_path / name, processes=processes)
    assert digests(tmp_path / "one") == digests(tmp_path / "again") == digests(tmp_path / "two")


def test_a_run_goes_on_where_it_was_stopped(path: Path, tmp_path: Path, small_parts: None) -> None:
    class Stopped(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.done > progress.total // 2:
            raise Stopped

    order = Order(recipe=named("sft-chat"), inputs=(path,), target=tmp_path / "set", processes=1)
    with pytest.raises(Stopped):
        make(order, stop)
    done = {one: one.stat().st_mtime_ns for one in (tmp_path / "set").rglob("summary.json")}
    assert done
    told: list[Progress] = []
    make(order, told.append)
    assert told[0].done > told[0].total // 2
    made("sft-chat", path, target=tmp_path / "other")
    assert digests(tmp_path / "set") == digests(tmp_path / "other")


def test_a_run_that_was_stopped_begins_anew_where_the_recipe_has_changed(
    path: Path, tmp_path: Path, small_parts: None
) -> None:
    def stop(progress: Progress) -> None:
        if progress.done:
            raise KeyboardInterrupt

    order = Order(recipe=named("sft-chat"), inputs=(path,), target=tmp_path / "set", processes=1)
    with pytest.raises(KeyboardInterrupt):
        make(order, stop)
    other = changed(named("sft-chat"), {"text-length.most_characters": 500})
    outcome = made(other, path, target=tmp_path / "set")
    assert outcome.rejected["too-long"] > 500


def test_the_lock_vouches_for_every_file(path: Path, tmp_path: Path) -> None:
    made("sft-chat", path, target=tmp_path / "set", formats=("messages", "axolotl"))
    lock = json.loads((tmp_path / "set" / "recipe.lock").read_text())
    kept = {name: digest for name, digest in digests(tmp_path / "set").items() if "/" in name}
    assert lock["files"] == {name: digest for name, digest in kept.items() if not name.startswith("report/")}


def test_a_random_split_leaks_and_ours_does_not(tmp_path: Path) -> None:
    found = planted(2000)
    halves = [Planted(found.lines[:1900]), Planted(found.lines[1900:])]
    parts = [half.write(tmp_path / f"{at}.jsonl") for at, half in enumerate(halves)]
    leaking = made("leak-check", *parts)
    copies = [number for number in found.exact | found.near if number > 1900]
    assert leaking.rejected["leak"] >= 0.8 * len(copies) > 5
    made("sft-chat", found.write(tmp_path / "rows.jsonl"), target=tmp_path / "set")
    split = [tmp_path / "set" / "messages" / f"{name}.jsonl" for name in ("train", "valid")]
    assert made("leak-check", *split).rejected == {}


def test_rows_stay_in_their_split_when_more_come(tmp_path: Path) -> None:
    found = planted(1500)
    places: list[dict[str, str]] = []
    for rows in (800, 1500):
        path = Planted(found.lines[:rows]).write(tmp_path / f"{rows}.jsonl")
        made("sft-chat", path, target=tmp_path / str(rows))
        files = [
            (split, tmp_path / str(rows) / "messages" / f"{split}.jsonl") for split in ("train", "valid")
        ]
        places.append({json.dumps(row): split for split, file in files for row in rows_in(file)})
    assert places[0].items() <= places[1].items()


def test_rows_of_one_group_are_in_one_split(tmp_path: Path) -> None:
    lines = [
        json.loads(line) | {"doc": at % 40} for at, line in enumerate(planted(400, exact=0, near=0).lines)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    doc_of = {json.dumps(line["messages"]): line["doc"] for line in lines}
    made(
        changed(named("sft-chat"), {"split.group": "doc", "split.valid": 0.3}), path, target=tmp_path / "set"
    )
    docs = [
        {
            doc_of[json.dumps(row["messages"])]
            for row in rows_in(tmp_path / "set" / "messages" / f"{split}.jsonl")
        }
        for split in ("train", "valid")
    ]
    assert len(docs[0]) + len(docs[1]) == 40
    assert min(map(len, docs)) > 4


def test_a_small_set_has_something_held_out(tmp_path: Path) -> None:
    path = planted(8, exact=0, near=0).write(tmp_path / "rows.jsonl")
    assert made("sft-chat", path, target=tmp_path / "set").splits == {"train": 7, "valid": 1}


def test_a_sample_writes_nothing(path: Path, tmp_path: Path) -> None:
    outcome = made("sft-chat", path, target=tmp_path / "set", sample=100)
    assert 90 <= outcome.rows_in <= 110
    assert not (tmp_path / "set").exists()


def test_rows_of_another_kind_are_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "A text."}\n{"prompt": "Why?", "completion": "Because."}\n')
    outcome = made("sft-instruct", path, target=tmp_path / "set")
    assert outcome.rejected == {"kind": 1}
    assert outcome.rows_out == 1
    with pytest.raises(InvalidRequest, match="several kinds"):
        made("convert", path, target=tmp_path / "both")


def test_folders_that_hold_something_else_are_left_alone(path: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("Do not touch.")
    with pytest.raises(InvalidRequest, match="other files"):
        made("sft-chat", path, target=tmp_path)
    with pytest.raises(InvalidRequest, match="holds an input"):
        target = tmp_path / "set"
        target.mkdir()
        (target / "recipe.lock").write_text("{}")
        (target / "rows.jsonl").write_bytes(path.read_bytes())
        made("sft-chat", target / "rows.jsonl", target=target)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("steps = 3", "array"),
        ('summary = "x"\n[[steps]]\noperation = "nothing"', "nothing"),
        ('summary = "x"\n[[steps]]\noperation = "split"\nvalid = "much"', "valid"),
        ('summary = "x"\n[[steps]]\noperation = "split"\nhalf = 1', "half"),
        ('summary = "x"\n[[steps]]\noperation = "split"\nvalid = 2.0', "shares"),
        ('summary = "x"\nkinds = ["poem"]', "kinds"),
        (
            'summary = "x"\n[[steps]]\noperation = "exact-duplicates"\n[[steps]]\noperation = "validate"\n'
            '[[steps]]\noperation = "split"',
            "between",
        ),
    ],
)
def test_recipes_that_make_no_sense_are_refused(path: Path, tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(InvalidRequest, match=word):
        made(parse(text, "mine"), path, target=tmp_path / "set")


def test_every_recipe_that_is_installed_is_sound() -> None:
    from workbench.datasets import extensions

    for name in extensions.recipe_files():
        recipe = named(name)
        assert recipe.operations() or name == "convert"
        assert msgspec.convert(msgspec.to_builtins(recipe), Recipe) == recipe
