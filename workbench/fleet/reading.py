"""Reads what a fleet must know of a model: of GGUF from the header, of safetensors from config.json.

The model is on this machine or on the hub, of which nothing but that is fetched.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote, urlsplit

from workbench.conversion.json_file import Entries, parse_object, read_object
from workbench.errors import InvalidRequest, ModelNotFound, Unsupported
from workbench.fleet.model import FleetModel
from workbench.gguf import Header, read_model
from workbench.models.header_cache import header_of
from workbench.models.hub import questions
from workbench.models.hub.quant_label import split_name
from workbench.models.hub.recent import recent_repository
from workbench.models.hub.repository import Repository
from workbench.models.hub.variants import Variant, choose
from workbench.models.locating import is_path, locate
from workbench.models.reference import HubReference, parse_reference
from workbench.models.stores import StoredModel
from workbench.models.stores.model_folder import CONFIG
from workbench.planning.hyperparameters import Hyperparameters
from workbench.planning.layers import layers

_MOST_BYTES = 4 << 20
_ENGINES = {"exl2": "exllamav2", "exl3": "exllamav3", "mlc": "MLC"}


def fleet_model(name: str, tokenizer: str = "") -> FleetModel:
    """`tokenizer` is for GGUF that does not say which model it was made of.

    Raises ModelNotFound, Unsupported for other forms, and InvalidRequest where the tokenizer must be named.
    """
    try:
        found = _here(locate(name).place, tokenizer)
    except ModelNotFound:
        if is_path(name):
            raise
        reference = _reference(name)
        if reference is None:
            raise
        repository = recent_repository(reference.repository, reference.revision)
        found = _on_hub(repository, choose(repository, reference.selector), reference, tokenizer)
    if found.form == "GGUF" and not found.tokenizer:
        raise InvalidRequest(
            f"{name} does not say which model it was made of, whose tokenizer and configuration are needed.",
            "Name that one with --tokenizer org/repo.",
        )
    return found


def _reference(name: str) -> HubReference | None:
    try:
        reference = parse_reference(name)
    except InvalidRequest:
        return None
    return reference if isinstance(reference, HubReference) else None


def _here(place: StoredModel, tokenizer: str) -> FleetModel:
    """What the hub has as well is named as it is there, so that other machines can fetch it."""
    if place.kind in _ENGINES:
        raise Unsupported(
            f"{place.name} is in a form of {_ENGINES[place.kind]}, which no engine of a fleet runs.",
            "Take the model in safetensors or GGUF.",
        )
    revision = next((one for one in place.revisions if len(one) == 40), "")
    source, known = str(place.path.absolute()), ""
    if place.kind == "gguf":
        if place.repository and (quant := split_name(place.path.stem).quant):
            source, known = f"{place.repository}:{quant}", revision
        return replace(_of_header(read_model(place.path), tokenizer), source=source, revision=known)
    if place.repository:
        source, known = place.repository, revision
    size = sum(file.path.stat().st_size for file in place.files)
    return replace(_of_config(read_object(place.path / CONFIG), size), source=source, revision=known)


def _on_hub(found: Repository, variant: Variant, asked: HubReference, tokenizer: str) -> FleetModel:
    revision = "" if asked.revision == "main" else found.commit
    if variant.files[0].name.lower().endswith(".gguf"):
        base = tokenizer or next(iter(found.base_models), "")
        model = _of_header(header_of(found, variant.files).header, base)
        return replace(model, source=f"{found.id}:{variant.label}", revision=revision)
    weights = [file for file in variant.files if file.name.endswith(".safetensors")]
    if not weights:
        raise Unsupported(f"{found.id} has no safetensors.", "Take the model in safetensors or GGUF.")
    folder = weights[0].path.rpartition("/")[0]
    path = f"{folder}/{CONFIG}".lstrip("/")
    answer = questions.get(
        f"/{found.id}/resolve/{found.commit}/{quote(path)}",
        repository=found.id,
        revision=found.commit,
        most=_MOST_BYTES,
    )
    config = Entries(path, parse_object(answer.body, path))
    model = _of_config(config, sum(file.size_bytes for file in weights))
    return replace(model, source=found.id, revision=revision)


def _of_header(header: Header, tokenizer: str) -> FleetModel:
    """Windows are counted as if their layers kept every token: the most that it can be."""
    numbers = Hyperparameters(header)
    kept = layers(numbers)
    heads = numbers.number("attention.head_count")
    return FleetModel(
        source="",
        tokenizer=tokenizer or _base_model(header),
        form="GGUF",
        quantization=header.quantization,
        types=frozenset(tensor.type.name for tensor in header.tensors),
        weights_bytes=header.weights_bytes,
        layers=numbers.layers,
        hidden=numbers.embedding,
        heads=heads,
        kv_heads=numbers.number("attention.head_count_kv", heads),
        cache_elements=sum(layer.keys + layer.values for layer in kept),
        latent=any(layer.keys and not layer.values for layer in kept),
        context_length=header.context_length,
    )


def _base_model(header: Header) -> str:
    """The repository that the header names, where there is one alone."""
    url = urlsplit(header.text("general.base_model.0.repo_url") or "")
    several = (header.number("general.base_model.count") or 1) > 1
    return "" if several or url.hostname != "huggingface.co" else url.path.strip("/")


def _of_config(config: Entries, weights_bytes: int) -> FleetModel:
    """Numbers of the text model may stand apart; every layer counts as one that attends."""
    text = Entries(config.file, {**config.values, **config.object("text_config").values})
    count = text.integer("num_hidden_layers", "n_layer", low=1)
    hidden = text.integer("hidden_size", "n_embd", low=1)
    heads = text.integer("num_attention_heads", "n_head", low=1)
    kv_heads = text.integer("num_key_value_heads", default=heads, low=1)
    latent = text.integer("kv_lora_rank", default=0)
    if latent:
        each = latent + text.integer("qk_rope_head_dim", default=0)
    else:
        each = 2 * kv_heads * text.integer("head_dim", default=hidden // heads, low=1)
    quantized = text.object("quantization_config")
    return FleetModel(
        source="",
        form="safetensors",
        quantization=quantized.text("quant_method").lower(),
        weights_bytes=weights_bytes,
        layers=count,
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        cache_elements=count * each,
        latent=bool(latent),
        context_length=text.integer("max_position_embeddings", "n_positions", default=0) or None,
    )
