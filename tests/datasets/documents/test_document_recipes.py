"""Folders of documents become sets: nothing disappears, and every row knows where it is from."""

from __future__ import annotations

import json
import os
import resource
from itertools import accumulate
from pathlib import Path

import pytest

import workbench_guide
from tests.datasets.documents.docx_files import docx, paragraph, write
from tests.datasets.documents.pdf_files import PICTURE, pdf
from tests.datasets.planting import made, rows_in
from workbench.datasets import standing
from workbench.datasets.recipe import changed, named
from workbench.errors import InvalidRequest
from workbench.gguf import read_header

SENTENCES = [
    f"Sentence {number} of the manual says how the machine {number} is cleaned." for number in range(60)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five documents with text, four without, a picture, a link that leads outside and a hidden file."""
    found = tmp_path / "documents"
    (found / "deeper").mkdir(parents=True)
    pages = [["ACME manual", *SENTENCES[at : at + 10], f"Page {at // 10 + 1} of 3"] for at in (0, 10, 20)]
    write(found, "manual.pdf", pdf(pages))
    write(found / "deeper", "letter.DOCX", docx(paragraph("Dear reader, " + SENTENCES[30])))
    write(found, "page.html", f"<title>Page</title><h1>Cleaning</h1><p>{' '.join(SENTENCES[31:34])}".encode())
    write(found, "notes.md", f"# Notes\n\n{SENTENCES[40]}\n\n## Oil\n\n{SENTENCES[41]}".encode())
    write(found, "plain.txt", " ".join(SENTENCES[50:60]).encode("utf-16"))
    write(found, "scan.pdf", pdf([PICTURE]))
    write(found, "broken.pdf", b"%PDF-1.7 and nothing else")
    write(found, "broken.docx", b"PK\x03\x04")
    write(found, "empty.txt", b"")
    write(found, "photo.png", b"\x89PNG")
    write(found, ".hidden.txt", b"Not for anyone.")
    (found / "outside.txt").symlink_to(write(tmp_path, "private.txt", b"A private text. " * 20))
    return found


def test_documents_become_chunks_with_their_places(folder: Path, tmp_path: Path) -> None:
    recipe = changed(named("cpt-documents"), {"near-duplicates.threshold": 0.99})
    outcome = made(recipe, folder, target=tmp_path / "set", formats=("messages", "provenance", "raw-text"))
    told = [row for name in ("train", "valid") for row in rows_in(tmp_path / f"set/provenance/{name}.jsonl")]
    text = "\n".join(str(row["text"]) for row in told)
    assert [text.count(sentence) for sentence in SENTENCES] == [
        int(not 34 <= number < 40 and not 42 <= number < 50) for number in range(60)
    ]
    assert "ACME" not in text and "of 3" not in text and "private" not in text
    metas = {Path(str(row["meta"]["document"])).name: row["meta"] for row in told}  # type: ignore[index]
    assert metas["manual.pdf"]["pages"] == [1, 3]
    assert (metas["notes.md"]["heading"], metas["page.html"]["title"]) == ("Notes", "Page")
    quarantine = rows_in(tmp_path / "set/report/quarantine.jsonl")
    assert {Path(str(row["file"])).name: row["rule"] for row in quarantine} == {
        "scan.pdf": "no-text", "broken.pdf": "damaged", "broken.docx": "damaged", "empty.txt": "no-text",
    }  # fmt: skip
    assert outcome.rows_in == 9 == outcome.rows_out + outcome.rows_quarantined
    [unread] = [finding for finding in outcome.findings if finding.rule == "not-read"]
    assert {Path(one.origin.file).name for one in unread.examples} == {"photo.png", "outside.txt"}


def test_chunks_of_a_document_are_in_one_split(tmp_path: Path) -> None:
    for number in range(12):
        write(tmp_path, f"{number}.md", "\n\n".join(f"{number} {one}" for one in SENTENCES[:20]).encode())
    recipe = changed(named("cpt-documents"), {"chunks.most_characters": 300, "split.valid": 0.3})
    recipe = changed(recipe, {"near-duplicates.threshold": 1.0, "text-length.least_characters": 1})
    made(recipe, tmp_path, target=tmp_path.parent / "set")
    splits = [
        {str(row["meta"]["document"]) for row in rows_in(tmp_path.parent / f"set/provenance/{name}.jsonl")}  # type: ignore[index]
        for name in ("train", "valid")
    ]
    assert not splits[0] & splits[1] and len(splits[0]) + len(splits[1]) == 12


def test_one_document_is_learned_from_whatever_its_place(tmp_path: Path) -> None:
    for seed in range(8):
        path = write(tmp_path, f"{seed}.txt", f"{seed}: {SENTENCES[seed]}".encode())
        recipe = changed(named("cpt-documents"), {"split.valid": 0.9})
        assert made(recipe, path, target=tmp_path / f"set{seed}").splits == {"train": 1}


def test_chunks_are_packed_as_tokens(folder: Path, tmp_path: Path) -> None:
    from workbench.datasets.recipe import for_model

    recipe = changed(for_model(named("cpt-documents")), {"tokens.pack_to": 256, "chunks.most_tokens": 100})
    model = workbench_guide.PATH
    recipe = changed(recipe, {"split.valid": 0.0})
    outcome = made(recipe, folder, target=tmp_path / "set", formats=("packed", "messages"), model=model)
    packs = rows_in(tmp_path / "set/packed/train.jsonl")
    ids = [id for pack in packs for id in pack["input_ids"]]  # type: ignore[attr-defined]
    end = read_header(model).number("tokenizer.ggml.eos_token_id")
    lengths = [length for pack in packs for length in pack["seq_lens"]]  # type: ignore[attr-defined]
    assert len(lengths) == outcome.splits["train"] > len(packs)
    assert max(lengths) <= 101
    ends = [place for place, id in enumerate(ids) if id == end]
    assert len(ends) == 5 and set(ends) <= set(accumulate(lengths, initial=-1))


def test_folders_without_documents_are_one_clear_error(tmp_path: Path) -> None:
    write(tmp_path, "rows.jsonl", b'{"text": "row"}\n')
    with pytest.raises(InvalidRequest, match="holds no documents"):
        made("cpt-documents", tmp_path, target=tmp_path / "set")
    with pytest.raises(InvalidRequest, match="needs documents"):
        made("cpt-documents", target=tmp_path / "set")


def test_names_that_are_not_utf_8_are_one_clear_error(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")).write_bytes(b"text")
    with pytest.raises(InvalidRequest, match=r"\?.txt is not UTF-8"):
        made("cpt-documents", tmp_path, target=tmp_path / "set")


def test_many_documents_are_compared_within_few_open_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "_MOST_OPEN", 20)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for number in range(150):
        write(tmp_path, f"{number}.txt", f"{number} {SENTENCES[number % 50]} {number}".encode())
    resource.setrlimit(resource.RLIMIT_NOFILE, (120, hard))
    try:
        outcome = made("cpt-documents", tmp_path, target=tmp_path.parent / "many")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert outcome.rows_in == 150


def test_the_lock_tells_the_inputs(folder: Path, tmp_path: Path) -> None:
    made("cpt-documents", folder, target=tmp_path / "set")
    lock = json.loads((tmp_path / "set/recipe.lock").read_text())
    assert [Path(one["path"]).name for one in lock["inputs"]] == sorted(
        ["letter.DOCX", "broken.docx", "broken.pdf", "empty.txt", "manual.pdf", "notes.md", "page.html",
         "plain.txt", "scan.pdf"], key=lambda name: ("deeper/" if name == "letter.DOCX" else "") + name,
    )  # fmt: skip
