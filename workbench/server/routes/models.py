"""GET /v1/models, GET /v1/models/{id} and GET /health."""

from __future__ import annotations

from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workbench.openai_dialect.model_card import Health, ModelCard, ModelList, details_of
from workbench.server.answers.json_response import json_response
from workbench.server.pool.model_pool import ModelPool


async def list_models(request: Request) -> Response:
    models: ModelPool = request.app.state.models
    await models.refresh()
    cards = ModelList(data=[_card(models, name) for name in models.names])
    return json_response(cards)


async def show_model(request: Request) -> Response:
    card = _card(request.app.state.models, request.path_params["id"])
    return json_response(card)


async def health(request: Request) -> Response:
    models: ModelPool = request.app.state.models
    states = {name: models.state(name) for name in models.names}
    named = {state: [name for name, at in states.items() if at == state] for state in ("loaded", "loading")}
    return json_response(Health(loaded=named["loaded"], loading=named["loading"]))


def _card(models: ModelPool, name: str) -> ModelCard:
    model = models.model(name)
    facts = models.facts(name)
    return ModelCard(
        id=name,
        created=models.created,
        state=model.state,
        waiting=model.waiting,
        aliases=list(model.offer.aliases),
        context_length=facts.context_length if facts else UNSET,
        details=details_of(facts) if facts else UNSET,
    )


ROUTES = (
    Route("/health", health),
    Route("/v1/models", list_models),
    Route("/v1/models/{id:path}", show_model),
)
