"""Which template fits a customer best, and what it costs: for the picker, and where the window is closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from pytake_cli.locale import _
from pytake_cli.tui import draw
from pytake_cli.tui.rows import Json
from pytake_cli.tui.safe import Safe, own

KINDS = ("UTILITY", "MARKETING")  # the cheaper first; nobody is spoken to with a code


def fitting(templates: Iterable[Json], language: str, used: Callable[[str], int]) -> list[Json]:
    """Those that can be sent, the best first.

    In their language, used most by this person, for a service and not for marketing, with the fewest values to fill in.
    """
    usable = [each for each in templates if each.get("usable", each.get("status") == "APPROVED")]
    return sorted(
        usable,
        key=lambda each: (
            each.get("language") != language,
            -used(str(each["name"])),
            KINDS.index(each["category"]) if each.get("category") in KINDS else len(KINDS),
            len(each.get("values") or ()),
            str(each["name"]),
        ),
    )


def best(found: Sequence[Json], language: str) -> Json | None:
    """The one to suggest, or None: none is in their language, or none is for talking to them."""
    first = found[0] if found else {}
    return first if first.get("language") == language and first.get("category") in KINDS else None


def kind_and_cost(template: Json) -> Safe:
    """`utility, US$ 0.0068`"""
    parts = [_(str(template.get("category") or "").lower())]
    if template.get("price"):
        parts.append(draw.money(template["price"], exact=True))
    return own(", ".join(filter(None, parts)))
