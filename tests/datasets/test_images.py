"""Images that rows name: sound ones go with the dataset, rows with others are set aside with the reason."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.datasets.planting import made, rows_in
from tests.media_files import png
from workbench.datasets.recipe import changed, named
from workbench.errors import InvalidRequest

BARE = base64.b64encode(png(7)).decode()
DATA = f"data:image/png;base64,{BARE}"


def asked(number: int, *images: Any) -> dict[str, Any]:
    """Each image as a part of the question."""
    parts = [{"type": "text", "text": f"What is in picture {number}?"}, *images]
    return {
        "messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": f"Noise {number}."}]
    }


def part(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    around = tmp_path_factory.mktemp("around")
    rows = around / "rows"
    (rows / "pictures").mkdir(parents=True)
    (rows / "pictures" / "one.png").write_bytes(png(1))
    (rows / "pictures" / "same.png").write_bytes(png(1))
    Image.new("RGB", (40, 30), "red").save(rows / "two.jpg")
    (rows / "broken.png").write_bytes(png(2)[:-200])
    (rows / "text.png").write_text("No picture.")
    (rows / "empty.png").touch()
    Image.new("1", (9000, 9000)).save(rows / "vast.png")
    Image.new("RGB", (2, 90)).save(rows / "line.png")
    (around / "outside.png").write_bytes(png(3))
    (rows / "link.png").symlink_to(around / "outside.png")
    for number in range(8):
        (rows / f"{number}.png").write_bytes(png(100 + number, 9, 9))
    return rows


SOUND = [
    asked(1, part("pictures/one.png")),
    asked(2, {"type": "image", "path": "two.jpg"}, {"type": "image", "image": "./pictures/one.png"}),
    {**asked(3, {"type": "image"}), "images": ["pictures/same.png"]},
    {"image": "two.jpg", "conversations": [
        {"from": "human", "value": "<image>\nWhat is in picture 4?"}, {"from": "gpt", "value": "Red."}]},
    asked(5, part(DATA)),
    asked(6, {"type": "image", "base64": BARE}),
    asked(7, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": BARE}}),
    {**asked(8, {"type": "image"}), "images": [BARE]},
]  # fmt: skip
UNSOUND = {
    "image-missing": asked(20, part("pictures/none.png")),
    "image-broken": asked(21, part("broken.png")),
    "image-too-large": asked(22, part("vast.png")),
    "image-too-small": asked(23, part("line.png")),
    "image-outside": asked(24, part("../outside.png")),
    "no-image": {"prompt": "What is in no picture?", "completion": "Nothing."},
}
MORE = [
    ("image-broken", "text.png"), ("image-broken", "empty.png"), ("image-outside", "link.png"),
    ("image-outside", "/etc/hostname"), ("image-broken", DATA[:200]),
    ("image-broken", "data:image/png;base64,!!"),
    ("image-broken", "data:text/plain,hello"), ("image-missing", "a\x00b.png"), ("image-missing", "x" * 5000),
    ("image-missing", "pictures"),
]  # fmt: skip


def written(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return path


def test_sound_images_are_copied_and_rows_with_others_are_set_aside(folder: Path, tmp_path: Path) -> None:
    path = written(folder, *SOUND, *UNSOUND.values())
    names = ("messages", "trl", "unsloth", "llama-factory", "axolotl")
    recipe = changed(named("sft-vision"), {"split.valid": 0.0})
    outcome = made(recipe, path, target=tmp_path / "set", formats=names)
    assert outcome.rejected == dict.fromkeys(sorted(UNSOUND), 1)
    assert outcome.rows_out == len(SOUND)
    for name in names:
        images = {file.read_bytes() for file in (tmp_path / "set" / name / "images").iterdir()}
        assert images == {png(1), png(7), (folder / "two.jpg").read_bytes()}
    told = [rows_in(tmp_path / "set" / name / "train.jsonl") for name in names]
    for row in told[1]:
        assert all((tmp_path / "set" / "trl" / name).is_file() for name in row["images"])  # type: ignore[attr-defined]
    two: Any = [rows[1] for rows in told]
    one, other = two[1]["images"]
    parts = [{"type": "text", "text": "What is in picture 2?"}]
    assert two[1]["messages"][0]["content"] == [*parts, {"type": "image"}, {"type": "image"}]
    assert two[2]["messages"][0]["content"][1:] == [{"type": "image", "image": name} for name in (one, other)]
    assert (two[3]["images"], two[3]["conversations"][0]["value"].count("<image>")) == ([one, other], 2)
    assert two[4]["messages"][0]["content"][1:] == [{"type": "image", "path": name} for name in (one, other)]
    for name in ("trl", "unsloth"):
        compile((tmp_path / "set" / name / "train.py").read_text(), name, "exec")
    lock = json.loads((tmp_path / "set" / "recipe.lock").read_text())
    assert sum("/images/" in name for name in lock["files"]) == 3 * len(names)


def test_what_was_made_is_read_again(folder: Path, tmp_path: Path) -> None:
    recipe = changed(named("sft-vision"), {"split.valid": 0.0})
    made(recipe, written(folder, *SOUND), target=tmp_path / "set")
    again = made(recipe, tmp_path / "set" / "messages" / "train.jsonl", target=tmp_path / "again")
    assert (again.rows_out, again.rejected) == (len(SOUND), {})
    files = [tmp_path / name / "messages" / "train.jsonl" for name in ("set", "again")]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(("rule", "source"), MORE, ids=lambda one: one[:30])
def test_what_is_no_image_is_told(folder: Path, rule: str, source: str) -> None:
    outcome = made("sft-vision", written(folder, asked(1, part(source))), sample=9)
    assert outcome.rejected == {rule: 1}


def test_images_are_kept_where_they_are_or_put_into_the_rows(folder: Path, tmp_path: Path) -> None:
    path = written(folder, SOUND[0])
    for store in ("keep", "embed"):
        made(changed(named("sft-vision"), {"images.store": store}), path, target=tmp_path / store)
    kept, put = (rows_in(tmp_path / name / "messages" / "train.jsonl")[0] for name in ("keep", "embed"))
    assert kept["messages"][0]["content"][1] == part("pictures/one.png")  # type: ignore[index]
    assert put["messages"][0]["content"][1] == part(
        f"data:image/png;base64,{base64.b64encode(png(1)).decode()}"
    )  # type: ignore[index]
    assert not (tmp_path / "keep" / "messages" / "images").exists()
    named_folder = {"images.folders": [str(folder.parent)]}
    outside = written(folder, asked(1, part("../outside.png")), asked(2, part("outside.png")))
    assert made(changed(named("sft-vision"), named_folder), outside, sample=9).rows_out == 2
    with pytest.raises(InvalidRequest, match="no folder"):
        made(changed(named("sft-vision"), {"images.folders": ["nowhere"]}), outside, sample=9)


def test_addresses_are_never_fetched_and_told_of(folder: Path, tmp_path: Path) -> None:
    path = written(folder, asked(1, part("http://127.0.0.1:9/one.png")))
    recipe = changed(named("sft-vision"), {"split.valid": 0.0})
    outcome = made(recipe, path, target=tmp_path / "set", formats=("messages", "llama-factory"))
    assert (outcome.rows_out, outcome.formats) == (1, {"messages": {"train": 1}})
    assert {one.rule for one in outcome.findings} == {"image-address", "format-llama-factory"}
    strict = changed(named("sft-vision"), {"images.keep_addresses": False})
    assert made(strict, path, sample=9).rejected == {"image-address": 1}


def test_rows_that_show_the_same_image_stay_in_one_split(folder: Path, tmp_path: Path) -> None:
    rows = [asked(number, part(f"{number % 8}.png")) for number in range(40)]
    made(changed(named("sft-vision"), {"split.valid": 0.5}), written(folder, *rows), target=tmp_path / "set")
    shown = [
        {one["messages"][0]["content"][1]["image_url"]["url"] for one in rows_in(file)}  # type: ignore[index]
        for file in (tmp_path / "set" / "messages").glob("*.jsonl")
    ]
    assert len(shown) == 2 and not shown[0] & shown[1]
