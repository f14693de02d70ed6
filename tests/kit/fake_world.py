"""Conversations in memory that speak the API's contract: what tests/kit/fake_api.py serves."""

from __future__ import annotations

import copy
import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pytake_cli import clock

Json = dict[str, Any]
FIRST = (
    "Marina",
    "Thiago",
    "Karina",
    "Sônia",
    "Úrsula",
    "Wesley",
    "Eduarda",
    "Bruno",
    "Zeca",
    "Caio",
    "Heitor",
    "João",
)
LAST = ("Santos", "Ribeiro", "Silva", "Souza", "Barbosa", "Pereira", "Alves", "Oliveira", "Rocha", "Melo", "Dias")
SAID = (
    "Vocês entregam em Osasco?", "Segue o comprovante", "Consegue parcelar em 12x sem juros no cartão?", "① 2ª via",
    "我的订单在哪里？", "Perfeito, obrigada! ❤️", "Cadê meu reembolso?", "Pode trocar o tamanho?", "مرحبا، أين طلبي؟",
    "[@click=app.quit]clique aqui[/]", "\x1b]0;pwned\x07oi", "👨‍👩‍👧‍👦 chegou!",
    "Boa tarde! Comprei o tênis Corre 42 na segunda e o código de rastreio não mudou, conseguem ver isso?",
)  # fmt: skip
ME = {"id": 3, "name": "ana"}
BIA = {"id": 4, "name": "bia"}
AGENT = (
    "conversations:read", "conversations:write", "contacts:read", "canned:read", "templates:read", "flows:read",
    "segments:read", "teams:read", "users:read", "org:read", "numbers:read",
)  # fmt: skip
CANNED = (
    {"key": "pix", "title": "Chave Pix", "text": "Nossa chave Pix é financeiro@lojasul.com.br"},
    {"key": "prazo", "title": "Prazo", "text": "O prazo de entrega é de {{prazo|5 a 7}} dias úteis."},
)


class Refusal(Exception):
    """A problem+json answer."""

    def __init__(self, status: int, slug: str, detail: str, **values: Any) -> None:
        super().__init__(slug)
        self.status = status
        self.body = {"type": f"urn:pytake:{slug}", "title": detail, "status": status, "slug": slug, "detail": detail,
                     "why": "", "fix": "", "values": values}  # fmt: skip


def iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


class World:
    """A shop with so many conversations; every change is an event that the live wire tells."""

    def __init__(self, count: int = 40, seed: int = 7) -> None:
        self.lock = threading.RLock()
        self.rows: dict[int, Json] = {}
        self.timelines: dict[int, list[Json]] = {}
        self.drafts: dict[int, Json] = {}
        self.events: list[Json] = []
        self.sent: list[Json] = []  # every message that was really accepted, in order
        self.typed_in: set[int] = set()  # conversations in which a colleague types
        self.keys: dict[str, Json] = {}
        self.changes: dict[int, tuple[int, Json]] = {}  # change -> conversation, row before
        self.acted: list[Json] = []
        self.on_event: Callable[[Json], None] = lambda event: None
        self.availability = "available"
        self._serial = 0
        chance = random.Random(seed)
        for index in range(count):
            self._seed(5000 + index, index, chance)

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    def _seed(self, id_: int, index: int, chance: random.Random) -> None:
        now = clock.now()
        at = now - timedelta(minutes=2 * index + chance.random())
        name = f"{FIRST[index % len(FIRST)]} {LAST[(index * 7) % len(LAST)]}"
        self.rows[id_] = {
            "id": id_, "version": 1, "status": "open", "owner": "bot" if index % 9 == 3 else "people",
            "flow": {"slug": "boas-vindas", "name": "boas-vindas"} if index % 9 == 3 else None,
            "contact": {"id": 400 + index, "name": name, "phone": f"+55119{60000000 + index}", "username": None,
                        "vip": index % 5 == 2, "language": "pt_BR", "blocked": False},
            "number": {"id": 1, "display": "+55 11 4000-0001"}, "assignee": ME if index % 3 == 0 else None,
            "team": {"id": 2, "name": "vendas"}, "priority": "high" if index % 17 == 4 else "normal",
            "labels": ["vip", "vendas"] if index % 5 == 2 else [], "unread": index % 4 if index < 12 else 0,
            "starred": False, "waiting_since": iso(at), "last_message_at": iso(at), "preview": SAID[index % len(SAID)],
            "preview_kind": "text", "preview_direction": "in", "preview_status": None,
            "window_closes_at": iso(at + timedelta(hours=24 - (index % 26))), "snoozed_until": None,
            "snoozed_until_reply": False,
            "sla": {"first_reply_due": None, "next_reply_due": None, "resolution_due": None, "breached": []},
            "draft": False, "created_at": iso(at - timedelta(days=1)), "resolved_at": None, "rating": None,
            "standby": False,
        }  # fmt: skip
        self.timelines[id_] = []
        self._history(id_, index, at)

    def _history(self, id_: int, index: int, at: datetime) -> None:
        self._item(id_, at - timedelta(days=1, minutes=30), "in", "Boa tarde! O tênis Corre 42 chegou?")
        self._item(id_, at - timedelta(days=1, minutes=19), "out", "Chegou! Quer que eu separe?", status="read")
        self._item(id_, at - timedelta(minutes=6), "out", "Olá! Como posso ajudar?", status="read",
                   author={"kind": "bot", "name": "boas-vindas"},
                   choices=["Comprar", "2ª via", "Falar com gente"])  # fmt: skip
        image = {"id": 9, "kind": "image", "name": "foto_tenis.jpg", "mime": "image/jpeg", "bytes": 1_200_000,
                 "state": "stored", "width": 1080, "height": 1350, "seconds": None, "transcript": None}  # fmt: skip
        self._item(id_, at - timedelta(minutes=5), "in", "Quero esse no 42", kind="image", media=image)
        self._item(id_, at - timedelta(minutes=4), "out", "Temos sim! Preto ou branco?", status="delivered",
                   quote="Quero esse no 42", reply_to=1)  # fmt: skip
        self.timelines[id_].append({"id": f"n{self.serial()}", "type": "note", "at": iso(at - timedelta(minutes=3)),
                                    "note": self._serial, "author": BIA, "body": "@ana cliente VIP, 12x liberado",
                                    "mentions": [3]})  # fmt: skip
        if index % 4 == 2:
            self._item(id_, at - timedelta(minutes=2), "out", "Perfeito, gerando o link", status="failed",
                       error={"code": 131026, "says": "o número não recebe"})  # fmt: skip
        self._item(id_, at, "in", SAID[index % len(SAID)], reactions=[{"emoji": "❤️", "by": "contact"}])

    def _item(self, id_: int, at: datetime, direction: str, text: str, **more: Any) -> Json:
        number = self.serial()
        incoming = direction == "in"
        author = {"kind": "contact", "name": self.rows[id_]["contact"]["name"]} if incoming else {"kind": "agent", **ME}
        item = {
            "id": f"m{number}", "type": "message", "at": iso(at), "message": number, "direction": direction,
            "kind": "text", "text": text, "author": author, "status": None if incoming else "sent", "error": None,
            "reply_to": None, "quote": None, "media": None, "choices": [], "template": None, "reactions": [],
            "edited": False, "deleted": False, "client_id": None, **more,
        }  # fmt: skip
        self.timelines[id_].append(item)
        return item

    def card(self, id_: int) -> Json:
        """Who the customer is, as `GET /conversations/{id}/contact` tells it."""
        row = self.rows[id_]
        who = row["contact"]
        previous = {"id": 4881, "status": "resolved", "preview": "obrigado", "last_message_at": row["created_at"],
                    "resolved_at": row["created_at"], "rating": 5}  # fmt: skip
        return {
            "id": who["id"], "display": who["name"], "phone": who["phone"], "username": None,
            "name": "", "profile_name": who["name"], "stage": "lead", "score": 12, "vip": who["vip"],
            "tags": ["tenis"], "language": "pt_BR", "tz": "", "fields": {"cidade": "São Paulo", "plano": "Pro"},
            "blocked_at": None, "opted_out_at": None, "marketing_granted_at": row["created_at"],
            "marketing_stopped_at": None, "identities": [], "windows": [],
            "notes": [{"by": "bia", "body": "prefere Pix", "at": row["created_at"]}], "conversations": 2,
            "created_at": row["created_at"], "previous": [previous],
        }  # fmt: skip

    # -- what happens --------------------------------------------------------------------------------------------------

    def tell(self, kind: str, id_: int | None, payload: Json, *, kept: bool = True) -> None:
        """An event; without `kept` it has no id and is told to whom is there."""
        event = {"type": "event", "kind": kind, "at": iso(clock.now()), "conversation": id_, "payload": payload}
        if kept:
            event["id"] = len(self.events) + 1
            self.events.append(event)
        self.on_event(event)
        if id_ is not None and kind in ("message:new", "conversation:updated"):
            # Also the end of the timeline, as if somebody had it open: an inbox takes it only if it has.
            tail = copy.deepcopy(self.timelines[id_][-12:])
            self.on_event({"type": "timeline", "conversation": id_, "through": event.get("id", 0), "items": tail})
            shared = {key: value for key, value in self.rows[id_].items() if key not in ("starred", "draft")}
            self.on_event({"type": "rows", "rows": [copy.deepcopy(shared)]})

    def touch(self, id_: int, what: str = "", by: Json | None = None, **fields: Any) -> Json:
        """Changes a conversation and tells it."""
        row = self.rows[id_]
        row.update(fields, version=row["version"] + 1)
        payload = {key: row[key] for key in ("version", "status", "owner", "assignee", "team", "priority")}
        self.tell("conversation:updated", id_, {"conversation": id_, **payload, "by": by, "what": what})
        return row

    def customer_says(self, id_: int, text: str, **more: Any) -> Json:
        """The customer writes."""
        with self.lock:
            now = clock.now()
            item = self._item(id_, now, "in", text, **more)
            row = self.rows[id_]
            row.update(preview=text, preview_direction="in", preview_status=None, unread=row["unread"] + 1,
                       last_message_at=iso(now), window_closes_at=iso(now + timedelta(hours=24)))  # fmt: skip
            row["waiting_since"] = row["waiting_since"] or iso(now)
            row["version"] += 1
            self._told_message(id_, item)
            return item

    def agent_says(self, id_: int, text: str, author: Json = BIA, **more: Any) -> Json:
        """A colleague answers, or this person does."""
        with self.lock:
            item = self._item(id_, clock.now(), "out", text, author={"kind": "agent", **author}, **more)
            self.rows[id_].update(preview=text, preview_direction="out", preview_status="sent", waiting_since=None,
                                  last_message_at=item["at"])  # fmt: skip
            self.rows[id_]["version"] += 1
            self._told_message(id_, item)
            return item

    def _told_message(self, id_: int, item: Json) -> None:
        payload = {"message": item["message"], "conversation": id_, "contact": self.rows[id_]["contact"]["id"],
                   "direction": item["direction"], "kind": item["kind"]}  # fmt: skip
        self.tell("message:new", id_, payload)

    def status(self, id_: int, message: int, status: str) -> None:
        """Meta tells how far a message got."""
        with self.lock:
            for item in self.timelines[id_]:
                if item.get("message") == message:
                    item["status"] = status
            self.tell("message:status", id_, {"statuses": [[message, status]]})

    def types(self, id_: int, who: Json = BIA, mode: str = "reply") -> None:
        """A colleague types."""
        self.typed_in.add(id_)
        self.tell("agent:typing", id_, {"conversation": id_, "user": who, "mode": mode}, kept=False)

    def views(self, id_: int, who: Json = BIA) -> None:
        """A colleague looks."""
        self.tell("agent:viewing", id_, {"conversation": id_, "user": who}, kept=False)

    # -- what is asked -------------------------------------------------------------------------------------------------

    def send(self, id_: int, body: Json) -> Json:
        """POST …/messages, with the guards of the contract; the client's own id makes it safe to repeat."""
        key = body.get("client_id")
        if key in self.keys:
            return self.keys[key]
        row = self.rows[id_]
        closed = row["window_closes_at"] is None or row["window_closes_at"] <= str(iso(clock.now()))
        if closed and "template" not in body:
            raise Refusal(409, "PT-WINDOW-CLOSED", "the window is closed")
        if row["owner"] == "bot" and not body.get("takeover"):
            raise Refusal(409, "PT-BOT-OWNS", "a flow is in control")
        if id_ in self.typed_in and not body.get("sure"):
            raise Refusal(409, "PT-COLLEAGUE-TYPING", "bia is writing an answer")
        ids = [item["id"] for item in self.timelines[id_]]
        if body.get("seen") in ids and not body.get("sure"):
            later = self.timelines[id_][ids.index(body["seen"]) + 1 :]
            other = next((each for each in later if (each.get("author") or {}).get("id") == BIA["id"]), None)
            if other is not None and other["type"] == "message":
                raise Refusal(409, "PT-COLLISION", "bia answered meanwhile", who="bia")
        if body.get("takeover") and row["owner"] == "bot":
            self.touch(id_, "taken_over", ME, owner="people", flow=None)
        named = f"[{body['template']['name']}]" if body.get("template") else ""
        item = self.agent_says(id_, body.get("text") or (body.get("media") or {}).get("caption") or named, ME,
                               client_id=body.get("client_id"), reply_to=body.get("reply_to"))  # fmt: skip
        self.sent.append(item)
        if key:
            self.keys[key] = item
        return item

    def note(self, id_: int, body: Json, author: Json = ME) -> Json:
        key = body.get("client_id")
        if key in self.keys:
            return self.keys[key]
        number = self.serial()
        item = {"id": f"n{number}", "type": "note", "at": iso(clock.now()), "note": number, "author": author,
                "body": body["body"], "mentions": [], "client_id": body.get("client_id")}  # fmt: skip
        self.timelines[id_].append(item)
        self.tell("note:new", id_, {"note": number, "conversation": id_})
        if key:
            self.keys[key] = item
        return item

    def act(self, id_: int, body: Json) -> Json:
        """POST …/actions."""
        self.acted.append(body)
        row = self.rows[id_]
        before = copy.deepcopy(row)
        if body["action"] == "claim" and row["assignee"] and row["assignee"] != ME and not body.get("sure"):
            raise Refusal(409, "PT-CLAIMED", f"{row['assignee']['name']} has it already", who=row["assignee"]["name"])
        what, fields = _effect(row, body)
        self.touch(id_, what, ME, **fields)
        change = self.serial()
        self.changes[change] = (id_, before)
        if what:
            told = {"what": what, "by": ME, "before": {}, "after": {}, "undoable": True}
            at = iso(clock.now())
            self.timelines[id_].append({"id": f"c{change}", "type": "change", "at": at, "change": change, **told})
        return {"conversation": row, "change": change, "undo_until": iso(clock.now() + timedelta(seconds=10))}

    def undo(self, change: int) -> Json:
        id_, before = self.changes.pop(change)
        before.pop("version")
        self.touch(id_, "undone", ME, **before)
        return {"done": [id_]}


EFFECTS: dict[str, tuple[str, Callable[[Json, Json], Json]]] = {
    "claim": ("assigned", lambda row, body: {"assignee": ME}),
    "assign": ("assigned", lambda row, body: {"assignee": BIA if body.get("user") == BIA["id"] else ME}),
    "unassign": ("unassigned", lambda row, body: {"assignee": None}),
    "resolve": ("resolved", lambda row, body: {"status": "resolved", "waiting_since": None}),
    "reopen": ("reopened", lambda row, body: {"status": "open", "resolved_at": None}),
    "snooze": ("snoozed", lambda row, body: {"status": "snoozed", "snoozed_until": body.get("until")}),
    "wake": ("woken", lambda row, body: {"status": "open", "snoozed_until": None}),
    "takeover": ("taken_over", lambda row, body: {"owner": "people", "flow": None}),
    "handback": (
        "handed_back",
        lambda row, body: {"owner": "bot", "flow": {"slug": "boas-vindas", "name": "boas-vindas"}},
    ),
    "label": (
        "labelled",
        lambda row, body: {"labels": sorted({*row["labels"], *body.get("add", ())} - {*body.get("remove", ())})},
    ),
    "priority": ("priority", lambda row, body: {"priority": body.get("level", "high")}),
    "star": ("", lambda row, body: {"starred": True}),
    "unstar": ("", lambda row, body: {"starred": False}),
    "read": ("", lambda row, body: {"unread": 0}),
    "unread": ("", lambda row, body: {"unread": max(1, row["unread"])}),
}


def _effect(row: Json, body: Json) -> tuple[str, Json]:
    """(what the timeline says, the fields that become other) of an action."""
    if body["action"] not in EFFECTS:
        raise Refusal(422, "PT-API-BODY", f"no action {body['action']}")
    what, fields = EFFECTS[body["action"]]
    return what, fields(row, body)
