"""Flags become checked values, and each flag reaches the value it names."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from workbench.cli.options import engine_options, sampling_options
from workbench.engine_settings import EngineSettings, Lora, TensorOverride
from workbench.errors import InvalidRequest
from workbench.sampling import SamplingSettings


def parsed(*arguments: str) -> dict[str, object]:
    received: dict[str, object] = {}

    @click.command()
    @sampling_options
    @engine_options
    def command(**values: object) -> None:
        received.update(values)

    done = CliRunner().invoke(command, arguments, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return received


def test_without_flags_the_values_are_the_defaults() -> None:
    assert parsed() == {
        "sampling": SamplingSettings(),
        "max_tokens": None,
        "stop": (),
        "settings": EngineSettings(),
        "backend": None,
    }


def test_every_sampling_flag_arrives() -> None:
    flags = (
        "--temperature 0.5 --top-k 7 --top-p 0.6 --min-p 0.1 --typical-p 0.9 --repeat-penalty 1.1"
        " --frequency-penalty 0.2 --presence-penalty 0.3 --dry-multiplier 0.8 --xtc-probability 0.4"
        " --mirostat 2 --logit-bias 5=-1.5 --logit-bias 6=2 --seed 42 --max-tokens 9 --stop END --stop \n"
    )
    received = parsed(*flags.split(" "))
    assert received["sampling"] == SamplingSettings(
        temperature=0.5,
        top_k=7,
        top_p=0.6,
        min_p=0.1,
        typical_p=0.9,
        repeat_penalty=1.1,
        frequency_penalty=0.2,
        presence_penalty=0.3,
        dry_multiplier=0.8,
        xtc_probability=0.4,
        mirostat=2,
        logit_bias={5: -1.5, 6: 2.0},
        seed=42,
    )
    assert (received["max_tokens"], received["stop"]) == (9, ("END", "\n"))


def test_every_engine_flag_arrives() -> None:
    flags = (
        "--context 4096 --kv-type q8_0,q4_0 --gpu-layers 0 --micro-batch 256 --parallel 4 --threads 3"
        " --flash-attention on --experts-on-cpu 2 --tensor-override a=b=CPU --split 3,1 --lora x.gguf=0.5"
        " --lora y.gguf --device CUDA0 --device CUDA1 --backend llama-cpp"
    )
    received = parsed(*flags.split())
    assert received["settings"] == EngineSettings(
        context_length=4096,
        kv_type_k="q8_0",
        kv_type_v="q4_0",
        gpu_layers=0,
        micro_batch=256,
        parallel=4,
        threads=3,
        flash_attention="on",
        experts_on_cpu=2,
        tensor_overrides=(TensorOverride("a=b", "CPU"),),
        split=(3.0, 1.0),
        lora=(Lora("x.gguf", 0.5), Lora("y.gguf")),
        devices=("CUDA0", "CUDA1"),
    )
    assert received["backend"] == "llama-cpp"


def test_one_kv_type_is_for_both() -> None:
    settings = parsed("--kv-type", "q8_0")["settings"]
    assert settings == EngineSettings(kv_type_k="q8_0", kv_type_v="q8_0")


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--logit-bias", "5"), ("--tensor-override", "pattern"), ("--split", "a,b"), ("--max-tokens", "0")],
)
def test_a_wrong_notation_is_a_mistake_of_usage(flag: str, value: str) -> None:
    with pytest.raises(click.UsageError):
        parsed(flag, value)


@pytest.mark.parametrize(
    ("flag", "value"), [("--temperature", "-1"), ("--threads", "0"), ("--kv-type", "f8")]
)
def test_a_wrong_value_is_told_with_its_remedy(flag: str, value: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parsed(flag, value)
    assert caught.value.remedy
