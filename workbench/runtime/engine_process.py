"""One engine process as the runtime sees it: start it, call it, notice when it dies.

Knows nothing of conversations; see engine_provider.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from workbench.backend import ModelFacts
from workbench.errors import EngineDied, WorkbenchError, error_of_kind
from workbench.runtime import messages

CallReply = messages.Tokens | messages.AllTokens | messages.Piece | messages.Pieces | messages.StepReply
Replies = asyncio.Queue[CallReply | WorkbenchError]

CLOSING_SECONDS = 15.0
"""How long an engine may take to write what it keeps before it is ended."""

COMPANY_SECONDS = 0.002
"""How long a request waits for others that arrive with it, which then share its first step."""


class EngineProcess:
    """A running worker. Every open call hears of its death once; a dead one takes no further call."""

    facts: ModelFacts

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count(1)
        self._calls: dict[int, Replies] = {}
        self._last_words: deque[str] = deque(maxlen=20)
        self._closing_seconds = 0.0
        self._gathered: list[messages.Generate] = []
        self._departure: asyncio.TimerHandle | None = None
        self._death: WorkbenchError | None = None
        self._tasks = [asyncio.create_task(self._collect_last_words())]

    @classmethod
    async def start(cls, command: messages.Open, progress: Callable[[float], None]) -> EngineProcess:
        """Load the model in a new process. Cancelling this ends the process and frees everything."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "workbench.runtime.worker", stdin=pipe, stdout=pipe, stderr=pipe
        )
        started = cls(process)
        try:
            await started._load(command, progress)
            started._closing_seconds = CLOSING_SECONDS if command.settings.prompt_cache_bytes else 0
        except BaseException:
            await started.close()
            raise
        started._tasks.append(asyncio.create_task(started._dispatch()))
        return started

    @property
    def alive(self) -> bool:
        return self._death is None and self._process.returncode is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def call(self, make: Callable[[int], messages.Call]) -> tuple[int, Replies]:
        """Send a call under a fresh id; its replies, or the error that ended it, come on the queue."""
        number, replies = next(self._ids), Replies()
        if self._death is not None:
            replies.put_nowait(self._death)
            return number, replies
        self._calls[number] = replies
        call = make(number)
        if isinstance(call, messages.Generate):
            self._gather(call)
        else:
            self._write(call)
        return number, replies

    def cancel(self, number: int) -> None:
        """Forget a call; what it still brings is dropped."""
        if self._calls.pop(number, None) is not None and self.alive:
            self._send_gathered()
            self._write(messages.Cancel(number))

    async def close(self) -> None:
        """End the process: at once, unless it has prompts to keep. Idempotent."""
        self._end(EngineDied("The model was unloaded.", "Load it again."))
        try:
            await self._ask_to_close()
        finally:
            if self._process.returncode is None:
                with suppress(ProcessLookupError):
                    self._process.kill()
        await self._process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def _ask_to_close(self) -> None:
        if self._closing_seconds and self._process.returncode is None:
            self._write(messages.Close())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), self._closing_seconds)

    def _gather(self, call: messages.Generate) -> None:
        self._gathered.append(call)
        if self._departure is not None:
            self._departure.cancel()
        wait = COMPANY_SECONDS if len(self._gathered) < self.facts.parallel else 0
        self._departure = asyncio.get_running_loop().call_later(wait, self._send_gathered)

    def _send_gathered(self) -> None:
        if self._gathered and self.alive:
            self._write(messages.Together(tuple(self._gathered)))
        self._gathered.clear()

    def _write(self, message: messages.Message) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(messages.frame(message))

    async def _read(self) -> messages.Reply:
        assert self._process.stdout is not None
        head = await self._process.stdout.readexactly(messages.LENGTH.size)
        body = await self._process.stdout.readexactly(messages.LENGTH.unpack(head)[0])
        reply: messages.Reply = messages.reply_decoder.decode(body)
        return reply

    async def _load(self, command: messages.Open, progress: Callable[[float], None]) -> None:
        self._write(command)
        while True:
            try:
                reply = await self._read()
            except asyncio.IncompleteReadError:
                raise await self._post_mortem("while loading the model") from None
            match reply:
                case messages.Loading(share):
                    progress(share)
                case messages.Failed(_, kind, message, remedy, _):
                    raise error_of_kind(kind, message, remedy)
                case messages.Opened(facts):
                    self.facts = facts
                    return

    async def _dispatch(self) -> None:
        try:
            while True:
                self._deliver(await self._read())
        except asyncio.IncompleteReadError:
            self._end(await self._post_mortem("unexpectedly"))

    def _deliver(self, reply: messages.Reply) -> None:
        match reply:
            case messages.Step(events):
                for event in events:
                    self._deliver_one(event)
            case messages.Loading() | messages.Opened():
                pass
            case _:
                self._deliver_one(reply)

    def _deliver_one(self, reply: CallReply | messages.Failed) -> None:
        replies = self._calls.get(reply.id) if reply.id is not None else None
        if replies is None:
            return
        if isinstance(reply, messages.Failed):
            replies.put_nowait(error_of_kind(reply.kind, reply.message, reply.remedy, reply.param))
        else:
            replies.put_nowait(reply)
        if not isinstance(reply, messages.PrefillAt | messages.Text):
            self._calls.pop(reply.id)  # type: ignore[arg-type]

    def _end(self, death: WorkbenchError) -> None:
        self._death = self._death or death
        for replies in self._calls.values():
            replies.put_nowait(self._death)
        self._calls.clear()

    async def _collect_last_words(self) -> None:
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            self._last_words.append(line.decode(errors="replace").strip())

    async def _post_mortem(self, when: str) -> EngineDied:
        code = await self._process.wait()
        await asyncio.wait(self._tasks[:1], timeout=1)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        said = next((line for line in reversed(self._last_words) if line), "")
        message = f"The engine's process ended {when} ({how})." + (f" Its last words: {said}" if said else "")
        return EngineDied(
            message, "Ask again: the model is loaded anew. If it repeats, give it less context."
        )
