"""Templates: finding one, whether it can be sent, and the one renderer for all who send them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select

from pytake_cli.errors import Conflict, InvalidData, NotFound
from pytake_cli.flow.problems import near
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.templates import APPROVED, Template, by_name
from pytake_cli.whatsapp import template_views
from pytake_cli.whatsapp import templates as at_meta
from pytake_cli.whatsapp.outgoing import Outgoing
from pytake_cli.whatsapp.template_fill import Renderer
from pytake_cli.whatsapp.template_slots import Slot, slots
from pytake_cli.whatsapp.template_views import Preview

# why a template cannot be sent, as `usable` tells it -> in words, and what helps
STATES = {
    "gone": ("Meta has no template {name} ({language}) any more", "pytake template list"),
    "local": ("Meta has not seen the template {name} ({language}) yet", "pytake template submit {name}"),
    "pending": (
        "the template {name} ({language}) is being reviewed by Meta, which takes minutes, at times a day",
        "when Meta is done: pytake template pull",
    ),
    "rejected": (
        "the template {name} ({language}) was rejected by Meta",
        "mend its file, then pytake template edit {name} FILE",
    ),
    "paused": (
        "the template {name} ({language}) is paused at Meta: people blocked or reported it",
        "wait until Meta goes on with it, then pytake template pull; or take another one",
    ),
    "disabled": (
        "the template {name} ({language}) is disabled by Meta for good",
        "take another one: pytake template list",
    ),
    "": ("the template {name} ({language}) cannot be sent: Meta says {state}", "pytake template pull"),
}


def find(db: Session, org: int, waba_id: str, name: str, language: str | None = None) -> Template:
    """One language of a template that is not gone; without `language` the organisation's, or the only one there is."""
    known = by_name(db, org, waba_id, name)
    if not known:
        raise _unknown(db, org, waba_id, name)
    if language is None and len(known) == 1:
        return known[0]
    wanted = at_meta.language_code(language or db.get_one(Organisation, org).lang)
    found = [each for each in known if each.language == wanted]
    if not found and language is None:  # `en` of the organisation is whichever English there is, if it is one
        found = [each for each in known if each.language.partition("_")[0] == wanted.partition("_")[0]]
    if len(found) == 1:
        return found[0]
    raise NotFound(
        "PT-TEMPLATE-LANGUAGE",
        "the template {name} is not there in {language}",
        why="it is there in {languages}",
        fix="--template-lang {first}",
        name=name,
        language=wanted,
        languages=", ".join(each.language for each in known),
        first=known[0].language,
    )


def _unknown(db: Session, org: int, waba_id: str, name: str) -> NotFound:
    known = {each.name for each in listed(db, org, waba_id)}
    meant = near(name, known)
    return NotFound(
        "PT-TEMPLATE",
        "there is no template {name} here",
        why="did you mean {meant}?" if meant else "",
        fix="pytake template list" if known else "pytake template pull",
        name=name,
        meant=meant,
    )


def listed(db: Session, org: int, waba_id: str | None = None, *, gone: bool = False) -> list[Template]:
    """The templates of an account, or of all accounts of the organisation."""
    query = select(Template).where(Template.org_id == org)
    if waba_id is not None:
        query = query.where(Template.waba_id == waba_id)
    if not gone:
        query = query.where(col(Template.gone_at).is_(None))
    return list(db.exec(query.order_by(col(Template.name), col(Template.language), col(Template.id))))


def usable(template: Template) -> str | None:
    """Why the template cannot be sent: gone, local, or Meta's status in small letters; None if it can."""
    if template.gone_at is not None:
        return "gone"
    return None if template.status == APPROVED else template.status.lower()


def refuse_unusable(template: Template) -> None:
    """Raises what Meta would answer with 132001, 132015 or 132016."""
    state = usable(template)
    if state is None:
        return
    message, fix = STATES.get(state, STATES[""])
    said = template.rejected_reason if state == "rejected" else template.pause_title
    raise Conflict(
        "PT-TEMPLATE-STATE",
        message,
        why="Meta says {said}" if said else "",
        fix=fix,
        name=template.name,
        language=template.language,
        state=template.status,
        said=said,
    )


def wanted(template: Template) -> list[Slot]:
    """The values it takes, in order; `key` is what --var and campaigns call each."""
    return slots(template.components, template.category, template.parameter_format)


def takes(template: Template) -> frozenset[str]:
    """Every name under which it takes a value."""
    return frozenset(name for slot in wanted(template) for name in (slot.key, *slot.aliases))


def message(template: Template, values: Mapping[str, str]) -> Outgoing:
    """The message that the template becomes with these values, the one renderer of all senders.

    {"nome": "Karina", "header": "https://…/a.jpg", "button.0": "860198"}: see Slot. Raises PT-TEMPLATE-VALUES with
    all that Meta would refuse: missing, unknown, empty, too long, with line breaks, of another kind.
    """
    return renderer(template).message(values)


def renderer(template: Template) -> Renderer:
    """What makes many messages of one template, as `message` makes one."""
    return Renderer(
        template.name,
        template.language,
        template.components,
        category=template.category,
        parameter_format=template.parameter_format,
    )


def render(template: Template, values: Mapping[str, str]) -> Preview:
    """What the person will read; raises as `message` does."""
    return _seen(template, message(template, values))


def words(template: Template, outgoing: Outgoing) -> str:
    """What the person will read of a message that `message` made: for Message.text, lists and search."""
    return _seen(template, outgoing).text


def _seen(template: Template, outgoing: Outgoing) -> Preview:
    return template_views.render(template.components, outgoing.body["template"].get("components", []))


def samples(template: Template) -> dict[str, str]:
    """A value for everything that is needed: the examples Meta has, else what may stand there."""
    stand_ins = {**dict.fromkeys(("image", "video", "document", "gif"), "https://example.com/sample"), "json": "{}"}
    return {slot.key: slot.example or stand_ins.get(slot.kind, "…") for slot in wanted(template) if slot.required}


def in_order(template: Template, given: Sequence[str]) -> dict[str, str]:
    """Values without names: they fill the texts that are needed, in the order in which these are read."""
    texts = [slot for slot in wanted(template) if slot.required and slot.kind in ("text", "code")]
    if len(given) > len(texts):
        raise InvalidData(
            "PT-TEMPLATE-VALUES",
            "the template {name} takes {count} values in order, and there are {given}",
            why="it takes {wanted}",
            fix="pytake template show {name}",
            name=template.name,
            count=len(texts),
            given=len(given),
            wanted=", ".join(slot.key for slot in texts),
        )
    return {slot.key: value for slot, value in zip(texts, given, strict=False)}


def as_known(db: Session, org: int) -> dict[str, dict[str, Any]] | None:
    """What flows are checked against: "name/language" -> status and how many texts it takes; None if none is known."""
    found = listed(db, org)
    if not found:
        return None
    return {
        f"{row.name}/{row.language}": {
            "status": row.status,
            "components": row.components,
            "params": sum(slot.kind in ("text", "code") and not slot.key.startswith("header") for slot in wanted(row)),
        }
        for row in found
    }
