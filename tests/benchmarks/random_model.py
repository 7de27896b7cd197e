"""Write a GGUF of a real geometry with random weights: true in size and speed, senseless in what it says.

    python tests/benchmarks/random_model.py qwen3-0.6b -o qwen3-0.6b-random.gguf --type Q4_K_M

Its tokenizer splits text into single bytes (but joins two spaces, as its one merge), so N ASCII characters
are N tokens. Its control tokens are never the most likely ones, so a greedy answer is as long as asked for.
Quantized by llama.cpp itself, so that a type means the mix of types that it means elsewhere. Knows nothing of
the workbench.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import islice, product
from pathlib import Path
from string import ascii_lowercase

import gguf
import numpy as np
from geometries import EMBEDDING, GEOMETRIES, Geometry, tensor_shapes

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
CONTROL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
NOISE_PERIOD = 4_194_301
"""A prime, so that no row of any matrix is like another although the noise repeats."""


def _byte_symbols() -> list[str]:
    """The character that byte-level BPE writes for each byte: itself where printable, else one past 255."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in printable else next(others)) for byte in range(0x100)]


def vocabulary(size: int) -> list[str]:
    """The 256 bytes, two spaces, words nobody says, and the control tokens."""
    start = [*_byte_symbols(), "ĠĠ"]
    words = ("Ġ" + "".join(letters) for letters in product(ascii_lowercase, repeat=4))
    return [*start, *islice(words, size - len(start) - len(CONTROL_TOKENS)), *CONTROL_TOKENS]


def _add_tokenizer(writer: gguf.GGUFWriter, size: int) -> None:
    normal, control = [gguf.TokenType.NORMAL], [gguf.TokenType.CONTROL]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(vocabulary(size))
    writer.add_token_types(normal * (size - len(CONTROL_TOKENS)) + control * len(CONTROL_TOKENS))
    writer.add_token_merges(["Ġ Ġ"])
    writer.add_add_bos_token(False)
    writer.add_bos_token_id(size - 3)
    writer.add_eos_token_id(size - 1)
    writer.add_chat_template(CHAT_TEMPLATE)


def _add_header(writer: gguf.GGUFWriter, name: str, geometry: Geometry) -> None:
    writer.add_name(f"{name} with random weights")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_block_count(geometry.layers)
    writer.add_context_length(geometry.context_length)
    writer.add_embedding_length(geometry.hidden)
    writer.add_feed_forward_length(geometry.feed_forward)
    writer.add_head_count(geometry.heads)
    writer.add_head_count_kv(geometry.kv_heads)
    writer.add_key_length(geometry.head_size)
    writer.add_value_length(geometry.head_size)
    writer.add_rope_dimension_count(geometry.head_size)
    writer.add_rope_freq_base(geometry.rope_base)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(geometry.vocabulary)
    if geometry.experts:
        writer.add_expert_count(geometry.experts)
        writer.add_expert_used_count(geometry.experts_used)
        writer.add_logit_scale(1.0)


def _add_weights(writer: gguf.GGUFWriter, geometry: Geometry, seed: int) -> None:
    """Every matrix is a view of the same noise, each from a place of its own, so that memory stays small."""
    shapes = list(tensor_shapes(geometry))
    largest = max(int(np.prod(shape)) for _, shape in shapes)
    random = np.random.default_rng(seed)
    period = random.standard_normal(NOISE_PERIOD, dtype=np.float32) * np.float32(0.02)
    noise = np.resize(period.astype(np.float16), largest + NOISE_PERIOD)
    for name, shape in shapes:
        start = int(random.integers(NOISE_PERIOD))
        if name.endswith("norm.weight"):
            writer.add_tensor(name, np.ones(shape, dtype=np.float32))
        elif len(shape) == 1 or name.endswith("ffn_gate_inp.weight"):
            values = noise[start : start + int(np.prod(shape))].reshape(shape)
            writer.add_tensor(name, values.astype(np.float32))
        else:
            matrix = noise[start : start + int(np.prod(shape))].reshape(shape)
            writer.add_tensor(name, _without_control_tokens(matrix) if name == EMBEDDING else matrix)


def _without_control_tokens(embedding: np.ndarray) -> np.ndarray:
    """Zeros in their rows: a logit of 0, which some other token of many always exceeds."""
    embedding = embedding.copy()
    embedding[-len(CONTROL_TOKENS) :] = 0
    return embedding


def _write_f16(name: str, path: Path, seed: int) -> None:
    geometry = GEOMETRIES[name]
    writer = gguf.GGUFWriter(path, geometry.architecture)
    _add_header(writer, name, geometry)
    _add_tokenizer(writer, geometry.vocabulary)
    _add_weights(writer, geometry, seed)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _quantize(source: Path, target: Path, quantization: str) -> None:
    import llama_cpp

    silent = llama_cpp.llama_log_callback(lambda level, text, data: None)
    llama_cpp.llama_log_set(silent, None)
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{quantization.upper()}")
    if llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), parameters):
        raise SystemExit(f"llama.cpp could not write {target} as {quantization}.")


def write_random_model(name: str, path: Path, quantization: str = "Q4_K_M", seed: int = 0) -> None:
    """Write one of GEOMETRIES; the same arguments give the same file."""
    if quantization.upper() == "F16":
        return _write_f16(name, path, seed)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        unquantized = Path(folder) / "f16.gguf"
        _write_f16(name, unquantized, seed)
        _quantize(unquantized, path, quantization)


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description="Write a GGUF of a real geometry with random weights.")
    parser.add_argument("geometry", choices=GEOMETRIES)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--type", default="Q4_K_M", help="a llama.cpp quantization, or F16")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    write_random_model(arguments.geometry, arguments.output, arguments.type, arguments.seed)
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
