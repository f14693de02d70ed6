"""Names from the store for completion: segments, campaigns, tags …; read only, by the standard library, or not at all.

Only of a SQLite store, and of the organisation that is named or is the only one. People's names are never offered.
"""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False  # as in complete.py
if TYPE_CHECKING:
    from collections.abc import Iterable

FIELDS = (
    *("name", "phone", "username", "language", "number", "tag", "segment", "stage", "score", "vip", "blocked"),
    *("created", "last_seen", "consent.marketing", "consent.utility", "consent.all", "conv.status", "conv.assignee"),
    *("conv.queue", "conv.waiting", "conv.last_in", "conv.last_out", "conv.window", "conv.csat", "msg.in", "msg.out"),
    *("msg.failed", "count(", "sample(", "near("),
)
SECONDS = 0.1  # how long a Tab may wait for the store
_LAST = re.compile(r"""(?:(\w+)\s*(?:=|!=|(?:not\s+)?in\s*\((?:[^()]*,)?)\s*)?([^\s(),="]*)$""")
_QUERIES = {
    "segment": "SELECT name FROM segment WHERE org_id = ?",
    "tag": "SELECT name FROM tag WHERE org_id = ?",
    "stage": "SELECT DISTINCT stage FROM (SELECT stage FROM contact WHERE org_id = ? LIMIT 5000)",
    "field": "SELECT 'f.' || name FROM contact_field WHERE org_id = ?",
    "campaign": "SELECT name FROM campaign WHERE org_id = ? ORDER BY id DESC LIMIT 200",
    "label": "SELECT name FROM label WHERE org_id = ?",
    "view": "SELECT slug FROM saved_view WHERE org_id = ? UNION VALUES ('mine'), ('unassigned'), ('all'),"
    " ('mentions'), ('closing'), ('snoozed'), ('resolved-today')",
    "schedule": "SELECT name FROM schedule WHERE org_id = ?",
    "template": "SELECT DISTINCT name FROM template WHERE org_id = ?",
}


def named(kind: str, words: list[str]) -> Iterable[tuple[str, str]]:
    """The saved segments, the campaigns that were launched, and so on."""
    return [(name, "") for name in _names(kind, words) if name]


def expression(words: list[str]) -> Iterable[tuple[str, str]]:
    """What the last word of a segment's text may become: a field, or a value after `tag =` and its like."""
    text = words[-1]
    found = _LAST.search(text)
    field, begun = (found[1], found[2]) if found else (None, "")
    head = text[: len(text) - len(begun)]
    if field in ("segment", "tag", "stage"):
        known = [f'"{name}"' if " " in name else name for name in _names(field, words) if name]
    else:
        known = [*FIELDS, *_names("field", words)]
    return [(head + name, "") for name in known]


def inbox_filter(words: list[str]) -> Iterable[tuple[str, str]]:
    """What the last word of an inbox filter may become: a condition, or one of its values."""
    from pytake_cli.policy.inbox_filter import complete

    text = words[-1]
    found = complete(text)
    head = text[: found.start]
    known = (
        [f'"{name}"' if " " in name else name for name in _names("label", words)] if found.source == "labels" else []
    )
    return [(head + value, about) for value, about in (*found.options, *((name, "") for name in known))]


def _names(kind: str, words: list[str]) -> list[str]:
    """What the store has of these; nothing when it cannot be asked at once."""
    import sqlite3
    from urllib.parse import quote

    file = _file()
    if not os.path.exists(file):
        return []
    try:
        store = sqlite3.connect(f"file:{quote(file)}?mode=ro", uri=True, timeout=SECONDS)
        try:
            orgs = dict(store.execute("SELECT slug, id FROM organisation").fetchall())
            org = orgs.get(_org(words)) if _org(words) else next(iter(orgs.values())) if len(orgs) == 1 else None
            return [name for (name,) in store.execute(_QUERIES[kind], (org,))] if org is not None else []
        finally:
            store.close()
    except sqlite3.Error:
        return []


def _org(words: list[str]) -> str:
    from pytake_cli.cli import front

    named = front.value_of("-o", words) or front.value_of("--org", words) or os.environ.get("PYTAKE_ORG", "")
    return named or str(_setting("org") or "")


def _file() -> str:
    from pytake_cli.places import paths

    url = os.environ.get("PYTAKE_STORE__URL") or ""
    if not url:
        section = _setting("store")
        url = str(section.get("url") or "") if isinstance(section, dict) else ""
    if url:
        return url.removeprefix("sqlite:///") if url.startswith("sqlite:////") else ""
    return str(paths().data / "pytake.db")


def _setting(name: str) -> object:
    from pytake_cli.cli import front

    files = front.settings_files(os.getcwd())
    return front.setting(name, files, "") if files else None
