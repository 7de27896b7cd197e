"""Every route of the endpoint, for its OpenAPI description. A test keeps it complete."""

from __future__ import annotations

from workbench.anthropic_dialect.message import AnsweredMessage, TokenCount
from workbench.anthropic_dialect.request import MessagesRequest, TokenCountRequest
from workbench.ollama_dialect import model_list, vectors
from workbench.ollama_dialect.reply import OllamaAnswer
from workbench.ollama_dialect.requests import OllamaChatRequest, OllamaGenerateRequest
from workbench.openai_dialect import model_card, rerank, tokens
from workbench.openai_dialect.batch_object import BatchObject, BatchRequest
from workbench.openai_dialect.chat_reply import ChatCompletion
from workbench.openai_dialect.chat_request import ChatRequest
from workbench.openai_dialect.completion_reply import Completion
from workbench.openai_dialect.completion_request import CompletionRequest
from workbench.openai_dialect.embeddings import EmbeddingList, EmbeddingsRequest
from workbench.openai_dialect.file_object import FileObject
from workbench.openai_dialect.kept_objects import Deleted, Page
from workbench.responses_dialect.input_items import InputItem
from workbench.responses_dialect.request import ResponsesRequest
from workbench.responses_dialect.response import Response
from workbench.server.routes.operation import BYTES, EVENTS, LINES, TEXT, Operation, Schema
from workbench.server.routes.pool import ModelState
from workbench.server.routes.responses import InputTokens

_WORD: Schema = {"type": "string"}
_ORDER: Schema = {"type": "string", "enum": ["desc", "asc"]}


def _limit(most: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": most}


def _get(path: str, summary: str, answer: object = None, streams: str = "", **query: Schema) -> Operation:
    return Operation(
        method="get", path=path, summary=summary, answer=answer, streams=streams, query=query or None
    )


def _post(path: str, summary: str, request: type | None, answer: object, streams: str = "") -> Operation:
    return Operation(
        method="post", path=path, summary=summary, request=request, answer=answer, streams=streams
    )


def _delete(path: str, summary: str, answer: object) -> Operation:
    return Operation(method="delete", path=path, summary=summary, answer=answer)


OPERATIONS = (
    _get("/", "Whether anybody is there", streams=TEXT),
    _get("/health", "Whether the server is there", model_card.Health),
    _get("/metrics", "What was counted, for Prometheus", streams=TEXT),
    _get("/openapi.json", "This description", dict),
    _get("/v1/models", "The models that are served", Page[model_card.ModelCard]),
    _get("/v1/models/{id:path}", "One model", model_card.ModelCard),
    _post("/v1/models/{id:path}/load", "Load a model", None, ModelState),
    _post("/v1/models/{id:path}/unload", "Unload a model", None, ModelState),
    _post("/v1/chat/completions", "Continue a conversation", ChatRequest, ChatCompletion, EVENTS),
    _post("/v1/completions", "Continue texts", CompletionRequest, Completion, EVENTS),
    _post("/v1/embeddings", "Make vectors of texts", EmbeddingsRequest, EmbeddingList),
    _post("/v1/rerank", "Put documents in order", rerank.RerankRequest, rerank.Ranking),
    _post("/rerank", "The same", rerank.RerankRequest, rerank.Ranking),
    _post("/tokenize", "Tokens of a text", tokens.TokenizeRequest, tokens.TokenList),
    _post("/detokenize", "The text of tokens", tokens.DetokenizeRequest, tokens.TokenText),
    _post("/apply-template", "The prompt of a chat", tokens.TemplateRequest, tokens.RenderedPrompt),
    _post("/v1/responses", "Answer, and keep the response", ResponsesRequest, Response, EVENTS),
    _post("/v1/responses/input_tokens", "Count what would be read", ResponsesRequest, InputTokens),
    _get(
        "/v1/responses/{id}", "A kept response", Response, EVENTS,
        stream={"type": "boolean"}, starting_after={"type": "integer", "minimum": 0},
    ),
    _delete("/v1/responses/{id}", "Forget a response", Deleted),
    _post("/v1/responses/{id}/cancel", "Refused: no response runs in the background", None, Response),
    _get(
        "/v1/responses/{id}/input_items", "What a response was made of", Page[InputItem],
        limit=_limit(100), order=_ORDER, after=_WORD,
    ),
    _post("/v1/messages", "Answer a message, as Anthropic does", MessagesRequest, AnsweredMessage, EVENTS),
    _post("/v1/messages/count_tokens", "Count what would be read", TokenCountRequest, TokenCount),
    Operation(
        method="post", path="/v1/files", summary="Upload the requests of a batch",
        form={"purpose": _WORD}, answer=FileObject,
    ),
    _get(
        "/v1/files", "The files", Page[FileObject],
        limit=_limit(10_000), order=_ORDER, after=_WORD, purpose=_WORD,
    ),
    _get("/v1/files/{id}", "One file", FileObject),
    _delete("/v1/files/{id}", "Delete a file", Deleted),
    _get("/v1/files/{id}/content", "What a file holds", streams=BYTES),
    _post("/v1/batches", "Answer a file of requests when there is time", BatchRequest, BatchObject),
    _get("/v1/batches", "The batches", Page[BatchObject], limit=_limit(100), after=_WORD),
    _get("/v1/batches/{id}", "One batch", BatchObject),
    _post("/v1/batches/{id}/cancel", "Stop a batch", None, BatchObject),
    _post("/api/chat", "Continue a conversation, as Ollama does", OllamaChatRequest, OllamaAnswer, LINES),
    _post("/api/generate", "Answer a prompt", OllamaGenerateRequest, OllamaAnswer, LINES),
    _post("/api/embed", "Make vectors of texts", vectors.OllamaEmbedRequest, vectors.OllamaEmbeddings),
    _post("/api/embeddings", "One vector", vectors.OllamaEmbeddingRequest, vectors.OllamaEmbedding),
    _get("/api/tags", "The models that are served", model_list.OllamaModels),
    _get("/api/ps", "The models that are loaded", model_list.RunningModels),
    _post("/api/show", "One model", model_list.OllamaShowRequest, model_list.OllamaShown),
    _get("/api/version", "The version of this API", model_list.OllamaVersion),
)  # fmt: skip
