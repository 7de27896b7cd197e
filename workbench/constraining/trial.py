"""The process in which a grammar is compiled on trial: `python -m workbench.constraining.trial`.

Reads a vocabulary's size and control tokens, then grammars, and writes a Finding of each, all as lines of
JSON. A grammar that takes too much memory, stack or time ends this process and nothing else. Of the other
tokens it knows the single bytes.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import threading

import msgspec
from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper

from workbench.constraining.enforceable import in_known_words
from workbench.constraining.finding import Finding
from workbench.constraining.limits import COMPILE_SECONDS, COMPILE_STACK, LIMITS
from workbench.constraining.schemas.schema import NotEnforceable

MOST_BYTES = 2 << 30
STEPS = 8


class Bytes:
    """A tokenizer as TokenizerWrapper wants one."""

    bos_token_id = None

    def __init__(self, size: int, control: dict[str, str]) -> None:
        names = {int(token): name for token, name in control.items()}
        free = (token for token in range(max(size, len(names) + 256)) if token not in names)
        self.by_byte = [next(free) for _ in range(256)]
        self.tokens = [b""] * max(size, max(self.by_byte) + 1)
        for byte, token in enumerate(self.by_byte):
            self.tokens[token] = bytes([byte])
        for token, name in names.items():
            self.tokens[token] = name.encode()
        self.special_token_ids = list(names)
        self.eos_token_id = next(iter(names), self.by_byte[0])

    def __call__(self, text: bytes) -> list[int]:
        return [self.by_byte[byte] for byte in text]


def _answer_all() -> None:
    tokenizer = LLTokenizer(TokenizerWrapper(Bytes(*json.loads(sys.stdin.readline()))))
    for line in sys.stdin:
        _give_time()
        print(msgspec.json.encode(on_trial(tokenizer, json.loads(line))).decode(), flush=True)


def on_trial(tokenizer: LLTokenizer, grammar: str) -> Finding:
    """The grammar as it is, or else in other words, or what is wrong with it."""
    if not (fault := _fault(tokenizer, grammar)):
        return Finding(grammar)
    try:
        other = in_known_words(grammar)
    except NotEnforceable as error:
        return Finding(grammar, f"{error.reason}." if error.place else fault, error.place)
    if other != grammar and not (fault := _fault(tokenizer, other)):
        return Finding(other)
    return Finding(grammar, fault)


def _fault(tokenizer: LLTokenizer, grammar: str) -> str:
    matcher = LLMatcher(tokenizer, grammar, log_level=0, limits=LIMITS)
    _go_some_way(matcher)
    return matcher.get_error()


def _go_some_way(matcher: LLMatcher) -> None:
    """Much that compiles is too complex for the tokens after the first."""
    for _ in range(STEPS):
        if matcher.is_stopped():
            return
        mask = int.from_bytes(matcher.compute_bitmask(), "little")
        matcher.consume_token((mask & -mask).bit_length() - 1)


def _give_time() -> None:
    """Let the system end this process after so much more work."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    most = int(spent.ru_utime + spent.ru_stime) + 1 + COMPILE_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def main() -> None:
    """Until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    threading.stack_size(COMPILE_STACK)
    worker = threading.Thread(target=_answer_all)
    worker.start()
    worker.join()


if __name__ == "__main__":
    main()
