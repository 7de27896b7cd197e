"""Short stories and descriptions from a grammar: the plain English beside the questions.

They give the model sentences that are no answers, so that a loss on text it has not seen means
something. The grammar knows nothing of the workbench, and its stories mean nothing beyond their order.
"""

import tomllib
from pathlib import Path
from random import Random

_WORDS: dict[str, list[str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def story(rng: Random) -> str:
    """A paragraph of three to seven sentences about two people."""
    first, second = rng.sample(_WORDS["people"], 2)
    sentences = [_opening(rng, first)]
    sentences += [_sentence(rng, rng.choice((first, second))) for _ in range(rng.randint(1, 5))]
    sentences.append(f"In the end {first} and {second} were {_word(rng, 'moods')}.")
    return " ".join(sentences)


def _opening(rng: Random, person: str) -> str:
    return f"{_word(rng, 'weather')}, and {person} {_word(rng, 'deeds')} {_word(rng, 'places')}."


def _sentence(rng: Random, person: str) -> str:
    time, deed, find, scene = (_word(rng, kind) for kind in ("times", "deeds", "finds", "scenes"))
    place, thing, mood, reason = (_word(rng, kind) for kind in ("places", "objects", "moods", "reasons"))
    forms = (
        f"{time} {person} {find} {thing} at {place}.",
        f"{person} was {mood} {reason}.",
        f"{scene} {place}, and {person} {deed} it {reason}.",
        f'"I have {thing}," said {person}, who felt {mood}.',
        f"{time} {person} {deed} {place} and {find} {thing}.",
    )
    return rng.choice(forms)


def _word(rng: Random, kind: str) -> str:
    return rng.choice(_WORDS[kind])
