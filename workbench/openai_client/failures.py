"""What a server's refusal, or its silence, means: an error of ours with what to do about it.

Servers write errors in many shapes; all are read. What they say is told on one line and never at length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from workbench.errors import (
    AccessDenied,
    ContextExceeded,
    InvalidRequest,
    ModelNotFound,
    Unreachable,
    Unsupported,
    WorkbenchError,
    error_of_kind,
)
from workbench.openai_client.keys import variables

if TYPE_CHECKING:
    import httpx2

_LONGEST = 400
_TOO_LONG = re.compile(
    r"context.{0,12}(length|size|window)|maximum context|too (long|many tokens)"
    r"|exceeds? the (context|available)|larger than the model input",
    re.IGNORECASE,
)
_PARAMETERS = re.compile(r"\b(param(eter)?|argument|field|input|propert(y|ie)|key)s?\b", re.IGNORECASE)
_NOT_TAKEN = re.compile(
    r"un(supported|recogni[sz]ed|known|expected)|(not|n't) (currently )?(support|permit|allow|recogni)"
    r"|extra (input|field)|additional propert|leave .* out|only .* supported",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a server said of a failure.

    Attributes:
        named: What it names as the part of the request that is at fault, such as a parameter.
    """

    message: str
    code: str = ""
    named: tuple[str, ...] = ()


class Refused(Exception):
    """The server does not take the request as it is; `error` is what that means to whoever asked."""

    def __init__(self, said: Said, error: WorkbenchError) -> None:
        super().__init__(error.message)
        self.said = said
        self.error = error

    @property
    def not_taken(self) -> bool:
        """Whether it lacks something that was asked for, rather than finds a value wrong."""
        return bool(_NOT_TAKEN.search(self._words))

    @property
    def about_parameters(self) -> bool:
        """Whether it is the parameters that it does not know, whichever of them."""
        return bool(_PARAMETERS.search(self._words))

    @property
    def _words(self) -> str:
        return f"{self.said.code.replace('_', ' ')} {self.said.message}"


@dataclass(frozen=True, slots=True)
class Place:
    """The server that is asked, and the model."""

    url: str
    model: str = ""
    models: tuple[str, ...] = field(default=())

    @property
    def server(self) -> str:
        return urlsplit(self.url).netloc

    def silent(self, error: httpx2.HTTPError) -> Unreachable:
        """The server could not be reached, or said nothing more."""
        import httpx2

        match error:
            case httpx2.ConnectTimeout() | httpx2.ConnectError():
                why = _words(str(error)) or "it does not answer"
                return Unreachable(
                    f"No server can be reached at {self.server}: {why}.",
                    "Start it, or check the address.",
                )
            case httpx2.TimeoutException():
                return Unreachable(
                    f"The server at {self.server} took the request and then said nothing for too long.",
                    "Look whether it is busy or stuck, and ask again.",
                )
            case httpx2.UnsupportedProtocol() | httpx2.InvalidURL() | httpx2.ProxyError():
                return Unreachable(
                    f"{self.server} cannot be asked: {_words(str(error))}.",
                    "Check the address, and the proxy of this system.",
                )
        return self.cut_off()

    def hanging(self) -> Unreachable:
        return Unreachable(
            f"The server at {self.server} takes requests and answers none.",
            "Look whether it is stuck, and start it anew.",
        )

    def stalled(self) -> Unreachable:
        return Unreachable(
            f"The server at {self.server} stopped in the middle of its answer.",
            "Look whether it is busy or stuck, and ask again.",
        )

    def cut_off(self) -> Unreachable:
        return _passing(
            f"The server at {self.server} ended its answer before it was whole.",
            "Ask again; its log may say why.",
        )

    def silenced(self) -> Unreachable:
        return _passing(
            f"The server at {self.server} ended its answer before it said anything.",
            "Ask again; its log may say why.",
        )

    def garbled(self, what: str) -> Unreachable:
        return Unreachable(
            f"What answers at {self.server} does not speak OpenAI's API: it sent {what}.",
            "Give the address of the API, which mostly ends in /v1.",
        )

    def refusal(self, status: int, body: bytes) -> Refused | WorkbenchError:
        """What an answer of this status means: an error, or a refusal that another request may not get."""
        said = said_in(body) or Said(f"status {status}")
        words = _words(said.message)
        if status in (401, 403):
            wants = "wants a key" if status == 401 else "does not allow it"
            return AccessDenied(
                f"The server at {self.server} {wants}: {words}.",
                f"Put its key into {variables(self.url)[0]}, or run `workbench keys store {self.url}`.",
            )
        if status == 500 and "validation error" in said.message:
            status = 422
        if status == 429:
            return Unreachable(
                f"The server at {self.server} has no room for more requests: {words}.", "Ask again later."
            )
        if status >= 500 and status != 501:
            return _passing(
                f"The server at {self.server} failed with status {status}: {words}.", "Ask again later."
            )
        if said.code == "model_not_found" or (status == 404 and self.model and "model" in words.lower()):
            return self.no_model()
        if status == 501:
            return Unsupported(f"The server at {self.server} cannot do that: {words}.", "Ask another server.")
        if status in (404, 405):
            return Unsupported(
                f"The server at {self.server} has nothing there: {words}.",
                "Check that the address ends as its API does, mostly in /v1.",
            )
        return Refused(said, self._at_fault(said, words))

    def no_model(self) -> ModelNotFound:
        named = f"no model named {self.model!r}" if self.model else "no model of its own choice"
        offered = ", ".join(self.models[:8])
        return ModelNotFound(
            f"The server at {self.server} has {named}.",
            f"Write one of {offered} after a #." if offered else "Name one after a # in the address.",
        )

    def _at_fault(self, said: Said, words: str) -> WorkbenchError:
        message = f"The server at {self.server} refused the request: {words}."
        if said.code == "context_length_exceeded" or _TOO_LONG.search(said.message):
            return ContextExceeded(message, "Shorten the prompt.")
        remedy, param = "Correct what it names.", next(iter(said.named), None)
        known = error_of_kind(said.code, message, remedy, param)
        return (
            known
            if isinstance(known, InvalidRequest)
            else error_of_kind("invalid_request", message, remedy, param)
        )


def _passing(message: str, remedy: str) -> Unreachable:
    error = Unreachable(message, remedy)
    error.passing = True
    return error


def said_in(body: bytes) -> Said | None:
    """The error that a body holds, in whichever shape; None where it is no error."""
    try:
        value = msgspec.json.decode(body)
        if isinstance(value, str):  # JSON within JSON
            value = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = body.decode(errors="replace").strip()
        return Said(text) if text and not text.startswith("<") else None
    return _said(value[0] if isinstance(value, list) and value else value)


def _said(value: Any) -> Said | None:
    if isinstance(value, dict):
        error = value.get("error")
        if isinstance(error, dict):
            return _of_object(error)
        if isinstance(error, str):
            return Said(error, str(value.get("error_type") or ""))
        if "detail" in value:
            return _of_detail(value["detail"])
        if isinstance(value.get("message"), str) and value.get("object") in ("error", None):
            return _of_object(value)
    return None


def _of_object(error: dict[str, Any]) -> Said:
    param = error.get("param")
    code = error.get("code")
    return Said(
        str(error.get("message") or error.get("type") or "an error without a message"),
        code if isinstance(code, str) else "",
        (param,) if isinstance(param, str) and param else (),
    )


def _of_detail(detail: Any) -> Said:
    """A FastAPI server's: a text, or a list that says where the fault is."""
    if not isinstance(detail, list):
        return Said(str(detail))
    rows = [row for row in detail if isinstance(row, dict)]
    places = [".".join(str(part) for part in row.get("loc", ()) if part != "body") for row in rows]
    told = [f"{place}: {row.get('msg')}" for place, row in zip(places, rows, strict=True)]
    codes = [str(row.get("type", "")) for row in rows]
    return Said("; ".join(told), " ".join(codes), tuple(filter(None, places)))


def _words(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    shown = "".join(letter for letter in line if letter.isprintable())
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
