"""Makes a message of what the flags of `pytake message send` say: exactly one kind, with what may go with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytake_cli.cli.typed import choices, location, menu, parse_json
from pytake_cli.errors import InvalidData, UsageError
from pytake_cli.whatsapp import messages
from pytake_cli.whatsapp.messages import Outgoing

if TYPE_CHECKING:
    from pytake_cli.store.templates import Template

FILES = ("image", "audio", "video", "document", "sticker")
HEADER_KINDS = {
    ".jpg": "image",
    ".jpeg": "image",
    ".png": "image",
    ".mp4": "video",
    ".3gp": "video",
    ".pdf": "document",
}
LIST_BUTTON = "Ver opções"
# What belongs to the call and not to the message, when --raw is given a whole request.
_FRAME = ("messaging_product", "recipient_type", "to", "recipient", "biz_opaque_callback_data", "context")

# (kind, what was given: a path or "-") -> the id that stands for the file in the message
Attach = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Draft:
    """What the flags said, unchecked."""

    text: str | None = None
    template: str | None = None
    definition: Template | None = None  # what the store knows of `template`
    variables: Sequence[str] = ()
    image: str | None = None
    audio: str | None = None
    video: str | None = None
    document: str | None = None
    sticker: str | None = None
    location: str | None = None
    contacts: Sequence[dict[str, Any]] = ()  # cards
    buttons: str | None = None
    list_file: str | None = None  # the file's text
    cta: str | None = None
    catalog: bool = False
    products: Sequence[str] = ()
    catalog_id: str | None = None
    flow: str | None = None
    screen: str | None = None
    address: str | None = None  # a country
    ask_location: bool = False
    ask_contact: bool = False
    react: str | None = None
    raw: str | None = None  # JSON
    header: str | None = None
    footer: str | None = None
    caption: str | None = None
    button: str | None = None  # what the button that opens a list or a flow says
    filename: str | None = None
    voice: bool = False
    preview: bool = False
    reply_to: str | None = None


# flag -> the Draft's field; each of them is a message of its own, and only one can be meant
KINDS: dict[str, str] = {
    "--template": "template",
    "--image": "image",
    "--audio": "audio",
    "--video": "video",
    "--document": "document",
    "--sticker": "sticker",
    "--location": "location",
    "--contact": "contacts",
    "--buttons": "buttons",
    "--list": "list_file",
    "--cta": "cta",
    "--catalog": "catalog",
    "--product": "products",
    "--flow": "flow",
    "--address": "address",
    "--ask-location": "ask_location",
    "--ask-contact": "ask_contact",
    "--react": "react",
    "--raw": "raw",
}
WORDLESS = ("--template", "--location", "--contact", "--react", "--raw")  # words given with them would be dropped


def compose(draft: Draft, attach: Attach) -> Outgoing:
    """The message that the flags describe, within Meta's limits; `attach` is asked for files of this machine."""
    given = [flag for flag, field in KINDS.items() if getattr(draft, field) not in (None, (), [], False)]
    if draft.text is not None and given and given[0] in WORDLESS:
        given.insert(0, "-m")
    if len(given) > 1 and not (given == ["--catalog", "--product"]):
        raise UsageError(
            "PT-SEND-KINDS",
            "{flags} are different messages: send one at a time",
            fix="pytake message send -h",
            flags=" + ".join(given),
        )
    outgoing = _kind(draft, given[0] if given else "-m", attach)
    messages.check(outgoing.body)
    return outgoing


def _kind(draft: Draft, flag: str, attach: Attach) -> Outgoing:
    if flag.removeprefix("--") in FILES:
        return _file(draft, flag.removeprefix("--"), attach)
    match flag:
        case "-m":
            return messages.text(_words(draft, flag), preview_url=draft.preview or None)
        case "--template":
            return template(draft, attach)
        case "--location":
            return location(draft.location or "")
        case "--contact":
            return messages.contacts(list(draft.contacts))
        case "--react":
            return _reaction(draft)
        case "--raw":
            return raw(draft.raw or "")
        case _:
            return _interactive(draft, flag, attach)


def _interactive(draft: Draft, flag: str, attach: Attach) -> Outgoing:
    header, footer = _header(draft, attach), draft.footer
    match flag:
        case "--buttons":
            return messages.buttons(_words(draft, flag), choices(draft.buttons or ""), header=header, footer=footer)
        case "--list":
            button, sections = menu(draft.list_file or "")
            body = _words(draft, flag)
            return messages.list_menu(
                body, draft.button or button or LIST_BUTTON, sections, header=header, footer=footer
            )
        case "--cta":
            title, _, url = (draft.cta or "").partition("=")
            return messages.cta_url(_words(draft, flag), title.strip(), url.strip(), header=header, footer=footer)
        case "--flow":
            return _flow(draft, header)
        case "--address":
            return messages.address(_words(draft, flag), (draft.address or "IN").upper())
        case "--ask-location":
            return messages.location_request(_words(draft, flag))
        case "--ask-contact":
            return messages.request_contact_info(_words(draft, flag))
        case _:
            return _shop(draft, flag)


def _words(draft: Draft, flag: str) -> str:
    if draft.text is None:
        raise UsageError(
            "PT-SEND-TEXT",
            "what should the message say?" if flag == "-m" else "{flag} needs the words above it",
            fix='pytake message send --to CONTACT -m "text"' + ("" if flag == "-m" else " {flag} …"),
            flag=flag,
        )
    return draft.text


def _file(draft: Draft, kind: str, attach: Attach) -> Outgoing:
    where = str(getattr(draft, kind))
    content: dict[str, Any] = {}
    if is_url(where):
        content["link"] = where
    else:
        content["media_id"] = _file_id(kind, where, attach)
    caption = draft.caption if draft.caption is not None else draft.text
    if kind in ("image", "video", "document"):
        content["caption"] = caption
    elif caption is not None:
        raise UsageError(
            "PT-SEND-CAPTION",
            "{kind} cannot have words with it: send them on their own",
            fix="pytake message send -h",
            kind=kind,
        )
    if kind == "document":
        content["filename"] = draft.filename or (Path(where).name if not is_url(where) and where != "-" else None)
    if kind == "audio":
        content["voice"] = draft.voice or None
    return messages.media(kind, **content)


def is_url(where: str) -> bool:
    return where.startswith(("https://", "http://"))


def _file_id(kind: str, where: str, attach: Attach) -> str:
    """Digits are the id of an upload, unless a file is called so."""
    if where.isascii() and where.isdigit() and not Path(where).exists():
        return where
    return attach(kind, where)


def _header(draft: Draft, attach: Attach) -> dict[str, Any] | None:
    """`--header TEXT`, or `--header @FILE` and `--header @URL` for a picture, a video or a document."""
    if draft.header is None:
        return None
    if not draft.header.startswith("@"):
        return {"type": "text", "text": draft.header}
    where = draft.header[1:]
    kind = header_kind(where)
    file = {"link": where} if is_url(where) else {"id": _file_id(kind, where, attach)}
    return {"type": kind, kind: file}


def header_kind(where: str) -> str:
    ending = Path(where.split("?")[0]).suffix.lower()
    if ending not in HEADER_KINDS:
        raise InvalidData(
            "PT-SEND-HEADER",
            "a header cannot be a {ending} file: it is one of {endings}",
            fix="pytake message send --header foto.jpg",
            ending=ending or "nameless",
            endings=" ".join(HEADER_KINDS),
        )
    return HEADER_KINDS[ending]


def _flow(draft: Draft, header: dict[str, Any] | None) -> Outgoing:
    named = draft.flow or ""
    return messages.flow(
        _words(draft, "--flow"),
        draft.button or "Abrir",
        flow_id=named if named.isdigit() else None,
        flow_name=None if named.isdigit() else named,
        screen=draft.screen,
        header=header,
        footer=draft.footer,
    )


def _shop(draft: Draft, flag: str) -> Outgoing:
    if flag == "--catalog":
        thumbnail = draft.products[0] if draft.products else None
        return messages.catalog(_words(draft, flag), thumbnail_product_retailer_id=thumbnail, footer=draft.footer)
    if draft.catalog_id is None:
        raise UsageError(
            "PT-SEND-CATALOG",
            "--product needs --catalog-id: the catalogue that the product is in",
            fix="pytake message send --to CONTACT --product ID --catalog-id ID",
        )
    if len(draft.products) == 1:
        return messages.product(draft.catalog_id, draft.products[0], body=draft.text, footer=draft.footer)
    items = [{"product_retailer_id": product} for product in draft.products]
    sections = [{"title": (draft.header or "Produtos")[:24], "product_items": items}]
    body = _words(draft, flag)
    return messages.product_list(draft.header or "Produtos", body, draft.catalog_id, sections, footer=draft.footer)


def _reaction(draft: Draft) -> Outgoing:
    if draft.reply_to is None:
        raise UsageError(
            "PT-SEND-REACT",
            "--react needs --reply-to: the message that gets the emoji",
            fix="pytake message send --react 👍 --reply-to MESSAGE",
        )
    return messages.reaction(draft.reply_to, draft.react or "")


def template(draft: Draft, attach: Attach) -> Outgoing:
    """The template filled in by --var, and above it what --header says."""
    from pytake_cli.cli.template_words import values
    from pytake_cli.services import templates

    assert draft.definition is not None  # whoever takes --template looks it up first
    given = values(draft.definition, draft.variables)
    if draft.header is not None:
        given["header"] = draft.header.removeprefix("@")
    files = {slot.key: slot.kind for slot in templates.wanted(draft.definition) if slot.kind in HEADER_KINDS.values()}
    for key, kind in files.items():
        where = given.get(key, "")
        if where and not is_url(where) and not where.startswith("media:"):
            given[key] = _file_id(kind, where, attach)
            if kind == "document" and given[key] != where and where != "-":
                given.setdefault(f"{key}.filename", Path(where).name)
    return templates.message(draft.definition, given)


def raw(given: str) -> Outgoing:
    """A message in Meta's shape; of a whole request, whom it goes to is left out."""
    body = {name: value for name, value in parse_json(given, "--raw").items() if name not in _FRAME}
    kind = body.setdefault("type", "text" if "text" in body else "")
    return Outgoing(str(kind), body)


def raw_reply_to(given: str) -> str | None:
    """The message that a whole request given by --raw quotes."""
    context = parse_json(given, "--raw").get("context")
    return str(context["message_id"]) if isinstance(context, dict) and "message_id" in context else None
