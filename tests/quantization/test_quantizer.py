"""The quantizer of llama.cpp: what it writes is what the library writes, and plans say so to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.llama_cpp import tiny_models
from tests.quantization.bare import quantized_bare
from tests.quantization.conftest import GUIDE
from workbench.errors import InvalidModel, InvalidRequest, WorkbenchError
from workbench.gguf import FILE_TYPES, read_header, read_model
from workbench.ports import Quantizer
from workbench.quantize_request import QuantizeRequest, TensorType
from workbench_llama_cpp.binding import llama

READ_ONLY = {"NVFP4"}


def unheard(done: int) -> None:
    """Nobody wants to know how far it is."""


def request(source: Path = GUIDE, type: str = "Q4_0", **wanted: object) -> QuantizeRequest:
    return QuantizeRequest(source=str(source), type=type, **wanted)  # type: ignore[arg-type]


def test_every_type_of_the_library_is_listed(quantizer: Quantizer) -> None:
    """Those that were withdrawn are not in FILE_TYPES either."""
    functions = llama()
    named = {
        number: name.removeprefix("LLAMA_FTYPE_MOSTLY_").removeprefix("LLAMA_FTYPE_ALL_")
        for name, number in vars(functions).items()
        if name.startswith("LLAMA_FTYPE_")
    }
    known = {FILE_TYPES[number] for number, name in named.items() if number in FILE_TYPES}
    assert {kind.name for kind in quantizer.types} - {"COPY"} == known - READ_ONLY
    bits = [kind.bits_per_weight for kind in quantizer.types if kind.bits_per_weight]
    assert bits == sorted(bits)
    assert all(kind.advice.endswith(".") for kind in quantizer.types)


@pytest.mark.parametrize(
    ("wanted", "bare"),
    [
        (request(type="Q4_K_M"), {"ftype": 15}),
        pytest.param(request(pure=True, threads=1), {"ftype": 2, "pure": True}, marks=pytest.mark.slow),
        pytest.param(
            request(leave_output=True), {"ftype": 2, "quantize_output_tensor": False}, marks=pytest.mark.slow
        ),
        (
            request(type="Q4_0", output_type="q5_0", embedding_type="q5_0"),
            {"ftype": 2, "output_tensor_type": 6, "token_embedding_type": 6},
        ),
    ],
)
def test_the_file_is_the_librarys(
    quantizer: Quantizer, tmp_path: Path, wanted: QuantizeRequest, bare: dict[str, int]
) -> None:
    [ours] = quantizer.quantize(wanted, tmp_path / "ours.gguf", unheard)
    theirs = quantized_bare(GUIDE, tmp_path / "theirs.gguf", **bare)
    assert ours.read_bytes() == theirs.read_bytes()
    assert quantizer.plan(wanted).file_sizes == (theirs.stat().st_size,)


@pytest.mark.slow
def test_the_files_of_all_types_are_the_librarys(quantizer: Quantizer, tmp_path: Path) -> None:
    numbers = {name: number for number, name in FILE_TYPES.items()}
    for kind in quantizer.types:
        plan = quantizer.plan(request(type=kind.name))
        if kind.name == "COPY" or plan.needs_importance:
            continue
        [ours] = quantizer.quantize(request(type=kind.name), tmp_path / "ours.gguf", unheard)
        theirs = quantized_bare(GUIDE, tmp_path / "theirs.gguf", ftype=numbers[kind.name])
        assert ours.read_bytes() == theirs.read_bytes(), kind.name
        assert plan.size_bytes == theirs.stat().st_size, kind.name


@pytest.mark.parametrize("type", ["Q4_K_M", "Q2_0", "COPY"])
@pytest.mark.parametrize("keep_split", [False, True])
def test_plans_of_shards_and_experts_are_exact(
    quantizer: Quantizer, tmp_path: Path, type: str, keep_split: bool
) -> None:
    tiny_models.llama(tmp_path / "tiny.gguf", experts=4, tensors_per_shard=30)
    wanted = request(
        next(tmp_path.glob("tiny-00001-of-*.gguf")), type, keep_split=keep_split,
        metadata=(("workbench.note", "ä" * 60),),
    )  # fmt: skip
    plan = quantizer.plan(wanted)
    done: list[int] = []
    files = quantizer.quantize(wanted, tmp_path / "made.gguf", done.append)
    assert len(files) == (len(read_model(wanted.source).files) if keep_split else 1) == len(plan.file_sizes)
    assert plan.file_sizes == tuple(file.stat().st_size for file in files)
    assert done[-1] == read_model(wanted.source).weights_bytes
    made = read_model(files[0])
    assert {tensor.name: tensor.type.name for tensor in made.tensors} == {
        tensor.name: tensor.type for tensor in plan.tensors
    }
    assert made.text("workbench.note") == "ä" * 60


def test_rows_of_an_unusual_length_are_told(quantizer: Quantizer, tmp_path: Path) -> None:
    plan = quantizer.plan(request(tiny_models.llama(tmp_path / "tiny.gguf"), "Q4_K_M"))
    assert any("64 are no multiple of 256" in note and "Q5_0" in note for note in plan.notes)


def test_single_tensors_get_their_type(quantizer: Quantizer) -> None:
    rules = (TensorType(r"blk\.[01]\.attn_v", "q8_0"), TensorType("attn_v", "F16"))
    plan = quantizer.plan(request(type="Q4_K_S", tensor_types=rules))
    found = {tensor.name: tensor.type for tensor in plan.tensors}
    assert found["blk.0.attn_v.weight"] == found["blk.1.attn_v.weight"] == "Q8_0"
    assert found["blk.2.attn_v.weight"] == "F16" and found["blk.0.attn_q.weight"] == "Q4_K"


def test_what_is_quantized_already_is_told(quantizer: Quantizer, tmp_path: Path) -> None:
    [small] = quantizer.quantize(request(type="Q8_0"), tmp_path / "small.gguf", unheard)
    assert not quantizer.plan(request(small, "Q8_0")).requantized
    assert quantizer.plan(request(small, "Q4_0")).requantized
    with pytest.raises(InvalidRequest, match="quantized already"):
        quantizer.quantize(request(small, "Q4_0"), tmp_path / "smaller.gguf", unheard)
    assert not (tmp_path / "smaller.gguf").exists()
    again = request(small, "Q4_0", allow_requantize=True)
    [smaller] = quantizer.quantize(again, tmp_path / "smaller.gguf", unheard)
    assert read_header(smaller).quantization == "Q4_0"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (request(type="Q4_K_X"), "Q4_K_M"),
        (request(type="NVFP4"), "cannot quantize to it"),
        (request(type="exl3"), "exllamav3"),
        (request(tensor_types=(TensorType("attn_v", "Q8_1"),)), "Q8_0"),
        (request(tensor_types=(TensorType("attn_(v", "Q8_0"),)), "regular expression"),
        (request(tensor_types=(TensorType("atn_v", "Q8_0"),)), "No tensor's name fits"),
        (request(type="F16", tensor_types=(TensorType("attn_v", "Q8_0"),)), "no effect"),
        (request(output_type="Q6_K", pure=True), "--output-type has no effect"),
        (request(type="IQ2_XXS"), "importance matrix"),
        (request(importance="nothing.gguf"), "nothing.gguf cannot be read"),
    ],
)
def test_what_cannot_be_made_is_refused(
    quantizer: Quantizer, tmp_path: Path, wanted: QuantizeRequest, said: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        quantizer.plan(wanted)
        quantizer.quantize(wanted, tmp_path / "made.gguf", unheard)
    assert said in str(caught.value) and caught.value.remedy
    assert not (tmp_path / "made.gguf").exists()


def no_gguf(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04" * 100)


def truncated(path: Path) -> None:
    path.write_bytes(GUIDE.read_bytes()[:-1000])


def not_a_number(path: Path) -> None:
    data = bytearray(GUIDE.read_bytes())
    data[-200:-100] = b"\xff" * 100
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (no_gguf, "GGUF"),
        (truncated, "truncated"),
        (tiny_models.lora, "LoRA adapter"),
        (tiny_models.unknown_architecture, "perceptron"),
        (not_a_number, "no numbers"),
    ],
)
def test_bad_models_are_refused_and_leave_nothing(
    quantizer: Quantizer, tmp_path: Path, make: object, said: str
) -> None:
    make(tmp_path / "bad.gguf")  # type: ignore[operator]
    with pytest.raises(InvalidModel) as caught:
        quantizer.plan(request(tmp_path / "bad.gguf"))
        quantizer.quantize(request(tmp_path / "bad.gguf"), tmp_path / "made.gguf", unheard)
    assert said in str(caught.value) and caught.value.remedy
    assert not (tmp_path / "made.gguf").exists()


def test_whoever_stops_it_finds_nothing(quantizer: Quantizer, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop(done: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        quantizer.quantize(request(type="IQ3_S"), tmp_path / "made.gguf", stop)
    assert list(tmp_path.glob("made*")) == []
    assert quantizer.plan(request()).size_bytes  # the next one is served


def test_a_dead_process_is_told(quantizer: Quantizer, tmp_path: Path) -> None:
    import psutil

    def kill(done: int) -> None:
        psutil.Process(quantizer.pid).kill()  # type: ignore[attr-defined]

    with pytest.raises(WorkbenchError, match="ended while it quantized"):
        quantizer.quantize(request(type="IQ3_S"), tmp_path / "made.gguf", kill)
    assert list(tmp_path.glob("made*")) == []
