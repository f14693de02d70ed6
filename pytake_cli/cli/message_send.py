"""`pytake message send`: what the flags say becomes one queued message, or a preview, or the reason why not."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pytake_cli import clock
from pytake_cli.cli import bubble, message_queueing, neighbour, selectors, times
from pytake_cli.cli.compose import Draft, raw_reply_to
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import done, emit, say
from pytake_cli.errors import DaemonDown, InvalidData, NotFound, Pending, UpstreamError, UsageError
from pytake_cli.locale import _

if TYPE_CHECKING:
    from pytake_cli.store.messages import Message

FIELDS = {
    "id": "number of the message",
    "status": "queued, or how far it got with --wait",
    "conversation_id": "number of the conversation",
    "to": "whom it goes to: a phone or an id of WhatsApp's",
    "contact": "what the person is called",
    "kind": "Meta's type",
    "text": "one line of it",
    "due_at": "not before",
    "wamid": "Meta's id, once it has one",
    "replayed": "true: the idempotency key was used before, and nothing new is sent",
    "body": "the message in Meta's shape",
}
DEFAULT = ("id", "status", "conversation_id", "to", "contact", "kind", "text", "due_at", "wamid", "replayed")
ON_SCREEN = ("id", "status", "contact", "kind", "text")
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Given:
    """What the line says, as it was typed."""

    to: Annotated[str | None, typer.Option("--to", metavar="CONTACT", help="Phone, contact:ID, @username or name.")] = (
        None
    )
    message: Annotated[
        str | None, typer.Option("-m", "--message", metavar="TEXT", help="The words; - reads stdin.")
    ] = None
    template: Annotated[str | None, typer.Option("-t", "--template", metavar="NAME", help="An approved template.")] = (
        None
    )
    language: Annotated[
        str | None, typer.Option("--template-lang", metavar="LANG", help="The template's language, if it has several.")
    ] = None
    var: Annotated[
        list[str] | None,
        typer.Option(
            "--var", metavar="K=V", help="Value of a template: nome=Ana, 1=Ana, header.x=…, button.0=…, or in order."
        ),
    ] = None
    image: Annotated[str | None, typer.Option("--image", metavar="FILE|URL|ID|-", help="A JPEG or PNG.")] = None
    audio: Annotated[str | None, typer.Option("--audio", metavar="FILE|URL|ID|-", help="A sound.")] = None
    voice: Annotated[bool, typer.Option("--voice", help="With --audio: a voice message (OGG with OPUS).")] = False
    video: Annotated[str | None, typer.Option("--video", metavar="FILE|URL|ID|-", help="An MP4 or 3GPP.")] = None
    document: Annotated[str | None, typer.Option("--document", metavar="FILE|URL|ID|-", help="Any document.")] = None
    sticker: Annotated[str | None, typer.Option("--sticker", metavar="FILE|URL|ID|-", help="A WebP, 512 x 512.")] = None
    caption: Annotated[
        str | None, typer.Option("--caption", metavar="TEXT", help="Words under a file; -m does too.")
    ] = None
    filename: Annotated[str | None, typer.Option("--filename", metavar="NAME", help="What a document is called.")] = (
        None
    )
    location: Annotated[
        str | None, typer.Option("--location", metavar="LAT,LON", help="A place: LAT,LON[,NAME[,ADDRESS]].")
    ] = None
    contact: Annotated[
        list[str] | None, typer.Option("--contact", metavar="CONTACT", help="The card of one of our contacts.")
    ] = None
    buttons: Annotated[
        str | None, typer.Option("--buttons", metavar="A,B,C", help="Up to three: Sim,Não or sim=Sim.")
    ] = None
    list_: Annotated[
        str | None, typer.Option("--list", metavar="FILE|-", help="A menu: lines `id = Title | description`, or JSON.")
    ] = None
    button: Annotated[str | None, typer.Option("--button", metavar="TEXT", help="What opens a list or a flow.")] = None
    cta: Annotated[str | None, typer.Option("--cta", metavar="TEXT=URL", help="A button that opens an address.")] = None
    catalog: Annotated[bool, typer.Option("--catalog", help="The whole catalogue; --product is its picture.")] = False
    product: Annotated[
        list[str] | None, typer.Option("--product", metavar="ID", help="A product, or several; with --catalog-id.")
    ] = None
    catalog_id: Annotated[str | None, typer.Option("--catalog-id", metavar="ID", help="Where the products are.")] = None
    flow: Annotated[str | None, typer.Option("--flow", metavar="ID|NAME", help="A form of Meta's Flows.")] = None
    screen: Annotated[str | None, typer.Option("--screen", metavar="NAME", help="The flow's first screen.")] = None
    address: Annotated[str | None, typer.Option("--address", metavar="COUNTRY", help="Asks for an address (IN).")] = (
        None
    )
    ask_location: Annotated[bool, typer.Option("--ask-location", help="Asks where the person is.")] = False
    ask_contact: Annotated[bool, typer.Option("--ask-contact", help="Asks for the phone number.")] = False
    react: Annotated[
        str | None, typer.Option("--react", metavar="EMOJI", help="Puts an emoji on --reply-to; '' takes it away.")
    ] = None
    raw: Annotated[str | None, typer.Option("--raw", metavar="FILE|-", help="JSON in Meta's shape, checked.")] = None
    header: Annotated[
        str | None, typer.Option("--header", metavar="TEXT|@FILE", help="Above buttons, lists and templates.")
    ] = None
    footer: Annotated[str | None, typer.Option("--footer", metavar="TEXT", help="Below buttons and lists.")] = None
    preview: Annotated[bool, typer.Option("--preview", help="Shows a preview of the text's first address.")] = False
    reply_to: Annotated[
        str | None,
        typer.Option("--reply-to", metavar="MESSAGE", help="Quotes this message; without --to its person gets it."),
    ] = None
    sender: Annotated[
        str | None, typer.Option("--from", metavar="NUMBER", help="Business number, if there are several.")
    ] = None
    schedule: Annotated[str | None, typer.Option("--schedule", metavar="T", help="Not before: +2h, amanhã 9h.")] = None
    idempotency_key: Annotated[
        str | None, typer.Option("--idempotency-key", metavar="KEY", help="The same key never sends twice.")
    ] = None
    wait: Annotated[
        Literal["sent", "delivered", "read"] | None,
        typer.Option("--wait", help="Waits until it got so far (--timeout)."),
    ] = None
    as_: Annotated[str | None, typer.Option("--as", metavar="USER", help="Who writes it.")] = None


@filled_in
def send(given: Given) -> None:
    """Sends a message. Within 24 h of the person's last message anything goes; later only templates do.

    $ pytake message send --to +5511968184101 -m "Seu pedido saiu" --wait delivered
    $ pytake message send --to "Karina Silva" --image foto.jpg --caption "Assim?"
    $ pytake message send --to contact:412 -t retomar --var nome=Karina
    $ pytake message send --to +5511968184101 -m "Confirma?" --buttons sim=Sim,nao=Não -n  # shows it, sends nothing
    """
    deliver(given)


def deliver(given: Given) -> None:
    """Composes, queues and tells; with --dry-run it only shows."""
    ctx = context()
    quoted = _quoted(given.reply_to)
    request = _request(given, quoted)
    draft = _draft(given, quoted, request)
    if ctx.dry_run:
        selectors.would(lambda: _show(message_queueing.preview(draft, request)))
        return
    queued, replayed = message_queueing.queue(draft, request)
    if given.wait:
        queued = _wait(queued, given.wait)
    _tell(queued, replayed)


def _draft(given: Given, quoted: Message | None, request: message_queueing.Request) -> Draft:
    """What is to be said; flags that a Draft has too go over as they are."""
    raw = _file_text(given.raw, "--raw")
    same = {each.name for each in fields(Draft)} & {each.name for each in fields(Given)}
    words = {name: getattr(given, name) for name in same} | {
        "text": selectors.words_of(given.message) or None,
        "definition": message_queueing.definition(given.template, given.language, request) if given.template else None,
        "variables": given.var or (),
        "contacts": _cards(given.contact or []),
        "list_file": _file_text(given.list_, "--list"),
        "products": given.product or (),
        "raw": raw,
        "reply_to": (quoted.wamid if quoted else None) or (raw_reply_to(raw) if raw else None),
    }
    return Draft(**words)


def _request(given: Given, quoted: Message | None) -> message_queueing.Request:
    """To whom, from where and when."""
    if given.to is None and quoted is None:
        raise UsageError("PT-USAGE-MISSING", "{name} is missing", fix="pytake message send -h", name="--to")
    ctx = context()
    due_at = times.instant(given.schedule, ctx.now, ctx.tz) if given.schedule else None
    whom = given.to or (f"contact:{quoted.contact_id}" if quoted else None)
    return message_queueing.Request(whom, given.sender, due_at, given.idempotency_key, given.as_)


def _file_text(where: str | None, flag: str) -> str | None:
    if where is None:
        return None
    if where == "-":
        return selectors.stdin_text(flag)
    try:
        return Path(where).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise NotFound(
            "PT-SEND-FILE", "{path} cannot be read: {reason}", fix="pytake message send -h", path=where, reason=reason
        ) from error


def _quoted(ref: str | None) -> Message | None:
    from pytake_cli.services import messages

    if ref is None:
        return None
    ctx = context()
    with ctx.store.read(ctx.org_id) as db:
        found = messages.find(db, ref)
    if found.wamid is None:
        raise InvalidData(
            "PT-SEND-QUOTE",
            "message {id} has not reached Meta and cannot be quoted",
            fix="pytake message show {id}",
            id=found.id,
        )
    return found


def _cards(refs: list[str]) -> list[dict[str, Any]]:
    """Contact cards in Meta's shape."""
    from pytake_cli.services import contacts, conversations

    ctx = context()
    cards = []
    for ref in refs:
        with ctx.store.read(ctx.org_id) as db:
            found = contacts.lookup(db, ctx.org_id, ref)
            known = conversations.identities(db, [found.id or 0]).get(found.id or 0, ())
        name = conversations.name_of(found, known)
        phone = conversations.phone_of(known)
        card: dict[str, Any] = {"name": {"formatted_name": name, "first_name": name.split()[0]}}
        if phone:
            card["phones"] = [{"phone": phone, "type": "CELL", "wa_id": phone.removeprefix("+")}]
        cards.append(card)
    return cards


def _show(plan: dict[str, Any]) -> None:
    """A preview: drawn for people, as data for scripts."""
    output = context().output
    say(_("would go to {who} from {number}:").format(who=plan["contact"], number=plan["number"]))
    say(bubble.render(plan["body"]))
    if output.form not in ("table", "plain", "tsv"):
        emit(plan, FIELDS)


def _wait(queued: Message, wanted: str) -> Message:
    """Looks at the row until it got so far; a failure is an error, too long is exit code 8."""
    from pytake_cli.store.messages import RANK, Message

    ctx = context()
    if neighbour.running() is None:
        raise DaemonDown(
            "PT-SEND-DAEMON",
            "message {id} is queued, but the daemon that would send it is not running",
            fix="pytake serve",
            id=queued.id,
        )
    ends = time.monotonic() + ctx.timeout_seconds
    while True:
        with ctx.store.read(ctx.org_id) as db:
            row = db.get_one(Message, queued.id)
        if row.status == "failed":
            from pytake_cli.whatsapp.errors import rule, slug_of

            raise UpstreamError(
                slug_of(rule(row.error_code)) if row.error_code else "PT-SEND-FAILED",
                "message {id} failed: {reason}",
                fix="pytake trace {id}",
                id=row.id,
                reason=row.error,
            )
        if row.rank >= RANK[wanted] and row.status != "cancelled":
            return row
        if time.monotonic() > ends:
            raise Pending(
                "PT-SEND-WAIT",
                "message {id} is {status} after {seconds:g} s, not yet {wanted}",
                fix="pytake trace {id}",
                id=row.id,
                status=row.status,
                seconds=ctx.timeout_seconds,
                wanted=wanted,
            )
        time.sleep(POLL_SECONDS)


def _tell(queued: Message, replayed: bool) -> None:
    from pytake_cli.services import messages

    ctx = context()
    with ctx.store.read(ctx.org_id) as db:
        (found,) = messages.people_of(db, [queued])
    row = {
        **{name: getattr(queued, name) for name in ("id", "status", "kind", "text", "due_at", "wamid", "body")},
        "conversation_id": queued.conversation_id,
        "to": queued.address,
        "contact": found.name,
        "replayed": replayed,
    }
    names = DEFAULT if ctx.output.form not in ("table", "plain") else ON_SCREEN
    emit([row] if ctx.output.form in ("table", "plain") else row, FIELDS, default=names)
    what = _("message {id} to {who}: {status} · what became of it: pytake trace {id}")
    done(what.format(id=queued.id, who=found.name, status=_(queued.status)))
    if replayed:
        say(_("this key was used before: nothing new is sent"))
    elif queued.due_at and queued.due_at > clock.now():
        say(_("goes at {when}").format(when=f"{queued.due_at.astimezone(ctx.tz):%Y-%m-%d %H:%M %Z}"))
    if queued.status == "queued" and neighbour.running() is None:
        say(_("the daemon is not running: pytake serve sends what is queued"))
