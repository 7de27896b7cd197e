"""What is read of documents: their text, headings and pages, without what nobody wrote for a reader."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import docx as python_docx
import pypdf
import pytest

from tests.datasets.documents.docx_files import docx, paragraph, write
from tests.datasets.documents.pdf_files import PICTURE, pdf
from tests.datasets.test_reading import read_all
from workbench.datasets.reading import prose
from workbench.datasets.strict_json import Unreadable

PAGE = """<!doctype html><html><head><title>Cats &amp; dogs</title><style>p {color: red}</style></head><body>
<header><a href="/">Home</a></header><nav><ul><li>Menu</ul></nav>
<h1>Cats</h1><p>Cats   sleep <b>sixteen</b>
hours.<script>alert("never")</script><p hidden>Secret</p><div style="display: none">Gone</div>
<ul><li>Lions<li>Tigers</ul><pre>  indented
    code</pre><table><tr><th>cat<th>legs<tr><td>tabby<td>4</table><!-- a note -->
<article><header><h2>Dogs</h2></header><p>Dogs bark.</p><footer>By Ann</footer></article>
<aside>Advertisement</aside><footer>Imprint</footer></body></html>"""
NOTES = """---
title: "Garden notes"
---
<!-- not
for readers -->
Plants
======

Water them.

```sh
# no heading
Underlined
---
```

Roses
---
Cut them.
"""


def text_of(path: Path) -> Any:
    [(line, value)] = read_all(path)
    assert line == 1
    return value


def refusal_of(path: Path) -> str:
    value = text_of(path)
    assert isinstance(value, Unreadable), value
    return value.rule


def test_a_pdf_gives_its_pages_with_words_put_together(tmp_path: Path) -> None:
    pages = [["The first – größer line is divi-", "ded in a word (once)."], PICTURE, ["The last page."]]
    row = text_of(write(tmp_path, "a.pdf", pdf(pages)))
    assert row["text"] == "The first – größer line is divided in a word (once).\f\fThe last page."
    assert (row["empty_pages"], row["format"]) == ([2], "pdf")


def test_a_pdf_is_known_by_its_beginning(tmp_path: Path) -> None:
    assert text_of(write(tmp_path, "noname", pdf([["Hello."]])))["text"] == "Hello."


def test_pdfs_without_text_or_with_a_password_are_refused(tmp_path: Path) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf([["Secret."]])))
    writer.encrypt("password", algorithm="RC4-128")
    locked = io.BytesIO()
    writer.write(locked)
    assert refusal_of(write(tmp_path, "locked.pdf", locked.getvalue())) == "encrypted"
    assert refusal_of(write(tmp_path, "scan.pdf", pdf([PICTURE, PICTURE]))) == "no-text"
    assert refusal_of(write(tmp_path, "cut.pdf", pdf([["Hello."]])[:300])) == "damaged"
    assert refusal_of(write(tmp_path, "other.pdf", b"no PDF at all")) == "damaged"


def test_a_pdf_that_anyone_may_open_is_read_though_it_is_encrypted(tmp_path: Path) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf([["For all."]])))
    writer.encrypt("", "owner", algorithm="RC4-128")
    locked = io.BytesIO()
    writer.write(locked)
    assert text_of(write(tmp_path, "open.pdf", locked.getvalue()))["text"] == "For all."


def test_word_documents_keep_headings_lists_and_tables(tmp_path: Path) -> None:
    document = python_docx.Document()
    document.add_heading("Manual", 0)
    document.add_heading("Safety", 2)
    document.add_paragraph("Wear gloves.")
    for item in ("One", "Two"):
        document.add_paragraph(item, style="List Bullet")
    table = document.add_table(2, 2)
    for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"cell {number}"
    document.save(str(tmp_path / "a.docx"))
    assert text_of(tmp_path / "a.docx")["text"] == (
        "# Manual\n\n## Safety\n\nWear gloves.\n\n- One\n- Two\n\n| cell 0 | cell 1 |\n| cell 2 | cell 3 |"
    )


def test_the_main_part_may_have_any_name_and_deleted_text_is_gone(tmp_path: Path) -> None:
    deleted = "<w:p><w:del><w:r><w:delText>Old</w:delText></w:r></w:del><w:r><w:t>New</w:t></w:r></w:p>"
    path = write(tmp_path, "a.docx", docx(deleted + paragraph("a &lt; b"), name="word/document2.xml"))
    assert text_of(path)["text"] == "New\n\na < b"


def test_html_gives_what_a_reader_came_for(tmp_path: Path) -> None:
    row = text_of(write(tmp_path, "a.html", PAGE.replace("<article>", "<div>").encode()))
    assert row["text"].startswith(
        "# Cats\n\nCats sleep sixteen hours.\n\n- Lions\n- Tigers\n\n```\n  indented\n    code\n```\n\n"
        "| cat | legs |\n| tabby | 4 |\n\n"
    )
    for gone in ("Home", "Menu", "never", "Secret", "Gone", "red", "note", "Advertisement", "Imprint"):
        assert gone not in row["text"]
    assert row["title"] == "Cats & dogs"


def test_html_that_marks_its_content_gives_that_alone(tmp_path: Path) -> None:
    page = PAGE.replace("Dogs bark.", "Dogs bark. " * 20)
    row = text_of(write(tmp_path, "a.html", page.encode()))
    assert row["text"] == f"## Dogs\n\n{'Dogs bark. ' * 19}Dogs bark.\n\nBy Ann"
    teaser = text_of(write(tmp_path, "b.html", PAGE.encode()))
    assert teaser["text"].startswith("# Cats") and "Dogs bark." in teaser["text"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252", "koi8-r"])
def test_pages_are_read_in_the_encoding_that_they_name(tmp_path: Path, encoding: str) -> None:
    word = "Привет" if encoding == "koi8-r" else "größer"
    page = f'<meta charset="{encoding}"><p>{word}</p>'
    assert text_of(write(tmp_path, "a.html", page.encode(encoding)))["text"] == word


def test_markdown_has_one_form_of_headings_and_its_code_is_left_alone(tmp_path: Path) -> None:
    row = text_of(write(tmp_path, "a.md", NOTES.encode()))
    assert row["text"].strip() == (
        "# Plants\n\nWater them.\n\n```sh\n# no heading\nUnderlined\n---\n```\n\n## Roses\nCut them."
    )
    assert row["title"] == "Garden notes"


def test_text_of_any_size_comes_in_pieces_with_their_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prose, "PIECE_CHARACTERS", 200)
    paragraphs = [f"Paragraph {number}.\nIts second line." for number in range(50)]
    path = write(tmp_path, "a.txt", "\n\n".join(paragraphs).encode())
    pieces = read_all(path)
    assert "\n\n".join(value["text"] for _, value in pieces) == "\n\n".join(paragraphs)
    assert len(pieces) > 5
    lines = path.read_text().split("\n")
    assert all(lines[line - 1] == value["text"].split("\n")[0] for line, value in pieces)


@pytest.mark.parametrize(
    ("content", "rule"), [(b"", "no-text"), (b" \n\f\n", "no-text"), (bytes(4), "encoding")]
)
def test_text_files_without_text_are_refused(tmp_path: Path, content: bytes, rule: str) -> None:
    assert refusal_of(write(tmp_path, "a.txt", content)) == rule


@pytest.mark.parametrize("content", [b'{"text": "a row"}\n', b'[\n  {"text": "a row"}]'])
def test_rows_in_a_file_that_is_called_text_are_rows(tmp_path: Path, content: bytes) -> None:
    assert text_of(write(tmp_path, "a.txt", content)) == {"text": "a row"}
