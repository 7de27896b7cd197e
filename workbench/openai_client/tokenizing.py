"""The ways in which servers tell tokens: llama-server's, vLLM's, TGI's, and llama-cpp-python's.

Which one a server has is seen from what it answers to a question that fits all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from workbench.errors import Unsupported, WorkbenchError
from workbench.openai_client.endpoint import Endpoint
from workbench.openai_client.failures import Refused

Tokenizer = Literal["content", "prompt", "inputs", "extras"]
_PROBE = "a b"


async def tokenizer_of(endpoint: Endpoint) -> Tokenizer | None:
    """How the server tells tokens; None where it does not. A model that is not loaded yet is loaded."""
    model = endpoint.place.model
    asked = {"model": model, "content": _PROBE, "prompt": _PROBE, "inputs": _PROBE}
    match await _answer(endpoint, f"{endpoint.root}/tokenize", asked):
        case [{"id": int()}, *_] | [[{"id": int()}, *_]]:
            return "inputs"
        case {"tokens": [*_], "count": int()}:
            return "prompt"
        case {"tokens": [*_]}:
            return "content"
    match await _answer(endpoint, f"{endpoint.root}/extras/tokenize", {"model": model, "input": _PROBE}):
        case {"tokens": [*_]}:
            return "extras"
    return None


async def tokens_of(endpoint: Endpoint, how: Tokenizer, text: str, special: bool, add: bool) -> list[int]:
    """Raises InvalidRequest and WorkbenchError."""
    body: dict[str, Any] = {"model": endpoint.place.model}
    match how:
        case "content":
            body |= {"content": text, "add_special": add, "parse_special": special}
        case "prompt":
            body |= {"prompt": text, "add_special_tokens": add}
        case "inputs":
            body |= {"inputs": text, "add_special_tokens": add}
        case "extras":
            body |= {"input": text}
    answer = await _asked(endpoint, "/extras/tokenize" if how == "extras" else "/tokenize", body)
    if how == "inputs":
        rows = answer[0] if answer and isinstance(answer[0], list) else answer
        return [row["id"] for row in rows]
    return list(answer["tokens"])


async def text_of(endpoint: Endpoint, how: Tokenizer, tokens: Sequence[int]) -> str:
    """Raises as tokens_of, and Unsupported where the server only counts."""
    body = {"model": endpoint.place.model, "tokens": list(tokens)}
    match how:
        case "content":
            return str((await _asked(endpoint, "/detokenize", body))["content"])
        case "prompt":
            return str((await _asked(endpoint, "/detokenize", body))["prompt"])
        case "extras":
            return str((await _asked(endpoint, "/extras/detokenize", body))["text"])
        case "inputs":
            raise Unsupported("The server does not make text of tokens.", "Ask another server.")


async def pieces_of(endpoint: Endpoint, how: Tokenizer, tokens: Sequence[int]) -> list[bytes]:
    """The bytes of each token, where the server tells them exactly; else its text."""
    if how != "content":
        return [(await text_of(endpoint, how, [token])).encode() for token in tokens]
    body = {"model": endpoint.place.model, "content": list(tokens), "with_pieces": True}
    rows = (await _asked(endpoint, "/tokenize", body))["tokens"]
    return [piece.encode() if isinstance(piece := row["piece"], str) else bytes(piece) for row in rows]


async def prompt_of(endpoint: Endpoint, how: Tokenizer | None, chat: dict[str, Any]) -> str | tuple[int, ...]:
    """What the model gets of a chat. Raises Unsupported where the server does not tell."""
    if how == "content":
        return str((await _asked(endpoint, "/apply-template", chat))["prompt"])
    if how == "prompt":
        names = ("model", "messages", "tools", "add_generation_prompt", "continue_final_message")
        body = {name: chat[name] for name in names if name in chat}
        return tuple((await _asked(endpoint, "/tokenize", body))["tokens"])
    raise Unsupported("The server does not tell what it makes of a chat.", "Ask a server that does.")


async def _asked(endpoint: Endpoint, route: str, body: dict[str, Any]) -> Any:
    try:
        return await endpoint.post(f"{endpoint.root}{route}", body)
    except Refused as refused:
        raise refused.error from None


async def _answer(endpoint: Endpoint, url: str, body: dict[str, Any]) -> Any:
    """None for a server that has no such route."""
    try:
        return await endpoint.post(url, body)
    except Refused:
        return None
    except WorkbenchError as error:
        if error.kind in ("unsupported", "unreachable"):
            return None
        raise
