"""What the API says to the screens beside the inbox in their tests: a shop whose people write awkwardly."""

from __future__ import annotations

from itertools import cycle
from typing import Any

from tests.kit.api_answers import FakeApi
from tests.kit.awkward import TEXTS
from tests.kit.seven import desk

Json = dict[str, Any]
STATUSES = ("running", "scheduled", "paused", "finished", "cancelled", "recurring")
AT = "2026-11-24T01:07:00Z"


def campaigns(texts: list[str]) -> FakeApi:
    """Campaigns of every status; the first one runs, with every kind of trouble."""
    words = cycle(texts)
    outcomes = {"sent": 8412, "delivered": 8120, "read": 5003, "failed": 187}
    rows = [
        {"id": 90 - at, "name": next(words) or f"sem-nome-{at}", "status": status, "recipients": 12_000,
         "template": next(words), "at": AT, **outcomes,
         "reason": "PT-CAMP-FAILURES" if status == "paused" else ""}
        for at, status in enumerate(STATUSES)
    ]  # fmt: skip
    when = {
        "launched_by": "ana", "approved_by": "bia", "launched_at": AT, "started_at": "2026-11-24T01:10:00Z",
        "finished_at": None,
    }  # fmt: skip
    counts = {
        **outcomes, "unknown": 2, "replied": 412, "opted_out": 9,
        "waiting": 3390, "skipped": 88, "cancelled": 0, "holdout": 0, "started": 8601,
    }  # fmt: skip
    more: Json = {
        **counts, **when, "audience": "vip", "plan_id": "p1", "definition": {}, "resume_at": None, "starts_at": None,
        "done": 8599, "queued": 11, "detail": next(words), "troubles": [next(words), next(words)],
        "failures": [{"code": 131026, "count": 121, "meaning": next(words), "advice": next(words)},
                     {"code": None, "count": 9, "meaning": next(words), "advice": ""}],
        "skips": [{"reason": "no-consent", "count": 88}],
    }  # fmt: skip
    api = desk()
    api.on["GET /campaigns"] = {"items": rows, "next": None}
    for row in rows:
        where = f"GET /campaigns/campaign:{row['id']}"
        api.on[where] = {**row, **more}
        api.on[f"{where}/report"] = {
            **counts, **when, "id": row["id"], "name": row["name"], "status": row["status"], "template": "promo",
            "query": "vip", "recipients": 12_000, "cost": {"amount": "525.75", "currency": "USD"}, "fates": {},
            "failures": [], "skips": [], "arms": [], "usage": [],
        }  # fmt: skip
        api.on[f"{where}/replies"] = {
            "items": [{"at": AT, "name": next(words), "text": next(words), "conversation_id": 6001, "contact_id": 1}]
        }
    return api


def contacts(texts: list[str]) -> FakeApi:
    """People with such names, tags, fields and notes."""
    words = cycle(texts)
    rows = [_person(at, next(words), next(words)) for at in range(1, 31)]
    api = desk()
    api.on["GET /contacts"] = {"items": rows, "next": None, "total": 48_213}
    for row in rows:
        api.on[f"GET /contacts/{row['id']}"] = {
            **row,
            "identities": [{"kind": "phone", "value": row["phone"], "retired_at": None}],
            "windows": [{"number": "+551140001234", "last_inbound_at": AT}],
            "consents": [{"purpose": "marketing", "granted": True, "source": next(words), "at": AT}],
            "notes": [{"body": next(words), "by": next(words), "at": AT}],
            "conversations": 7, "history": 3, "merged": [],
        }  # fmt: skip
        api.on[f"GET /contacts/{row['id']}/history"] = {
            "items": [{"id": 1, "at": AT, "what": "name", "before": next(words), "after": next(words), "actor": "ana"}]
        }
    return api


def _person(serial: int, name: str, word: str) -> Json:
    return {
        "id": serial, "display": name, "name": name, "profile_name": name, "phone": f"+5511900001{serial:03}",
        "username": None, "bsuid": None, "stage": word[:20], "score": serial, "vip": serial == 1, "tags": [word[:30]],
        "language": "pt_BR", "tz": "America/Sao_Paulo", "fields": {word[:20] or "cidade": word}, "blocked_at": None,
        "marketing_granted_at": AT if serial % 2 else None, "marketing_stopped_at": None, "utility_stopped_at": None,
        "opted_out_at": AT if serial == 4 else None, "last_seen_at": AT, "created_at": "2024-03-02T12:00:00Z",
        "updated_at": AT,
    }  # fmt: skip


def flows(texts: list[str]) -> FakeApi:
    """A flow with a circle and a step that nothing leads to, and a talk in the middle of it."""
    words = cycle(texts)
    steps = [
        _step("inicio", "say", next(words), {"": "menu"}),
        _step("menu", "ask", next(words), {next(words)[:40] or "1": "cpf", "2": "humano", "⏱": "fim"}),
        _step("cpf", "ask", next(words), {"✓": "boleto", "✗": "cpf", "3x": "humano"}),
        _step("boleto", "http", "GET /boleto", {"": "fim"}),
        _step("humano", "handoff", next(words), {}),
        _step("fim", "say", next(words), {}),
        _step("promo", "say", next(words), {}),
    ]
    row = {"name": "boas-vindas", "title": next(words), "version": 14, "paused": False, "sessions": 12,
           "starts": [next(words), next(words)], "steps": 7, "language": "pt-BR"}  # fmt: skip
    said = [("customer", next(words)), ("bot", next(words)), ("call", next(words)), ("note", next(words))]
    lines = [{"at": AT, "who": who, "text": text, "choices": [], "step": "menu"} for who, text in said]
    lines[1]["choices"] = [next(words)[:20] or "1", "Entrega", "Atendente"]
    api = desk()
    api.on["GET /flows"] = {"items": [row, {**row, "name": "nps", "paused": True}], "next": None}
    for name in ("boas-vindas", "nps"):
        api.on[f"GET /flows/{name}"] = {**row, "name": name, "outline": steps, "tree": "", "source": "name: x\n"}
        api.on[f"GET /flows/{name}/stats"] = {
            "steps": [{"step": "menu", "open": 7}, {"step": "cpf", "open": 4}], "flow": name, "since": None,
            "entries": 12, "open": 11, "lost": 0, "timeouts": 0, "invalid": 0, "handoffs": 0, "outcomes": [],
            "versions": [], "incidents": [], "ways": [],
        }  # fmt: skip
    talk = {"id": "t1", "flow": "boas-vindas", "now": AT, "lines": lines, "waits_for": "reply", "step": "cpf",
            "outcome": None, "calls": [], "vars": {"nome": next(words), "cpf": None}, "contact": {}}  # fmt: skip
    api.on["POST /simulator"] = api.on["POST /simulator/t1/say"] = talk
    return api


def _step(name: str, verb: str, says: str, ways: dict[str, str]) -> Json:
    told = [{"label": label, "target": target} for label, target in ways.items()]
    return {"step": name, "verb": verb, "says": says, "ways": told, "note": ""}


def templates(texts: list[str]) -> FakeApi:
    """Templates in several states."""
    words = cycle(texts)
    states = ("APPROVED", "PENDING", "REJECTED", "PAUSED", "APPROVED")
    rows = [
        {"id": at, "name": f"modelo_{at}", "language": "pt_BR", "category": "MARKETING" if at % 2 else "UTILITY",
         "status": state, "quality": "GREEN", "text": next(words), "usable": state == "APPROVED",
         "values": [{"key": str(at), "kind": "text", "required": True, "example": next(words)}],
         "reason": next(words) if state != "APPROVED" else "", "coming_category": "MARKETING" if at == 0 else "",
         "coming_at": "2026-12-01T00:00:00Z", "pulled_at": AT, "updated_at": AT,
         "components": [], "waba_id": "1", "gone_at": None}
        for at, state in enumerate(states)
    ]  # fmt: skip
    api = desk()
    api.on["GET /templates"] = {"items": rows, "next": None}
    for row in rows:
        api.on[f"POST /templates/{row['name']}/preview"] = {
            "name": row["name"], "language": "pt_BR", "category": row["category"], "header": next(words),
            "body": row["text"], "footer": next(words),
            "buttons": [next(words), "Depois"], "text": row["text"], "values": {}, "cards": [],
        }  # fmt: skip
    return api


def ops(texts: list[str]) -> FakeApi:
    """A shop in trouble."""
    words = cycle(texts)
    api = desk()
    api.on["GET /ops/status"] = {
        "state": "number, queue", "problems": [], "queued": 3588, "sending": 12, "unknown": 2, "oldest_queued_at": AT,
        "failed_24h": 187, "jobs_waiting": 4, "jobs_failed": 1, "quarantined": 1, "journal_backlog": 0,
        "last_webhook_at": AT, "last_inbound_at": AT, "windows_open": 812, "windows_closing": 37,
        "conversations": {"open": 37, "queued": 112, "bot": 9}, "oldest_waiting_at": AT,
        "numbers": [{"display": "+551140001234", "status": "CONNECTED", "quality": "GREEN", "tier": "TIER_10K",
                     "stopped": next(words)}],
    }  # fmt: skip
    api.on["GET /ops/queue"] = {"items": [
        {"id": f"message:{at}", "state": state, "about": next(words), "since": AT, "due_at": None, "attempts": at,
         "error": next(words)} for at, state in enumerate(("queued", "unknown", "failed", "quarantined"))
    ]}  # fmt: skip
    incidents = [
        {"id": at, "at": AT, "slug": "PT-META-UNKNOWN", "text": next(words), "conversation": None} for at in range(4)
    ]
    api.on["GET /ops/incidents"] = {"items": incidents}
    api.on["GET /ops/people"] = {"items": [
        {"id": 3, "name": next(words), "role": "AGENT", "availability": "available", "open": 12},
        {"id": 4, "name": next(words), "role": "AGENT", "availability": "paused", "open": 0},
    ]}  # fmt: skip
    return api


def metrics(texts: list[str]) -> FakeApi:
    """A week of the shop."""
    words = cycle(texts)
    figures = {"conversations": 1284, "first_reply_p50": 102.0, "first_reply_p95": 550.0, "resolved": 1102,
               "resolved_percent": 86.0, "bot_percent": 41.0, "rating": 4.6, "ratings": 212,
               "out_of_window": 37}  # fmt: skip
    api = desk()
    api.on["GET /analytics"] = {
        "period": {"name": "2026-W48", "unit": "week", "first": "2026-11-23", "last": "2026-11-29",
                   "since": "2026-11-23T03:00:00Z", "until": "2026-11-30T03:00:00Z", "previous": "2026-W47"},
        "cards": figures,
        "change": {"conversations": {"by": 12.0, "unit": "%", "good": True}, "first_reply_p50": None,
                   "out_of_window": {"by": 9.0, "unit": "", "good": False}},
        "agent": [{"agent": next(words), "resolved": 520 - at * 90, "first_reply_p50": 60.0}
                  for at in range(5)],
        "team": [{"team": next(words), "conversations": 12, "resolved": 9}],
        "label": [{"label": next(words), "conversations": 412 - at * 100} for at in range(4)],
        "flow": [{"flow": next(words), "sessions": 1000, "steps": [{"step": "menu", "people": 870}],
                  "loss": {"from": next(words), "to": "cpf", "percent": 54}}],
        "hour": [{"hour": hour, "messages": (hour * 37) % 91} for hour in range(24)],
        "day": [{"day": f"2026-11-{23 + at}", "conversations": 90, "first_reply_p50": 60.0 * at,
                 "first_reply_p95": None} for at in range(7)],
    }  # fmt: skip
    return api


SEVEN = {
    "campaigns": campaigns,
    "contacts": contacts,
    "flows": flows,
    "metrics": metrics,
    "templates": templates,
    "ops": ops,
}
AWKWARD = list(TEXTS.values())
