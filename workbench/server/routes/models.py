"""GET /v1/models, GET /v1/models/{id} and GET /health."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workbench.openai_dialect.kept_objects import page
from workbench.openai_dialect.model_card import Health, ModelCard, details_of
from workbench.server.answers.json_response import json_response
from workbench.server.pool.model_pool import ModelPool


async def list_models(request: Request) -> Response:
    models: ModelPool = request.app.state.models
    await models.refresh()
    cards = [_card(models, name) for name in models.names]
    return json_response(page(cards, len(cards)))


async def show_model(request: Request) -> Response:
    card = _card(request.app.state.models, request.path_params["id"])
    return json_response(card)


async def health(request: Request) -> Response:
    models: ModelPool = request.app.state.models
    loaded = [name for name in models.names if models.state(name) == "loaded"]
    shares = {name: share for name in models.names if (share := models.loading(name)) is not None}
    return json_response(
        Health(
            status="loading" if shares and not loaded else "ok",
            loaded=loaded,
            loading=list(shares),
            progress=shares,
        )
    )


def _card(models: ModelPool, name: str) -> ModelCard:
    model = models.model(name)
    facts = models.facts(name)
    return ModelCard(
        id=name,
        display_name=name,
        created=models.created,
        created_at=datetime.fromtimestamp(models.created, UTC).isoformat(),
        state=model.state,
        progress=UNSET if model.share is None else model.share,
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
