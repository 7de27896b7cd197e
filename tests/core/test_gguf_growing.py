"""A header over requests: the same as from memory, in few requests, with little fetched in vain."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable

import pytest

from tests.core.gguf_bytes import F32, I32, STRING, U32, GgufBytes, small_file
from workbench.errors import InvalidModel, WorkbenchError
from workbench.gguf import Array, BytesSource, GrowingSource, Header, parse, parse_first_window
from workbench.gguf.cursor import MAX_HEADER_BYTES

KIB, MIB = 1 << 10, 1 << 20


class Server:
    """Answers ranges of its bytes, then zeros up to `size`, and remembers what was asked."""

    def __init__(self, data: bytes, size: int | None = None) -> None:
        self.data = data
        self.size = len(data) if size is None else size
        self.asked: list[tuple[int, int]] = []

    def fetch(self, offset: int, length: int) -> bytes:
        assert 0 <= offset < offset + length <= self.size
        self.asked.append((offset, length))
        return self.data[offset : offset + length].ljust(length, b"\0")

    def source(self, fetch: Callable[[int, int], bytes] | None = None) -> GrowingSource:
        return GrowingSource(fetch or self.fetch, self.size, "remote.gguf")


def strings(seed: int, total: int) -> tuple[int, bytes]:
    """Strings of 2 to 11 letters that take some `total` bytes: how many, and their bytes in a header."""
    words = [GgufBytes().text("abcdefghijk"[:length]) for length in range(2, 12)]
    count = total // (8 + 6)
    return count, b"".join(random.Random(seed).choices(words, k=count))


def header_with(token_bytes: int, merge_bytes: int = 0) -> GgufBytes:
    """A file as converters write it: sizes first, then tokens, scores, types and merges, then tensors."""
    file = GgufBytes()
    file.entry("general.architecture", STRING, file.text("llama"))
    file.entry("llama.context_length", U32, file.pack("I", 4096))
    tokens = strings(1, token_bytes)
    file.array("tokenizer.ggml.tokens", STRING, *tokens)
    file.array("tokenizer.ggml.scores", F32, tokens[0], bytes(4 * tokens[0]))
    file.array("tokenizer.ggml.token_type", I32, tokens[0], bytes(4 * tokens[0]))
    file.array("tokenizer.ggml.merges", STRING, *strings(2, merge_bytes))
    file.array("tokenizer.ggml.eos_token_ids", U32, 3, file.pack("3I", 1, 2, 3))
    file.entry("tokenizer.chat_template", STRING, file.text("{{ messages }}" * 500))
    for number in range(600):
        file.tensor(f"blk.{number}.weight", offset=128 * number)
    return file


def everything(header: Header) -> dict[str, object]:
    """The header as plain values, with its arrays read."""
    metadata = {
        key: tuple(value) if isinstance(value, Array) else value for key, value in header.metadata.items()
    }
    return {
        "metadata": metadata,
        "tensors": header.tensors,
        "order": header.byte_order,
        "data": header.data_offset,
    }


@pytest.mark.parametrize(
    ("tokens", "merges", "most_requests", "most_wasted"),
    [(10 * KIB, 0, 1, 64 * KIB), (470 * KIB, 0, 3, MIB), (4 * MIB, 9 * MIB, 6, 8 * MIB)],
    ids=["small", "600 KiB", "16 MiB"],
)
def test_few_requests_and_little_waste(
    tokens: int, merges: int, most_requests: int, most_wasted: int
) -> None:
    data = bytes(header_with(tokens, merges))
    server = Server(data, size=len(data) + 500 * MIB)
    source = server.source()
    header = parse(source)
    assert len(server.asked) == source.requests <= most_requests
    assert sum(length for _, length in server.asked) == source.bytes_fetched <= len(data) + most_wasted
    assert everything(header) == everything(parse(BytesSource(data, "remote.gguf")))


def test_no_byte_is_fetched_twice() -> None:
    server = Server(bytes(header_with(4 * MIB, 9 * MIB)))
    parse(server.source())
    ends = [offset + length for offset, length in server.asked]
    assert all(offset >= end for (offset, _), end in zip(server.asked[1:], ends, strict=False))


def test_windows_grow_fourfold_up_to_8_mib() -> None:
    server = Server(bytes(header_with(4 * MIB, 40 * MIB)), size=100 * MIB)
    parse(server.source())
    assert [length for _, length in server.asked][:6] == [
        64 * KIB,
        256 * KIB,
        MIB,
        4 * MIB,
        8 * MIB,
        8 * MIB,
    ]


def test_numbers_are_stepped_over() -> None:
    file = GgufBytes().array("numbers", F32, 5 * MIB, bytes(20 * MIB)).tensor("only")
    server = Server(bytes(file))
    header = parse(server.source())
    assert (len(server.asked), header.tensors[0].name) == (2, "only")
    assert sum(length for _, length in server.asked) <= 320 * KIB
    array = header.metadata["numbers"]
    assert isinstance(array, Array) and len(array) == 5 * MIB
    assert array[-1] == 0.0  # fetched now that it is asked for
    assert server.asked[2][0] < 100 and len(server.asked) == 5


def test_short_arrays_are_kept_wherever_a_window_ends() -> None:
    """No request is made for one that is passed already, and none when its elements are asked for."""
    for padding in range(64 * KIB - 2200, 64 * KIB, 97):
        file = GgufBytes().entry("padding", STRING, GgufBytes().text("x" * padding))
        file.array("numbers", U32, 400, file.pack("400I", *range(400))).tensor("only")
        server = Server(bytes(file))
        header = parse(server.source())
        assert len(server.asked) == (1 if len(server.data) <= 64 * KIB else 2)
        asked = len(server.asked)
        assert list(header.metadata["numbers"]) == list(range(400))  # type: ignore[arg-type]
        assert len(server.asked) == asked


def test_short_arrays_of_strings_are_kept_too() -> None:
    """A window that ends inside one of its strings is not fetched again."""
    for padding in range(64 * KIB - 3000, 64 * KIB, 97):
        file = GgufBytes().entry("padding", STRING, GgufBytes().text("x" * padding))
        file.array("words", STRING, 5, file.text("y" * 500) * 5).tensor("only")
        server = Server(bytes(file))
        assert list(parse(server.source()).metadata["words"]) == ["y" * 500] * 5  # type: ignore[arg-type]
        assert sum(length for _, length in server.asked) <= len(server.data)
        assert len(server.asked) <= 2


@pytest.mark.parametrize("seed", range(20))
def test_answers_may_come_in_pieces(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(seed)
    monkeypatch.setattr("workbench.gguf.growing.LARGEST_BYTES", dice.randint(1, 1000))
    data = bytes(small_file())
    server = Server(data)

    def part(offset: int, length: int) -> bytes:
        return server.fetch(offset, dice.randint(1, length))

    source = GrowingSource(part, len(data), "remote.gguf", first=dice.randint(1, 100))
    assert everything(parse(source)) == everything(parse(BytesSource(data)))


def test_more_than_was_asked_for_is_cut_off() -> None:
    data = bytes(header_with(200 * KIB))
    source = Server(data).source(lambda offset, length: data[offset:])
    header = parse(source)
    assert source.bytes_fetched <= len(data)
    assert everything(header) == everything(parse(BytesSource(data)))


@pytest.mark.parametrize("left", [0, 3, 100, 70_000])
def test_a_source_that_ends_early_is_named(left: int) -> None:
    data = bytes(header_with(200 * KIB))
    with pytest.raises(InvalidModel, match=r"remote.gguf became shorter while it was read") as raised:
        parse(Server(data).source(lambda offset, length: data[:left][offset : offset + length]))
    assert raised.value.remedy


def test_what_fetching_raises_passes_through() -> None:
    def fail(offset: int, length: int) -> bytes:
        raise WorkbenchError("The hub is away.", "Try again later.")

    with pytest.raises(WorkbenchError, match="The hub is away"):
        parse(GrowingSource(fail, 1000, "remote.gguf"))


@pytest.mark.parametrize("length", [2**20, 2**23, 2**23 + 1])
def test_a_hostile_server_is_not_followed_far(length: int) -> None:
    """Strings that step over every window, in a file of a tebibyte."""
    count = 1 << 20
    head = bytes(GgufBytes(alignment=1).array("tokens", STRING, count, b""))
    asked = []

    def endless(offset: int, wanted: int) -> bytes:
        asked.append((offset, wanted))
        piece = bytearray(wanted)
        for at in range(0, wanted):
            if at + offset < len(head):
                piece[at] = head[at + offset]
            else:
                break
        first = -(-(offset - len(head)) // (length + 8)) if offset > len(head) else 0
        for number in range(first, first + wanted // (length + 8) + 2):
            at = len(head) + number * (length + 8) - offset
            if 0 <= at <= wanted - 8:
                piece[at : at + 8] = length.to_bytes(8, "little")
        return bytes(piece)

    with pytest.raises(InvalidModel, match="a header of more than 256 MiB"):
        parse(GrowingSource(endless, 2**40, "remote.gguf"))
    assert max(offset + wanted for offset, wanted in asked) <= MAX_HEADER_BYTES
    assert sum(wanted for _, wanted in asked) <= MAX_HEADER_BYTES and len(asked) < 60


def test_the_first_window_tells_the_sizes_in_one_request() -> None:
    data = bytes(header_with(4 * MIB))
    server = Server(data)
    metadata = parse_first_window(server.source())
    assert (metadata["general.architecture"], metadata["llama.context_length"]) == ("llama", 4096)
    assert "tokenizer.ggml.tokens" not in metadata
    assert server.asked == [(0, 64 * KIB)]


def test_the_first_window_of_a_small_header_tells_all() -> None:
    data = bytes(small_file())
    assert set(parse_first_window(BytesSource(data))) == set(parse(BytesSource(data)).metadata)
    with pytest.raises(InvalidModel, match="is empty"):
        parse_first_window(BytesSource(b""))
    with pytest.raises(InvalidModel, match="is cut short"):
        parse_first_window(BytesSource(data[:50]))


@pytest.mark.slow
def test_one_window_is_held_at_a_time() -> None:
    server = Server(bytes(header_with(4 * MIB, 16 * MIB)), size=100 * MIB)
    source = server.source(lambda offset, length: bytes(memoryview(server.data)[offset : offset + length]))
    tracemalloc.start()
    try:
        parse(source)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 26 * MIB
