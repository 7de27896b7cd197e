"""The engine's own process: loads one model, then steps it while there is work.

Commands come on standard input, replies leave on the standard output it was started with. When the input
ends, the process ends at once, whatever it is doing, so that no engine outlives its owner. Knows no engine
by name.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from typing import BinaryIO

from workbench import registry
from workbench.backend import Engine, TokenRequest
from workbench.embedding import EmbeddingRequest
from workbench.errors import EngineUnavailable, WorkbenchError
from workbench.passes import PassRequest
from workbench.runtime import messages
from workbench.runtime.engine_loop import EngineLoop, Inbox, Send, failure
from workbench.runtime.preparing import Preparing
from workbench.sampler_trace import TraceRequest


def sender(stream: BinaryIO) -> Send:
    """A function that writes frames, safe to call from both threads."""
    lock = threading.Lock()

    def send(message: messages.Message) -> None:
        data = messages.frame(message)
        try:
            with lock:
                stream.write(data)
                stream.flush()
        except OSError:
            os._exit(0)  # nobody is listening any more

    return send


def load(command: messages.Open, send: Send) -> Engine:
    """Open the model, telling each further percent."""
    told = -1

    def progress(share: float) -> bool:
        nonlocal told
        if int(share * 100) > told:
            told = int(share * 100)
            send(messages.Loading(share))
        return True

    opened = registry.load(command.backend).open(command.model, command.settings, progress)
    if not isinstance(opened, Engine):
        raise EngineUnavailable(f"The backend {command.backend!r} opened no engine.", "Update its package.")
    return opened


class Worker:
    """Three threads: one listens and tokenizes, one owns the engine, one prepares what would hold them up."""

    def __init__(self, commands: BinaryIO, send: Send) -> None:
        self._commands = commands
        self._send = send
        self._inbox = Inbox()
        self._preparing = Preparing(send)
        self._engine: Engine

    def run(self) -> None:
        command = messages.read_command(self._commands)
        if not isinstance(command, messages.Open):
            return
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self._engine = load(command, self._send)
        except WorkbenchError as error:
            self._send(failure(None, error))
            return
        self._send(messages.Opened(self._engine.facts))
        EngineLoop(self._engine, self._inbox, self._send).run()

    def _listen(self) -> None:
        """Nothing but the end of the input arrives before the model is open."""
        while (command := messages.read_command(self._commands)) is not None:
            if isinstance(command, messages.Open):
                continue
            if isinstance(command, messages.Close):
                self._inbox.put((0, lambda loop: _end(loop.engine)))
                continue
            calls = command.calls if isinstance(command, messages.Together) else (command,)
            with self._inbox.arriving:
                for call in calls:
                    self._try(call)
        os._exit(0)

    def _try(self, command: messages.Call) -> None:
        try:
            self._take(command)
        except WorkbenchError as error:
            self._send(failure(command.id, error))

    def _take(self, command: messages.Call) -> None:
        match command:
            case messages.Generate():
                self._take_request(command)
            case messages.Cancel(call):
                if not self._preparing.forget(call):
                    self._inbox.put((call, lambda loop: loop.cancel(call)))
            case messages.Embed(call, inputs):
                self._take_embedding(call, [self._tokens(one) for one in inputs], rank=False)
            case messages.Rank(call, query, documents):
                self._take_embedding(call, [self._engine.pair(query, one) for one in documents], rank=True)
            case messages.TimePasses(call, held, timed, together):
                passes = PassRequest(id=call, held=held, tokens=timed, together=together)
                self._inbox.put((call, lambda loop: loop.engine.time_passes(passes)))
            case messages.Trace(call, prompt, sampling, top, draws):
                read = tuple(self._tokens(prompt))
                traced = TraceRequest(id=call, prompt=read, sampling=sampling, top=top, draws=draws)
                self._inbox.put((call, lambda loop: loop.engine.trace(traced)))
            case messages.Tokenize(call, text, special, add):
                tokens = self._engine.tokenize(text, special=special, add=add)
                self._send(messages.Tokens(call, tuple(tokens)))
            case messages.Measure(call, mixed):
                self._measure(TokenRequest(id=call, prompt=(), mixed=mixed))
            case messages.TokenizeAll(call, texts, special, add):
                found = [self._engine.tokenize(text, special=special, add=add) for text in texts]
                self._send(messages.AllTokens(call, found))
            case messages.Detokenize(call, ids):
                self._send(messages.Piece(call, self._engine.detokenize(ids)))
            case messages.Divide(call, ids):
                self._send(messages.Pieces(call, self._engine.pieces(ids)))

    def _take_embedding(self, call: int, inputs: Sequence[Sequence[int]], *, rank: bool) -> None:
        request = EmbeddingRequest(id=call, inputs=tuple(map(tuple, inputs)), rank=rank)
        self._inbox.put((call, lambda loop: loop.engine.embed(request)))

    def _tokens(self, text: str | tuple[int, ...]) -> Sequence[int]:
        return self._engine.tokenize(text, special=True) if isinstance(text, str) else text

    def _measure(self, request: TokenRequest) -> None:
        def told(read: TokenRequest) -> None:
            self._send(messages.Tokens(request.id, read.prompt))

        self._preparing.start(request.id, lambda: self._engine.prepare(request), told)

    def _take_request(self, command: messages.Generate) -> None:
        received = time.perf_counter()
        request = TokenRequest(
            id=command.id,
            prompt=() if command.mixed else tuple(self._tokens(command.prompt)),
            max_tokens=command.max_tokens,
            sampling=command.sampling,
            logprobs=command.logprobs,
            ignore_end=command.ignore_end,
            constraint=command.constraint,
            speculation=command.speculation,
            shown=command.shown,
            mixed=command.mixed,
        )

        def begin(request: TokenRequest) -> None:
            self._inbox.put((command.id, lambda loop: loop.begin(request, command.stop, received)))

        if request.constraint is None and not request.mixed:
            begin(request)
        else:
            self._preparing.start(command.id, lambda: self._engine.prepare(request), begin)


def _end(engine: Engine) -> None:
    engine.close()
    os._exit(0)


def _die(failure_of_thread: threading.ExceptHookArgs) -> None:
    """A process that no longer listens must not seem alive."""
    threading.__excepthook__(failure_of_thread)
    os._exit(1)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.excepthook = _die
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what an engine library prints must not reach the pipe
    try:
        Worker(sys.stdin.buffer, sender(replies)).run()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)  # an orderly end would want standard input, which the other thread reads


if __name__ == "__main__":
    main()
