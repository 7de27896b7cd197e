"""The bodies of /v1/batches: what is asked for, and a batch as it is told of."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from workbench.openai_dialect.metadata import Metadata

BatchEndpoint = Literal["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses"]
BatchStatus = Literal[
    "validating", "failed", "in_progress", "finalizing", "completed", "expired", "cancelling", "cancelled"
]


class OutputExpiry(Struct, kw_only=True):
    """When the files that a batch makes are to go, counted from when they were made."""

    anchor: Literal["created_at"]
    seconds: Annotated[int, Meta(ge=3600, le=2_592_000)]


class BatchRequest(Struct, kw_only=True):
    """The body of POST /v1/batches."""

    input_file_id: str
    endpoint: BatchEndpoint
    completion_window: Literal["24h"]
    metadata: Metadata | None = None
    output_expires_after: OutputExpiry | None = None


class RequestCounts(Struct, kw_only=True):
    """How many requests there are, and what came of them so far."""

    total: int = 0
    completed: int = 0
    failed: int = 0


class BatchError(Struct, kw_only=True):
    """What is wrong with a line of the input, which counts from 1, or with all of it."""

    code: str
    message: str
    param: str | None = None
    line: int | None = None


class BatchErrors(Struct):
    """The first of what is wrong."""

    data: list[BatchError]
    object: Literal["list"] = "list"


class BatchObject(Struct, kw_only=True):
    """A batch as it is now; times are in seconds since 1970. `model` is that of its first request."""

    id: str
    object: Literal["batch"] = "batch"
    endpoint: str
    model: str | None = None
    errors: BatchErrors | None = None
    input_file_id: str
    completion_window: str
    status: BatchStatus = "validating"
    output_file_id: str | None = None
    error_file_id: str | None = None
    created_at: int
    in_progress_at: int | None = None
    expires_at: int
    finalizing_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    expired_at: int | None = None
    cancelling_at: int | None = None
    cancelled_at: int | None = None
    request_counts: RequestCounts
    metadata: dict[str, str] | None = None
    output_expires_after: OutputExpiry | None = None
