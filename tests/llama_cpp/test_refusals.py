"""What cannot be loaded is refused in one sentence with a remedy, and the process lives on."""

from __future__ import annotations

from pathlib import Path

import pytest

import workbench_guide
from tests.llama_cpp import tiny_models
from workbench.engine_settings import EngineSettings, Lora, TensorOverride
from workbench.errors import DoesNotFit, InvalidModel, InvalidRequest, ModelNotFound, WorkbenchError
from workbench_llama_cpp.engine import open_engine


def refusal(path: Path | str, kind: type[WorkbenchError], **settings: object) -> WorkbenchError:
    with pytest.raises(kind) as caught:
        open_engine(str(path), EngineSettings(**settings), lambda share: True)  # type: ignore[arg-type]
    assert caught.value.remedy
    return caught.value


def test_no_such_file(tmp_path: Path) -> None:
    assert "nowhere.gguf" in refusal(tmp_path / "nowhere.gguf", ModelNotFound).message


@pytest.mark.parametrize(
    "content", [b"", b"GGU", b"\x7fELF" + bytes(100), b"<html><body>404</body></html>" * 9]
)
def test_not_a_gguf(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.gguf"
    path.write_bytes(content)
    assert "other.gguf" in refusal(path, InvalidModel).message


@pytest.mark.parametrize("kept", [0.999, 0.5, 0.01])
def test_a_truncated_file_says_so(tmp_path: Path, kept: float) -> None:
    whole = workbench_guide.PATH.read_bytes()
    path = tmp_path / "short.gguf"
    path.write_bytes(whole[: int(len(whole) * kept)])
    message = refusal(path, InvalidModel).message
    assert "short.gguf" in message and ("is truncated" in message or "ends" in message)


def test_an_unknown_architecture_is_named(tmp_path: Path) -> None:
    path = tiny_models.unknown_architecture(tmp_path / "new.gguf")
    assert "perceptron" in refusal(path, InvalidModel).message


def test_a_file_without_its_tensors_gives_llama_cpps_own_reason(tmp_path: Path) -> None:
    path = tiny_models.missing_tensor(tmp_path / "holes.gguf")
    assert "blk.5.ffn_down.weight" in refusal(path, InvalidModel).message


@pytest.mark.parametrize("context", [30_000_000, 2_000_000_000])
def test_a_context_beyond_the_memory_names_one_that_fits(context: int) -> None:
    error = refusal(workbench_guide.PATH, DoesNotFit, context_length=context)
    assert "GiB" in error.message and "--context" in error.remedy


def test_a_quantized_v_cache_without_flash_attention() -> None:
    error = refusal(workbench_guide.PATH, InvalidRequest, kv_type_v="q8_0", flash_attention="off")
    assert "flash attention" in error.message and "--flash-attention on" in error.remedy


def test_a_cache_type_that_does_not_divide_the_heads(tmp_path: Path) -> None:
    path = tiny_models.llama(tmp_path / "model.gguf")  # heads of 16, blocks of 32
    assert "q8_0" in refusal(path, InvalidRequest, kv_type_k="q8_0", context_length=256).message


def test_an_unknown_buffer_is_answered_with_the_known_ones() -> None:
    override = TensorOverride("ffn", "CUDA7")
    error = refusal(workbench_guide.PATH, InvalidRequest, tensor_overrides=(override,))
    assert "CUDA7" in error.message and "CPU" in error.remedy


def test_an_adapter_that_is_none(tmp_path: Path) -> None:
    path = tiny_models.llama(tmp_path / "model.gguf")
    assert "model.gguf" in refusal(workbench_guide.PATH, InvalidModel, lora=(Lora(str(path)),)).message
