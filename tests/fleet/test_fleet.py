"""What vLLM, Ray Serve LLM and KServe are told of a model: parallelism, context, memory and quantization."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from tests.fleet.deploying import deployed
from workbench.errors import DoesNotFit, InvalidRequest, ModelNotFound, Unsupported

Made = Callable[..., str]
LLAMA_70B = {
    "architectures": ["LlamaForCausalLM"],
    "num_hidden_layers": 80,
    "hidden_size": 8192,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131072,
}
LATENT = {
    "num_hidden_layers": 61,
    "hidden_size": 7168,
    "num_attention_heads": 128,
    "kv_lora_rank": 512,
    "qk_rope_head_dim": 64,
    "max_position_embeddings": 163840,
    "quantization_config": {"quant_method": "fp8"},
}
GIB = 1 << 30


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A folder in safetensors with a configuration and so many bytes of weights, which take no disk."""

    def make(config: dict[str, Any], weights_bytes: int) -> str:
        folder = tmp_path / "model"
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(config))
        header = json.dumps(
            {"w": {"dtype": "U8", "shape": [weights_bytes], "data_offsets": [0, weights_bytes]}}
        )
        with (folder / "model.safetensors").open("wb") as file:
            file.write(len(header).to_bytes(8, "little") + header.encode())
            file.truncate(8 + len(header) + weights_bytes)
        return str(folder)

    return make


def told(*arguments: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(deployed(*arguments, "--json").stdout)
    return document


def flag(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def test_a_large_model_is_divided_over_the_cards_of_a_machine(made: Made) -> None:
    model = made(LLAMA_70B, 140 * 10**9)
    answer = told("vllm", model, "--gpu", "H100", "--gpus", "8", "--context", "32768", "--parallel", "4")
    assert (answer["tensor_parallel"], answer["pipeline_parallel"]) == (4, 1)
    assert answer["memory"]["weights_bytes"] == pytest.approx(35 * 10**9)
    each = 2 * 80 * 8 * 128 * 2 * 32768 // 4
    assert answer["requests"] == answer["memory"]["cache_bytes"] // each >= 4
    assert (
        "answers everyone"
        in deployed("vllm", model, "--gpu", "H100", "--gpus", "8", "--host", "0.0.0.0").stderr
    )
    [words] = map(shlex.split, answer["commands"])
    assert words[:3] == ["vllm", "serve", model]
    assert flag(words, "--tensor-parallel-size") == "4" and flag(words, "--max-model-len") == "32768"
    assert int(flag(words, "--max-num-seqs")) == answer["requests"]
    assert "--quantization" not in words, "vLLM reads it in config.json"


def test_a_smaller_cache_takes_fewer_cards(made: Made) -> None:
    model = made(LLAMA_70B, 40 * 10**9)
    asked = ("vllm", model, "--gpu", "H100", "--gpus", "8", "--context", "131072")
    full, half = told(*asked), told(*asked, "--cache", "fp8")
    assert (full["tensor_parallel"], half["tensor_parallel"]) == (2, 1)
    assert flag(shlex.split(half["commands"][0]), "--kv-cache-dtype") == "fp8"


def test_what_is_larger_than_a_machine_is_staged_over_several(made: Made) -> None:
    model = made(LATENT, 690 * 10**9)
    asked = ("vllm", model, "--gpu", "H100", "--gpus", "8", "--context", "16384")
    with pytest.raises(InvalidRequest, match="2 machines with 8 x H100"):
        deployed(*asked)
    answer = told(*asked, "--head", "gpu-1")
    assert (answer["tensor_parallel"], answer["pipeline_parallel"]) == (8, 2)
    first, second = map(shlex.split, answer["commands"])
    assert flag(first, "--node-rank") == "0" and "--headless" not in first and "--host" in first
    assert flag(second, "--node-rank") == "1" and "--headless" in second and "--host" not in second
    assert flag(second, "--master-addr") == "gpu-1" and flag(second, "--nnodes") == "2"
    assert answer["url"] == "http://gpu-1:8000/v1" and answer["quantization"] == "fp8"
    each = 61 * (512 + 64) * 2 * 16384 * 31 // 61
    assert answer["requests"] == answer["memory"]["cache_bytes"] // each, "the latent is on every card"
    with pytest.raises(InvalidRequest, match="on a volume"):
        deployed("kserve", *asked[1:])
    service = told("kserve", *asked[1:], "--storage", "pvc://weights/v3")["spec"]
    predictor = service["spec"]["predictor"]
    assert predictor["workerSpec"] == {"tensorParallelSize": 8, "pipelineParallelSize": 2}
    assert not any("parallel-size" in word for word in predictor["model"]["args"])


def test_heads_are_divided_evenly(made: Made) -> None:
    model = made(
        LLAMA_70B | {"num_attention_heads": 12, "num_key_value_heads": 4, "hidden_size": 1536}, 30 * GIB
    )
    assert told("vllm", model, "--gpu", "24GiB", "--gpus", "5")["tensor_parallel"] == 2
    assert told("vllm", model, "--gpu", "12GiB", "--gpus", "6")["tensor_parallel"] == 4


def test_a_compose_file_and_replicas_of_one_machine(made: Made, tmp_path: Path) -> None:
    model = made(LLAMA_70B, 40 * 10**9)
    target = tmp_path / "compose.yaml"
    fleet = ("vllm", model, "--gpu", "H100", "--gpus", "4", "--replicas", "2")
    deployed(*fleet, "--compose", "-o", str(target))
    [service] = yaml.safe_load(target.read_text())["services"].values()
    assert service["ports"] == ["127.0.0.1:8000:8000"] and f"{model}:{model}:ro" in service["volumes"]
    assert flag(service["command"], "--data-parallel-size") == "2" and "entrypoint" not in service
    [gpus] = service["deploy"]["resources"]["reservations"]["devices"]
    assert gpus["count"] == 2
    with pytest.raises(InvalidRequest, match="take 9 GPUs"):
        deployed(*fleet[:-1], "9")
    with pytest.raises(InvalidRequest, match="there already"):
        deployed(*fleet, "-o", str(target))


def test_ray_llm_and_kserve_are_told_the_same(made: Made, home: Path) -> None:
    model = made(LLAMA_70B, 140 * 10**9)
    presets = home / "config" / "presets.toml"
    presets.parent.mkdir(parents=True)
    presets.write_text(
        f'[models."Big Writer"]\nmodel = "{model}"\n'
        'settings = {context_length = 16384, parallel = 8, kv_type_k = "q8_0", kv_type_v = "q8_0"}\n'
    )
    fleet = ("Big Writer", "--gpu", "A100 80GB", "--gpus", "8", "--replicas", "2", "--most-replicas", "5")
    ray = told("ray-llm", *fleet)
    [application] = ray["spec"]["applications"]
    [config] = application["args"]["llm_configs"]
    assert config["engine_kwargs"]["max_model_len"] == 16384 and config["accelerator_type"] == "A100"
    assert config["engine_kwargs"]["kv_cache_dtype"] == "fp8" and any("q8_0" in note for note in ray["notes"])
    assert config["deployment_config"]["autoscaling_config"] == {"min_replicas": 2, "max_replicas": 5}
    service = told("kserve", *fleet, "--storage", "s3://models/big")["spec"]
    assert service["metadata"]["name"] == "big-writer"
    predictor = service["spec"]["predictor"]
    assert (predictor["minReplicas"], predictor["maxReplicas"]) == (2, 5)
    gpus = str(config["engine_kwargs"]["tensor_parallel_size"])
    assert predictor["model"]["resources"]["limits"] == {"nvidia.com/gpu": gpus}
    assert flag(predictor["model"]["args"], "--max-model-len") == "16384"


def test_gguf_is_served_by_the_plugin_with_the_tokenizer_of_its_base() -> None:
    with pytest.raises(InvalidRequest, match="does not say which model"):
        deployed("vllm", "guide", "--gpu", "L4")
    answer = told("vllm", "guide", "--gpu", "L4", "--tokenizer", "org/base")
    [words] = map(shlex.split, answer["commands"])
    assert words[2].endswith("guide.gguf") and flag(words, "--tokenizer") == "org/base"
    assert any("vllm-gguf-plugin" in note for note in answer["notes"])
    composed = told("vllm", "guide", "--gpu", "L4", "--tokenizer", "org/base", "--compose")["spec"]
    assert "vllm-gguf-plugin" in composed["services"]["vllm"]["entrypoint"][2]
    ray = told("ray-llm", "guide", "--gpu", "L4", "--tokenizer", "org/base")["spec"]
    [config] = ray["applications"][0]["args"]["llm_configs"]
    assert config["model_loading_config"]["tokenizer_source"] == "org/base"
    with pytest.raises(Unsupported, match="does not read GGUF"):
        deployed("kserve", "guide", "--gpu", "L4", "--tokenizer", "org/base")


@pytest.mark.parametrize(
    ("method", "form"), [("bitsandbytes", "quantized with bitsandbytes"), ("exl3", "exllamav3")]
)
def test_what_vllm_does_not_run_is_said_in_a_sentence(made: Made, method: str, form: str) -> None:
    model = made(LLAMA_70B | {"quantization_config": {"quant_method": method}}, GIB)
    with pytest.raises(Unsupported, match=form) as refused:
        deployed("vllm", model, "--gpu", "H100")
    assert refused.value.remedy


def test_what_cannot_be_is_refused(made: Made, script: str) -> None:
    model = made(LLAMA_70B, 140 * 10**9)
    with pytest.raises(DoesNotFit, match="Even on 64 x"):
        deployed("vllm", model, "--gpu", "2GiB")
    with pytest.raises(InvalidRequest, match="longer than the 131072"):
        deployed("vllm", model, "--gpu", "H100", "--context", "200000")
    with pytest.raises(Unsupported, match="does not run on Apple M3 Max"):
        deployed("vllm", model, "--gpu", "M3 Max 64GB")
    with pytest.raises(Unsupported, match="too old"):
        deployed("vllm", model, "--gpu", "GTX 1080")
    with pytest.raises(click.UsageError, match="less than"):
        deployed("kserve", model, "--gpu", "H100", "--replicas", "3", "--most-replicas", "2")
    with pytest.raises(InvalidRequest, match="this machine alone"):
        deployed("kserve", model, "--gpu", "H100", "--gpus", "8")
    with pytest.raises(ModelNotFound):
        deployed("vllm", "no-such-model", "--gpu", "H100")
