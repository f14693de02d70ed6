"""Typebot's bubbles: words, pictures, films, sound, and pages that are shown inside the chat."""

from __future__ import annotations

from urllib.parse import urlsplit

from pytake_cli.flow.imports.given import table, text
from pytake_cli.flow.imports.typebot_graph import Block, Bot
from pytake_cli.flow.imports.typebot_texts import rich
from pytake_cli.flow.problems import Phrase

_ENDINGS = {
    "image": (".jpg", ".jpeg", ".png"),
    "video": (".mp4", ".3gp"),
    "audio": (".mp3", ".m4a", ".aac", ".amr", ".ogg", ".opus"),
}
_OTHERS = (".gif", ".webp", ".svg", ".webm", ".mov", ".avi", ".wav", ".avif", ".html")
_PAGES = ("youtube", "vimeo", "tiktok", "gumlet")


def words(bot: Bot, block: Block) -> None:
    """A text."""
    said = bot.words(block, rich(block.content))
    if not said.strip():
        block.item.unused(Phrase("it says nothing"))
        block.item.step = ""
        bot.alias(block, block.then)
        return
    bot.draft.steps[block.step] = {"say": said, "next": block.then}


def media(bot: Bot, block: Block) -> None:
    """A picture, a film or a sound by its address; what Meta does not take is sent as an address."""
    url = bot.words(block, text(block.content, "url").strip())
    page = text(block.content, "type") in _PAGES
    if page and "://" not in url:
        ident = text(block.content, "id")
        hosts = {"youtube": "https://youtu.be/", "vimeo": "https://vimeo.com/"}
        url = hosts.get(text(block.content, "type"), "") + ident if ident else url
    if url.startswith("http://"):
        url = "https://" + url.removeprefix("http://")
        block.item.changed(Phrase("its address begins with https:// now, which Meta asks for"))
    if not url.startswith(("https://", "{{")):
        block.item.unused(Phrase("it has no address"))
        block.item.step = ""
        bot.alias(block, block.then)
        return
    link = text(table(block.content, "clickLink"), "url").strip()
    if page or not _fits(block.kind, url):
        block.item.changed(Phrase("WhatsApp takes no {kind} of this kind: its address is sent"), kind=block.kind)
        address(bot, block, url)
    else:
        bot.draft.steps[block.step] = {"say": None, block.kind: url, "next": block.then}
    if link:
        block.item.changed(Phrase("a picture cannot be clicked: the address stands below it"))
        fields = bot.draft.steps[block.step]
        fields["say"] = "\n".join(part for part in (fields["say"], bot.words(block, link)) if part)


def address(bot: Bot, block: Block, url: str) -> None:
    """Sends an address, with a preview of it."""
    bot.draft.steps[block.step] = {"say": url, "preview_url": True, "next": block.then}


def page(bot: Bot, block: Block) -> None:
    """A page that was shown inside the chat."""
    _instead(bot, block, text(block.content, "url"), Phrase("WhatsApp shows no pages: its address is sent"))


def redirect(bot: Bot, block: Block) -> None:
    """Leads the browser elsewhere, which a chat cannot."""
    _instead(bot, block, text(block.options, "url"), Phrase("a chat cannot open an address: it is sent"))


def _instead(bot: Bot, block: Block, link: str, why: Phrase) -> None:
    """Sends the address of what a chat has no place for; without one there is nothing to do."""
    url = bot.words(block, link.strip())
    if not url:
        block.item.unused(Phrase("it has no address"))
        block.item.step = ""
        bot.alias(block, block.then)
        return
    block.item.changed(why)
    address(bot, block, url)


def _fits(kind: str, url: str) -> bool:
    """False when the ending of the address says that Meta refuses the file."""
    try:
        path = urlsplit(url).path.lower()
    except ValueError:
        return False
    if path.endswith(_OTHERS):
        return False
    known = [each for endings in _ENDINGS.values() for each in endings if path.endswith(each)]
    return not known or known[0] in _ENDINGS.get(kind, ())
