"""Judges the cards of interactive carousels: media cards with a link or quick replies, and product cards."""

from __future__ import annotations

from typing import Any

from pytake_cli.emulator.errors import bad_value
from pytake_cli.emulator.judge.parts import Obj, items, media, obj, one_of, required, text, url

_CARD = frozenset({"card_index", "type", "header", "body", "action"})


def judge_carousel(action: Obj) -> None:
    path = "interactive['action']"
    obj(action, path, frozenset({"cards"}))
    cards = items(action, "cards", path, 2, 10)
    shapes: set[tuple[str, ...]] = set()
    catalogs: set[str] = set()
    for index, one in enumerate(cards):
        where = f"{path}['cards'][{index}]"
        card = obj(one, where, _CARD)
        if card.get("card_index") != index:
            raise bad_value(f"{where}['card_index'] must be {index}.")
        if card.get("type") == "product":
            catalogs.add(_product(card, where))
            shapes.add(("product",))
        else:
            shapes.add(_media(card, where))
    if len(shapes) > 1:
        raise bad_value("All cards of a carousel must have the same components.")
    if len(catalogs) > 1:
        raise bad_value("All cards of a product carousel must use the same catalog.")


def _product(card: Obj, where: str) -> str:
    action = obj(
        required(card, "action", where), f"{where}['action']", frozenset({"product_retailer_id", "catalog_id"})
    )
    text(action, "product_retailer_id", f"{where}['action']", 200)
    return text(action, "catalog_id", f"{where}['action']", 100)


def _media(card: Obj, where: str) -> tuple[str, ...]:
    header = obj(required(card, "header", where), f"{where}['header']", frozenset({"type", "image", "video"}))
    kind = one_of(required(header, "type", f"{where}['header']"), f"{where}['header']['type']", ("image", "video"))
    media(required(header, kind, f"{where}['header']"), f"{where}['header']['{kind}']", frozenset())
    if card.get("body") is not None:
        body = text(obj(card["body"], f"{where}['body']", frozenset({"text"})), "text", f"{where}['body']", 160)
        if body.count("\n") > 2:
            raise bad_value(f"{where}['body'] may have at most 2 line breaks.")
    action = obj(required(card, "action", where), f"{where}['action']", frozenset({"name", "parameters", "buttons"}))
    has_body = "body" if card.get("body") is not None else ""
    if action.get("buttons") is not None:
        return ("media", kind, has_body, *_replies(action, where))
    one_of(required(action, "name", f"{where}['action']"), f"{where}['action']['name']", ("cta_url",))
    parameters = obj(
        required(action, "parameters", f"{where}['action']"), "parameters", frozenset({"display_text", "url"})
    )
    text(parameters, "display_text", f"{where}['action']['parameters']", 20, code=131009)
    url(parameters, "url", f"{where}['action']['parameters']")
    return ("media", kind, has_body, "cta_url")


def _replies(action: dict[str, Any], where: str) -> tuple[str, ...]:
    buttons = items(action, "buttons", f"{where}['action']", 1, 3)
    for one in buttons:
        button = obj(one, "buttons", frozenset({"type", "quick_reply"}))
        reply = obj(required(button, "quick_reply", "buttons"), "quick_reply", frozenset({"id", "title"}))
        text(reply, "id", "Quick reply id", 256, code=131009)
        text(reply, "title", "Quick reply title", 20, code=131009)
    return ("quick_reply",) * len(buttons)
