"""POST /tokenize, /detokenize and /apply-template: what a model reads, without an answer."""

from __future__ import annotations

from starlette.routing import Route

from workbench.backend import Provider
from workbench.openai_dialect.parameter_errors import blamed_on
from workbench.openai_dialect.tokens import (
    DetokenizeRequest,
    RenderedPrompt,
    TemplateRequest,
    TokenizeRequest,
    TokenList,
    TokenText,
    token_pieces,
)
from workbench.server.routes.model_endpoint import model_endpoint


async def tokenize(wire: TokenizeRequest, provider: Provider) -> TokenList:
    parts = [wire.content] if isinstance(wire.content, str) else wire.content
    tokens: list[int] = []
    for position, part in enumerate(parts):
        if isinstance(part, int):
            tokens.append(part)
        else:
            add = wire.add_special and position == 0
            tokens += await provider.tokenize(part, special=wire.parse_special, add=add)
    if not wire.with_pieces:
        return TokenList(tokens)
    with blamed_on("content"):
        return TokenList(token_pieces(tokens, await provider.pieces(tokens)))


async def detokenize(wire: DetokenizeRequest, provider: Provider) -> TokenText:
    with blamed_on("tokens"):
        pieces = await provider.pieces(wire.tokens)
    return TokenText(b"".join(pieces).decode(errors="replace"))


async def apply_template(wire: TemplateRequest, provider: Provider) -> RenderedPrompt:
    prompt = await provider.rendered(wire.generations()[0])
    return RenderedPrompt(prompt if isinstance(prompt, str) else await provider.detokenize(prompt))


ROUTES = (
    Route("/tokenize", model_endpoint(TokenizeRequest, tokenize), methods=["POST"]),
    Route("/detokenize", model_endpoint(DetokenizeRequest, detokenize), methods=["POST"]),
    Route("/apply-template", model_endpoint(TemplateRequest, apply_template), methods=["POST"]),
)
