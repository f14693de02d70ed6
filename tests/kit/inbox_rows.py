"""What the API says to the inbox in its tests: a conversation, those beside it, and all that its dialogs ask for."""

from __future__ import annotations

from itertools import cycle
from typing import Any

from tests.kit.api_answers import FakeApi
from tests.kit.seven import desk
from tests.kit.seven_rows import AT

Json = dict[str, Any]
ROWS = 20


def inbox(texts: list[str]) -> FakeApi:
    """Twenty customers who are called and write so; the first one in every way there is."""
    words = cycle(texts)
    rows = [_row(5000 + at, next(words), next(words), next(words)) for at in range(ROWS)]
    api = desk()
    api.on["GET /views"] = {"items": [
        {"slug": slug, "name": name, "where": "", "builtin": not at, "shared": False, "count": 20, "unread": 0}
        for at, (slug, name) in enumerate((("mine", "Mine"), ("theirs", next(words))))
    ]}  # fmt: skip
    api.on["GET /conversations"] = {"items": rows, "next": None, "total": ROWS}
    for row in rows:
        where = f"GET /conversations/{row['id']}"
        api.on[where], api.on[f"{where}/draft"] = row, {}
        api.on[f"{where}/timeline"] = {"items": _timeline(row["id"], words)}
        api.on[f"{where}/contact"] = _card(row, words)
        api.on[f"DELETE /conversations/{row['id']}/draft"] = api.on[f"PUT /conversations/{row['id']}/draft"] = {}
        api.on[f"POST /conversations/{row['id']}/actions"] = (409, {"slug": "PT-CLAIMED", "detail": next(words)})
    return api


def desk_of_dialogs(texts: list[str]) -> Json:
    """What dialogs and popups ask the API for, with such names."""
    words = cycle(texts)
    on: Json = {
        "GET /users": {"items": [{"id": at, "name": next(words), "availability": "online"} for at in range(1, 13)]},
        "GET /teams": {"items": [{"id": 1, "name": next(words)}]},
        "GET /labels": {"items": [{"name": next(words)} for _at in range(12)]},
        "GET /macros": {"items": [{"name": next(words), "steps": [next(words), next(words)]} for _at in range(6)]},
        "GET /canned": {"items": [{"key": f"k{at}", "title": "", "text": next(words)} for at in range(5)]},
        "GET /activity": {"items": [
            {"change": at, "at": AT, "what": "labelled", "by": {"name": next(words)}, "after": {"labels": []},
             "conversation": 5000, "undoable": True} for at in range(12)
        ]},
    }  # fmt: skip
    templates = []
    for at in range(6):
        text = next(words)
        values = [{"key": next(words)[:30], "kind": "text", "required": True, "example": next(words)}]
        templates.append({"id": at, "name": f"m{at}", "language": "pt_BR", "category": "UTILITY", "status": "APPROVED",
                          "quality": "GREEN", "text": text, "usable": True, "values": values})  # fmt: skip
        on[f"POST /templates/m{at}/preview"] = {
            "name": f"m{at}", "header": next(words), "body": text, "footer": next(words), "buttons": [next(words)],
            "text": text, "values": {}, "cards": [],
        }  # fmt: skip
    return {**on, "GET /templates": {"items": templates, "next": None}}


def _row(id_: int, name: str, words: str, label: str) -> Json:
    return {
        "id": id_, "version": 1, "status": "open", "owner": "people", "flow": None,
        "contact": {"id": id_, "name": name, "phone": f"+55119000{id_}", "vip": True},
        "number": {"id": 1, "display": "+55 11 4000-1234"}, "assignee": {"id": 3, "name": "ana"},
        "team": {"id": 2, "name": label[:20]}, "priority": "normal", "labels": [label[:20]], "unread": 1,
        "waiting_since": AT, "last_message_at": AT, "preview": words, "preview_kind": "text",
        "preview_direction": "in", "preview_status": None, "created_at": AT,
        "window_closes_at": "2026-11-24T20:00:00Z",
    }  # fmt: skip


def _timeline(id_: int, words: Any) -> list[Json]:
    def said(at: int, direction: str, **more: Any) -> Json:
        author = {"kind": "contact" if direction == "in" else "agent", "name": next(words)}
        return {"id": f"m{id_}{at}", "type": "message", "at": AT, "message": id_ * 10 + at, "kind": "text",
                "text": next(words), "direction": direction, "author": author, "choices": [], "reactions": [],
                "status": None if direction == "in" else "sent", **more}  # fmt: skip

    media = {"id": 9, "kind": "document", "name": next(words), "mime": "application/pdf", "bytes": 9, "state": "stored",
             "transcript": next(words)}  # fmt: skip
    error = {"code": 131026, "says": next(words)}
    change = {"change": 1, "what": "assigned", "by": {"name": next(words)}, "after": {"assignee": {"name": "bia"}}}
    return [
        said(0, "in", choices=[next(words)], quote=next(words), reply_to=1),
        said(1, "out", status="failed", error=error, template={"name": next(words)}),
        said(2, "in", reactions=[{"emoji": next(words)[:12], "by": "x"}]),
        {"id": f"c{id_}", "type": "change", "at": AT, "before": {}, "undoable": True, **change},
        {"id": f"n{id_}", "type": "note", "at": AT, "note": 1, "author": {"id": 3, "name": "ana"}, "body": next(words)},
        said(3, "in", kind="document", media=media),
    ]


def _card(row: Json, words: Any) -> Json:
    return {
        "id": row["contact"]["id"], "display": row["contact"]["name"], "phone": "", "username": None, "name": "",
        "profile_name": "", "stage": next(words)[:20], "score": 0, "vip": True, "tags": [next(words)[:20]],
        "language": "pt_BR", "tz": "", "fields": {next(words)[:20] or "f": next(words)}, "blocked_at": None,
        "opted_out_at": None, "marketing_granted_at": None, "marketing_stopped_at": None, "identities": [],
        "windows": [], "notes": [{"by": next(words), "body": next(words), "at": AT}], "conversations": 2,
        "created_at": AT, "previous": [],
    }  # fmt: skip
