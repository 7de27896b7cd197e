"""Made-up personal data and secrets, drawn at random in the forms that their issuers give them.

And what only looks like them: checksums that are wrong, addresses that lead nowhere, prefixes alone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from random import Random
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits

_ALNUM = ascii_letters + digits
_NAMES = ("jane", "o.brien", "li+news", "m_sato", "anna-lena", "x99")
_HOSTS = ("firm.de", "mail.univ.ac.uk", "shop.io", "post.museum", "dept.gov.au")
_COUNTRIES = (("DE", "", 18), ("FR", "", 23), ("GB", "BARC", 14), ("NO", "", 11))
_PHONES = ("+1 {} {} {}", "({}) {}-{}", "{}-{}-{}", "+44 {} {} {}", "+49-{}-{}{}", "+81.{}.{}.{}")
Draw = Callable[[Random], str]


def _text(dice: Random, letters: str, length: int) -> str:
    return "".join(dice.choices(letters, k=length))


def _email(dice: Random) -> str:
    return f"{dice.choice(_NAMES)}{dice.randrange(100)}@{dice.choice(_HOSTS)}"


def _phone(dice: Random) -> str:
    groups = (_text(dice, "23456789", 3), _text(dice, digits, 3), _text(dice, digits, 4))
    form = dice.choice(
        ["+1 {} {} {}", "({}) {}-{}", "{}-{}-{}", "+44 {} {} {}", "+49-{}-{}{}", "+81.{}.{}.{}"]
    )
    return form.format(*groups)


def _iban(dice: Random, off: int = 0) -> str:
    country, letters, length = dice.choice(
        [("DE", "", 18), ("FR", "", 23), ("GB", "BARC", 14), ("NO", "", 11)]
    )
    account = letters + _text(dice, digits, length)
    number = "".join(str(int(letter, 36)) for letter in f"{account}{country}00")
    whole = f"{country}{98 - (int(number) + off) % 97:02}{account}"
    spaced = " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))
    return dice.choice([whole, spaced])


def _card(dice: Random, off: int = 0) -> str:
    start, length = dice.choice([("4", 16), ("51", 16), ("37", 15), ("6011", 16)])
    body = start + _text(dice, digits, length - 1 - len(start))
    doubled = [sum(divmod(2 * int(one), 10)) for one in body[::-2]]
    total = sum(doubled) + sum(int(one) for one in body[-2::-2])
    whole = f"{body}{(off - total) % 10}"
    return dice.choice([whole, " ".join(whole[at : at + 4] for at in range(0, length, 4))])


def _address(dice: Random) -> str:
    first, *rest = dice.choice((8, 52, 93, 185)), *(dice.randrange(1, 255) for _ in range(3))
    return ".".join(map(str, (first, *rest)))


def _web_token(dice: Random) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": _text(dice, digits, 10)}]
    coded = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts]
    return ".".join([*coded, _text(dice, _ALNUM + "-_", 43)])


def _private_key(dice: Random) -> str:
    lines = "\n".join(_text(dice, _ALNUM + "+/", 64) for _ in range(12))
    kind = dice.choice(["", "RSA ", "EC ", "OPENSSH "])
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----"


def _prefixed(prefix: str, letters: str, length: int) -> Draw:
    return lambda dice: prefix + _text(dice, letters, length)


PERSONAL: Mapping[str, Draw] = {
    "email": _email, "phone": _phone, "iban": _iban, "card": _card, "ip": _address,
}  # fmt: skip
SECRETS: Mapping[str, Draw] = {
    "AWS": _prefixed("AKIA", ascii_uppercase + "234567", 16),
    "GitHub": _prefixed("ghp_", _ALNUM, 36),
    "GitHub, fine-grained": _prefixed("github_pat_", _ALNUM + "_", 82),
    "GitLab": _prefixed("glpat-", _ALNUM + "-_", 20),
    "Anthropic": _prefixed("sk-ant-api03-", _ALNUM + "-_", 93),
    "OpenAI": _prefixed("sk-proj-", _ALNUM + "-_", 48),
    "Hugging Face": _prefixed("hf_", ascii_letters, 34),
    "Google": _prefixed("AIza", _ALNUM + "-_", 35),
    "Slack": lambda dice: f"xoxb-{_text(dice, digits, 12)}-{_text(dice, _ALNUM, 24)}",
    "Stripe": _prefixed("sk_live_", _ALNUM, 24),
    "npm": _prefixed("npm_", _ALNUM, 36),
    "PyPI": _prefixed("pypi-AgEIcHlwaS5vcmc", _ALNUM + "-_", 120),
    "SendGrid": lambda dice: f"SG.{_text(dice, _ALNUM + '-_', 22)}.{_text(dice, _ALNUM + '-_', 43)}",
    "DigitalOcean": _prefixed("dop_v1_", "0123456789abcdef", 64),
    "Azure": lambda dice: f"AccountKey={_text(dice, _ALNUM + '+/', 86)}==",
    "Slack hook": lambda dice: (
        f"https://hooks.slack.com/services/T{_text(dice, digits, 9)}/B{_text(dice, digits, 9)}/"
        + _text(dice, _ALNUM, 24)
    ),
    "web token": _web_token,
    "private key": _private_key,
    "password in an address": lambda dice: (
        f"postgres://app:{_text(dice, _ALNUM + '!$', 12)}@db{dice.randrange(9)}.firm.com:5432/main"
    ),
}  # fmt: skip
LOOKALIKES: Mapping[str, Draw] = {
    "example address": lambda dice: f"{dice.choice(_NAMES)}@example.com",
    "private network": lambda dice: f"192.168.{dice.randrange(256)}.{dice.randrange(1, 255)}",
    "card off by one": lambda dice: _card(dice, 1 + dice.randrange(9)),
    "account off by one": lambda dice: _iban(dice, 1 + dice.randrange(96)),
    "date": lambda dice: f"20{dice.randrange(10, 30)}-0{dice.randrange(1, 10)}-{dice.randrange(10, 29)}",
    "number": lambda dice: f"{dice.random() * 1e6:.8f}",
    "version": lambda dice: f"v{dice.randrange(20)}.{dice.randrange(99)}.{dice.randrange(9)}",
    "sum": lambda dice: f"{dice.randrange(999)} + {dice.randrange(999)} = {dice.randrange(1998)}",
    "hash": _prefixed("sha256:", "0123456789abcdef", 64),
    "short prefix": lambda dice: dice.choice(["sk-", "ghp_", "AKIA"]) + _text(dice, ascii_lowercase, 6),
    "page": lambda dice: f"https://host{dice.randrange(99)}.org:8080/@{_text(dice, ascii_lowercase, 5)}",
}  # fmt: skip


_AROUND = ("{}", "{}.", "({})", "{},", "“{}”", "<{}>", "is:{}", "{}?")


def drawn(dice: Random, kinds: Mapping[str, Draw]) -> str:
    """One of these, as it may stand in a sentence."""
    return dice.choice(_AROUND).format(kinds[dice.choice(list(kinds))](dice))
