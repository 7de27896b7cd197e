"""A program that opens a model as an engine's process does, and stays, so that it can be measured.

It reads one line of JSON: the model's path, the settings, the prompt's tokens and how many to draw. It writes
one: what llama.cpp says the model takes, device by device, where its layers are, and what it said. It ends
with its input.
"""

from __future__ import annotations

import os
import sys

import msgspec

from tests.offload.loaded_model import Order, State
from workbench.backend import TokenDrawn, TokenRequest
from workbench.errors import WorkbenchError
from workbench.sampling import SamplingSettings
from workbench_llama_cpp.devices import devices
from workbench_llama_cpp.engine import LlamaCppEngine, open_engine
from workbench_llama_cpp.estimating.breakdown import breakdown
from workbench_llama_cpp.estimating.placement import placed


def drawn(engine: LlamaCppEngine, order: Order) -> list[TokenDrawn]:
    """The likeliest tokens, one after the other."""
    greedy = SamplingSettings(temperature=0)
    request = TokenRequest(
        id=1,
        prompt=order.prompt,
        max_tokens=order.tokens,
        sampling=greedy,
        logprobs=0,
        ignore_end=True,
    )
    engine.enqueue(request)
    found = []
    while engine.busy:
        found += [event for event in engine.step() if isinstance(event, TokenDrawn)]
    return found


def state(order: Order) -> tuple[State, LlamaCppEngine]:
    engine = open_engine(order.model, order.settings, lambda share: True)
    said = drawn(engine, order)
    gpus = [device for device in devices() if device.is_gpu]
    on_devices, host = placed(breakdown(engine._context), gpus)
    logprobs = tuple(event.logprobs.chosen.logprob for event in said if event.logprobs)
    answer = State(engine.facts.placement, on_devices, host, tuple(one.token for one in said), logprobs)
    return answer, engine


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not reach the pipe
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    try:
        answer, engine = state(order)
    except WorkbenchError as error:
        raise SystemExit(str(error)) from None
    answers.write(msgspec.json.encode(answer) + b"\n")
    answers.flush()
    sys.stdin.buffer.read()
    engine.close()


if __name__ == "__main__":
    main()
