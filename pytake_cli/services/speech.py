"""What flows say, in Meta's shape: each kind of speech becomes the message that the Cloud API knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from pytake_cli import settings
from pytake_cli.errors import InvalidData
from pytake_cli.flow.speech import Gesture, Media, Option, Say, SayForm, SayTemplate, Speech
from pytake_cli.services import attachments, templates
from pytake_cli.services.sending import LOCAL_MEDIA
from pytake_cli.store.numbers import Number
from pytake_cli.store.templates import by_key
from pytake_cli.whatsapp import messages as wire

DEFAULT_BUTTON = "Ver opções"  # of a list whose flow names none
CAPTIONED = ("image", "video", "document")  # kinds of files that carry words


def messages(db: Session, number: Number, speech: Speech, now: datetime) -> Iterator[wire.Outgoing]:
    """The messages of one speech, in order; `typing` and `read` are no messages, see `receipt`."""
    match speech:
        case Say():
            yield from _said(db, number, speech, now)
        case SayTemplate():
            yield _template(db, number, speech, now)
        case SayForm():
            yield wire.flow(
                speech.text,
                speech.button,
                flow_id=speech.flow_id,
                token=speech.token or None,
                screen=speech.screen or None,
                data=speech.data or None,
            )
        case Gesture(kind="react"):
            yield wire.reaction(speech.wamid, speech.emoji)
        case Gesture():
            return


def _template(db: Session, number: Number, said: SayTemplate, now: datetime) -> wire.Outgoing:
    """By the one renderer if the store knows the template, with its own names of values; else as it was said."""
    row = by_key(db, number.org_id, number.waba_id, said.name, said.language.replace("-", "_"))
    if row is not None:
        texts, values = _values(db, number, said, now)
        try:
            return templates.message(row, {**templates.in_order(row, texts), **values})
        except InvalidData:
            pass  # Meta says why, and the message is shown as failed
    return wire.template(said.name, said.language, [dict(part) for part in said.components])


def _values(db: Session, number: Number, said: SayTemplate, now: datetime) -> tuple[list[str], dict[str, str]]:
    """The texts of its body in order, and what else has a name; files beside the flow are taken in."""
    texts: list[str] = []
    values: dict[str, str] = {}
    for part in said.components:
        for parameter in part.get("parameters", ()):
            kind = parameter["type"]
            if part["type"] == "body":
                texts.append(parameter["text"])
            elif kind in CAPTIONED:
                file = _members(db, number, Media(kind, parameter[kind]["link"]), now)
                values["header"] = str(file.get("link") or file["id"])
            else:
                values["header" if part["type"] == "header" else f"button.{part['index']}"] = parameter[kind]
    return texts, values


def receipt(speech: Speech) -> tuple[str, bool] | None:
    """(wamid, typing) of a gesture that only marks a message as read, perhaps with a sign that an answer comes."""
    if isinstance(speech, Gesture) and speech.kind in ("typing", "read") and speech.wamid:
        return speech.wamid, speech.kind == "typing"
    return None


def _said(db: Session, number: Number, say: Say, now: datetime) -> Iterator[wire.Outgoing]:
    if say.location is not None:
        yield _place(say.location)
    if say.contacts:
        yield wire.contacts([dict(card) for card in say.contacts])
    footer = say.footer or None
    if say.asks_location:
        yield wire.location_request(say.text)
    elif say.buttons:
        header = _header(db, number, say, now)
        choices = [(option.id, option.title) for option in say.buttons]
        yield wire.buttons(say.text, choices, header=header, footer=footer)
    elif say.rows:
        yield from _before_list(db, number, say, now)
        rows = [{"rows": [_row(option) for option in say.rows]}]  # an only section has no title
        title = {"type": "text", "text": say.header} if say.header else None
        yield wire.list_menu(say.text, say.button or DEFAULT_BUTTON, rows, header=title, footer=footer)
    elif say.media is not None:
        yield from _file(db, number, say, now)
    elif say.text:
        yield wire.text(_whole(say), preview_url=say.preview_url or None)


def _whole(say: Say) -> str:
    """A plain text has no header and no footer of its own: they stand above and below."""
    return "\n\n".join(part for part in (f"*{say.header}*" if say.header else "", say.text, say.footer) if part)


def _row(option: Option) -> dict[str, Any]:
    row = {"id": option.id, "title": option.title}
    return {**row, "description": option.description} if option.description else row


def _place(location: dict[str, Any]) -> wire.Outgoing:
    return wire.location(
        float(location["latitude"]),
        float(location["longitude"]),
        name=location.get("name"),
        address=location.get("address"),
    )


def _header(db: Session, number: Number, say: Say, now: datetime) -> wire.Header | None:
    """Buttons may have a file above them; a list may not."""
    if say.media is not None and say.media.kind in CAPTIONED:
        file = _members(db, number, say.media, now)
        if say.media.kind == "document" and say.media.filename:
            file["filename"] = say.media.filename
        return {"type": say.media.kind, say.media.kind: file}
    return {"type": "text", "text": say.header} if say.header else None


def _before_list(db: Session, number: Number, say: Say, now: datetime) -> Iterator[wire.Outgoing]:
    if say.media is not None:
        yield _media(db, number, say.media, None, now)


def _file(db: Session, number: Number, say: Say, now: datetime) -> Iterator[wire.Outgoing]:
    """A file with its caption; a sound or a sticker has none, so the words follow."""
    assert say.media is not None
    words = _whole(say)
    if say.media.kind in CAPTIONED:
        yield _media(db, number, say.media, words or None, now)
        return
    yield _media(db, number, say.media, None, now)
    if words:
        yield wire.text(words)


def _media(db: Session, number: Number, media: Media, caption: str | None, now: datetime) -> wire.Outgoing:
    file = _members(db, number, media, now)
    filename = media.filename or None if media.kind == "document" else None
    return wire.media(media.kind, media_id=file.get("id"), link=file.get("link"), caption=caption, filename=filename)


def _members(db: Session, number: Number, media: Media, now: datetime) -> dict[str, Any]:
    """{"link": …} for an address, {"id": "media:12"} for a file of the store or one that is taken in now."""
    source = media.source
    if source.startswith(("https://", "http://")):
        return {"link": source}
    if source.startswith(LOCAL_MEDIA):
        return {"id": source}
    stored = attachments.take_in(_beside_flows(source), media.kind, settings.current().media.max_bytes)
    filename = media.filename or (Path(source).name if media.kind == "document" else "")
    return {"id": attachments.attach(db, number, stored, filename, now)}


def _beside_flows(source: str) -> Path:
    """A file below the project's `flows/`; nothing above it is ever sent."""
    root = flows_folder()
    path = (root / source).resolve()
    if not path.is_relative_to(root.resolve()):
        raise InvalidData(
            "PT-FLOW-MEDIA", "{path} is not below {folder}", fix="pytake flow check", path=source, folder=str(root)
        )
    return path


def flows_folder() -> Path:
    """Where the project keeps its flows: beside `.pytake.toml`, else where the daemon was started."""
    from pytake_cli.places import find_project_file

    project = find_project_file(Path.cwd())
    return (project.parent if project else Path.cwd()) / "flows"
