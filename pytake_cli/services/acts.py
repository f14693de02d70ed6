"""Carries out the steps of macros and automations in a conversation: all of them in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from pytake_cli.errors import Conflict, InvalidData, LimitReached, NotFound
from pytake_cli.policy import loops
from pytake_cli.policy.acts import Act
from pytake_cli.services import (
    automation,
    canned,
    canned_text,
    contact_changes,
    contact_values,
    conversations,
    fields,
    notifications,
    outbound,
    ownership,
    principals,
    routing,
    talks,
    teams,
    templates,
)
from pytake_cli.services.talk_actions import Deed, relabel
from pytake_cli.store import jobs, outbox
from pytake_cli.store import teams as team_rows
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import Conversation
from pytake_cli.store.events import Event
from pytake_cli.store.notifications import SYSTEM
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.templates import Template
from pytake_cli.store.users import User
from pytake_cli.whatsapp import messages as wire

WINDOW_CLOSED = "PT-WA-131047"
NOTICE = "automation:notice"
WEBHOOK = "automation.webhook"
_SHORT = 60  # characters of what was said, in the history


@dataclass(slots=True)
class Scene:
    """Where steps happen, and by whom: a person's macro, or an automation (`by` is nobody then)."""

    db: Session
    conversation: Conversation
    now: datetime
    by: User | None
    actor: str  # user:3 | automation:fecha-parados
    key: str  # of what is sent, so that nothing is sent twice
    automation: str = ""  # its name
    _scope: dict[str, Any] | None = field(default=None)

    @property
    def contact(self) -> Contact:
        return self.db.get_one(Contact, self.conversation.contact_id)

    @property
    def number(self) -> Number:
        return self.db.get_one(Number, self.conversation.number_id)

    @property
    def scope(self) -> dict[str, Any]:
        """What texts may read; looked up once."""
        if self._scope is None:
            org = self.db.get_one(Organisation, self.conversation.org_id)
            self._scope = canned.scope(self.db, org, self.by, self.now, self.conversation)
        return self._scope

    def fill(self, text: str) -> str:
        """A text with its variables and the defaults of its places."""
        return canned_text.fill(text, self.scope).text


def carry_out(scene: Scene, acts: Sequence[Act]) -> list[str]:
    """Does the steps in order and says what was done; raises what one of them refuses, and the caller undoes all."""
    told = []
    for n, act in enumerate(acts):
        what = DOING[act.verb](scene, act, n)
        told.append(f"{act.verb}: {what}" if what else act.verb)
    return told


def gist(act: Act) -> str:
    """A step in a line, texts as they were written."""
    match act.value:
        case True:
            return act.verb
        case dict() if act.verb == "set":
            return f"set: {', '.join(f'{name}={value or str()}' for name, value in act.value.items())}"
        case dict():
            return f"{act.verb}: {_cut(next(iter(act.value.values())))}"
        case list():
            return f"{act.verb}: {', '.join(act.value)}"
        case _:
            return f"{act.verb}: {_cut(str(act.value))}"


def preview(scene: Scene, acts: Sequence[Act]) -> list[dict[str, Any]]:
    """Each step as it would be, texts filled; changes nothing."""
    return [{"step": act.verb, "what": _shown(scene, act), "talks": act.talks} for act in acts]


def _shown(scene: Scene, act: Act) -> str:
    match act.verb:
        case "reply":
            return scene.fill(_in_language(scene, act.value))
        case "canned":
            return scene.fill(_in_language(scene, _canned(scene, act.value).texts))
        case "note" | "notify":
            return scene.fill(act.value)
        case "set":
            return ", ".join(f"{name}={value or ''}" for name, value in _filled(scene, act.value).items())
        case "resolve" | "takeover" | "handback":
            return ""
        case _:
            return ", ".join(act.value) if isinstance(act.value, list) else str(act.value)


def _reply(scene: Scene, act: Act, n: int) -> str:
    return _say(scene, act, act.value, n)


def _canned_reply(scene: Scene, act: Act, n: int) -> str:
    return _say(scene, act, _canned(scene, act.value).texts, n)


def _canned(scene: Scene, key: str) -> Any:
    return canned.find(scene.db, scene.conversation.org_id, key, scene.by)


def _say(scene: Scene, act: Act, texts: Mapping[str, str], n: int) -> str:
    text = scene.fill(_in_language(scene, texts)).strip()
    if not text:
        raise InvalidData("PT-ACT-EMPTY", "a step would send an empty message", fix="pytake errors PT-ACT-EMPTY")
    try:
        with scene.db.begin_nested():
            _send(scene, wire.text(text), n)
    except LimitReached as error:
        if error.slug != WINDOW_CLOSED or "or_template" not in act.beside:
            raise
        return _template(scene, Act("template", act.beside["or_template"], act.beside), n)
    return _cut(text)


def _in_language(scene: Scene, texts: Mapping[str, str]) -> str:
    language = scene.scope["contact"].get("language") or scene.scope["org"].get("language") or ""
    return canned.in_language(texts, language)


def _template(scene: Scene, act: Act, n: int) -> str:
    row = _approved(scene, act)
    values = _filled(scene, act.beside.get("values") or {})
    outgoing = templates.message(row, {name: value or "" for name, value in values.items()})
    _send(scene, outgoing, n, shown=templates.words(row, outgoing))
    return f"{row.name} ({row.language})"


def _approved(scene: Scene, act: Act) -> Template:
    """The template in the language that the step names, else the contact's, else the organisation's."""
    org_id, waba_id = scene.conversation.org_id, scene.number.waba_id
    wanted = act.beside.get("language") or scene.contact.language or None
    try:
        row = templates.find(scene.db, org_id, waba_id, act.value, wanted)
    except NotFound:
        if act.beside.get("language"):
            raise
        row = templates.find(scene.db, org_id, waba_id, act.value)
    templates.refuse_unusable(row)
    return row


def _send(scene: Scene, outgoing: wire.Outgoing, n: int, shown: str = "") -> None:
    origin = "bot" if scene.automation else "agent"
    contact_id = scene.conversation.contact_id
    if origin == "bot" and loops.is_loop(outbox.automatic_since(scene.db, contact_id, loops.LOOK_BACK), scene.now):
        raise LimitReached(
            "PT-AUTO-LOOP", "contact:{id} got too many automatic messages: two bots may be talking",
            fix="pytake automation history", id=contact_id,
        )  # fmt: skip
    outbound.put(
        scene.db,
        number=scene.number,
        contact_id=contact_id,
        outgoing=outgoing,
        origin=origin,
        now=scene.now,
        conversation=scene.conversation,
        author_id=scene.by.id if scene.by else None,
        client_key=f"{scene.key}:{n}",
        shown=shown,
    )


def _note(scene: Scene, act: Act, n: int) -> str:
    body = scene.fill(act.value)
    conversations.add_note(scene.db, scene.conversation, body, by=scene.by, now=scene.now)
    return _cut(body)


def _label(scene: Scene, act: Act, n: int) -> str:
    who = principals.local(scene.conversation.org_id, scene.by.id if scene.by else None)
    deed = Deed(scene.db, who, scene.by, scene.conversation, scene.now)
    change: dict[str, Sequence[str]] = {"add": (), "remove": ()}
    relabel(deed, **{**change, "add" if act.verb == "label" else "remove": act.value})
    return ", ".join(act.value)


def _team(scene: Scene, act: Act, n: int) -> str:
    team = teams.find(scene.db, scene.conversation.org_id, act.value)
    routing.give_to_team(scene.db, scene.conversation, team, by=scene.by, now=scene.now)
    return team.name


def _tag(scene: Scene, act: Act, n: int) -> str:
    change = contact_changes.tag if act.verb == "tag" else contact_changes.untag
    org_id, ids = scene.conversation.org_id, [scene.conversation.contact_id]
    change(scene.db, org_id, ids, act.value, actor=scene.actor, now=scene.now)
    return ", ".join(act.value)


def _set(scene: Scene, act: Act, n: int) -> str:
    org_id = scene.conversation.org_id
    given = {name: value or "" for name, value in _filled(scene, act.value).items()}
    wanted = contact_values.read(fields.known(scene.db, org_id), given)
    ids = [scene.conversation.contact_id]
    contact_changes.apply(scene.db, org_id, ids, wanted, actor=scene.actor, now=scene.now)
    return ", ".join(f"{name}={value}" for name, value in given.items())


def _filled(scene: Scene, values: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name: scene.fill(value) if value else value for name, value in values.items()}


def _assign(scene: Scene, act: Act, n: int) -> str:
    to: User | None = None
    if act.value == "@me":
        if scene.by is None:
            raise Conflict("PT-USER-ME", "{me} could be several people here", fix="--as EMAIL", me="@me")
        to = scene.by
    elif act.value != "@none":
        to = conversations.find_user(scene.db, act.value)
    conversations.assign(scene.db, scene.conversation, to, by=scene.by, now=scene.now)
    return to.name or to.email if to else "@none"


def _priority(scene: Scene, act: Act, n: int) -> str:
    _move(scene, "priority", priority=act.value)
    return str(act.value)


def _snooze(scene: Scene, act: Act, n: int) -> str:
    if act.value == "reply":
        _move(scene, "snooze", snoozed_until_reply=True)
    else:
        _move(scene, "snooze", snoozed_until=scene.now + act.value)
    return str(act.value)


def _move(scene: Scene, action: str, **sets: Any) -> None:
    talks.move(scene.db, scene.conversation, action, scene.now, by=scene.by, cause=scene.actor, **sets)


def _resolve(scene: Scene, act: Act, n: int) -> str:
    automation.close(scene.db, scene.conversation, by=scene.by, now=scene.now)
    return ""


def _take_over(scene: Scene, act: Act, n: int) -> str:
    ownership.take_over(scene.db, scene.conversation, scene.by, scene.now)
    return ""


def _hand_back(scene: Scene, act: Act, n: int) -> str:
    flow = act.value if act.verb == "flow" else None
    automation.hand_back(scene.db, scene.conversation, flow, by=scene.by, now=scene.now)
    return flow or ""


def _notify(scene: Scene, act: Act, n: int) -> str:
    text = scene.fill(act.value)
    about = {"text": text, "team": act.beside.get("to", ""), "automation": scene.automation}
    payload = {**about, "conversation": scene.conversation.id, "contact": scene.conversation.contact_id}
    told = Event(org_id=scene.conversation.org_id, kind=NOTICE, payload=payload, at=scene.now)
    told.conversation_id = scene.conversation.id
    scene.db.add(told)
    about = {"text": text, "by": scene.automation}
    notifications.tell(
        scene.db,
        scene.conversation.org_id,
        _whom(scene, act.beside.get("to", "")),
        SYSTEM,
        scene.now,
        conversation_id=scene.conversation.id,
        **about,
    )
    return _cut(text)


def _whom(scene: Scene, to: str) -> list[int]:
    """The users to tell: a team's, a person, or whoever has the conversation, or else its team."""
    db, talk = scene.db, scene.conversation
    team = team_rows.by_slug(db, talk.org_id, to or talk.team)
    if to and team is None:
        return [conversations.find_user(db, to).id or 0]
    if not to and talk.assignee_id is not None:
        return [talk.assignee_id]
    return [each.user_id for each in team_rows.members(db, talk.org_id) if team is not None and each.team_id == team.id]


def _webhook(scene: Scene, act: Act, n: int) -> str:
    """A job: the answer is awaited by nobody, and the call is tried again until it is through."""
    talk = scene.conversation
    data = {
        "automation": scene.automation,
        "conversation": talk.id,
        "contact": talk.contact_id,
        "status": talk.status,
        "at": scene.now.isoformat(),
    }
    key = f"{scene.key}:{n}"
    jobs.add(
        scene.db, org_id=talk.org_id, kind=WEBHOOK, key=key, payload={"url": act.value, "data": data}, now=scene.now
    )
    return str(act.value)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHORT else f"{line[: _SHORT - 1]}…"


DOING: dict[str, Callable[[Scene, Act, int], str]] = {
    "reply": _reply,
    "canned": _canned_reply,
    "template": _template,
    "note": _note,
    "label": _label,
    "unlabel": _label,
    "tag": _tag,
    "untag": _tag,
    "set": _set,
    "assign": _assign,
    "team": _team,
    "priority": _priority,
    "snooze": _snooze,
    "resolve": _resolve,
    "takeover": _take_over,
    "handback": _hand_back,
    "flow": _hand_back,
    "notify": _notify,
    "webhook": _webhook,
}
