"""POST /v1/embeddings and /v1/rerank."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import Route

from workbench.backend import Provider
from workbench.embedding import Vector
from workbench.errors import Unsupported
from workbench.openai_dialect.embeddings import EmbeddingList, EmbeddingsRequest
from workbench.openai_dialect.parameter_errors import blamed_on
from workbench.openai_dialect.rerank import Ranking, RerankRequest
from workbench.server.routes.model_endpoint import model_endpoint


async def embeddings(wire: EmbeddingsRequest, provider: Provider) -> EmbeddingList:
    with blamed_on("model"):
        check_embeds(provider)
    wire.check(provider.facts.embedding_length)
    with blamed_on("input"):
        return wire.answer(await provider.embed(wire.texts()))


async def rerank(wire: RerankRequest, provider: Provider) -> Ranking:
    """By the model's own head where it has one; else by how near the vectors are to that of the query."""
    documents = wire.texts()
    with blamed_on("documents"):
        if "rank" in provider.facts.capabilities:
            ranked = await provider.rank(wire.query, documents)
            scores = [vector[0] for vector in ranked.vectors]
            return wire.answer(scores, ranked.prompt_tokens, "classifier")
    with blamed_on("model"):
        check_embeds(provider)
    with blamed_on("documents"):
        embedded = await provider.embed([wire.query, *documents])
    query, *others = embedded.vectors
    return wire.answer([_cosine(query, other) for other in others], embedded.prompt_tokens, "cosine")


def check_embeds(provider: Provider) -> None:
    """Raise Unsupported where the model makes no vectors."""
    capabilities = provider.facts.capabilities
    if "rank" in capabilities:
        raise Unsupported("This model ranks documents and makes no embeddings.", "Ask it at /v1/rerank.")
    if "embed" not in capabilities:
        raise Unsupported(
            "This model makes no embeddings: it names no pooling.",
            "Use one that was made for them, or load it with --pooling last or mean.",
        )


def _cosine(left: Sequence[float], right: Vector) -> float:
    """Of vectors of unit length."""
    return sum(one * other for one, other in zip(left, right, strict=True))


ROUTES = (
    Route("/v1/embeddings", model_endpoint(EmbeddingsRequest, embeddings), methods=["POST"]),
    Route("/v1/rerank", model_endpoint(RerankRequest, rerank), methods=["POST"]),
    Route("/rerank", model_endpoint(RerankRequest, rerank), methods=["POST"]),
)
