"""`personal-data`: addresses, numbers of phones, accounts and cards, found by their form and their checksums.

Names and postal addresses have no form that can be checked, and are not found.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from workbench.datasets.findings import Findings
from workbench.datasets.operation import RowOperation
from workbench.datasets.row import Rejection, Row
from workbench_recipes.rewriting import rewritten

Kind = Literal["email", "iban", "card", "phone", "ip"]
_EXAMPLES = ("example.com", "example.org", "example.net", "localhost")


def _is_email(text: str) -> bool:
    return not text.lower().endswith(_EXAMPLES)


def _is_iban(text: str) -> bool:
    """Whether the remainder by 97 is that of a whole IBAN (ISO 13616)."""
    plain = text.replace(" ", "").upper()
    digits = "".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])
    return 15 <= len(plain) <= 34 and int(digits) % 97 == 1


def _is_card(text: str) -> bool:
    """Whether the digits are as many as those of a card and their Luhn sum is one of a card."""
    digits = [int(letter) for letter in text if letter.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def _is_phone(text: str) -> bool:
    return 8 <= sum(letter.isdigit() for letter in text) <= 15


def _is_address(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


_FORMS: dict[Kind, tuple[str, re.Pattern[str], Callable[[str], bool]]] = {
    "email": ("@", re.compile(r"[\w.%+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b"), _is_email),
    "iban": ("", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"), _is_iban),
    "card": ("", re.compile(r"(?<![\w.])[2-6]\d{3}(?:[ -]?\d){9,15}(?!\w|\.\d)"), _is_card),
    "phone": (
        "",
        re.compile(
            r"(?<![\w+])(?:\+\d{1,3}|\(\d{3}\)|\d{3}(?=-\d{3}-))(?:[ ./-]?\(?\d{1,5}\)?){2,6}(?![\w-])"
        ),
        _is_phone,
    ),
    "ip": (".", re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)"), _is_address),
}
_DIGIT = re.compile(r"\d")


@dataclass
class PersonalData(RowOperation):
    """Puts [email], [iban], [card], [phone] and [ip] in place of what has their form.

    Accounts and cards count only with sound checksums, addresses of machines only where they are public.
    With `set_aside` true such rows are set aside instead.
    """

    kinds: tuple[Kind, ...] = ("email", "iban", "card", "phone", "ip")
    set_aside: bool = False

    def apply(self, row: Row, findings: Findings) -> Row | Rejection:
        found = Counter[str]()
        told = rewritten(row, lambda text: self._rewrite(text, found))
        if not found:
            return row
        kinds = ", ".join(f"{count} {kind}" for kind, count in found.items())
        if self.set_aside:
            return Rejection("personal-data", f"It holds personal data: {kinds}.")
        findings.add("personal-data", "warning", f"Personal data is replaced: {kinds}.", row.origin)
        return told

    def _rewrite(self, text: str, found: Counter[str]) -> str:
        has_digits = _DIGIT.search(text) is not None
        for kind in self.kinds:
            letter, form, is_one = _FORMS[kind]
            if letter in text and (has_digits or kind == "email"):
                text = form.sub(partial(_named, kind=kind, is_one=is_one, found=found), text)
        return text


def _named(match: re.Match[str], kind: str, is_one: Callable[[str], bool], found: Counter[str]) -> str:
    if not is_one(match[0]):
        return match[0]
    found[kind] += 1
    return f"[{kind}]"
