"""Conversations: what people do with them. Finding one, giving it to somebody, closing, reopening, noting, reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.policy import people, window
from pytake_cli.policy.people import BSUID, PARENT_BSUID, PHONE, USERNAME, storable
from pytake_cli.services import mentions, notifications, ownership, rating_plans, talks
from pytake_cli.store.contacts import Contact, Identity, ServiceWindow
from pytake_cli.store.conversations import OPEN, RESOLVED, Conversation, Note
from pytake_cli.store.events import Event
from pytake_cli.store.jobs import Job
from pytake_cli.store.media import Media
from pytake_cli.store.messages import IN, Message
from pytake_cli.store.notifications import ASSIGNED
from pytake_cli.store.numbers import Number
from pytake_cli.store.users import User
from pytake_cli.store.work import poke

LONGEST_NOTE = 10_000  # characters


@dataclass(frozen=True, slots=True)
class View:
    """One conversation with all that belongs to it."""

    conversation: Conversation
    contact: Contact
    identities: tuple[Identity, ...]
    number: Number
    assignee: User | None
    last_inbound_at: datetime | None
    messages: tuple[Message, ...]  # oldest first
    earlier: int  # messages of it that are not among them
    notes: tuple[Note, ...]
    authors: dict[int, str]  # user id -> name, of notes and messages
    media: dict[int, Media]  # by message id

    @property
    def name(self) -> str:
        return name_of(self.contact, self.identities)

    @property
    def window_closes_at(self) -> datetime | None:
        return window.closes_at(self.last_inbound_at)


def conversation_id(ref: str) -> int:
    """`5008` and `#5008` are 5008."""
    digits = ref.strip().removeprefix("#")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise InvalidData(
            "PT-CONVERSATION-REF",
            "{ref} is not the number of a conversation, such as 5008 or #5008",
            fix="pytake conversation list",
            ref=ref,
        )
    return int(digits)


def get(db: Session, ref: str | int) -> Conversation:
    """The conversation of this organisation with that number, or `NotFound`."""
    wanted = conversation_id(str(ref))
    found = db.exec(select(Conversation).where(Conversation.id == wanted)).first()
    if found is None:
        raise NotFound("PT-CONVERSATION", "there is no conversation #{id}", fix="pytake conversation list", id=wanted)
    return found


def show(db: Session, conversation: Conversation, *, messages: int | None = 50) -> View:
    """The conversation with its newest `messages` (None: all), its notes and media."""
    newest = (
        select(Message)
        .where(Message.conversation_id == conversation.id)
        .order_by(col(Message.id).desc())
        .limit(messages)
    )
    found = tuple(reversed(db.exec(newest).all()))
    notes = tuple(db.exec(select(Note).where(Note.conversation_id == conversation.id).order_by(col(Note.id))).all())
    contact = db.exec(select(Contact).where(Contact.id == conversation.contact_id)).one()
    pair = _window(db, conversation)
    users = {each.id: each for each in db.exec(select(User)).all()}
    return View(
        conversation=conversation,
        contact=contact,
        identities=identities(db, [conversation.contact_id]).get(conversation.contact_id, ()),
        number=db.exec(select(Number).where(Number.id == conversation.number_id)).one(),
        assignee=users.get(conversation.assignee_id),
        last_inbound_at=pair.last_inbound_at if pair else None,
        messages=found,
        earlier=_count_before(db, conversation, found),
        notes=notes,
        authors={id_: each.name or each.email for id_, each in users.items() if id_ is not None},
        media=_media_of(db, found),
    )


def _count_before(db: Session, conversation: Conversation, found: Sequence[Message]) -> int:
    if not found:
        return 0
    older = (Message.conversation_id == conversation.id, col(Message.id) < found[0].id)
    return db.exec(select(func.count()).select_from(Message).where(*older)).one()


def _media_of(db: Session, messages: Sequence[Message]) -> dict[int, Media]:
    wanted = [message.id for message in messages if message.id is not None]
    rows: list[Media] = []
    for start in range(0, len(wanted), 500):
        rows += db.exec(select(Media).where(col(Media.message_id).in_(wanted[start : start + 500]))).all()
    return {row.message_id: row for row in rows if row.message_id is not None}


def _window(db: Session, conversation: Conversation) -> ServiceWindow | None:
    query = select(ServiceWindow).where(
        ServiceWindow.number_id == conversation.number_id, ServiceWindow.contact_id == conversation.contact_id
    )
    return db.exec(query).first()


def identities(db: Session, contact_ids: Sequence[int]) -> dict[int, tuple[Identity, ...]]:
    """The identities in use of each contact, the newest first."""
    found: dict[int, list[Identity]] = {}
    wanted = sorted(set(contact_ids))
    for start in range(0, len(wanted), 500):
        query = (
            select(Identity)
            .where(col(Identity.contact_id).in_(wanted[start : start + 500]), col(Identity.retired_at).is_(None))
            .order_by(col(Identity.last_seen_at).desc(), col(Identity.id).desc())
        )
        for identity in db.exec(query):
            found.setdefault(identity.contact_id, []).append(identity)
    return {contact_id: tuple(rows) for contact_id, rows in found.items()}


def name_of(contact: Contact, known: Sequence[Identity]) -> str:
    """What the contact is called on screens; `known` are its identities, newest first."""
    newest = {one.kind: one.value for one in reversed(known)}
    shown = people.display_name(
        name=contact.name,
        profile_name=contact.profile_name,
        username=newest.get(USERNAME, ""),
        phone=newest.get(PHONE, ""),
        bsuid=newest.get(BSUID) or newest.get(PARENT_BSUID, ""),
    )
    return shown or f"contact:{contact.id}"


def phone_of(known: Sequence[Identity]) -> str | None:
    """The contact's phone number in E.164, if we know one."""
    return next((f"+{one.value}" for one in known if one.kind == PHONE), None)


def refuse_claimed(db: Session, conversation: Conversation, me: int | None, fix: str) -> None:
    """Raises Conflict when a colleague has the conversation: taking it needs a second word."""
    holder = conversation.assignee_id
    if holder in (None, me):
        return
    agent = db.get(User, holder)
    raise Conflict(
        "PT-CLAIMED",
        "conversation #{id} is {agent}'s",
        why="somebody was faster",
        fix=fix,
        id=conversation.id,
        agent=(agent.name or agent.email) if agent else f"user {holder}",
        agent_id=holder,
    )


def assign(db: Session, conversation: Conversation, to: User | None, *, by: User | None, now: datetime) -> bool:
    """Gives the conversation to somebody, or to nobody; true when that changed anything."""
    ownership.refuse_resolved(conversation, "assign")
    if to is None:
        return talks.move(db, conversation, "unassign", now, by=by) is not None
    if conversation.assignee_id == to.id and conversation.status == OPEN:
        return False
    ownership.lock(db, conversation)
    before = talks.kept(conversation)
    ownership.to_people(db, conversation, now, cause="person:assign")
    talks.put(conversation, "assign", now, assignee_id=to.id)
    if by is None or by.id != to.id:
        parts = {"by": (by.name or by.email) if by else ""}
        notifications.tell(
            db, conversation.org_id, [to.id or 0], ASSIGNED, now, conversation_id=conversation.id, **parts
        )
    return talks.changed(db, conversation, "assigned", before, now, by=by) is not None


def resolve(db: Session, conversation: Conversation, *, by: User | None, now: datetime) -> bool:
    """Closes the conversation: the contact's next message opens another one. True when it was not closed before."""
    if conversation.status == RESOLVED:
        return False
    ownership.close(db, conversation, now)
    talks.move(db, conversation, "resolve", now, by=by)
    rating_plans.plan(db, conversation, now)
    return True


def reopen(db: Session, conversation: Conversation, *, by: User | None, now: datetime) -> bool:
    """Opens a resolved conversation again, unless the contact has started another one since."""
    if conversation.status != RESOLVED:
        return False
    refuse_second(db, conversation)
    return talks.move(db, conversation, "reopen", now, by=by) is not None


def refuse_second(db: Session, conversation: Conversation) -> None:
    """Raises Conflict when the person is in another conversation with the number that goes on."""
    other = db.exec(
        select(Conversation).where(
            Conversation.number_id == conversation.number_id,
            Conversation.contact_id == conversation.contact_id,
            Conversation.status != RESOLVED,
            Conversation.id != conversation.id,
        )
    ).first()
    if other is not None:
        raise Conflict(
            "PT-CONVERSATION-OPEN",
            "conversation #{id} cannot be reopened: the same person is in #{other} now",
            why="a contact and a number have one open conversation at a time",
            fix="pytake conversation show {other}",
            id=conversation.id,
            other=other.id,
        )


def add_note(
    db: Session,
    conversation: Conversation,
    body: str,
    *,
    by: User | None,
    now: datetime,
    client_key: str | None = None,
) -> Note:
    """Writes an internal note: the customer never sees it, and whoever is named in it finds it in their mentions."""
    note = Note(
        org_id=conversation.org_id,
        conversation_id=_id(conversation),
        author_id=by.id if by else None,
        body=note_words(body, "pytake conversation note ID"),
        created_at=now,
        client_key=client_key,
    )
    db.add(note)
    db.flush()
    named = mentions.keep(db, note, now)
    payload = {"note": note.id, "conversation": conversation.id, "by": note.author_id, "mentions": named}
    db.add(Event(org_id=conversation.org_id, kind="note:new", conversation_id=conversation.id, payload=payload, at=now))
    return note


def note_words(body: str, command: str) -> str:
    """A note as it is kept; `command` is what the error tells to try."""
    words = storable(body).strip()
    if not words:
        raise InvalidData("PT-NOTE-EMPTY", "the note is empty", fix='{command} -m "text"', command=command)
    if len(words) > LONGEST_NOTE:
        raise InvalidData(
            "PT-NOTE-LONG",
            "the note has {length} characters, {most} are the most",
            fix='{command} -m "…"',
            command=command,
            length=len(words),
            most=LONGEST_NOTE,
        )
    return words


def mark_read(db: Session, conversation: Conversation, *, by: User | None, now: datetime) -> bool:
    """A person has seen it: nothing is unread, and the customer's phone gets its blue ticks by a `read.receipt` job."""
    if conversation.unread_count == 0:
        return False
    talks.put(conversation, "read", now)
    newest = db.exec(
        select(Message)
        .where(Message.conversation_id == conversation.id, Message.direction == IN, col(Message.wamid).is_not(None))
        .order_by(col(Message.id).desc())
        .limit(1)
    ).first()
    if newest is not None and not conversation.standby:
        _receipt(db, conversation, newest, now)
    talks.tell(db, conversation, "read", now, by=by)
    return True


def _receipt(db: Session, conversation: Conversation, message: Message, now: datetime) -> None:
    """A receipt for a message covers the earlier ones; the key lets each be sent once."""
    key = f"read:{message.wamid}"
    if db.exec(select(Job.id).where(Job.key == key)).first() is not None:
        return
    number = db.exec(select(Number).where(Number.id == conversation.number_id)).one()
    job = Job(
        org_id=conversation.org_id,
        kind="read.receipt",
        key=key,
        payload={"phone_number_id": number.phone_number_id, "wamid": message.wamid},
        due_at=now,
        created_at=now,
    )
    db.add(job)
    db.flush()
    poke(db, "job", job.id or 0)


def find_user(db: Session, ref: str) -> User:
    """The active user with that e-mail, the part of it before the @, or that exact name."""
    wanted = ref.strip().lower()
    people = [each for each in db.exec(select(User).where(col(User.active))) if _is_called(each, wanted)]
    if len(people) == 1:
        return people[0]
    if people:
        raise Conflict(
            "PT-USER-AMBIGUOUS",
            "{ref} could be {people}",
            fix="pytake user list",
            ref=ref,
            people=", ".join(sorted(each.email for each in people)),
        )
    raise NotFound("PT-USER", "there is no active user {ref}", fix="pytake user list", ref=ref)


def _is_called(user: User, wanted: str) -> bool:
    email = user.email.lower()
    return wanted in (email, email.split("@")[0], user.name.lower())


def _id(conversation: Conversation) -> int:
    assert conversation.id is not None
    return conversation.id
