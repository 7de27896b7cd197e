"""The helper process: what it costs, what it survives, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.blueprints import Blueprint, header, models
from tests.llama_cpp.architectures import ARCHITECTURES
from workbench.engine_settings import EngineSettings
from workbench.errors import EngineDied, InvalidModel, InvalidRequest, WorkbenchError
from workbench.memory import VirtualGpu
from workbench_llama_cpp.backend import LlamaCppBackend
from workbench_llama_cpp.estimating import process
from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator

SETTINGS = EngineSettings(context_length=1024)
OWNER = """
import sys
from tests.llama_cpp.test_estimator_process import SETTINGS, tiny
from workbench_llama_cpp.estimating.estimator import LlamaCppEstimator
from tests.blueprints import header
estimator = LlamaCppEstimator()
estimator.estimate(header(tiny("llama")), SETTINGS, ())
print(estimator.pid, flush=True)
sys.stdin.read()
"""


def tiny(name: str) -> Blueprint:
    return ARCHITECTURES[name]()


def running(pid: int | None) -> bool:
    return pid is not None and psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LlamaCppEstimator]:
    """An estimator that a test may maltreat."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    made = LlamaCppEstimator()
    yield made
    made.close()


def refusal(estimator: LlamaCppEstimator, blueprint: Blueprint, **settings: object) -> WorkbenchError:
    wanted = EngineSettings(**{"context_length": 1024, **settings})  # type: ignore[arg-type]
    with pytest.raises(WorkbenchError) as caught:
        estimator.estimate(header(blueprint), wanted, ())
    assert caught.value.remedy
    return caught.value


def test_nothing_starts_before_the_first_question() -> None:
    made = LlamaCppBackend().estimator()
    assert isinstance(made, LlamaCppEstimator)
    assert made.pid is None
    made.close()


def test_a_crash_is_told_and_survived(own: LlamaCppEstimator) -> None:
    """llama.cpp ends the process over a state that is not twice as wide as the model."""
    broken = tiny("jamba")
    broken.say({"ssm.inner_size": 100})
    error = refusal(own, broken)
    assert isinstance(error, EngineDied)
    assert "signal 6: jamba.cpp:" in error.message and "2 * n_embd == d_inner" in error.message
    assert own.estimate(header(tiny("jamba")), SETTINGS, ()).host.weights_bytes > 0


def test_one_that_was_killed_is_replaced_in_silence(own: LlamaCppEstimator) -> None:
    before = own.estimate(header(tiny("llama")), SETTINGS, ())
    first = own.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert own.estimate(header(tiny("llama")), SETTINGS, ()) == before
    assert own.pid != first


def test_one_that_hangs_is_ended(own: LlamaCppEstimator, monkeypatch: pytest.MonkeyPatch) -> None:
    own.estimate(header(tiny("llama")), SETTINGS, ())
    hanging = own.pid
    assert hanging is not None
    os.kill(hanging, signal.SIGSTOP)
    monkeypatch.setattr(process, "ANSWER_SECONDS", 0.5)
    assert "took too long" in refusal(own, tiny("llama")).message
    assert not running(hanging)


def test_interrupting_the_terminal_does_not_reach_it(own: LlamaCppEstimator) -> None:
    own.estimate(header(tiny("llama")), SETTINGS, ())
    pid = own.pid
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    own.estimate(header(tiny("llama")), SETTINGS, ())
    assert own.pid == pid


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_owner(tmp_path: Path, end: signal.Signals) -> None:
    environment = {**os.environ, "WORKBENCH_HOME": str(tmp_path)}
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=Path(__file__).parents[2],
    )
    assert owner.stdout
    helper = int(owner.stdout.readline())
    assert running(helper)
    owner.send_signal(end)
    owner.communicate()
    deadline = time.monotonic() + 10
    while running(helper) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not running(helper)


def test_several_threads_may_ask(own: LlamaCppEstimator) -> None:
    found: dict[str, int] = {}

    def ask(name: str) -> None:
        found[name] = own.estimate(header(tiny(name)), SETTINGS, ()).host.weights_bytes

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("llama", "qwen2", "mamba", "gemma3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {
        name: own.estimate(header(tiny(name)), SETTINGS, ()).host.weights_bytes for name in found
    }


def test_states_of_many_requests_are_not_allocated(own: LlamaCppEstimator) -> None:
    """llama.cpp allocates recurrent states and clears them, even where it says that it allocates nothing."""
    wanted = EngineSettings(context_length=1024, parallel=200)
    found = own.estimate(header(models.qwen3_next_80b_a3b()), wanted, ())
    assert found.host.context_bytes > 15 << 30
    assert psutil.Process(own.pid).memory_info().rss < 250 << 20


def test_the_longest_contexts_take_no_longer(own: LlamaCppEstimator) -> None:
    shorter = EngineSettings(context_length=1 << 21)
    longest = EngineSettings(context_length=2**31 - 1, parallel=2)
    model = header(tiny("llama"))
    exact, line = own.estimate(model, shorter, ()), own.estimate(model, longest, ())
    assert not exact.notes and "two shorter ones" in line.notes[0]
    grown = line.host.context_bytes / exact.host.context_bytes
    assert grown == pytest.approx((2**31 - 1) * 2 / (1 << 21))
    assert psutil.Process(own.pid).memory_info().rss < 500 << 20


def test_other_placements_and_other_cards_are_kept_apart(own: LlamaCppEstimator) -> None:
    model = header(tiny("mixtral"))
    card = VirtualGpu(name="Card", memory_bytes=8 << 30)
    on_cpu = own.estimate(model, SETTINGS, ())
    on_card = own.estimate(model, SETTINGS, (card,))
    partly = own.estimate(model, EngineSettings(context_length=1024, experts_on_cpu=4), (card,))
    assert own.estimate(model, SETTINGS, ()) == on_cpu
    assert not on_cpu.devices
    assert on_card.devices[0].name == "Card"
    weights = [found.devices[0].weights_bytes for found in (on_card, partly)]
    assert weights[0] > weights[1] > 0


def test_what_is_wrong_with_a_model_is_said(own: LlamaCppEstimator) -> None:
    lying = tiny("llama")
    lying.say({"block_count": 7})
    error = refusal(own, lying)
    assert isinstance(error, InvalidModel) and "blk.6.attn_norm.weight" in error.message
    unknown = Blueprint("perceptron", {"perceptron.block_count": 1}, tiny("llama").tensors)
    assert "perceptron" in refusal(own, unknown).message


def test_a_vocabulary_that_no_memory_holds_is_refused(own: LlamaCppEstimator) -> None:
    lying = tiny("llama")
    lying.say({"vocab_size": 2**32 - 1})
    error = refusal(own, lying)
    assert isinstance(error, InvalidModel) and "4294967295" in error.message
    assert own.pid is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"parallel": 257}, "at most 256"),
        ({"kv_type_v": "q8_0", "flash_attention": "off"}, "flash attention"),
        ({"devices": ("CUDA7",)}, "CUDA7"),
        ({"kv_type_k": "q8_0", "kv_type_v": "q4_0"}, "different types"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    own: LlamaCppEstimator, settings: dict[str, object], said: str
) -> None:
    error = refusal(own, tiny("deepseek2"), **settings)
    assert isinstance(error, InvalidRequest) and said in error.message
