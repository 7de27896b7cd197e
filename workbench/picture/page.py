"""A page that stands for itself: headings, tables and charts, without scripts and nothing from elsewhere.

Whatever text it is given is escaped; parts that are pages' own, such as SVG, are put in as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_STYLE = (
    "body{font:15px system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:right}"
    "td:first-child,th:first-child{text-align:left}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f4;padding:.4rem .8rem;margin:.2rem 0}"
)


def page(title: str, *parts: str) -> str:
    """The parts below a heading; each is HTML."""
    return (
        f'<!doctype html><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"<h1>{escape(title)}</h1>{''.join(parts)}\n"
    )


def heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def listed(texts: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return f"<table>{_row('th', headings)}{''.join(_row('td', row) for row in rows)}</table>"


def folded(summary: str, *parts: str) -> str:
    """Parts that are shown when the summary is clicked."""
    return f"<details><summary>{escape(summary)}</summary>{''.join(parts)}</details>"


def verbatim(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def _row(tag: str, texts: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(text)}</{tag}>' for text in texts)}</tr>"
