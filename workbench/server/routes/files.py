"""/v1/files: the input of batches, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import BinaryIO

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive

from workbench.batches.file_store import USUAL_SECONDS, FileStore
from workbench.openai_dialect.file_object import FileObject
from workbench.openai_dialect.kept_objects import Deleted, page
from workbench.openai_dialect.parameter_errors import InvalidParameter, NotFound, UnsupportedParameter
from workbench.server.access.caller import caller
from workbench.server.answers.json_response import json_response
from workbench.server.routes.query import choice_in_query, count_in_query
from workbench.server.storage import batches_of

FILE_LIMIT_BYTES = 200 * 1024 * 1024
_FORM_BYTES = 64 * 1024
_BLOCK_BYTES = 1 << 20
_MOST_LISTED = 10_000


async def upload_file(request: Request) -> Response:
    store = batches_of(request).files
    async with _form(request) as form:
        file, seconds = _file_in(form), _seconds_in(form)
        store.check_room(file.size or 0)
        id = store.new_id()
        size = await asyncio.to_thread(store.write, id, _pieces(file.file))
        name = (file.filename or "upload")[:255]
    made = store.add(id, size, filename=name, purpose="batch", seconds=seconds, owner=caller().owner)
    return json_response(made)


async def list_files(request: Request) -> Response:
    limit = count_in_query(request, "limit", _MOST_LISTED, _MOST_LISTED)
    newest_first = choice_in_query(request, "order", ("desc", "asc")) == "desc"
    query = request.query_params
    files = batches_of(request).files.page(
        query.get("purpose"),
        query.get("after"),
        limit + 1,
        newest_first=newest_first,
        owner=caller().sees,
    )
    return json_response(page(files, limit))


async def show_file(request: Request) -> Response:
    return json_response(_found(request))


async def file_content(request: Request) -> Response:
    file = _found(request)
    path = batches_of(request).files.path(file.id)
    return FileResponse(path, media_type="application/octet-stream")


async def delete_file(request: Request) -> Response:
    file, storage = _found(request), batches_of(request)
    if storage.batches.needs(file.id):
        raise InvalidParameter("A batch is yet to read that file.", "Cancel the batch first.", "file_id")
    storage.files.delete(file.id)
    return json_response(Deleted(id=file.id, object="file"))


def _found(request: Request) -> FileObject:
    id = request.path_params["id"]
    files: FileStore = batches_of(request).files
    file = files.find(id, caller().sees)
    if file is None:
        raise NotFound(f"No such File object: {id[:80]}.", "GET /v1/files lists those that there are.")
    return file


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[FormData]:
    """Raises HTTPException 413 where it is too large, and 408 where it takes too long to come.

    What is no form is an empty one.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        yield FormData()
        return
    receive = _BoundedReceive(request.receive, FILE_LIMIT_BYTES + _FORM_BYTES)
    try:
        async with asyncio.timeout(request.app.state.limits.body_seconds):
            form = await Request(request.scope, receive).form(max_files=1, max_fields=10)
    except HTTPException:
        if receive.exceeded:
            raise _too_large() from None
        raise
    except TimeoutError:
        raise HTTPException(
            408, "The file took too long to arrive. Send it again.", {"connection": "close"}
        ) from None
    try:
        yield form
    finally:
        await form.close()


class _BoundedReceive:
    """Breaks the form off when more has come than the limit; the parser then closes what it has open."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._left = receive, limit
        self.exceeded = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.exceeded = True
            raise MultiPartException("too large")
        return message


def _too_large() -> HTTPException:
    message = f"The file is larger than {FILE_LIMIT_BYTES} bytes. Divide it."
    return HTTPException(413, message, {"connection": "close"})


def _file_in(form: FormData) -> UploadFile:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise InvalidParameter("file is missing.", "Send it as multipart/form-data.", "file")
    purpose = form.get("purpose")
    if purpose is None:
        raise InvalidParameter("purpose is missing.", "Send batch.", "purpose")
    if purpose != "batch":
        raise UnsupportedParameter(
            f"Files for the purpose {str(purpose)[:40]!r} are not kept here.", "Send batch.", "purpose"
        )
    if (file.size or 0) > FILE_LIMIT_BYTES:
        raise _too_large()
    return file


def _seconds_in(form: FormData) -> int:
    """How long the file is to be kept."""
    anchor, seconds = form.get("expires_after[anchor]"), form.get("expires_after[seconds]")
    if anchor is None and seconds is None:
        return USUAL_SECONDS
    if anchor != "created_at":
        name = "expires_after[anchor]"
        raise InvalidParameter(f"{name} is not created_at.", "Send created_at.", name)
    text = str(seconds)
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 3600 <= int(text) <= USUAL_SECONDS):
        name = "expires_after[seconds]"
        raise InvalidParameter(f"{name} is not a number from 3600 to {USUAL_SECONDS}.", "Correct it.", name)
    return int(text)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_BLOCK_BYTES):
        yield piece


ROUTES = (
    Route("/v1/files", upload_file, methods=["POST"]),
    Route("/v1/files", list_files),
    Route("/v1/files/{id}", show_file),
    Route("/v1/files/{id}", delete_file, methods=["DELETE"]),
    Route("/v1/files/{id}/content", file_content),
)
