"""`secrets`: keys, tokens and passwords, found by the forms that their issuers give them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from workbench.datasets.findings import Findings
from workbench.datasets.operation import RowOperation
from workbench.datasets.row import Rejection, Row
from workbench_recipes.rewriting import rewritten

_FORMS = {
    "private key": (
        r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]{0,8000}?"
        r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)"
    ),
    "AWS key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_\w{60,90})\b",
    "GitLab token": r"\bglpat-[\w-]{20,}",
    "Anthropic key": r"\bsk-ant-[\w-]{24,}",
    "OpenAI key": r"\bsk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{32,}",
    "Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}\b",
    "Google key": r"\bAIza[\w-]{35}(?![\w-])",
    "Slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    "Stripe key": r"\b[rs]k_live_[A-Za-z0-9]{20,}\b",
    "Slack hook": r"\bhooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{16,}",
    "npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "PyPI token": r"\bpypi-AgEIcHlwaS5vcmc[\w-]{50,}",
    "SendGrid key": r"\bSG\.[\w-]{22}\.[\w-]{43}(?![\w-])",
    "DigitalOcean token": r"\bdo[opr]_v1_[a-f0-9]{64}\b",
    "Azure key": r"\bAccountKey=[A-Za-z0-9+/]{86}==",
    "web token": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "password in an address": r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{1,100}:[^\s:/@]{3,100}@(?=[\w.-])",
}
_ANY = re.compile("|".join(f"(?P<f{at}>{form})" for at, form in enumerate(_FORMS.values())))
_NAMES = list(_FORMS)
_HINTS = (
    "PRIVATE KEY", "AKIA", "ASIA", "gh", "github_pat_", "glpat-", "sk-", "hf_", "AIza", "xox", "k_live_",
    "hooks.slack", "npm_", "pypi-", "SG.", "_v1_", "AccountKey=", "eyJ", "://",
)  # fmt: skip


@dataclass
class Secrets(RowOperation):
    """Puts [secret] in place of keys, tokens and passwords in addresses; others cannot be told from text.

    With `set_aside` true such rows are set aside instead.
    """

    set_aside: bool = False

    def apply(self, row: Row, findings: Findings) -> Row | Rejection:
        found = Counter[str]()
        told = rewritten(row, lambda text: _without_secrets(text, found))
        if not found:
            return row
        kinds = ", ".join(found)
        if self.set_aside:
            return Rejection("secret", f"It holds a secret: {kinds}.")
        findings.add("secret", "warning", f"A secret is replaced: {kinds}.", row.origin, "Revoke it.")
        return told


def _without_secrets(text: str, found: Counter[str]) -> str:
    if not any(hint in text for hint in _HINTS):
        return text

    def named(match: re.Match[str]) -> str:
        found[_NAMES[int(str(match.lastgroup)[1:])]] += 1
        return "[secret]"

    return _ANY.sub(named, text)
