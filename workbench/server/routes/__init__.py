"""The routes of the endpoint, a file for each group, and their description."""

from __future__ import annotations

from workbench.server.routes import (
    anthropic,
    batches,
    embeddings,
    files,
    generation,
    metrics,
    models,
    ollama,
    ollama_models,
    openapi,
    pool,
    responses,
    tokens,
)

ROUTES = (
    *models.ROUTES,
    *metrics.ROUTES,
    *openapi.ROUTES,
    *pool.ROUTES,
    *generation.ROUTES,
    *embeddings.ROUTES,
    *tokens.ROUTES,
    *ollama.ROUTES,
    *ollama_models.ROUTES,
    *anthropic.ROUTES,
    *responses.ROUTES,
    *files.ROUTES,
    *batches.ROUTES,
)
