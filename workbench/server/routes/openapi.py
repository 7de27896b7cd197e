"""The endpoint's own description, in OpenAPI 3.1, made of the structs that its routes read and write."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workbench import __version__
from workbench.openai_dialect.wire import encode
from workbench.server.routes.operations import OPERATIONS

_KEY = {"type": "http", "scheme": "bearer"}
_PARAMETER = re.compile(r"\{(\w+):\w+\}")


async def openapi(request: Request) -> Response:
    return Response(_encoded(), media_type="application/json")


def description() -> dict[str, Any]:
    """The whole document."""
    structs = list(dict.fromkeys(one for operation in OPERATIONS for one in operation.structs))
    schemas, components = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    references = dict(zip(structs, schemas, strict=True))
    paths: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for operation in OPERATIONS:
        path = _PARAMETER.sub(r"{\1}", operation.path)
        paths[path][operation.method] = operation.described(references)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Local LLM workbench", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"key": []}],
    }


@cache
def _encoded() -> bytes:
    return encode(description())


ROUTES = (Route("/openapi.json", openapi),)
