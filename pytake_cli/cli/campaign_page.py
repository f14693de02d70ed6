"""The report of a campaign as a page: Markdown to send around, HTML that stands alone and prints on A4.

HTML instead of PDF: every browser prints it to PDF, and no library of megabytes is needed for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from pytake_cli.cli.forms import money
from pytake_cli.locale import _, language, number
from pytake_cli.policy.audience import REASONS
from pytake_cli.text import clean

COUNTED = ("recipients", "sent", "delivered", "read", "replied", "opted_out", "failed", "unknown", "skipped")
# Nothing is loaded from anywhere: the page says the same in ten years, and tells nobody that it was opened.
STYLE = """
@page { size: A4; margin: 18mm }
body { font: 15px/1.45 system-ui, sans-serif; color: #1b1f23; max-width: 46em; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.5em; margin-bottom: 0 } h2 { font-size: 1.1em; margin-top: 1.6em } .about { color: #57606a }
table { border-collapse: collapse; width: 100% } th { text-align: left } tr { break-inside: avoid }
td, th { padding: .3em .6em; border-bottom: 1px solid #d0d7de } .n { text-align: right; white-space: nowrap }
.bar { background: #1a7f37; height: .7em; min-width: 1px; print-color-adjust: exact }
"""


def markdown(found: dict[str, Any]) -> Iterator[str]:
    """Markdown, in the language of the reader."""
    people = found["recipients"] or 1
    yield f"# {clean(found['name'], newlines=False)}"
    yield ""
    yield f"| | {_('people')} | % |"
    yield "| --- | ---: | ---: |"
    for name in COUNTED:
        yield f"| {_label(name)} | {number(found[name])} | {_share(found[name] / people)} |"
    yield ""
    if found["cost"]:
        yield f"{_('cost')}: {_money(found['cost'])}"
    for each in found["failures"]:
        yield f"- {number(each['count'])} × {each['code'] or '—'}: {clean(each['meaning'], newlines=False)}"
    for each in found["skips"]:
        yield f"- {number(each['count'])} × {reason(each['reason'])}"


def reason(slug: str) -> str:
    """Why somebody was left out, in words."""
    return _(REASONS.get(slug, slug))


def html(found: dict[str, Any]) -> str:
    """A whole document, in the language of the reader; what came from outside is escaped."""
    name = _text(found["name"])
    parts = [
        f'<!doctype html>\n<html lang="{language()}"><head><meta charset="utf-8">',
        f"<title>{name}</title><style>{STYLE}</style></head><body>",
        f'<h1>{name}</h1><p class="about">{_about(found)}</p>',
        "<table>",
        *_counts(found),
        "</table>",
        *_list(_("why messages failed"), [(each["count"], each["meaning"]) for each in found["failures"]]),
        *_list(_("why people were skipped"), [(each["count"], reason(each["reason"])) for each in found["skips"]]),
        "</body></html>",
    ]
    return "\n".join(parts)


def _about(found: dict[str, Any]) -> str:
    told = [found["template"] or "", found["status"], *(str(found[name] or "")[:16] for name in ("launched_at",))]
    if found["cost"]:
        told.append(f"{_('cost')}: {_money(found['cost'])}")
    return " · ".join(_text(each) for each in told if each)


def _counts(found: dict[str, Any]) -> Iterator[str]:
    people = found["recipients"] or 1
    for name in COUNTED:
        share = found[name] / people
        bar = f'<div class="bar" style="width:{min(share, 1):.1%}"></div>'
        cells = f'<td class="n">{number(found[name])}</td><td class="n">{_share(share)}</td><td width="45%">{bar}</td>'
        yield f"<tr><th>{_text(_label(name))}</th>{cells}</tr>"


def _label(name: str) -> str:
    return _(name.replace("_", " "))


def _list(title: str, rows: list[tuple[int, str]]) -> Iterator[str]:
    if rows:
        yield f"<h2>{_text(title)}</h2><table>"
        for count, what in rows:
            yield f'<tr><td class="n">{number(count)}</td><td>{_text(what)}</td></tr>'
        yield "</table>"


def _share(share: float) -> str:
    """`12.5%`, with the language's decimal comma."""
    text = f"{share:.1%}"
    return text if language() == "en" else text.replace(".", ",")


def _money(cost: dict[str, str]) -> str:
    return money(cost["amount"], cost["currency"])


def _text(value: object) -> str:
    return escape(clean(str(value), newlines=False))
