"""Builders of interactive messages: buttons, lists, links, products, flows, carousels and requests."""

from __future__ import annotations

from typing import Any, Literal

from pytake_cli.whatsapp.outgoing import Outgoing, without_none

Header = dict[str, Any]
"""{"type": "text", "text": "…"} or {"type": "image", "image": {"id": "…"}}; video and document likewise."""


def buttons(
    body: str, choices: list[tuple[str, str]], *, header: Header | None = None, footer: str | None = None
) -> Outgoing:
    """Up to three reply buttons, each (id, title)."""
    replies = [{"type": "reply", "reply": {"id": key, "title": title}} for key, title in choices]
    return _interactive("button", {"buttons": replies}, body, header, footer)


def list_menu(
    body: str,
    button: str,
    sections: list[dict[str, Any]],
    *,
    header: Header | None = None,
    footer: str | None = None,
) -> Outgoing:
    """A menu behind a button: sections [{"title": "…", "rows": [{"id": "…", "title": "…", "description": "…"}]}]."""
    return _interactive("list", {"button": button, "sections": sections}, body, header, footer)


def cta_url(
    body: str, display_text: str, url: str, *, header: Header | None = None, footer: str | None = None
) -> Outgoing:
    """One button that opens a web address."""
    return _named("cta_url", {"display_text": display_text, "url": url}, body, header, footer)


def location_request(body: str) -> Outgoing:
    """Asks where the person is."""
    return _interactive("location_request_message", {"name": "send_location"}, body)


def product(
    catalog_id: str, product_retailer_id: str, *, body: str | None = None, footer: str | None = None
) -> Outgoing:
    """One product of a catalogue."""
    action = {"catalog_id": catalog_id, "product_retailer_id": product_retailer_id}
    return _interactive("product", action, body, None, footer)


def product_list(
    header_text: str,
    body: str,
    catalog_id: str,
    sections: list[dict[str, Any]],
    *,
    footer: str | None = None,
) -> Outgoing:
    """Up to 30 products: sections [{"title": "…", "product_items": [{"product_retailer_id": "…"}]}]."""
    header = {"type": "text", "text": header_text}
    return _interactive("product_list", {"catalog_id": catalog_id, "sections": sections}, body, header, footer)


def catalog(body: str, *, thumbnail_product_retailer_id: str | None = None, footer: str | None = None) -> Outgoing:
    """The whole catalogue."""
    action: dict[str, Any] = {"name": "catalog_message"}
    if thumbnail_product_retailer_id is not None:
        action["parameters"] = {"thumbnail_product_retailer_id": thumbnail_product_retailer_id}
    return _interactive("catalog_message", action, body, None, footer)


def flow(
    body: str,
    cta: str,
    *,
    flow_id: str | None = None,
    flow_name: str | None = None,
    token: str | None = None,
    mode: Literal["published", "draft"] | None = None,
    screen: str | None = None,
    data: dict[str, Any] | None = None,
    data_exchange: bool = False,
    header: Header | None = None,
    footer: str | None = None,
) -> Outgoing:
    """A form of Meta's Flows, opened by a button; `data_exchange` lets its endpoint choose the first screen."""
    payload = without_none({"screen": screen, "data": data})
    parameters = without_none(
        {
            "flow_message_version": "3",
            "flow_id": flow_id,
            "flow_name": flow_name,
            "flow_cta": cta,
            "flow_token": token,
            "mode": mode,
            "flow_action": "data_exchange" if data_exchange else "navigate",
            "flow_action_payload": payload or None,
        }
    )
    return _named("flow", parameters, body, header, footer)


def address(
    body: str,
    country: str = "IN",
    *,
    values: dict[str, Any] | None = None,
    saved_addresses: list[dict[str, Any]] | None = None,
    validation_errors: dict[str, str] | None = None,
) -> Outgoing:
    """Asks for a postal address (India only)."""
    parameters = without_none(
        {
            "country": country,
            "values": values,
            "saved_addresses": saved_addresses,
            "validation_errors": validation_errors,
        }
    )
    return _named("address_message", parameters, body)


def media_carousel(body: str, cards: list[dict[str, Any]]) -> Outgoing:
    """Two to ten cards with picture or video, from link_card() and reply_card(), all of one kind."""
    numbered = [{"card_index": index, **card} for index, card in enumerate(cards)]
    return _interactive("carousel", {"cards": numbered}, body)


def link_card(
    kind: Literal["image", "video"], link: str, display_text: str, url: str, *, body: str | None = None
) -> dict[str, Any]:
    """A card of a media carousel with one button that opens an address."""
    action = {"name": "cta_url", "parameters": {"display_text": display_text, "url": url}}
    return _card(kind, link, body, action)


def reply_card(
    kind: Literal["image", "video"], link: str, choices: list[tuple[str, str]], *, body: str | None = None
) -> dict[str, Any]:
    """A card of a media carousel with quick replies, each (id, title)."""
    replies = [{"type": "quick_reply", "quick_reply": {"id": key, "title": title}} for key, title in choices]
    return _card(kind, link, body, {"buttons": replies})


def product_carousel(body: str, catalog_id: str, product_retailer_ids: list[str]) -> Outgoing:
    """Two to ten products of one catalogue."""
    cards = [
        {
            "card_index": index,
            "type": "product",
            "action": {"product_retailer_id": product_id, "catalog_id": catalog_id},
        }
        for index, product_id in enumerate(product_retailer_ids)
    ]
    return _interactive("carousel", {"cards": cards}, body)


def voice_call(body: str, display_text: str, *, ttl_minutes: int | None = None) -> Outgoing:
    """A button that calls the business in WhatsApp."""
    return _named("voice_call", without_none({"display_text": display_text, "ttl_minutes": ttl_minutes}), body)


def call_permission(body: str) -> Outgoing:
    """Asks whether the business may call."""
    return _interactive("call_permission_request", {"name": "call_permission_request"}, body)


def request_contact_info(body: str) -> Outgoing:
    """Asks somebody who is known by username only for the phone number."""
    return _interactive("request_contact_info", {"name": "request_contact_info"}, body)


def _card(kind: str, link: str, body: str | None, action: dict[str, Any]) -> dict[str, Any]:
    card: dict[str, Any] = {"type": "cta_url", "header": {"type": kind, kind: {"link": link}}, "action": action}
    if "buttons" in action:
        card["type"] = "quick_reply"
    if body is not None:
        card["body"] = {"text": body}
    return card


def _named(
    kind: str,
    parameters: dict[str, Any],
    body: str | None,
    header: Header | None = None,
    footer: str | None = None,
) -> Outgoing:
    return _interactive(kind, {"name": kind, "parameters": parameters}, body, header, footer)


def _interactive(
    kind: str,
    action: dict[str, Any],
    body: str | None,
    header: Header | None = None,
    footer: str | None = None,
) -> Outgoing:
    content = without_none(
        {
            "type": kind,
            "header": header,
            "body": None if body is None else {"text": body},
            "footer": None if footer is None else {"text": footer},
            "action": action,
        }
    )
    return Outgoing("interactive", {"type": "interactive", "interactive": content})
