"""A customer of the emulator speaks: text, media, taps, and everything else people send."""

from __future__ import annotations

import base64
import json
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from pytake_cli.cli import emulator_api as api
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import done, emit, say
from pytake_cli.errors import InvalidData, NotFound, UsageError
from pytake_cli.locale import _

FIELDS = {
    "wamid": "Id of the message.",
    "wa_id": "The customer's number.",
    "user_id": "The customer's BSUID.",
    "name": "The customer's name.",
    "kind": "Meta's type.",
    "delivered": "False if the number has blocked the customer.",
}


@dataclass(frozen=True, slots=True)
class Given:
    """What the line says, as it was typed."""

    contact: Annotated[
        str,
        typer.Argument(metavar="CONTACT", help="Phone number (a new one makes a customer), BSUID, @username or name."),
    ]
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="What they write; the caption of media.")] = ""
    image: Annotated[
        str | None, typer.Option("--image", metavar="FILE", help="A picture; `sample` takes a tiny one.")
    ] = None
    video: Annotated[str | None, typer.Option("--video", metavar="FILE", help="A video.")] = None
    audio: Annotated[str | None, typer.Option("--audio", metavar="FILE", help="A voice note or sound.")] = None
    document: Annotated[str | None, typer.Option("--document", metavar="FILE", help="A document.")] = None
    sticker: Annotated[str | None, typer.Option("--sticker", metavar="FILE", help="A sticker, WebP.")] = None
    location: Annotated[
        str | None, typer.Option("--location", metavar="LAT,LON", help="Where they are; TEXT names the place.")
    ] = None
    button: Annotated[
        str | None, typer.Option("--button", metavar="N|TITLE", help="Taps a button of the last message that had some.")
    ] = None
    list_row: Annotated[
        str | None, typer.Option("--list-row", metavar="N|TITLE", help="Chooses a row of the last list.")
    ] = None
    reaction: Annotated[
        str | None,
        typer.Option("--reaction", metavar="EMOJI", help='Reacts to --reply-to or the last message; "" takes it back.'),
    ] = None
    card: Annotated[str | None, typer.Option("--contact", metavar="NAME", help="Shares somebody's contact card.")] = (
        None
    )
    order: Annotated[str | None, typer.Option("--order", metavar="SKU:N,…", help="Orders from the catalogue.")] = None
    unsupported: Annotated[
        str | None, typer.Option("--unsupported", metavar="WHAT", help="Something the API cannot show: poll, edit …")
    ] = None
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help="Any other kind; a wrong one lists them.")
    ] = None
    raw: Annotated[
        str | None, typer.Option("--raw", metavar="JSON|FILE", help="The message object as Meta would send it.")
    ] = None
    reply_to: Annotated[str | None, typer.Option("--reply-to", metavar="WAMID", help="The message they answer.")] = None
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Their profile name, from now on.")] = None
    username: Annotated[str | None, typer.Option("--username", metavar="NAME", help="Their username, from now on.")] = (
        None
    )
    bsuid: Annotated[str | None, typer.Option("--bsuid", metavar="ID", help="Their BSUID, from now on.")] = None
    hide_phone: Annotated[bool, typer.Option("--hide-phone", help="Only the BSUID is shown, from now on.")] = False
    ad: Annotated[bool, typer.Option("--ad", help="They come from an advertisement (referral).")] = False
    forwarded: Annotated[bool, typer.Option("--forwarded", help="The message is forwarded.")] = False
    number: Annotated[str | None, typer.Option("--number", metavar="ID", help="Business number they write to.")] = None
    times: Annotated[int, typer.Option("--times", metavar="N", min=1, help="So many times.")] = 1
    extra: Annotated[
        list[str] | None, typer.Option("--with", metavar="NAME=VALUE", help="Members that a --kind needs.")
    ] = None


@filled_in
def say_(given: Given) -> None:
    """A customer writes to the business; the daemon gets the webhook.

    $ pytake emulator say +5511968184101 "oi" --name Karina
    $ pytake emulator say +5511968184101 --button 2
    $ pytake emulator say Karina "meu comprovante" --image comprovante.jpg
    $ pytake emulator say Karina --location -23.56,-46.65
    $ pytake emulator say +5511955550001 --kind system --with new_wa_id=5511955550002
    """
    chosen = _chosen(given)
    if not chosen and not given.text:
        raise UsageError(
            "PT-EMULATOR-SAY", "what do they say?", fix='pytake emulator say {contact} "oi"', contact=given.contact
        )
    answer = api.ask("say", contact=given.contact, **_words(given) | chosen)
    person = answer["contact"]
    who = person["name"] or person["wa_id"]
    done(_("{who} said it ({wamid})").format(who=who, wamid=answer["wamid"]))
    if not answer["receiver_answers"]:
        say(_("the daemon does not answer yet, so the webhook waits for: pytake serve"))
    row = {"wamid": answer["wamid"], "kind": answer["message"].get("type"), "delivered": answer["delivered"]}
    emit(row | {key: person[key] for key in ("wa_id", "user_id", "name")}, FIELDS, default=("wamid",))


def _words(given: Given) -> dict[str, Any]:
    """Who speaks, how, and the words: what goes with any kind of message."""
    return {
        "text": given.text or None,
        "reply_to": given.reply_to,
        "number": given.number,
        "times": given.times,
        "name": given.name,
        "username": given.username,
        "user_id": given.bsuid,
        "mode": "bsuid" if given.hide_phone else None,
        "referral": given.ad or None,
        "forwarded": given.forwarded or None,
    }


def _chosen(given: Given) -> dict[str, Any]:
    """The one kind of message that the flags name; nothing for a text."""
    chosen = [_media(what, getattr(given, what)) for what in MEDIA if getattr(given, what) is not None]
    chosen += [make(getattr(given, what)) for what, make in KINDS.items() if getattr(given, what) is not None]
    if given.location is not None:
        chosen.append(_location(given.location, given.text))
    if given.kind:
        chosen.append({"kind": given.kind} | dict(pair.split("=", 1) for pair in given.extra or [] if "=" in pair))
    if len(chosen) > 1:
        raise UsageError(
            "PT-EMULATOR-SAY",
            "a message is one thing: text, a file, a tap, a place …",
            fix="pytake emulator say --help",
        )
    return chosen[0] if chosen else {}


def _media(kind: str, path: str) -> dict[str, Any]:
    if path == "sample":
        return {"kind": "voice" if kind == "audio" else kind}
    file = Path(path)
    if not file.is_file():
        raise NotFound(
            "PT-EMULATOR-FILE",
            "there is no file {path}",
            fix="pytake emulator say CONTACT --image sample",
            why="`sample` takes a tiny one of ours",
            path=path,
        )
    mime_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    media = {"data": base64.b64encode(file.read_bytes()).decode(), "mime_type": mime_type, "filename": file.name}
    return {"kind": kind, "media": media}


def _location(value: str, text: str) -> dict[str, Any]:
    found = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*", value)
    if not found:
        raise InvalidData(
            "PT-EMULATOR-SAY",
            "{value} is not a place",
            fix="pytake emulator say CONTACT --location -23.56,-46.65",
            value=value,
        )
    place = {"latitude": float(found[1]), "longitude": float(found[2])} | ({"name": text} if text else {})
    return {"kind": "location", "location": place}


def _order(value: str) -> dict[str, Any]:
    items = []
    for part in value.split(","):
        sku, _colon, count = part.partition(":")
        items.append({"product_retailer_id": sku, "quantity": int(count or 1), "item_price": 10.0, "currency": "BRL"})
    return {"kind": "order", "items": items}


def _raw(value: str) -> dict[str, Any]:
    file = Path(value)
    text = file.read_text(encoding="utf-8") if not value.lstrip().startswith("{") and file.is_file() else value
    try:
        return {"kind": "raw", "raw": json.loads(text)}
    except ValueError as error:
        raise InvalidData(
            "PT-EMULATOR-SAY", "--raw is not JSON: {reason}", fix="pytake emulator say -h", reason=str(error)
        ) from error


MEDIA = ("image", "video", "audio", "document", "sticker")
# flag -> what makes the message of its value
KINDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "button": lambda value: {"kind": "tap", "choice": value},
    "list_row": lambda value: {"kind": "tap", "choice": value},
    "reaction": lambda value: {"kind": "reaction", "text": value},
    "card": lambda value: {"kind": "contacts", "text": value},
    "order": _order,
    "unsupported": lambda value: {"kind": "unsupported", "text": value},
    "raw": _raw,
}
