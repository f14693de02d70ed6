"""Flows: the steps as a tree, what is wrong with the file, a talk with a clock of its own, publishing."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from pytake_cli import clock
from pytake_cli.locale import _
from pytake_cli.tui import draw, ourselves
from pytake_cli.tui.cards import flow as cards
from pytake_cli.tui.cards.flow import Branch, Overlay
from pytake_cli.tui.dialogs.shown import Shown
from pytake_cli.tui.live import Event, Ready
from pytake_cli.tui.measure import cut
from pytake_cli.tui.rows import Json
from pytake_cli.tui.safe import one_line, own, safe_json, safe_text
from pytake_cli.tui.screens.listing import Listing
from pytake_cli.tui.signs import sign
from pytake_cli.tui.widgets.field import Field
from pytake_cli.tui.widgets.sheet import Maker, Sheet
from pytake_cli.tui.widgets.table import Column, Record, Table, plain

WATCH_SECONDS = 1.0  # between two looks at the file
LARGEST_FILE = 1_000_000  # characters
_WAIT = re.compile(r"/(?:wait|esperar|after)\s+(\d+)\s*(s|m|min|h|d)?", re.IGNORECASE)
_MEDIA = re.compile(r"/(image|imagem|video|vídeo|audio|áudio|document|documento)\b\s*(.*)", re.IGNORECASE)
MEDIA = {"imagem": "image", "vídeo": "video", "áudio": "audio", "documento": "document"}
UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


class Saying(Field):
    """Where one speaks as the customer."""

    CHAIN: ClassVar[str] = "simulator"


class FlowsScreen(Listing):
    """Screen 4."""

    CHAIN: ClassVar[str] = "flows"
    DEFAULT_CSS = """
    FlowsScreen #steps { width: 1fr; }
    FlowsScreen #list { height: auto; min-height: 3; max-height: 30%; border-bottom: solid $faint; }
    FlowsScreen #tree { height: 1fr; }
    FlowsScreen #problems { height: auto; max-height: 8; border-top: solid $faint; }
    FlowsScreen #simulator { width: 1fr; border-left: solid $faint; }
    FlowsScreen #talk { height: 1fr; padding: 0 1; }
    FlowsScreen #standing { height: auto; max-height: 8; padding: 0 1; }
    FlowsScreen #clock { height: 1; padding: 0 1; }
    FlowsScreen.-tiny #simulator { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.cards: dict[str, Json] = {}
        self.found: dict[str, list[Branch]] = {}
        self.heat: dict[str, dict[str, int]] = {}
        self.mistakes: dict[str, list[Json]] = {}
        self.files: dict[str, tuple[float, str]] = {}  # of each flow: when its file was written, and what it says
        self.talk: Json | None = None
        self.shows_heat = False
        self._checked: dict[str, float] = {}

    def body(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="steps"):
                yield Table(_("no flow is published · pytake flow publish"), slot="list")
                yield Sheet(slot="tree")
                yield Sheet(slot="problems")
                yield self.search_field()
            with Vertical(id="simulator"):
                yield Sheet(slot="clock")
                yield Sheet(slot="talk")
                yield Sheet(slot="standing")
                yield Saying(own(_("speak as the customer · 1 = option · /wait 2h · /image")), slot="say", shown=True)

    def on_mount(self) -> None:
        self.query_one("#clock").can_focus = self.query_one("#standing").can_focus = False
        self.set_interval(WATCH_SECONDS, self._watch)
        self.begin()

    def key_of(self, item: Json) -> int | str:
        return str(item["name"])

    def named(self) -> dict[str, str]:
        return {"flow": str(row["name"])} if (row := self.chosen) is not None else {}

    # -- what there is -------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """The flows, then the chosen one."""
        self.items = await self.inbox.client.every("/flows")
        self.draw()
        if (row := self.chosen) is not None:
            await self._load_card(str(row["name"]))

    async def _load_card(self, name: str) -> None:
        card = await self.inbox.client.ask("GET", f"/flows/{name}")
        source = card["source"]
        self.cards[name] = safe_json(card) | {"source": source}
        self.found[name] = cards.branches(self.cards[name]["outline"])
        if self.shows_heat:
            stats = await self.inbox.client.get(f"/flows/{name}/stats")
            self.heat[name] = {str(step["step"]): int(step.get("open") or 0) for step in stats["steps"]}
        await self._check(name)
        if self.talk is None or self.talk.get("flow") != name:
            await self._begin_talk(name)
        self.draw()

    async def _check(self, name: str) -> None:
        """The file beside us, if there is one: what is wrong with it."""
        path = self.path(name)
        try:
            written = path.stat().st_mtime
            text = path.read_text(encoding="utf-8")[:LARGEST_FILE]
        except (OSError, UnicodeDecodeError):
            self.files.pop(name, None)
            return
        self.files[name] = written, text
        self.mistakes[name] = list((await self.inbox.client.post("/flows/check", {"text": text}))["items"])

    def path(self, name: str) -> Path:
        """Where the flow's file would be."""
        return Path("flows") / f"{name}.yaml"

    def _watch(self) -> None:
        row = self.chosen
        if row is None or not self.is_current:
            return
        name = str(row["name"])
        try:
            written = self.path(name).stat().st_mtime
        except OSError:
            return
        if name in self.cards and self.files.get(name, (0.0, ""))[0] != written:
            self.quietly(partial(self._saved, name), group="check")

    async def _saved(self, name: str) -> None:
        await self._check(name)
        self.draw()

    # -- what is shown -------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Everything anew, from what is known."""
        shown = [row for row in self.items if self.matches(row, "name", "title")]
        self.table.fill(self._columns(), [self._record(row) for row in shown])
        row = self.chosen
        card = self.cards.get(str(row["name"])) if row else None
        tree, wrong = self.query_one("#tree", Sheet), self.query_one("#problems", Sheet)
        if card is None:
            tree.show(lambda room, look: [])
            wrong.display = False
            return
        name = str(card["name"])
        over, found = self._overlay(name), self.found[name]
        tree.show(lambda room, look: cards.tree(found, over, room, look))
        wrong.display = name in self.files
        rows = self.mistakes.get(name, [])
        wrong.show(lambda room, look: cards.problems(rows, str(self.path(name)), room, look))
        self._draw_talk()

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column(_("flow"), 14, grows=True),
            Column(_("version"), 14, order=2),
            Column(_("people"), 7, right=True, order=3),
            Column(_("starts with"), 14, order=4, grows=True),
        )

    def _record(self, row: Json) -> Record:
        look, name = self.inbox.look, str(row["name"])
        card = self.cards.get(name)
        drafted = bool(card and name in self.files and self.files[name][1] != card["source"])
        version = f"v{row.get('version')}" + (f" {sign('●')} {_('draft')}" if drafted else "")
        state = f"{version} {sign('‖')}" if row.get("paused") else version
        starts = f" {sign('·')} ".join(cards.start(str(each)) for each in row.get("starts") or ())
        return Record(
            name,
            (
                plain(name, look.strong),
                (state, look.warn if row.get("paused") or drafted else look.muted),
                (draw.figure(row.get("sessions")), look.plain),
                plain(starts, look.muted),
            ),
        )

    def _overlay(self, name: str) -> Overlay:
        here = self.talk.get("step") if self.talk and self.talk.get("flow") == name else None
        wrong: dict[str, str] = {}
        lines = self.files[name][1].splitlines() if name in self.files else []
        for mistake in self.mistakes.get(name, ()):
            if (step := _step_at(lines, mistake.get("line"))) is not None:
                wrong[step] = str(mistake.get("severity"))
        return Overlay(here, self.heat.get(name, {}) if self.shows_heat else None, wrong)

    def _draw_talk(self) -> None:
        talk, zone = self.talk, self.inbox.zone
        if talk is None:
            return
        at = draw.moment(talk.get("now"))
        told = _("simulator · nothing goes to Meta") + (
            f" {sign('·')} {at.astimezone(zone):%d/%m %H:%M:%S}" if at else ""
        )
        self.query_one("#clock", Sheet).show(lambda room, look: [((told, look.muted),)])
        self.query_one("#talk", Sheet).show(lambda room, look: cards.talk(talk, room, look))
        self.query_one("#standing", Sheet).show(lambda room, look: cards.standing(talk, room, look))
        self.query_one("#talk", Sheet).scroll_end(animate=False)

    @on(Table.Moved)
    def _moved(self, event: Table.Moved) -> None:
        self.draw()
        if isinstance(event.key, str):
            self.quietly(partial(self._load_card, event.key), group="card", after=0.1)

    def on_live(self, events_: list[Event]) -> None:
        if any(event.kind.startswith("flow:") for event in events_):
            self.reload()

    def on_connected(self, ready: Ready, again: bool) -> None:
        if again:
            self.reload()

    # -- the simulator -------------------------------------------------------------------------------------------------

    async def _begin_talk(self, name: str) -> None:
        body: Json = {"flow": name}
        if name in self.files and not any(each.get("severity") == "error" for each in self.mistakes.get(name, ())):
            body = {"text": self.files[name][1]}
        self.talk = await self.inbox.client.post("/simulator", body)

    @on(Input.Submitted, "#say")
    def _said(self, event: Input.Submitted) -> None:
        words, event.input.value = event.value.strip(), ""
        if words and self.talk is not None:
            self.later(self._say(words))

    async def _say(self, words: str) -> None:
        assert self.talk is not None
        where, body = f"/simulator/{self.talk['id']}/say", self._meant(words)
        if (wait := _WAIT.fullmatch(words)) is not None:
            where = f"/simulator/{self.talk['id']}/advance"
            body = {"seconds": int(wait[1]) * UNITS[(wait[2] or "s").lower()]}
        self.talk = await self.inbox.client.post(where, body)
        self.draw()

    def _meant(self, words: str) -> Json:
        """An option by its number, a file, or words."""
        options: list[str] = next(
            (line["choices"] for line in reversed((self.talk or {}).get("lines") or ()) if line.get("choices")), []
        )
        if words.isdecimal() and 1 <= int(words) <= len(options):
            return {"choice": options[int(words) - 1]}
        if (media := _MEDIA.fullmatch(words)) is not None:
            kind = media[1].lower()
            return {"media": MEDIA.get(kind, kind), "caption": media[2]}
        return {"text": words}

    @on(Field.Left, "#say")
    def _left_talk(self) -> None:
        self.table.focus()

    def do_flow_open(self) -> None:
        self.query_one("#say", Field).focus()

    async def do_flow_restart(self) -> None:
        if (row := self.chosen) is not None:
            await self._begin_talk(str(row["name"]))
            self.draw()

    async def do_flow_record(self) -> None:
        """Writes the talk as a test, behind those that the flow's test file has."""
        talk = self.talk
        if talk is None or not talk.get("lines"):
            self.inbox.tell(own(_("nothing was said yet")))
            return
        if (flow := self._file(str(talk["flow"]))) is None:
            return
        path = flow.with_name(f"{flow.stem}.test.yaml")
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        name = _("a talk of {when}").format(when=f"{clock.now().astimezone(self.inbox.zone):%Y-%m-%d %H:%M}")
        where = f"/simulator/{talk['id']}/record"
        done = await self.inbox.client.ask("POST", where, body={"name": name, "before": before})
        path.write_text(done["text"], encoding="utf-8")
        self.inbox.tell(own(_("{path} has the talk as a test").format(path=path)))

    # -- the flow ------------------------------------------------------------------------------------------------------

    async def do_flow_heat(self) -> None:
        self.shows_heat = not self.shows_heat
        if (row := self.chosen) is not None:
            await self._load_card(str(row["name"]))

    async def do_flow_pause(self) -> None:
        if (row := self.chosen) is not None:
            await self.inbox.client.post(f"/flows/{row['name']}/{'enable' if row.get('paused') else 'disable'}")
            await self.load()

    def do_flow_edit(self) -> None:
        if (row := self.chosen) is None:
            return
        name = str(row["name"])
        if (path := self._file(name)) is None:
            return
        line = next((each.get("line") for each in self.mistakes.get(name, ()) if each.get("line")), 1)
        editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
        with self.inbox.suspend():
            subprocess.run([*editor, f"+{line}", str(path)], check=False)  # noqa: S603 - what the person set
        self.quietly(partial(self._saved, name), group="check")

    async def do_flow_diff(self) -> None:
        if (found := self._changed()) is not None:
            name, before, after = found
            title = own(_("What publishing {name} would change").format(name=name))
            await self.inbox.ask(Shown(title, _difference(name, before, after), sure=False))

    async def do_flow_publish(self) -> None:
        if (found := self._changed()) is None:
            return
        name, before, after = found
        title = own(_("Publish {name}?").format(name=name))
        if not await self.inbox.ask(Shown(title, _difference(name, before, after), sure=True)):
            return
        done = await self.inbox.client.post("/flows/publish", {"text": after})
        told = _("{name} v{version} is published")
        self.inbox.tell(own(told.format(name=name, version=done.get("version"))))
        await self.load()

    async def do_flow_coverage(self) -> None:
        """The tests of the chosen flow's file, and what none of them has walked."""
        if (row := self.chosen) is None or not (path := self._file(str(row["name"]))):
            return
        data, told = await ourselves.run("flow", "test", str(path), "--cov", "--plain", "--no-color")
        lines = safe_text(f"{data}\n{told}".strip()).split("\n")
        title = own(_("What the tests of {name} have walked").format(name=one_line(str(row["name"]))))
        await self.inbox.ask(Shown(title, lambda room, look: [((cut(line, room), look.plain),) for line in lines]))

    async def do_flow_picture(self) -> None:
        if (row := self.chosen) is None or not (path := self._file(str(row["name"]))):
            return
        data, told = await ourselves.run("flow", "graph", str(path), "--format", "svg")
        if not data:
            self.inbox.tell(one_line(told), "warning")
            return
        self.inbox.tell(own(_("saved as {path}").format(path=self.save(f"{path.stem}.svg", data.encode()))))

    def _file(self, name: str) -> Path | None:
        """The flow's file beside us; None, which is told: there is none."""
        path = self.path(name)
        if path.is_file():
            return path
        self.inbox.tell(own(_("there is no file {path} here").format(path=path)), "warning")
        return None

    def _changed(self) -> tuple[str, str, str] | None:
        """The chosen flow, what is published and what its file says."""
        row = self.chosen
        name = str(row["name"]) if row else ""
        if name not in self.files or name not in self.cards:
            self.inbox.tell(own(_("there is no file {path} here").format(path=self.path(name))), "warning")
            return None
        return name, str(self.cards[name]["source"]), self.files[name][1]


def _difference(name: str, before: str, after: str) -> Maker:
    names = _("published"), f"flows/{name}.yaml"
    old, new = (safe_json(text) for text in (before, after))
    return lambda room, look: cards.difference(old, new, names, room, look)


def _step_at(lines: list[str], number: int | None) -> str | None:
    """The step whose text holds a line of the file: the nearest key above it that stands below `steps:`."""
    if not number or number > len(lines):
        return None
    for line in reversed(lines[:number]):
        if (key := re.match(r"  ([\w-]+):", line)) is not None:
            return key[1]
        if re.match(r"\w", line):
            return None
    return None
