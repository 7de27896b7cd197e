"""What of a repository is one model, how it is called, and which one a person means."""

from __future__ import annotations

import pytest

from tests.models.hub.listings import listing
from workbench.errors import InvalidModel, ModelNotFound
from workbench.models.hub.repository import Repository
from workbench.models.hub.variants import Variant, choose, variants

SHARDED = [f"Q8_0/tiny-Q8_0-0000{number}-of-00003.gguf" for number in (1, 2, 3)]
USUAL = listing(
    [
        *("README.md", "config.json", "tiny-Q4_K_M.gguf", "tiny-UD-Q4_K_XL.gguf", "tiny-BF16.gguf"),
        *(
            "mmproj-F16.gguf",
            "mmproj-BF16.gguf",
            "mmproj-F32.gguf",
            "tiny.imatrix.gguf",
            "imatrix_unsloth.gguf",
        ),
        *("mtp-tiny.gguf", "eagle3-tiny-Q8_0.gguf", "tiny-draft-Q4_0.gguf", *SHARDED),
    ]
)


def labels(repository: Repository) -> list[str]:
    return [variant.label for variant in variants(repository)]


def paths(variant: Variant) -> list[str]:
    return [file.path for file in variant.files]


def test_models_are_told_from_what_belongs_to_them() -> None:
    assert labels(USUAL) == ["Q8_0", "BF16", "Q4_K_M", "UD-Q4_K_XL"]


def test_shards_are_one_model_in_order() -> None:
    mixed = listing({SHARDED[2]: 7, SHARDED[0]: 5, SHARDED[1]: 6})
    (variant,) = variants(mixed)
    assert paths(variant) == SHARDED
    assert variant.size_bytes == 18


@pytest.mark.parametrize(
    ("selector", "label"),
    [
        *(("", "Q4_K_M"), ("latest", "Q4_K_M"), ("Q4_K_M", "Q4_K_M"), ("q4_k_m", "Q4_K_M"), ("bf16", "BF16")),
        *(("UD-Q4_K_XL", "UD-Q4_K_XL"), ("ud-q4_k_xl", "UD-Q4_K_XL"), ("Q4_K_XL", "UD-Q4_K_XL")),
        *((SHARDED[1], "Q8_0"), (SHARDED[2].upper(), "Q8_0"), ("Q8_0", "Q8_0"), ("q8_0/", "")),
        *(("tiny-Q4_K_M.gguf", "Q4_K_M"), ("mmproj-F32.gguf", "mmproj-F32"), ("mtp-tiny.gguf", "mtp-tiny")),
    ],
)
def test_a_selector_names_a_model_or_any_file_of_it(selector: str, label: str) -> None:
    if not label:
        with pytest.raises(ModelNotFound):
            choose(USUAL, selector)
        return
    assert choose(USUAL, selector).label == label


@pytest.mark.parametrize(
    ("files", "label"),
    [
        (["a-Q4_K_M.gguf", "a-Q8_0.gguf"], "Q4_K_M"),
        (["a-Q4_0.gguf", "a-Q8_0.gguf"], "Q8_0"),
        (["a-Q4_0.gguf", "a-Q5_0.gguf"], "Q4_0"),
        (["a.i1-Q4_K_M.gguf", "a.i1-Q2_K.gguf"], "i1-Q4_K_M"),
        (["mmproj-a-Q8_0.gguf", "a-F16.gguf"], "F16"),
        (["something.gguf"], "something"),
        (["a-draft-Q4_K_M.gguf", "a-draft-Q8_0.gguf"], "Q4_K_M"),
        (["a-Q2_K-00001-of-00002.gguf", "a-Q5_0.gguf"], "Q5_0"),
    ],
)
def test_without_a_selector_it_is_the_usual_quant(files: list[str], label: str) -> None:
    assert choose(listing(files), "").label == label


def test_a_folder_can_name_the_quant() -> None:
    repository = listing(["UD-IQ1_S/model-00001-of-00002.gguf", "UD-IQ1_S/model-00002-of-00002.gguf"])
    assert labels(repository) == ["UD-IQ1_S"]
    assert len(choose(repository, "ud-iq1_s").files) == 2


def test_models_that_share_a_quant_are_called_by_their_files() -> None:
    repository = listing(["small-Q4_K_M.gguf", "large-Q4_K_M.gguf", "large-Q8_0.gguf"])
    assert sorted(labels(repository)) == ["Q8_0", "large-Q4_K_M", "small-Q4_K_M"]
    assert paths(choose(repository, "SMALL-q4_k_m")) == ["small-Q4_K_M.gguf"]
    for selector in ("Q4_K_M", ""):
        with pytest.raises(ModelNotFound, match="2 models") as caught:
            choose(repository, selector)
        assert "acme/tiny-GGUF:large-Q4_K_M" in caught.value.remedy


def test_files_of_one_name_are_told_apart_by_their_folders() -> None:
    repository = listing(["a/m-Q4_K_M.gguf", "b/m-Q4_K_M.gguf"])
    assert labels(repository) == ["a/m-Q4_K_M", "b/m-Q4_K_M"]
    assert paths(choose(repository, "b/m-Q4_K_M")) == ["b/m-Q4_K_M.gguf"]
    assert paths(choose(repository, "b")) == ["b/m-Q4_K_M.gguf"]


def test_what_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(ModelNotFound, match="has no Q4_K_S") as caught:
        choose(USUAL, "Q4_K_S")
    assert "Q4_K_M" in caught.value.remedy
    with pytest.raises(ModelNotFound) as caught:
        choose(USUAL, "zzzzzzzz")
    assert "UD-Q4_K_XL" in caught.value.remedy
    with pytest.raises(ModelNotFound, match="neither GGUF nor safetensors"):
        choose(listing(["README.md", "pytorch_model.bin"]), "")


def test_a_model_with_missing_shards_is_listed_and_refused() -> None:
    repository = listing([SHARDED[0], SHARDED[2]])
    assert "2 of 3" in variants(repository)[0].problem
    with pytest.raises(InvalidModel, match="2 of 3 shards"):
        choose(repository, "Q8_0")


@pytest.mark.parametrize("name", ["a-00000-of-00002.gguf", "a-00003-of-00002.gguf", "a-00000-of-00000.gguf"])
def test_impossible_shards_are_files_of_their_own(name: str) -> None:
    assert paths(choose(listing([name]), "")) == [name]


@pytest.mark.parametrize(
    ("files", "projector"),
    [
        (["m-Q4_K_M.gguf", "mmproj-F16.gguf", "mmproj-F32.gguf"], "mmproj-F16.gguf"),
        (["m-Q4_K_M.gguf", "mmproj-F32.gguf", "mmproj-Q8_0.gguf"], "mmproj-Q8_0.gguf"),
        (["m-F32.gguf", "mmproj-F16.gguf", "mmproj-F32.gguf"], "mmproj-F32.gguf"),
        (["q/m-Q4_K_M.gguf", "mmproj-F16.gguf", "q/mmproj-F32.gguf"], "q/mmproj-F32.gguf"),
        (["q/m-Q4_K_M.gguf", "other/mmproj-F16.gguf", "mmproj-F32.gguf"], "mmproj-F32.gguf"),
        (["m-Q4_K_M.gguf", "other/mmproj-F16.gguf"], None),
        (["m-Q4_K_M.gguf", "mmproj.bin"], None),
    ],
)
def test_the_projector_is_the_nearest_in_folder_and_bits(files: list[str], projector: str | None) -> None:
    found = choose(listing(files), "").projector
    assert (found.path if found else None) == projector


def test_sizes_include_the_projector_and_bits_per_weight_do_not() -> None:
    repository = listing({"m-Q4_K_M.gguf": 500, "mmproj-F16.gguf": 70}, parameters=1000)
    (variant,) = variants(repository)
    assert variant.size_bytes == 570
    assert variant.bits_per_weight == 4.0


def test_bits_per_weight_are_not_told_of_models_whose_weights_were_not_counted() -> None:
    two = listing(["small-Q4_K_M.gguf", "large-Q4_K_M.gguf"], parameters=1000)
    assert [variant.bits_per_weight for variant in variants(two)] == [None, None]
    assert variants(listing(["m-Q4_K_M.gguf"]))[0].bits_per_weight is None


def test_a_folder_of_weights_is_one_model_without_pickles_and_code() -> None:
    files = ["config.json", "tokenizer.json", "model-00001-of-00002.safetensors", "chat_template.jinja"]
    others = ["pytorch_model.bin", "modeling.py", "consolidated.safetensors", "onnx/model.onnx", "README.md"]
    shard = "model-00002-of-00002.safetensors"
    repository = listing([*files, shard, *others], parameters=2000)
    variant = choose(repository, "")
    assert variant.label == "safetensors"
    assert sorted(paths(variant)) == sorted([*files, shard])
    assert paths(choose(repository, shard)) == paths(variant)


def test_folders_of_weights_are_called_by_what_they_were_made_for() -> None:
    weights = ["config.json", "model.safetensors"]
    assert labels(listing(weights, library="exl2")) == ["exl2"]
    assert labels(listing([f"4.0bpw/{name}" for name in weights], library="exl3")) == ["4.0bpw"]
    mlc = listing(["mlc-chat-config.json", "params_shard_0.bin", "ndarray-cache.json", "pytorch_model.bin"])
    assert labels(mlc) == ["mlc"]
    assert "pytorch_model.bin" not in paths(choose(mlc, "mlc"))
    assert labels(listing([*weights, "m-Q4_0.gguf"])) == ["Q4_0", "safetensors"]
