"""Documents that would hang, fill the memory or end the process: told with a reason, and the next is read."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.datasets.documents.docx_files import docx, paragraph, write
from tests.datasets.documents.pdf_files import pdf
from workbench.datasets.documents import worker
from workbench.datasets.documents.document import DocumentLayout
from workbench.datasets.documents.extraction import Extraction
from workbench.datasets.strict_json import Unreadable

LAUGHS = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]>'

OUTSIDE = '<!DOCTYPE d SYSTEM "file:///etc/passwd"><d/>'


@pytest.fixture
def extraction() -> Iterator[Extraction]:
    one = Extraction()
    yield one
    one.close()


def refused(extraction: Extraction, path: Path, layout: DocumentLayout) -> str:
    with pytest.raises(Unreadable) as told:
        extraction.document(str(path), layout, "utf-8")
    assert told.value.reason.endswith(".")
    return told.value.rule


def bomb(mebibytes: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        types = zipfile.ZipFile(io.BytesIO(docx(""))).read("[Content_Types].xml")
        file.writestr("[Content_Types].xml", types)
        with file.open("word/document.xml", "w", force_zip64=True) as part:
            part.write(b"<d>")
            for _ in range(mebibytes):
                part.write(b" " * (1 << 20))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        pytest.param(docx("&c;", before=LAUGHS), "document-type", id="entities"),
        pytest.param(docx(OUTSIDE.encode("utf-16")), "document-type", id="outside"),
        pytest.param(docx(paragraph("cut"))[:150], "damaged", id="cut"),
        pytest.param(docx(b"<w:document>"), "damaged", id="unclosed"),
        pytest.param(docx(""), "no-text", id="empty"),
        pytest.param(b"\xd0\xcf\x11\xe0" + bytes(600), "damaged", id="old"),
        pytest.param(b"PK\x03\x04 and nothing else", "damaged", id="no zip"),
    ],
)
def test_word_documents_that_no_program_writes(
    extraction: Extraction, tmp_path: Path, content: bytes, rule: str
) -> None:
    assert refused(extraction, write(tmp_path, "a.docx", content), "docx") == rule


def test_a_zip_bomb_is_not_unpacked(extraction: Extraction, tmp_path: Path) -> None:
    assert refused(extraction, write(tmp_path, "a.docx", bomb(130)), "docx") == "length"


def test_names_in_a_zip_lead_nowhere(extraction: Extraction, tmp_path: Path) -> None:
    path = write(tmp_path, "a.docx", docx(paragraph("Inside."), name="../../outside.xml"))
    assert extraction.document(str(path), "docx", "").text == "Inside."
    assert sorted(tmp_path.parent.rglob("outside.xml")) == []


def test_deep_nesting_is_read(extraction: Extraction, tmp_path: Path) -> None:
    page = "<div>" * 5_000 + "Deep." + "</div>" * 5_000
    assert extraction.document(str(write(tmp_path, "a.html", page.encode())), "html", "utf-8").text == "Deep."


def test_who_takes_too_long_is_stopped_and_the_next_is_read(extraction: Extraction, tmp_path: Path) -> None:
    slow = write(tmp_path, "slow.pdf", pdf([[f"Line {line}" for line in range(50)]] * 3000))
    quick = write(tmp_path, "quick.html", b"<p>Quick.")
    extraction.document(str(quick), "html", "utf-8")
    extraction.seconds, extraction.seconds_per_mib = 0.05, 0.0
    assert refused(extraction, slow, "pdf") == "time"
    extraction.seconds = 20.0
    assert extraction.document(str(quick), "html", "utf-8").text == "Quick."


def test_a_reader_that_crashes_is_told_and_replaced(extraction: Extraction, tmp_path: Path) -> None:
    page = write(tmp_path, "a.html", b"<p>Here.")
    extraction.document(str(page), "html", "utf-8")
    process = extraction._process
    assert process is not None
    process.send_signal(signal.SIGSEGV)
    process.wait()
    assert refused(extraction, page, "html") == "crash"
    assert extraction.document(str(page), "html", "utf-8").text == "Here."


def test_memory_is_bounded(tmp_path: Path) -> None:
    page = write(tmp_path, "a.html", b"<b>x" * 8_000_000)
    request = msgspec.json.encode(worker.Request(str(page), "html", "utf-8", 30)) + b"\n"
    code = f"import {worker.__name__} as worker; worker.MOST_MEMORY_BYTES = 400 << 20; worker.main()"
    ended = subprocess.run([sys.executable, "-c", code], input=request, capture_output=True, check=False)
    assert ended.returncode or b"memory" in ended.stdout
