"""/v1/batches: files of requests that are answered when there is time."""

from __future__ import annotations

from msgspec.json import Decoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workbench.batches.batch_run import cancel
from workbench.batches.validation import first_model
from workbench.openai_dialect.batch_object import BatchObject, BatchRequest
from workbench.openai_dialect.kept_objects import page
from workbench.openai_dialect.parameter_errors import InvalidParameter, NotFound
from workbench.openai_dialect.wire import decode
from workbench.server.access.caller import caller
from workbench.server.answers.json_response import json_response
from workbench.server.request_body import read_body
from workbench.server.routes.query import count_in_query
from workbench.server.storage import batches_of

_REQUEST = Decoder(BatchRequest)


async def create_batch(request: Request) -> Response:
    wire = decode(_REQUEST, await read_body(request))
    storage = batches_of(request)
    file = storage.files.find(wire.input_file_id, caller().sees)
    if file is None or file.purpose != "batch":
        raise InvalidParameter(
            f"There is no input file {wire.input_file_id[:80]!r}.",
            "Send it to /v1/files with the purpose batch.",
            "input_file_id",
        )
    batch = storage.batches.add(wire, first_model(storage.files.path(file.id)), caller().owner)
    request.app.state.batch_runner.take(batch.id)
    return json_response(batch)


async def list_batches(request: Request) -> Response:
    limit = count_in_query(request, "limit", 20, 100)
    after = request.query_params.get("after")
    batches = batches_of(request).batches.page(after, limit + 1, caller().sees)
    return json_response(page(batches, limit))


async def show_batch(request: Request) -> Response:
    return json_response(_found(request))


async def cancel_batch(request: Request) -> Response:
    batch = batches_of(request).batches.change(_found(request).id, cancel)
    request.app.state.batch_runner.wake()
    return json_response(batch)


def _found(request: Request) -> BatchObject:
    id = request.path_params["id"]
    batch = batches_of(request).batches.find(id, caller().sees)
    if batch is None:
        raise NotFound(f"No batch found with id {id[:80]!r}.", "GET /v1/batches lists those that there are.")
    return batch


ROUTES = (
    Route("/v1/batches", create_batch, methods=["POST"]),
    Route("/v1/batches", list_batches),
    Route("/v1/batches/{id}", show_batch),
    Route("/v1/batches/{id}/cancel", cancel_batch, methods=["POST"]),
)
