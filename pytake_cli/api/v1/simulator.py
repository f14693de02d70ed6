"""/simulator: chats with a flow that nobody else sees; sessions live in this process's memory for half an hour."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Depends, Path
from pydantic import BaseModel, Field
from ruamel.yaml.error import YAMLError

from pytake_cli import clock, settings
from pytake_cli.api.v1.here import Here, here, needs
from pytake_cli.api.v1.routes import Body, Moment
from pytake_cli.api.v1.routes import router as new_router
from pytake_cli.errors import InvalidData, LimitReached, NotFound
from pytake_cli.flow.jsonable import plain
from pytake_cli.flow.problems import FlowErrors
from pytake_cli.flow.reply import Reply
from pytake_cli.flow.testing import screen
from pytake_cli.flow.testing.player import Call, Player, World
from pytake_cli.flow.testing.recording import Recording, written
from pytake_cli.flow.testing.runner import Shelf
from pytake_cli.flow.testing.talk import answer_http
from pytake_cli.flow.testing.testfile import media_reply
from pytake_cli.flow.walk import zone
from pytake_cli.services import flow_surroundings, flows
from pytake_cli.services.business_hours import schedules
from pytake_cli.services.flow_library import definition
from pytake_cli.store.organisations import Organisation

router = new_router("simulator")
READ = [Depends(needs("flows:read"))]

MOST = 100  # talks at a time; the one that nobody has touched for longest makes room
MOST_LINES = 500  # of one talk
KEPT_SECONDS = 1800.0
PATIENCE_SECONDS = 2.0  # that one request may play on for
SLICE = timedelta(minutes=30)  # of simulated time, between two looks at the clock

TalkId = Annotated[str, Path(min_length=1, max_length=64)]


@dataclass
class Talk:
    """One chat; `shown` are the options that the customer last saw."""

    org_id: int
    player: Player
    recording: Recording
    touched: float
    transcript: list[dict[str, Any]] = field(default_factory=list)
    shown: tuple[screen.Tappable, ...] = ()
    turn: threading.Lock = field(default_factory=threading.Lock)


class Talks:
    """The talks of this process."""

    def __init__(self) -> None:
        self._talks: OrderedDict[str, Talk] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, talk: Talk) -> str:
        id_ = clock.new_id()
        with self._lock:
            self._forget_old(talk.touched)
            self._talks[id_] = talk
            if len(self._talks) > MOST:
                self._talks.popitem(last=False)
        return id_

    def find(self, org_id: int, id_: str) -> Talk:
        now = clock.monotonic()
        with self._lock:
            self._forget_old(now)
            talk = self._talks.get(id_)
            if talk is None or talk.org_id != org_id:
                raise NotFound("PT-FLOW-TALK", "there is no talk {id}", fix="POST /api/v1/simulator", id=id_)
            talk.touched = now
            self._talks.move_to_end(id_)
            return talk

    def end(self, org_id: int, id_: str) -> None:
        self.find(org_id, id_)
        with self._lock:
            self._talks.pop(id_, None)

    def _forget_old(self, now: float) -> None:
        while self._talks and next(iter(self._talks.values())).touched < now - KEPT_SECONDS:
            self._talks.popitem(last=False)


TALKS = Talks()


class Start(Body):
    """Of a published flow, or of a flow file's text."""

    flow: str | None = Field(None, max_length=100)
    version: str | None = Field(None, max_length=80)
    text: str | None = Field(None, max_length=1_000_000)
    name: str = Field("Karina Silva", max_length=200, description="what the customer is called")
    language: str = Field("", max_length=20)
    at: Moment | None = None
    begin: bool = Field(False, description="the flow is started at once, instead of waiting for the customer")


class Said(Body):
    """What the customer does: one of these."""

    text: str | None = Field(None, max_length=4096)
    choice: str | None = Field(None, max_length=200, description="an option's id, number or title")
    media: Literal["image", "video", "audio", "document", "sticker"] | None = None
    caption: str = Field("", max_length=1024)


class Advance(Body):
    """What time and others do: one of these."""

    seconds: int | None = Field(None, ge=1, le=30 * 86_400)
    answer: Any = Field(None, description="what the oldest call brings; of http {status, json}")
    fail: Literal["timeout", "network", "refused", "http", "too_big", "invalid", "budget", "error"] | None = None
    person: Literal["takes over", "hands back", "closes"] | None = None


class Record(Body):
    """Where the talk goes as a test: behind those of a test file, if there are any."""

    name: str = Field(min_length=1, max_length=200, description="what the test is called")
    before: str = Field("", max_length=1_000_000, description="the test file as it is")


class Recorded(BaseModel):
    text: str


class Line(BaseModel):
    """`who` is customer, bot, call, note or end."""

    at: datetime
    who: str
    text: str
    choices: list[str] = []
    step: str | None = None


class TalkCard(BaseModel):
    """The talk as it stands; `lines` are all of it."""

    id: str
    flow: str
    now: datetime
    lines: list[Line]
    waits_for: str | None
    step: str | None
    outcome: str | None
    calls: list[str]
    vars: dict[str, Any]
    contact: dict[str, Any]


@router.post("", status_code=201, response_model=TalkCard, dependencies=READ)
def start(body: Start, here: Here = Depends(here)) -> object:
    """Begins a talk. Nothing is sent and nothing is kept."""
    if (body.flow is None) == (body.text is None):
        raise InvalidData("PT-API-BODY", "the request does not fit: {at}", fix="flow or text", at="flow")
    with here.read() as db:
        shelf = flow_surroundings.published(db, here.org_id)
        org = db.get_one(Organisation, here.org_id)
        if body.text is not None:
            [examined] = flows.examined(db, here.org_id, [flows.Draft("flow.yaml", body.text)])
            if examined.flow is None:
                raise FlowErrors(tuple(examined.errors))
            found = examined.flow
        else:
            found = definition(flows.version(db, flows.get(db, here.org_id, body.flow or ""), body.version))
    contact = {"name": body.name, "language": body.language or found.language}
    world = World(
        now=body.at or here.now,
        contact=contact,
        tz=org.tz,
        schedules=schedules(org.tz),
        stop_words=settings.current().flows.opt_out_words,
    )
    player = Player(found, Shelf({**shelf, found.name: found}), world)
    recording = Recording(player, player.now.astimezone(zone(player.tz)))
    talk = Talk(here.org_id, player, recording, clock.monotonic())
    if body.begin:
        recording.add("start", {})
        player.start()
    _look(talk)
    return _card(TALKS.add(talk), talk)


@router.get("/{id}", response_model=TalkCard, dependencies=READ)
def show(id: TalkId, here: Here = Depends(here)) -> object:
    """The whole talk."""
    return _card(id, TALKS.find(here.org_id, id))


@router.post("/{id}/say", response_model=TalkCard, dependencies=READ)
def say(id: TalkId, body: Said, here: Here = Depends(here)) -> object:
    """The customer writes, taps or sends a file."""
    talk = TALKS.find(here.org_id, id)
    with talk.turn:
        _refuse_endless(talk)
        reply = _reply(talk, body)
        _tell(talk, "customer", screen.told(reply))
        talk.recording.customer(reply)
        heard = talk.player.hear(reply)
        if heard in ("nobody", "opted_out", "opted_in", "people"):
            _tell(talk, "note", heard)
        _look(talk)
        return _card(id, talk)


@router.post("/{id}/advance", response_model=TalkCard, dependencies=READ)
def advance(id: TalkId, body: Advance, here: Here = Depends(here)) -> object:
    """Time passes, a call is answered or fails, a person takes over or hands back."""
    talk = TALKS.find(here.org_id, id)
    with talk.turn:
        _refuse_endless(talk)
        _advance(talk, body)
        _look(talk)
        return _card(id, talk)


@router.post("/{id}/record", response_model=Recorded, dependencies=READ)
def record(id: TalkId, body: Record, here: Here = Depends(here)) -> object:
    """The talk as a test of the flow: the text of a test file, which is not kept here."""
    talk = TALKS.find(here.org_id, id)
    with talk.turn:
        try:
            text = written(talk.player.flow.name, body.name, talk.recording.test(talk.player), body.before)
        except YAMLError as error:
            raise InvalidData("PT-FLOW-TEST", "the test file cannot be read", fix="pytake flow test") from error
    return {"text": text}


@router.delete("/{id}", status_code=204, dependencies=READ)
def end(id: TalkId, here: Here = Depends(here)) -> None:
    """Forgets the talk."""
    TALKS.end(here.org_id, id)


def _reply(talk: Talk, body: Said) -> Reply:
    if body.choice is not None:
        reply = screen.tapped(body.choice, talk.shown)
        if reply is None:
            raise InvalidData(
                "PT-FLOW-SCRIPT", "line {line}: {detail}", fix="choice", line=len(talk.transcript), detail=body.choice
            )
        return reply
    return media_reply(body.media, body.caption) if body.media is not None else Reply("text", body.text or "")


def _advance(talk: Talk, body: Advance) -> None:
    player, add = talk.player, talk.recording.add
    if body.person is not None:
        add("person", body.person)
        player.take_over() if body.person == "takes over" else player.hand_back(closed=body.person == "closes")
    elif body.seconds is not None:
        _wait(talk, timedelta(seconds=body.seconds))
    elif player.calls:
        _answer(talk, player.calls[0], body)


def _answer(talk: Talk, call: Call, body: Advance) -> None:
    kind, match = screen.kind_of(call), screen.called(call)
    if body.fail is not None:
        talk.recording.add(kind, {"match": match, "fail": body.fail})
        talk.player.fail(call, body.fail)
    elif kind == "http":
        given = body.answer if isinstance(body.answer, dict) else {"status": 200, "json": body.answer}
        reply = {"status": 200, **given}
        talk.recording.add("http", {"match": match, "reply": reply})
        answer_http(talk.player, call, reply)
    else:
        talk.recording.add(kind, {"match": match, "value": body.answer})
        talk.player.answer(call, body.answer)


def _wait(talk: Talk, span: timedelta) -> None:
    """Lets time pass, but no longer than a request may take."""
    end = clock.monotonic() + PATIENCE_SECONDS
    while span > timedelta():
        if clock.monotonic() > end:
            _tell(talk, "note", "…")
            return
        step = min(span, SLICE)
        talk.recording.add("after", step)
        talk.player.wait(step)
        span -= step


def _look(talk: Talk) -> None:
    """Takes over what the bot has said and done since."""
    player = talk.player
    known = {each["call"] for each in talk.transcript if "call" in each}
    for said in player.said:
        talk.recording.bot(said.speech)
        talk.shown = screen.options(said.speech) or talk.shown
        choices = [option.choice for option in screen.options(said.speech)]
        _tell(talk, "bot", screen.words(said.speech), choices=choices, step=said.step, at=said.at)
    player.said.clear()
    for call in player.calls:
        if call.token not in known:
            _tell(talk, "call", screen.called(call), call=call.token)
    if player.is_over and player.session is not None and talk.transcript[-1:] and talk.transcript[-1]["who"] != "end":
        _tell(talk, "end", player.session.outcome)


def _tell(talk: Talk, who: str, text: str, **more: Any) -> None:
    talk.transcript.append({"at": talk.player.now, "who": who, "text": text, **more})


def _refuse_endless(talk: Talk) -> None:
    if len(talk.transcript) >= MOST_LINES:
        raise LimitReached(
            "PT-FLOW-TALK-LONG", "a talk has {most} lines at most", fix="POST /api/v1/simulator", most=MOST_LINES
        )


def _card(id_: str, talk: Talk) -> dict[str, Any]:
    player = talk.player
    session = player.session
    wait = session.wait if session is not None else None
    return {
        "id": id_,
        "flow": player.flow.name,
        "now": player.now,
        "lines": talk.transcript,
        "waits_for": wait.kind if wait else None,
        "step": wait.step if wait else None,
        "outcome": session.outcome or None if session is not None and player.is_over else None,
        "calls": [screen.called(call) for call in player.calls],
        "vars": plain(session.frames[-1].vars) if session is not None and session.frames else {},
        "contact": plain(player.contact),
    }
