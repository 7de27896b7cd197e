"""Importance matrices measured by llama.cpp: against sums made by hand, in experts, interrupted, merged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest

from tests.llama_cpp import tiny_models
from tests.llama_cpp.embedding_models import encoder
from tests.quantization.conftest import GUIDE
from workbench.calibration_request import DONE_CHUNKS, CalibrationRequest
from workbench.cli.imatrix import imatrix
from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest, Unsupported, WorkbenchError
from workbench.gguf import read_model
from workbench.imatrix import read_imatrix
from workbench.ports import Calibrator
from workbench.quantization.corpus import corpus
from workbench_llama_cpp.backend import LlamaCppBackend

TEXT = "Quantized models are smaller. " * 120
SETTINGS = EngineSettings(context_length=64, threads=1)


class Enough(Exception):
    """Raised where a test stops the work."""


@pytest.fixture(scope="session")
def calibrator() -> Iterator[Calibrator]:
    made = LlamaCppBackend().calibrator()
    yield made
    made.close()


def unheard(done: int, total: int) -> None:
    """Nobody wants to know how far it is."""


def request(model: Path, target: Path, **wanted: object) -> CalibrationRequest:
    return CalibrationRequest(
        **{"model": str(model), "text": TEXT, "settings": SETTINGS, "target": str(target), **wanted}  # type: ignore[arg-type]
    )


def test_sums_are_those_of_the_inputs(calibrator: Calibrator, tmp_path: Path) -> None:
    """What goes into the first layer's attention is known without llama.cpp: normed rows of embeddings."""
    path = tiny_models.llama(tmp_path / "tiny.gguf")
    calibrator.calibrate(request(path, tmp_path / "m.gguf"), unheard)
    found = read_imatrix(tmp_path / "m.gguf")
    data = np.fromfile(path, np.uint8)
    header = read_model(path)
    embedding = next(tensor for tensor in header.tensors if tensor.name == "token_embd.weight")
    begin = header.data_offset + embedding.offset
    rows = data[begin : begin + embedding.size_bytes].view(np.float32).reshape(-1, embedding.shape[0])
    tokens = list(TEXT.encode())[: len(TEXT) // 64 * 64]  # the vocabulary is the bytes in their order
    inputs = rows[tokens].astype(np.float64)
    normed = inputs / np.sqrt(np.mean(inputs**2, axis=1, keepdims=True) + 1e-5)
    for name in ("attn_q", "attn_k", "attn_v"):
        entry = found.entries[f"blk.0.{name}.weight"]
        assert entry.counts.tolist() == [len(tokens)]
        np.testing.assert_allclose(entry.sums[0], np.sum(normed**2, axis=0), rtol=1e-4)
    assert (found.chunk_count, found.chunk_size) == (len(TEXT) // 64, 64)


def test_experts_are_counted_apart(calibrator: Calibrator, tmp_path: Path) -> None:
    path = tiny_models.llama(tmp_path / "tiny.gguf", experts=4)
    calibrator.calibrate(request(path, tmp_path / "m.gguf", most_chunks=3), unheard)
    entries = read_imatrix(tmp_path / "m.gguf").entries
    up, down = entries["blk.0.ffn_up_exps.weight"], entries["blk.0.ffn_down_exps.weight"]
    assert up.sums.shape == (4, 64) and down.sums.shape == (4, 128)
    assert up.counts.sum() == down.counts.sum() == 2 * 3 * 64  # each token meets two experts
    assert (up.counts == down.counts).all()
    seen = entries["blk.0.ffn_gate_exps.weight"]
    np.testing.assert_array_equal(seen.sums, up.sums)


def test_what_was_interrupted_goes_on_to_the_same(calibrator: Calibrator, tmp_path: Path) -> None:
    path = tiny_models.llama(tmp_path / "tiny.gguf")
    calibrator.calibrate(request(path, tmp_path / "whole.gguf"), unheard)

    def stop(done: int, total: int) -> None:
        if done == 7:
            raise Enough

    part = request(path, tmp_path / "part.gguf", save_every=3)
    with pytest.raises(Enough):
        calibrator.calibrate(part, stop)
    done = int(read_imatrix(tmp_path / "part.gguf").notes[DONE_CHUNKS])
    assert done >= 6 and done % 3 == 0
    calibrator.calibrate(request(path, tmp_path / "part.gguf", done_chunks=done), unheard)
    whole, gone_on = (read_imatrix(tmp_path / name).entries for name in ("whole.gguf", "part.gguf"))
    for name, entry in whole.items():
        np.testing.assert_array_equal(entry.sums, gone_on[name].sums)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"text": "short"}, "less than one piece"),
        ({"settings": EngineSettings(context_length=64, micro_batch=64, kv_type_k="q4_1")}, "cache"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    calibrator: Calibrator, tmp_path: Path, wanted: dict[str, object], said: str
) -> None:
    path = tiny_models.llama(tmp_path / "tiny.gguf")
    with pytest.raises(WorkbenchError) as caught:
        calibrator.calibrate(request(path, tmp_path / "m.gguf", **wanted), unheard)
    assert said in str(caught.value) and not (tmp_path / "m.gguf").exists()


def test_rows_of_a_data_set_become_what_the_model_would_see(tmp_path: Path) -> None:
    rows = [
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}], "id": 1},
        {"text": "Plain."},
        {"prompt": "One, ", "completion": "two."},
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = corpus([("a.txt", "Before.\n")], [tmp_path / "rows.jsonl"], read_model(GUIDE))
    begin, chat, end = found.text.partition(
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n"
    )
    assert (begin, bool(chat), end) == ("Before.\n", True, "\nPlain.\nOne, two.")
    assert found.special
    (tmp_path / "rows.jsonl").write_text('{"text": "good"}\n{"texts": "bad"}\n')
    with pytest.raises(InvalidRequest, match="Line 2 of"):
        corpus([], [tmp_path / "rows.jsonl"], read_model(GUIDE))


def run(*arguments: object) -> None:
    imatrix.main([str(argument) for argument in arguments], standalone_mode=False)


@pytest.mark.slow
def test_the_command_measures_and_merges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny = tiny_models.llama(tmp_path / "tiny.gguf")
    (tmp_path / "a.txt").write_text(TEXT)
    one, two = tmp_path / "one.gguf", tmp_path / "two.gguf"
    run(tiny, "--text", tmp_path / "a.txt", "--context", 64, "--chunks", 5, "-o", one)
    assert capsys.readouterr().out.split() == [str(one)]
    run(tiny, "--text", tmp_path / "a.txt", "--context", 64, "--in", one, "-o", two, "--json")
    document = json.loads(capsys.readouterr().out)
    assert document["chunks"] == 5 + len(TEXT) // 64 and document["tensors"] == 42
    assert sorted(path.name for path in tmp_path.glob("*.gguf")) == ["one.gguf", "tiny.gguf", "two.gguf"]
    with pytest.raises(InvalidRequest, match="exists already"):
        run(tiny, "--in", one, "-o", two)
    with pytest.raises(InvalidRequest, match="another model"):
        run(GUIDE, "--in", one, "-o", tmp_path / "three.gguf")
    with pytest.raises(click.UsageError, match="--text"):
        run(tiny)
    with pytest.raises(InvalidRequest, match="--parallel"):
        run(tiny, "--text", tmp_path / "a.txt", "--parallel", 2)


@pytest.mark.slow
def test_models_that_read_both_ways_are_refused(calibrator: Calibrator, tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="left to right"):
        calibrator.calibrate(request(encoder(tmp_path / "bert.gguf"), tmp_path / "m.gguf"), unheard)
