"""GPUs that are not there: what llama.cpp computes for them, beside what it logged on cards that were.

Public logs tell MiB with two decimals, so these are compared so; all else to the byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.blueprints import header, models, transformers
from tests.blueprints.parts import Shape
from tests.llama_cpp.virtual_runs import Sizes, card, dry_run, experts_on_cpu
from workbench.gguf import TensorInfo
from workbench_llama_cpp.estimating.virtual.profiles import UNORDERED_BYTES


@pytest.fixture(autouse=True, scope="module")
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture
def before_the_fusions(monkeypatch: pytest.MonkeyPatch) -> None:
    """As builds of llama.cpp were until September 2026: CUDA kept nothing for fused experts."""
    monkeypatch.setenv("GGML_CUDA_DISABLE_FUSION", "1")


def test_llama_3_8b_to_the_byte() -> None:
    assert dry_run(models.llama_3_8b()) == {
        "CUDA0": Sizes(4_876_919_040, 1_073_741_824, 271_056_896),
        "CUDA_Host": Sizes(295_501_824, 0, 25_180_160),
    }


@pytest.mark.parametrize(
    ("tokens", "kv", "batch", "context", "compute"),
    [
        (8192, "f16", 512, 1024.0, 116.01),
        (8192, "f16", 2048, 1024.0, 464.04),
        (131_072, "f16", 512, 16384.0, 236.01),
        (131_072, "q8_0", 512, 8704.0, 672.09),
    ],
)
def test_llama_3_8b_with_one_row_of_logits(
    tokens: int, kv: str, batch: int, context: float, compute: float
) -> None:
    found = dry_run(models.llama_3_8b(), n_ctx=tokens, kv=kv, n_ubatch=batch, n_outputs_max=1)
    assert found["CUDA0"].mib == (4650.99, context, compute)


def test_without_flash_attention_the_scores_are_kept() -> None:
    found = dry_run(models.llama_3_8b(), n_ctx=131_072, flash_attn_type=0, n_outputs_max=1)
    assert found["CUDA0"].mib[2] > 8192.0


def test_windows_and_the_conversion_of_a_quantized_cache() -> None:
    plain = dry_run(models.gemma_3_27b(), n_ctx=131_072, n_outputs_max=1)["CUDA0"]
    assert plain.mib == (14839.77, 10864.0, 284.52)
    quantized = dry_run(models.gemma_3_27b(), n_ctx=131_072, n_outputs_max=1, kv="q8_0")["CUDA0"]
    assert quantized.mib == (14839.77, 5771.5, 1190.67)


@pytest.mark.usefixtures("before_the_fusions")
@pytest.mark.parametrize("experts", [(), range(21), range(19, 40)])
def test_a_hybrid_with_experts_as_logged(experts: Any) -> None:
    on_cpu = [experts_on_cpu(experts)] if experts else []
    found = dry_run(models.qwen3_6_35b_a3b(), on_cpu=on_cpu, n_ctx=32_768)
    assert found["CUDA0"].mib[1:] == (702.81, 497.0 if experts else 493.0)
    assert found["CUDA_Host"].mib[2] == 40.02
    if not experts:
        assert found["CUDA_Host"].mib[0] == 515.31


@pytest.mark.parametrize(
    ("experts", "rows", "compute"),
    [((), 0, 521.0), (range(21), 0, 498.54), (range(19, 40), 0, 526.54), ((), 1, 133.55)],
)
def test_what_fused_experts_keep(experts: Any, rows: int, compute: float) -> None:
    """As the original functions compute it, compiled and called beside these on the same graphs."""
    on_cpu = [experts_on_cpu(experts)] if experts else []
    found = dry_run(models.qwen3_6_35b_a3b(), on_cpu=on_cpu, n_ctx=32_768, n_outputs_max=rows)
    assert found["CUDA0"].mib[2] == compute


def test_other_logs() -> None:
    experts = dry_run(models.gpt_oss_20b())
    assert (experts["CUDA0"].mib[0], experts["CUDA_Host"].mib[0]) == (10949.38, 586.82)

    four = dry_run(models.qwen3_6_27b(), n_ctx=131_072, n_seq_max=4, kv_unified=True, kv="q8_0")
    assert (four["CUDA0"].mib[1], four["CUDA_Host"].mib[0]) == (4950.5, 682.03)

    assert dry_run(models.qwen3_6_27b(), n_ctx=200_192, kv="q8_0")["CUDA0"].mib[1] == 6796.62


def test_as_in_the_guide_to_fitting() -> None:
    """34 layers' experts and the output on the host. Masks have been halved since that log's 898 MiB."""
    shape = Shape(
        layers=48, hidden=2048, heads=32, kv_heads=4, head_size=128, feed_forward=768, vocabulary=151_936,
        context=40_960, experts=128, experts_used=8, small="F16", large="F16", file_type=1,
    )  # fmt: skip
    model = transformers.qwen3moe(shape, dense_width=6144)
    found = dry_run(model, on_cpu=[experts_on_cpu(range(14, 48)), r"^output\.weight"], n_ctx=4096)
    assert found["CUDA0"].mib == (17904.8, 384.0, 894.25)
    assert found["CUDA_Host"].mib[2] == 12.01


def test_layers_are_divided_by_free_memory() -> None:
    """With more than one card llama.cpp computes four batches side by side."""
    even = dry_run(models.llama_3_70b(), card(24), card(24), n_outputs_max=1)
    assert even["CUDA0"].mib == (21273.88, 1312.0, 312.04)
    assert even["CUDA1"].mib == (21058.11, 1248.0, 376.04)
    assert even["CUDA_Host"].mib == (563.62, 0.0, 112.05)

    odd = dry_run(models.llama_3_70b(), card(24), card(23), n_outputs_max=1)
    assert odd["CUDA0"].mib == (21792.75, 1344.0, 312.04)
    assert odd["CUDA1"].mib == (20539.23, 1216.0, 376.04)

    uneven = dry_run(models.llama_3_70b(), card(48), card(16), n_outputs_max=1)
    layers = [uneven[name].context // (32 * 2**20) for name in ("CUDA0", "CUDA1")]
    assert layers == [61, 19]  # 61 of 81, the output layer being the last


def test_families_side_by_side() -> None:
    found = dry_run(models.llama_3_8b(), card(24, "vulkan"), card(24), card(24))
    assert {"Vulkan0", "CUDA0", "CUDA1"} < found.keys()
    assert sum(one.context for one in found.values()) == 2**30


@pytest.mark.parametrize("model", models.TEN)
@pytest.mark.parametrize(("api", "name"), [("cuda", "CUDA0"), ("metal", "MTL0")])
def test_weights_add_up(model: str, api: str, name: str) -> None:
    """Every tensor with its padding; the embedding only where it is the output as well."""
    blueprint = models.TEN[model]()
    tensors = {tensor.name: tensor for tensor in header(blueprint).tensors}
    embedding = tensors.pop("token_embd.weight")
    tensors.setdefault("output.weight", embedding)
    assert dry_run(blueprint, card(api=api))[name].weights == sum(
        _reserved(tensor, api) for tensor in tensors.values()
    )


def _reserved(tensor: TensorInfo, api: str) -> int:
    size, past = tensor.size_bytes, tensor.shape[0] % 512
    if api == "cuda" and tensor.type.block_elements > 1 and past:
        size += (512 - past) // tensor.type.block_elements * tensor.type.block_bytes
    alignment = {"cuda": 128, "metal": 32}[api]
    return -(-size // alignment) * alignment


def test_caches_add_up() -> None:
    """Of latent attention only K, and of recurrent layers a state that no context makes longer."""
    latent = dry_run(models.deepseek_v3(), n_ctx=4096)["CUDA0"]
    assert latent.context == 61 * 576 * 2 * 4096

    state = 64 * 5120 * 4 * (3 + 16)
    for tokens in (4096, 65_536):
        assert dry_run(models.mamba_2_8b(), n_ctx=tokens)["CUDA0"].context == state
    assert dry_run(models.mamba_2_8b(), n_seq_max=8)["CUDA0"].context == 8 * state


def test_one_card_in_the_dialects_of_four_backends() -> None:
    """AMD's is CUDA's under another name; the Vulkan and Metal buffers have fewer bytes of padding."""
    cuda, hip = dry_run(models.llama_3_8b()), dry_run(models.llama_3_8b(), card(api="hip"))
    assert {name.replace("CUDA", "ROCm"): found for name, found in cuda.items()} == hip

    metal = dry_run(models.llama_3_8b(), card(api="metal"))
    assert metal.keys() == {"MTL0", "CPU"}
    vulkan = dry_run(models.llama_3_8b(), card(api="vulkan"))
    assert vulkan.keys() == {"Vulkan0", "Vulkan_Host"}
    for found in (metal["MTL0"], vulkan["Vulkan0"]):
        assert found.context == cuda["CUDA0"].context
        assert 0 <= cuda["CUDA0"].weights - found.weights < 2**20
        assert abs(cuda["CUDA0"].compute - found.compute) <= UNORDERED_BYTES


def test_what_a_backend_cannot_compute_stays_on_the_cpu() -> None:
    """Vulkan knows only the second generation of Mamba, so the decays of the first lie on the host."""
    model = models.mamba_2_8b()
    on_card = dry_run(model, card(api="vulkan"))["Vulkan0"].weights
    decays = sum(tensor.size_bytes for tensor in header(model).tensors if tensor.name.endswith("ssm_a"))
    assert dry_run(model, card(api="metal"))["MTL0"].weights - on_card == decays


@pytest.mark.parametrize("generation", [(6, 1), (7, 0), (7, 5), (8, 9), (12, 0), None])
def test_generations_of_cards(generation: tuple[int, int] | None) -> None:
    """For many tokens at once all of them convert a quantized cache."""
    found = dry_run(
        models.llama_3_8b(), card(compute_capability=generation), n_ctx=32_768, kv="q8_0", n_outputs_max=1
    )
    converted = 2 * 2 * 8 * 128 * 32_768
    assert found["CUDA0"].compute > converted
