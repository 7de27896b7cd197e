"""Everything that is said of one model on this machine: its shape, its sizes, its template, its licence.

Read from GGUF headers, or from a folder's configuration and the headers of its safetensors files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from workbench.gguf import Array, Header, read_model
from workbench.models.folder_facts import folder_facts, quantization_method
from workbench.models.local import LocalModel
from workbench.models.provenance import Provenance, provenance_of
from workbench.models.stores import StoredModel
from workbench.models.stores.safetensors_header import read_header
from workbench.models.stores.walking import json_object, read_text
from workbench.models.tensor_mix import RoleMix, StoredTensor, active_parameters, mix

_MOST_LISTED = 4096
_MAX_TEXT_BYTES = 1 << 20
_MAX_TOKENIZER_BYTES = 64 << 20

Heads = int | tuple[int, ...] | None
"""One number for all layers, or one for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a model says of itself; None and "" where it does not say.

    Attributes:
        title: The name that it gives itself.
        parameters: All weights; `active_parameters` are those that one token meets.
        mix: Its tensors by role.
        template: Its chat template, in Jinja; `ollama_template` is in Ollama's own language.
        provenance: How it was quantized.
    """

    title: str = ""
    architecture: str = ""
    quantization: str = ""
    parameters: int | None = None
    active_parameters: int | None = None
    layers: int | None = None
    heads: Heads = None
    kv_heads: Heads = None
    context_length: int | None = None
    embedding_length: int | None = None
    vocabulary: int | None = None
    experts: int | None = None
    experts_used: int | None = None
    mix: tuple[RoleMix, ...] = ()
    template: str = ""
    ollama_template: str = ""
    licence: str = ""
    provenance: Provenance | None = None

    @property
    def weights_bytes(self) -> int:
        return sum(part.size_bytes for part in self.mix)

    @property
    def bits_per_weight(self) -> float | None:
        return self.weights_bytes * 8 / self.parameters if self.parameters else None


def inspect(model: LocalModel) -> Inspection:
    """What the model says of itself. Raises InvalidModel for a GGUF file that cannot be read."""
    place = model.place
    found = _of_gguf(read_model(place.path)) if place.kind == "gguf" else _of_folder(place)
    texts = {role: read_text(path, _MAX_TEXT_BYTES) for each in model.places for role, path in each.texts}
    return replace(
        found,
        ollama_template=texts.get("template", ""),
        licence=found.licence or _first_line(texts.get("licence", "")),
    )


def _of_gguf(header: Header) -> Inspection:
    architecture = header.architecture
    experts = header.number(f"{architecture}.expert_count") or None
    used = header.number(f"{architecture}.expert_used_count") or None
    parts = mix(
        StoredTensor(tensor.name, tensor.type.name, tensor.elements, tensor.size_bytes)
        for tensor in header.tensors
    )
    return Inspection(
        title=header.name,
        architecture=architecture,
        quantization=header.quantization,
        parameters=header.parameters,
        active_parameters=active_parameters(parts, experts, used),
        layers=header.number(f"{architecture}.block_count"),
        heads=_numbers(header, f"{architecture}.attention.head_count"),
        kv_heads=_numbers(header, f"{architecture}.attention.head_count_kv"),
        context_length=header.context_length,
        embedding_length=header.number(f"{architecture}.embedding_length"),
        vocabulary=_vocabulary(header),
        experts=experts,
        experts_used=used,
        mix=parts,
        template=header.chat_template or "",
        licence=header.text("general.license.name") or header.text("general.license") or "",
        provenance=provenance_of(header),
    )


def _numbers(header: Header, key: str) -> Heads:
    """A number, or an array of them when layers differ."""
    value = header.metadata.get(key)
    if not isinstance(value, Array):
        return header.number(key)
    if len(value) > _MOST_LISTED:
        return None
    numbers = tuple(number for number in value if isinstance(number, int))
    return numbers[0] if len(set(numbers)) == 1 else numbers or None


def _vocabulary(header: Header) -> int | None:
    tokens = header.metadata.get("tokenizer.ggml.tokens")
    return len(tokens) if isinstance(tokens, Array) else header.number(f"{header.architecture}.vocab_size")


def _of_folder(place: StoredModel) -> Inspection:
    facts = folder_facts(place)
    parts = mix(_tensors(place))
    known = _has_plain_weights(place)
    return Inspection(
        architecture=facts.architecture,
        quantization=facts.quantization,
        parameters=sum(part.elements for part in parts) if known else None,
        active_parameters=active_parameters(parts, facts.experts, facts.experts_used) if known else None,
        layers=facts.layers,
        heads=facts.heads,
        kv_heads=facts.kv_heads,
        context_length=facts.context_length,
        embedding_length=facts.embedding_length,
        vocabulary=facts.vocabulary,
        experts=facts.experts,
        experts_used=facts.experts_used,
        mix=parts if known else tuple(replace(part, elements=0) for part in parts),
        template=_template_of_folder(place),
    )


def _has_plain_weights(place: StoredModel) -> bool:
    """Whether an element of a tensor is a weight: quantized formats pack several into one."""
    return place.kind == "safetensors" and quantization_method(place) in ("", "fp8", "fbgemm_fp8")


def _tensors(place: StoredModel) -> Iterator[StoredTensor]:
    for file in place.files:
        header = read_header(file.path) if file.path.suffix == ".safetensors" else None
        for tensor in header.tensors if header else ():
            yield StoredTensor(tensor.name, tensor.type, tensor.elements, tensor.size_bytes)


def _template_of_folder(place: StoredModel) -> str:
    if text := read_text(place.path / "chat_template.jinja", _MAX_TEXT_BYTES):
        return text
    template = json_object(place.path / "tokenizer_config.json", _MAX_TOKENIZER_BYTES).get("chat_template")
    return template if isinstance(template, str) else ""


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:120]
