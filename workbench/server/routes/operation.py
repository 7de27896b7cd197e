"""One route as the OpenAPI description tells of it, and what an error looks like there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from workbench.openai_dialect.error_body import ErrorDetail
from workbench.server.answers.error_shapes import error_shape

JSON = "application/json"
EVENTS = "text/event-stream"
LINES = "application/x-ndjson"
BYTES = "application/octet-stream"
TEXT = "text/plain"
Schema = Mapping[str, Any]
References = Mapping[Any, Schema]
"""From each struct to a reference to its schema."""

_BYTES_OF_FILE: Schema = {"type": "string", "format": "binary"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A method of a path.

    Attributes:
        path: With a parameter in braces, as Starlette has it: /v1/models/{id:path}.
        request: The struct that a JSON body holds, if there is one.
        form: The fields of a form beside its `file`, each with its schema, where the body is one.
        answer: The struct of a JSON answer; None where it is something else.
        streams: What a streamed answer is, if there is one, or an answer that is no JSON.
        query: The parameters in the query, each with its schema.
    """

    method: str
    path: str
    summary: str
    request: type[Struct] | None = None
    form: Mapping[str, Schema] | None = None
    answer: Any = None
    streams: str = ""
    query: Mapping[str, Schema] | None = None

    @property
    def structs(self) -> list[Any]:
        """All that its description refers to."""
        return [one for one in (self.request, self.answer, self.error) if one is not None]

    @property
    def error(self) -> type[Struct]:
        """What is sent in place of an answer."""
        return type(error_shape(self.path)(ErrorDetail(message="", type=""), 400))

    def described(self, references: References) -> dict[str, Any]:
        told: dict[str, Any] = {"summary": self.summary, "responses": self._responses(references)}
        if parameters := [*self._in_path(), *self._in_query()]:
            told["parameters"] = parameters
        if self.request is not None:
            told["requestBody"] = {"required": True, "content": {JSON: {"schema": references[self.request]}}}
        elif self.form is not None:
            told["requestBody"] = {"required": True, "content": {"multipart/form-data": self._form()}}
        return told

    def _responses(self, references: References) -> dict[str, Any]:
        content: dict[str, Any] = {}
        if self.answer is not None:
            content[JSON] = {"schema": references[self.answer]}
        if self.streams:
            content[self.streams] = {"schema": {"type": "string"}}
        failed = {"description": "Nothing was done.", "content": {JSON: {"schema": references[self.error]}}}
        return {"200": {"description": "Done.", "content": content}, "default": failed}

    def _in_path(self) -> Sequence[dict[str, Any]]:
        if "{id" not in self.path:
            return ()
        return ({"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}},)

    def _in_query(self) -> Sequence[dict[str, Any]]:
        query = self.query or {}
        return [{"name": name, "in": "query", "schema": schema} for name, schema in query.items()]

    def _form(self) -> dict[str, Any]:
        fields = {"file": _BYTES_OF_FILE, **(self.form or {})}
        return {"schema": {"type": "object", "properties": fields, "required": ["file", "purpose"]}}
