"""An answer of one JSON document. Knows nothing of what it says."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from workbench.openai_dialect.wire import encode


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encode(body), status, headers, media_type="application/json")
