"""Photographs for the README: `python -m tests.kit.photographs` draws docs/images/*.svg, always the same.

The shop, its people and their numbers are made up; the clock stands still.
"""

from __future__ import annotations

import asyncio
import os
import re
from itertools import accumulate
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pytake_cli import clock, locale
from pytake_cli.flow.gist import gist, trigger_label, way_label
from pytake_cli.flow.loader import load
from pytake_cli.tui.cards.campaign import Pace
from pytake_cli.tui.options import Options
from pytake_cli.tui.screens.campaigns import CampaignsScreen
from tests.kit.api_answers import FakeApi
from tests.kit.screens import running, settle
from tests.kit.seven import NOW, Seven, desk

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
SIZE = (120, 40)
LARGEST = 120_000  # bytes
SPEEDS = (
    12,
    25,
    41,
    66,
    78,
    80,
    79,
    80,
    77,
    80,
    78,
    71,
    80,
    79,
    76,
    80,
    80,
    79,
    78,
    80,
    74,
    80,
    79,
    80,
    78,
    80,
    79,
    77,
)
TODAY = "2026-11-23"

# name, words, minutes ago, unread, labels, who has it, window closes in hours, status of the preview, bot
TALKS: tuple[tuple[str, str, int, int, list[str], str | None, float | None, str | None, bool], ...] = (
    ("Karina Silva", "Consegue parcelar em 12x?", 4, 2, ["vip"], "ana", 19.2, None, False),
    ("Marina Santos", "Vocês entregam em Osasco?", 1, 3, [], None, 23.9, None, False),
    ("Thiago Ribeiro", "Segue o comprovante", 2, 0, ["financeiro"], "ana", 23.5, None, False),
    ("Sônia Souza", "2ª via do boleto", 5, 0, [], None, 22.0, None, True),
    ("Úrsula Barbosa", "Posso trocar por um número maior?", 9, 1, ["troca"], "ana", 20.4, None, False),
    ("Wesley Pereira", "Te aviso assim que chegar", 11, 0, [], "ana", 1.2, "read", False),
    ("Eduarda Alves", "Perfeito, obrigada!", 64, 0, [], "ana", 0.6, None, False),
    ("Bruno Oliveira", "Combinado para sábado", 180, 0, ["vendas"], "ana", 14.0, "delivered", False),
    ("Zeca Rocha", "Cadê meu reembolso?", 1380, 2, ["urgente"], "ana", 0.1, None, False),
    ("Eduarda Dias", "Pode trocar o tamanho?", 1500, 0, [], None, None, None, False),
    ("Caio Melo", "obrigado", 2900, 0, [], "ana", None, None, False),
    ("Gabriela Dias", "Já separei para você", 4400, 0, [], "ana", None, "read", False),
    ("Heitor Lima", "Qual o horário no feriado?", 4500, 0, [], "ana", None, None, False),
    ("Isabela Rocha", "Recebi tudo certinho", 5800, 0, [], "ana", None, None, False),
)


def inbox() -> FakeApi:
    """A conversation about shoes, and those who wait beside it."""
    rows = [_row(5000 + at, *talk) for at, talk in enumerate(TALKS)]
    views = [
        ("mine", "Mine", 37),
        ("unassigned", "Unassigned", 12),
        ("all", "All", 214),
        ("closing", "Window closing", 3),
    ]
    api = desk()
    api.on["GET /views"] = {
        "items": [
            {"slug": slug, "name": name, "where": "", "builtin": True, "shared": False, "count": count, "unread": 0}
            for slug, name, count in views
        ]
    }
    api.on["GET /conversations"] = {"items": rows, "next": None, "total": 37}
    for row in rows:
        where = f"GET /conversations/{row['id']}"
        api.on |= {where: row, f"{where}/timeline": {"items": TIMELINE}, f"{where}/draft": {}, f"{where}/contact": {}}
    return api


def _row(
    id_: int, name: str, words: str, minutes: int, unread: int, labels: list[str], agent: str | None,
    hours: float | None, status: str | None, bot: bool,
) -> Json:  # fmt: skip
    said = _ago(minutes)
    return {
        "id": id_, "version": 1, "status": "bot" if bot else "open", "owner": "bot" if bot else "people",
        "flow": {"slug": "boas-vindas", "name": "boas-vindas"} if bot else None,
        "contact": {"id": id_, "name": name, "phone": f"+55119000{id_:05}", "vip": "vip" in labels},
        "number": {"id": 1, "display": "+55 11 4000-1234"}, "assignee": {"id": 3, "name": agent} if agent else None,
        "team": None, "priority": "urgent" if "urgente" in labels else "normal", "labels": labels, "unread": unread,
        "waiting_since": said if unread else None, "last_message_at": said, "preview": words, "preview_kind": "text",
        "preview_direction": "out" if status else "in", "preview_status": status, "created_at": said,
        "window_closes_at": _ago(-int(hours * 60)) if hours is not None else _ago(60),
    }  # fmt: skip


def _ago(minutes: int) -> str:
    from datetime import timedelta

    return f"{NOW - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


def _said(at: int, minutes: int, who: str, text: str, **more: Any) -> Json:
    kind = {"Karina Silva": "contact", "boas-vindas": "bot"}.get(who, "agent")
    said = {
        "id": f"m{at}", "type": "message", "at": _ago(minutes), "message": at, "kind": "text", "text": text,
        "direction": "in" if kind == "contact" else "out", "author": {"kind": kind, "name": who},
        "status": None if kind == "contact" else "read", "choices": [], "reactions": [],
    }  # fmt: skip
    return said | more


PHOTO = {"id": 9, "kind": "image", "name": "foto_tenis.jpg", "mime": "image/jpeg", "bytes": 1_200_000,
         "state": "stored", "width": 1080, "height": 1350, "seconds": None, "transcript": None}  # fmt: skip
TIMELINE = [
    _said(1, 1500, "Karina Silva", "Boa tarde! O tênis Corre 42 chegou?"),
    _said(2, 1490, "ana", "Chegou! Quer que eu separe?"),
    _said(3, 46, "boas-vindas", "Olá, Karina! Como posso ajudar?", choices=["Comprar", "2ª via", "Falar com gente"]),
    _said(4, 45, "Karina Silva", "Quero esse no 42", kind="image", media=PHOTO),
    _said(5, 40, "ana", "Temos sim! Preto ou branco?", reply_to=4, quote="Quero esse no 42", status="delivered"),
    _said(6, 31, "Karina Silva", "Preto, pode ser"),
    _said(7, 12, "Karina Silva", "Consegue parcelar em 12x sem juros no cartão? É que vi no site que dava, mas na"
          " hora de fechar apareceu só 6x e eu queria confirmar antes.", reactions=[{"emoji": "❤", "by": "agent"}]),
    {"id": "n1", "type": "note", "at": _ago(8), "note": 1, "author": {"id": 4, "name": "bia"},
     "body": "cliente VIP, 12x liberado até 31/12", "mentions": []},
    _said(8, 4, "ana", "Perfeito, gerando o link", status="sent"),
]  # fmt: skip


def campaign() -> FakeApi:
    """A campaign in the middle of its way."""
    counted = {"sent": 8412, "delivered": 8120, "read": 5003, "failed": 187}
    rows = [
        _campaign(4, "novidades-vip", "running", 12_000, "novidades_3", _ago(2), **counted),
        _campaign(3, "aviso-frete", "scheduled", 812, "frete_1", "2026-11-24T12:00:00Z"),
        _campaign(
            2, "pesquisa-nps", "paused", 1500, "nps_2", _ago(2200), sent=1200, delivered=960, read=529, failed=220
        ),
        _campaign(
            1, "natal-2025", "finished", 4980, "natal", "2025-12-20T12:00:00Z", sent=4980, delivered=4915, read=3536
        ),
    ]
    card = rows[0] | {
        "done": 8599, "waiting": 3390, "queued": 11, "replied": 412, "opted_out": 9, "skipped": 88,
        "started_at": _ago(2), "definition": {"max_cost": {"amount": "750.00", "currency": "USD"}}, "troubles": [],
        "failures": [
            {"code": 131026, "count": 121, "meaning": "número sem WhatsApp", "advice": "não tentar mais"},
            {"code": 131049, "count": 41, "meaning": "limite de marketing", "advice": "tentar de novo em 24 h"},
            {"code": 130472, "count": 16, "meaning": "pessoa em experimento da Meta", "advice": "não tentar"},
        ],
        "skips": [{"reason": "sem opt-in de marketing", "count": 88}],
    }  # fmt: skip
    replies = (("Marina Santos", "quero!", 6001), ("João Alves", "tem no 38?", 6002), ("Lívia Prado", "SAIR", 6003))
    api = desk()
    api.on["GET /campaigns"] = {"items": rows, "next": None}
    for row in rows:
        where = f"GET /campaigns/campaign:{row['id']}"
        api.on[where] = card if row["id"] == 4 else {**row, "done": row.get("sent", 0)}
        api.on[f"{where}/report"] = {"cost": {"amount": "525.75", "currency": "USD"}}
        api.on[f"{where}/replies"] = {
            "items": [
                {"at": _ago(0), "name": name, "text": text, "conversation_id": id_} for name, text, id_ in replies
            ]
        }
    return api


def _campaign(id_: int, name: str, status: str, people: int, template: str, at: str, **counts: int) -> Json:
    return {"id": id_, "name": name, "status": status, "reason": "", "recipients": people, "template": template,
            "at": at, **counts}  # fmt: skip


def flow() -> FakeApi:
    """A flow that ships, and a talk with it."""
    source = (ROOT / "flows" / "appointment.yaml").read_text(encoding="utf-8")
    found = load(source, "appointment.yaml")
    outline = [
        {
            "step": name, "verb": step.verb, "says": gist(step, "pt-BR"), "note": "",
            "ways": [{"label": way_label(way), "target": way.target} for way in step.ways()],
        }
        for name, step in found.steps.items()
    ]  # fmt: skip
    row = {"name": found.name, "title": found.title, "version": 3, "paused": False,
           "sessions": 12, "steps": len(outline),
           "starts": [trigger_label(each) for each in found.triggers], "language": "pt-BR"}  # fmt: skip
    api = desk()
    api.on["GET /flows"] = {"items": [row], "next": None}
    api.on[f"GET /flows/{found.name}"] = {**row, "outline": outline, "source": source}
    api.on["POST /flows/check"] = {"items": []}
    api.on["POST /simulator"] = _talk(found, outline)
    return api


def _talk(found: Any, outline: list[Json]) -> Json:
    from pytake_cli.flow.reply import Reply
    from pytake_cli.flow.testing import screen
    from pytake_cli.flow.testing.player import Player, World
    from pytake_cli.flow.testing.runner import Shelf
    from pytake_cli.services.business_hours import schedules

    tz = "America/Sao_Paulo"
    world = World(now=NOW, contact={"name": "Ana Souza", "language": "pt-BR"}, tz=tz, schedules=schedules(tz))
    player = Player(found, Shelf({found.name: found}), world)
    lines: list[Json] = []
    for words in ("agendar", "1"):
        lines.append({"at": "", "who": "customer", "text": words, "choices": []})
        player.hear(Reply("text", words))
        for said in player.said:
            choices = [option.choice for option in screen.options(said.speech)]
            lines.append(
                {"at": "", "who": "bot", "text": screen.words(said.speech), "choices": choices, "step": said.step}
            )
        player.said.clear()
    session = player.session
    step = session.wait.step if session is not None and session.wait is not None else outline[0]["step"]
    return {"id": "t1", "flow": found.name, "now": _ago(0), "lines": lines, "waits_for": "reply", "step": step,
            "outcome": None, "calls": [], "vars": {"nome": "Ana Souza"}, "contact": {}}  # fmt: skip


async def take(name: str, place: str, api: FakeApi) -> None:
    """One photograph."""
    options = Options(zone=ZoneInfo("America/Sao_Paulo"), theme="pytake-dark")
    async with running(Seven(api, place, language="pt-BR", options=options), SIZE) as (app, pilot):
        await pilot.pause(0.3)
        await settle(pilot)
        if isinstance(screen := app.screen, CampaignsScreen):
            screen.paces[4] = Pace(list(enumerate(accumulate(SPEEDS, initial=8412 - sum(SPEEDS)))))
            screen.draw()
            await settle(pilot)
        svg = without_fonts(app.export_screenshot(title="PyTake"))
    IMAGES.mkdir(parents=True, exist_ok=True)
    assert len(svg.encode()) <= LARGEST, f"{name} has {len(svg.encode())} bytes"
    (IMAGES / f"{name}.svg").write_text(svg, encoding="utf-8")


def without_fonts(svg: str) -> str:
    """The picture with the reader's own monospace font, and ids that are the same at every run."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace(
        "Fira Code, monospace", "ui-monospace, 'Fira Code', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
    )
    return re.sub(r"terminal-\d+", "terminal", svg)


def main() -> None:
    os.environ["TERM"] = "xterm-256color"
    clock.now = lambda: NOW
    locale.use("pt-BR")
    asyncio.run(take("inbox", "inbox", inbox()))
    asyncio.run(take("campaign", "campaigns", campaign()))
    asyncio.run(take("flow", "flows", flow()))


if __name__ == "__main__":
    main()
