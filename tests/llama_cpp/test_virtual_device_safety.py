"""That virtual devices allocate nothing, refuse what they were not written for, and lose no failure."""

from __future__ import annotations

import ctypes
import gc
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psutil
import pytest

from tests.blueprints import models
from tests.llama_cpp.virtual_runs import card, dry_run, loaded, sizes
from workbench.errors import InvalidRequest, Unsupported
from workbench_llama_cpp.estimating.virtual import MOST_GPUS, layout, names, structures, virtual_devices
from workbench_llama_cpp.estimating.virtual.structures import Tensor


@pytest.fixture(autouse=True, scope="module")
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture
def proved_anew() -> Iterator[None]:
    layout._first_difference.cache_clear()
    yield
    layout._first_difference.cache_clear()


def test_nothing_is_allocated() -> None:
    """A state that llama.cpp clears even in a dry run, 353 GiB of weights, and a very long cache."""
    process = psutil.Process()
    dry_run(models.llama_3_8b())
    before = process.memory_info().rss
    states = dry_run(models.qwen3_next_80b_a3b(), n_seq_max=64, n_ctx=65_536)
    assert states["CUDA0"].context > 5 * 2**30
    assert dry_run(models.deepseek_v3(), n_ctx=163_840)["CUDA0"].weights > 350 * 2**30
    assert process.memory_info().rss - before < 64 * 2**20


@pytest.mark.usefixtures("proved_anew")
class TestAnotherLlamaCpp:
    def refused(self) -> str:
        with pytest.raises(Unsupported) as refused, virtual_devices([card()]):
            pass
        assert refused.value.remedy
        return refused.value.message

    def test_of_another_version(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(layout, "PROVED_VERSION", "0.25.4")
        assert "its ggml is 0.25.3, not 0.25.4" in self.refused()

    def test_with_another_interface(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(structures, "API_VERSION", 3)
        assert "device structure" in self.refused()

    @pytest.mark.parametrize(
        ("structure", "said"),
        [("Device", "device"), ("Backend", "device"), ("BufferType", "buffer"), ("Buffer", "buffer")],
    )
    def test_with_one_field_more(self, structure: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
        fields = getattr(structures, structure)._fields_
        longer = type(structure, (ctypes.Structure,), {"_fields_": (("new", ctypes.c_void_p), *fields)})
        monkeypatch.setattr(structures, structure, longer)
        assert f"its {said} structure is another one" in self.refused()

    def test_with_a_longer_tensor(self, monkeypatch: pytest.MonkeyPatch) -> None:
        longer = type("Tensor", (Tensor,), {"_fields_": (("more", ctypes.c_void_p),)})
        monkeypatch.setattr(layout, "Tensor", longer)
        assert "its tensor structure is another one" in self.refused()

    def test_without_a_function(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(layout, "function", _missing)
        assert "a function is missing" in self.refused()


def _missing(*asked: Any) -> Any:
    raise AttributeError("undefined symbol: ggml_version")


def test_too_many_cards() -> None:
    with pytest.raises(InvalidRequest, match="16 GPUs"), virtual_devices([card()] * (MOST_GPUS + 1)):
        pass
    found = dry_run(models.llama_3_70b(), *[card(24)] * MOST_GPUS)
    assert len(found) == MOST_GPUS + 1


def test_a_failure_in_a_callback_is_raised_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be a wrong number otherwise; the devices work again after it."""
    right = dry_run(models.llama_3_8b())
    with monkeypatch.context() as patch:
        patch.setattr(Tensor, "from_address", _broken)
        with pytest.raises(ZeroDivisionError):
            dry_run(models.llama_3_8b())
    assert dry_run(models.llama_3_8b()) == right


def _broken(address: int) -> Tensor:
    raise ZeroDivisionError


def test_an_interruption_in_a_callback_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(tensor: Tensor) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr("workbench_llama_cpp.estimating.virtual.rules.compact", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dry_run(models.qwen3_30b_a3b())


def test_a_model_may_outlive_the_block() -> None:
    """llama.cpp keeps pointers to the devices for as long as there is a model."""
    with ExitStack() as until_freed:
        with virtual_devices([card(48), card(24)]) as handles:
            model = until_freed.enter_context(loaded(models.llama_3_70b(), handles))
            inside = sizes(model)
        gc.collect()
        assert sizes(model) == inside
        assert sizes(model, n_ctx=16_384)["CUDA0"].context == 2 * inside["CUDA0"].context


def test_the_same_card_is_the_same_device() -> None:
    with virtual_devices([card(24), card(24)]) as first:
        pass
    with virtual_devices([card(24), card(24)]) as again:
        assert first == again
        assert len(set(again)) == 2


def test_an_unknown_operation_is_left_to_the_cpu() -> None:
    """One that this ggml does not know, and one that no backend has a rule for here."""
    with virtual_devices([card(api=api) for api in ("cuda", "metal", "vulkan")]) as handles:
        for handle in handles:
            device = structures.Device.from_address(handle)
            for number in (len(names.operations()), 10_000, names.numbers()["OPT_STEP_SGD"]):
                tensor = Tensor(op=number)
                assert not device.supports_op(handle, ctypes.addressof(tensor))


def test_quick_enough_for_a_slider() -> None:
    """Seconds of this process, which other work on the machine does not lengthen much."""
    with virtual_devices([card(24)]) as handles, loaded(models.llama_3_8b(), handles) as model:
        spent = []
        for _ in range(5):
            began = time.process_time()
            sizes(model)
            spent.append(time.process_time() - began)
    assert min(spent) < 0.25
