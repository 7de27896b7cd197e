"""Kept responses as the Responses API speaks of them: what came before, references, and lists of items.

A caller finds their own only.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Sequence

from msgspec import Struct, structs
from msgspec.json import Decoder

from workbench.openai_dialect.kept_objects import Page, page
from workbench.openai_dialect.parameter_errors import InvalidParameter, NotFound
from workbench.openai_dialect.wire import encode
from workbench.responses_dialect.input_items import InputItem, InputPart
from workbench.responses_dialect.response import Response
from workbench.server.access.caller import caller
from workbench.server.response_store import KeptResponse, ResponseStore


class _Answered(Struct):
    output: list[InputItem]


class PreviousResponseNotFound(InvalidParameter):
    """The response that is to be gone on from is not kept, or is not any more."""

    kind = "previous_response_not_found"


_BETWEEN = b"\n\n"
_items = Decoder(list[InputItem])
_item = Decoder(InputItem)
_answered = Decoder(_Answered)


def earlier_items(store: ResponseStore, previous: str | None) -> list[InputItem]:
    """All that was said up to the response of that id. Raises PreviousResponseNotFound."""
    turns: list[list[InputItem]] = []
    while previous is not None:
        kept = store.find(previous, caller().sees)
        if kept is None:
            raise PreviousResponseNotFound(
                f"Previous response with id {previous[:80]!r} not found.",
                "Send what was said before as input, and keep responses with store.",
                "previous_response_id",
            )
        turns.append([*_items.decode(kept.input), *_answered.decode(kept.body).output])
        previous = kept.previous
    return [item for turn in reversed(turns) for item in turn]


def resolved(store: ResponseStore, items: Sequence[InputItem]) -> list[InputItem]:
    """The items, with those that are only referred to in place of the reference. Raises InvalidParameter."""
    return [_resolved(store, item, f"input[{index}].id") for index, item in enumerate(items)]


def keep(store: ResponseStore, response: Response, items: Sequence[InputItem], told: Sequence[bytes]) -> None:
    """`told` are the events of its stream, as they are sent."""
    named = [_named(item) for item in items]
    kept = KeptResponse(
        response.id,
        response.previous_response_id,
        encode(named).decode(),
        encode(response).decode(),
        zlib.compress(b"".join(told)),
    )
    store.keep(kept, [item.id for item in response.output], caller().owner)


def found(store: ResponseStore, id: str) -> KeptResponse:
    """Raises NotFound."""
    kept = store.find(id, caller().sees)
    if kept is None:
        raise NotFound(f"Response with id {id[:80]!r} not found.", "Ask for one that was stored.")
    return kept


def told_events(kept: KeptResponse) -> list[bytes]:
    """The events of its stream as they were sent, by their numbers. Raises InvalidParameter."""
    if not kept.events:
        raise InvalidParameter("This response was kept without its events.", "Leave stream out.", "stream")
    return [event + _BETWEEN for event in zlib.decompress(kept.events).split(_BETWEEN)[:-1]]


def page_of(kept: KeptResponse, limit: int, order: str, after: str | None) -> Page[InputItem]:
    """Up to `limit` items after that of the id `after`, the last first unless the order is "asc".

    Raises InvalidParameter where there is no such item.
    """
    items = _items.decode(kept.input)
    if order != "asc":
        items.reverse()
    ids = [item.id for item in items]
    if after is not None and after not in ids:
        raise InvalidParameter(f"There is no item {after[:80]!r}.", "Send the id of one.", "after")
    start = 0 if after is None else ids.index(after) + 1
    return page(items[start:], limit)


def _resolved(store: ResponseStore, item: InputItem, place: str) -> InputItem:
    if item.kind != "item_reference":
        return item
    kept = store.find_item(item.id or "", caller().sees)
    if kept is None:
        raise InvalidParameter(f"Item with id {(item.id or '')[:80]!r} not found.", "Send it whole.", place)
    return _item.decode(kept)


def _named(item: InputItem) -> InputItem:
    """The item as lists show it: with an id, a type and a status, and a message's text as a part."""
    content = item.content
    if isinstance(content, str):
        text = InputPart(type="output_text" if item.role == "assistant" else "input_text", text=content)
        content = [text]
    return structs.replace(
        item,
        type=item.kind,
        id=item.id or f"msg_{secrets.token_hex(24)}",
        status=item.status or "completed",
        content=content,
    )
