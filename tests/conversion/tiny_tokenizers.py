"""Tokenizers of a thousand tokens, trained on the corpus, that find words as real families do."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from tests.conversion.corpus import lines

SIZE = 1000
_TEXT = lines(2000, seed=1)
_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_TAIL = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_LLAMA3 = _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + _TAIL
_QWEN2 = _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}" + _TAIL
_O200K_WORDS = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+CONTRACTIONS"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*CONTRACTIONS"
)
_O200K_TAIL = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_O200K = _O200K_WORDS.replace("CONTRACTIONS", _CONTRACTIONS + "?") + r"|\p{N}{1,3}" + _O200K_TAIL
_TEKKEN = _O200K_WORDS.replace("CONTRACTIONS", "") + r"|\p{N}" + _O200K_TAIL
_DEEPSEEK3 = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    r"""| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
)


def _split(*patterns: str) -> list[object]:
    return [
        *(pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]


def _gpt2(*first: object) -> list[object]:
    return [*first, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]


BYTE_LEVEL = {
    "gpt-2": _gpt2(),
    "smollm": _gpt2(pre_tokenizers.Digits(individual_digits=True)),
    "llama-bpe": _split(_LLAMA3),
    "dbrx": _split(_LLAMA3),
    "qwen2": _split(_QWEN2),
    "gpt-4o": _split(_O200K),
    "tekken": _split(_TEKKEN),
    "deepseek-v3": _split(r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", _DEEPSEEK3),
}
"""By llama.cpp's name of how words are found."""
_WHOLE_WORDS = {"llama-bpe", "tekken"}


@cache
def byte_level(pre: str) -> Tokenizer:
    """With a token at the start of every text."""
    made = Tokenizer(models.BPE(ignore_merges=pre in _WHOLE_WORDS))
    made.pre_tokenizer = pre_tokenizers.Sequence(BYTE_LEVEL[pre])
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE,
        special_tokens=["<|begin|>", "<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(_TEXT, trainer)
    _put_around(made, "<|begin|> $A")
    return made


@cache
def word_piece(*, lowercase: bool) -> Tokenizer:
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made.train_from_iterator(
        _TEXT, trainers.WordPieceTrainer(vocab_size=SIZE, special_tokens=special, show_progress=False)
    )
    _put_around(made, "[CLS] $A [SEP]")
    return made


@cache
def unigram() -> Tokenizer:
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=SIZE,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        unk_token="<unk>",
        show_progress=False,
    )
    made.train_from_iterator(_TEXT, trainer)
    _put_around(made, "<s> $A </s>")
    return made


def train_sentence_piece(folder: Path, *, prefix: bool) -> Path:
    """A real SentencePiece model of the BPE kind with bytes for what is rare."""
    import sentencepiece

    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_TEXT),
        model_prefix=str(folder / "tokenizer"),
        model_type="bpe",
        vocab_size=SIZE,
        byte_fallback=True,
        character_coverage=0.99,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=prefix,
        minloglevel=2,
    )
    return folder / "tokenizer.model"


def _put_around(tokenizer: Tokenizer, single: str) -> None:
    special = [part for part in single.split() if part != "$A"]
    ids = [(token, tokenizer.token_to_id(token)) for token in special]
    tokenizer.post_processor = processors.TemplateProcessing(single=single, special_tokens=ids)


def json_of_pieces(folder: Path, *, prefix: bool) -> None:
    """The tokenizer.json of the folder's tokenizer.model: pairs merge in the order of what they make."""
    import sentencepiece

    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    vocabulary = {pieces.id_to_piece(index): index for index in range(pieces.vocab_size())}
    pairs = [
        (-pieces.get_score(index), (token[:cut], token[cut:]))
        for token, index in vocabulary.items()
        for cut in range(1, len(token))
        if token[:cut] in vocabulary and token[cut:] in vocabulary and not pieces.is_byte(index)
        if not pieces.is_control(index) and not pieces.is_unknown(index)
    ]
    merges = [pair for _, pair in sorted(pairs, key=lambda ranked: ranked[0])]
    model = models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    made = Tokenizer(model)
    steps = [normalizers.Prepend("▁")] if prefix else []
    made.normalizer = normalizers.Sequence([*steps, normalizers.Replace(" ", "▁")])
    made.save(str(folder / "tokenizer.json"))
