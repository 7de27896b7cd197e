"""What a server has and can do, as it tells itself: the model, its context, its tokenizer, its places.

No server is known by its name. What none of the usual routes tells is unknown, and tried when asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, get_args
from urllib.parse import urlsplit

from workbench.backend import Capability, ModelFacts
from workbench.errors import AccessDenied, ModelNotFound, Unreachable, WorkbenchError
from workbench.openai_client.endpoint import Endpoint
from workbench.openai_client.failures import Place, Refused
from workbench.openai_client.tokenizing import Tokenizer, tokenizer_of

_PROBE_SECONDS = 10.0
_USUAL_PARALLEL = 8
_CONTEXTS = (
    *("context_length", "loaded_context_length", "max_model_len", "n_ctx", "context_window"),
    *("max_context_length", "max_total_tokens", "max_input_length"),
)
_EVERY: frozenset[Capability] = frozenset(get_args(Capability)) - {"rank"}
_ALSO_CALLED: dict[str, tuple[Capability, ...]] = {
    "completion": ("generate", "logprobs", "constrain"),
    "embedding": ("embed",),
    "image": ("vision",),
    "multimodal": ("vision", "audio"),
}
"""Other servers' words for what a model can do."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What one server told."""

    facts: ModelFacts
    tokenizer: Tokenizer | None


@dataclass(slots=True)
class _Told:
    """What has been told so far, of several routes; the first word counts."""

    values: dict[str, Any] = field(default_factory=dict)

    def add(self, values: Any) -> None:
        if isinstance(values, dict):
            self.values = {name: value for name, value in values.items() if value is not None} | self.values

    def number(self, *names: str) -> int:
        found = (self.values.get(name) for name in names)
        return next((value for value in found if isinstance(value, int) and value > 0), 0)

    def word(self, name: str) -> str:
        value = self.values.get(name)
        return value if isinstance(value, str) else ""


async def probe(endpoint: Endpoint) -> Probed:
    """Find the model and what it can do; the endpoint's place names it afterwards.

    Raises Unreachable, AccessDenied, ModelNotFound, and Unsupported for what is no such server.
    """
    cards = await _cards(endpoint)
    card = await _chosen(endpoint, cards)
    tokenizer = await tokenizer_of(endpoint)
    told = _Told()
    told.add(card)
    for part in ("details", "meta"):
        told.add(card.get(part))
    await _ask_more(endpoint, told, tokenizer)
    endpoint.manner.tells_stops = "total_slots" in told.values
    return Probed(_facts(endpoint.place, told), tokenizer)


async def _cards(endpoint: Endpoint) -> list[dict[str, Any]]:
    """The list of models; the address gets the API's usual end where it was left out."""
    given, usual = endpoint.place.url, f"{endpoint.root}/v1"
    first, *others = (given, usual) if urlsplit(given).path else (usual, given)
    for url in dict.fromkeys((first, *others)):
        try:
            answer = await endpoint.get(f"{url}/models", _PROBE_SECONDS)
        except Refused as refused:
            raise refused.error from None
        except WorkbenchError as error:
            if url != first and not isinstance(error, AccessDenied):
                break
            if error.kind not in ("unsupported", "model_not_found"):
                raise
            continue
        rows = answer.get("data", answer.get("models")) if isinstance(answer, dict) else answer
        if isinstance(rows, list):
            endpoint.place = replace(endpoint.place, url=url)
            return [row for row in rows if isinstance(row, dict)]
    raise endpoint.place.garbled("no list of models")


async def _chosen(endpoint: Endpoint, cards: list[dict[str, Any]]) -> dict[str, Any]:
    """The model's card, after the place has taken its name."""
    names = [str(card.get("id") or card.get("name") or "") for card in cards]
    place = replace(endpoint.place, models=tuple(filter(None, names)))
    endpoint.place = place
    if not place.model:
        if len(cards) != 1:
            raise place.no_model()
        endpoint.place = replace(place, model=names[0])
        return cards[0]
    for name, card in zip(names, cards, strict=True):
        if place.model in (name, name.removesuffix(":latest"), *_words(card.get("aliases"))):
            return card
    try:
        card = await endpoint.get(f"{place.url}/models/{place.model}", _PROBE_SECONDS)
    except (Refused, ModelNotFound):
        raise place.no_model() from None
    except Unreachable:
        raise
    except WorkbenchError:
        raise place.no_model() from None
    return card if isinstance(card, dict) else {}


async def _ask_more(endpoint: Endpoint, told: _Told, tokenizer: Tokenizer | None) -> None:
    """Other routes that tell of the model, as far as the server has them."""
    model = endpoint.place.model
    if tokenizer == "content" and not told.number("parallel", "n_ctx"):
        card = await _answer(endpoint, f"{endpoint.place.url}/models/{model}")
        if isinstance(card, dict):
            told.add(card)
            told.add(card.get("details"))
    if told.number("parallel"):
        return
    props = await _answer(endpoint, f"{endpoint.root}/props")
    if isinstance(props, dict):
        told.add(props)
        told.add(props.get("default_generation_settings"))
    if not told.number(*_CONTEXTS):
        told.add(await _answer(endpoint, f"{endpoint.root}/info"))
    if not told.number(*_CONTEXTS):
        shown = await _answer(endpoint, f"{endpoint.root}/api/show", {"model": model})
        if isinstance(shown, dict) and isinstance(info := shown.get("model_info"), dict):
            told.add(
                {"capabilities": shown.get("capabilities"), "architecture": info.get("general.architecture")}
            )
            told.add({"trained_context": _ending(info, ".context_length")})


def _facts(place: Place, told: _Told) -> ModelFacts:
    context = told.number(*_CONTEXTS)
    return ModelFacts(
        architecture=told.word("architecture"),
        context_length=context,
        trained_context=told.number("trained_context", "n_ctx_train") or context,
        parallel=told.number("parallel", "total_slots") or _USUAL_PARALLEL,
        vocabulary_size=told.number("vocabulary_size", "n_vocab"),
        parameters=told.number("parameters", "n_params"),
        size_bytes=told.number("size_bytes", "size"),
        quantization=told.word("quantization"),
        capabilities=_capabilities(told),
        embedding_length=told.number("embedding_length"),
        placement=place.server,
    )


def _capabilities(told: _Told) -> frozenset[Capability]:
    """What the server names; where it names nothing, all that could be: it refuses the rest itself."""
    modalities = told.values.get("modalities")
    senses = {"vision", "audio"}
    if isinstance(modalities, dict):
        lacking = {name for name in senses if not modalities.get(name)}
        return frozenset(one for one in _EVERY if one not in lacking)
    names = _words(told.values.get("capabilities"))
    found = {one for name in names for one in _ALSO_CALLED.get(name, (name,))}
    known = frozenset(one for one in get_args(Capability) if one in found)
    return known or _EVERY


def _words(value: Any) -> Iterable[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _ending(values: dict[str, Any], ending: str) -> Any:
    return next((value for name, value in values.items() if name.endswith(ending)), None)


async def _answer(endpoint: Endpoint, url: str, body: object = None) -> Any:
    """None where the server has nothing there."""
    try:
        if body is None:
            return await endpoint.get(url, _PROBE_SECONDS)
        return await endpoint.post(url, body, _PROBE_SECONDS)
    except (Refused, WorkbenchError):
        return None
