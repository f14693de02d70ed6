"""Every kind of message pywa offers, as one table: a name, pywa's call, and what the emulator must have received."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytake_cli.emulator.samples import SAMPLES
from tests.emulator.pywa_world import flows
from tests.emulator.pywa_world import templates as tt
from tests.emulator.pywa_world import types as t

TO = "+5511968184101"
JPEG, PDF, OGG, MP4, WEBP = (SAMPLES[kind][1] for kind in ("image", "document", "voice", "video", "sticker"))
LINK = "https://loja.example/f.jpg"

# name -> (pywa method, arguments, the emulator's message type, path into the accepted body and what must stand there)
Check = tuple[str, dict[str, Any], str, str, Any]
REPLIES = [t.Button(title="Sim", callback_data="yes"), t.Button(title="Não", callback_data="no")]
ROWS = [
    t.SectionRow(title="Preços", callback_data="p", description="Tabela"),
    t.SectionRow(title="Horário", callback_data="h"),
]
CARDS = [t.ImageCarouselCard(image=LINK, body=f"Item {n}", buttons=t.URLButton(title="Ver", url=LINK)) for n in (1, 2)]
CONTACT = t.Contact(
    name=t.Contact.Name(formatted_name="Ana Lima", first_name="Ana"),
    phones=[t.Contact.Phone(phone="+5511900000000", type="CELL", wa_id="5511900000000")],
    emails=[t.Contact.Email(email="ana@loja.example", type="WORK")],
)
PRODUCTS = [t.ProductsSection(title="Vasos", skus=["a1", "a2"])]
FLOW = t.FlowButton(
    title="Agendar",
    flow_id="123",
    flow_token="tok",
    flow_action_type=flows.FlowActionType.NAVIGATE,
    flow_action_screen="START",
    flow_action_payload={"name": "Ana"},
)
ORDER = [tt.BodyText.params("Ana", "860198")]
OFFER = [tt.BodyText.params("Ana", "10%"), tt.URLButton.params(url_variable="1", index=0)]
LANGUAGE = tt.TemplateLanguage.PORTUGUESE_BR

SENDS: dict[str, Check] = {
    "text": ("send_message", {"text": "olá", "preview_url": True}, "text", "text.body", "olá"),
    "buttons": (
        "send_message",
        {"text": "Sim ou não?", "buttons": REPLIES},
        "interactive",
        "interactive.type",
        "button",
    ),
    "buttons with header": (
        "send_message",
        {"text": "Sim?", "header": "Pergunta", "footer": "Loja", "buttons": REPLIES},
        "interactive",
        "interactive.header.text",
        "Pergunta",
    ),
    "list": (
        "send_message",
        {"text": "Menu", "buttons": t.SectionList(button_title="Abrir", sections=[t.Section(title="Loja", rows=ROWS)])},
        "interactive",
        "interactive.action.sections.0.rows.0.id",
        "p",
    ),
    "link": (
        "send_message",
        {"text": "Veja", "buttons": t.URLButton(title="Ver", url=LINK)},
        "interactive",
        "interactive.type",
        "cta_url",
    ),
    "flow": (
        "send_message",
        {"text": "Agende", "buttons": FLOW},
        "interactive",
        "interactive.action.parameters.flow_id",
        "123",
    ),
    "voice call": (
        "send_message",
        {"text": "Ligue", "buttons": t.VoiceCallButton(title="Ligar")},
        "interactive",
        "interactive.type",
        "voice_call",
    ),
    "call permission": (
        "send_message",
        {"text": "Podemos ligar?", "buttons": t.CallPermissionRequestButton()},
        "interactive",
        "interactive.type",
        "call_permission_request",
    ),
    "image bytes": (
        "send_image",
        {"image": JPEG, "mime_type": "image/jpeg", "caption": "foto"},
        "image",
        "image.caption",
        "foto",
    ),
    "image link": ("send_image", {"image": LINK}, "image", "image.link", LINK),
    "image with buttons": (
        "send_image",
        {"image": LINK, "caption": "Qual?", "buttons": REPLIES},
        "interactive",
        "interactive.header.type",
        "image",
    ),
    "video": ("send_video", {"video": MP4, "mime_type": "video/mp4", "caption": "v"}, "video", "video.caption", "v"),
    "document": (
        "send_document",
        {"document": PDF, "filename": "a.pdf", "mime_type": "application/pdf"},
        "document",
        "document.filename",
        "a.pdf",
    ),
    "audio": ("send_audio", {"audio": OGG, "mime_type": "audio/ogg"}, "audio", "type", None),
    "voice": ("send_voice", {"voice": OGG, "mime_type": "audio/ogg"}, "audio", "audio.voice", True),
    "sticker": ("send_sticker", {"sticker": WEBP, "mime_type": "image/webp"}, "sticker", "type", None),
    "location": (
        "send_location",
        {"latitude": -23.5, "longitude": -46.6, "name": "Loja", "address": "Rua A"},
        "location",
        "location.name",
        "Loja",
    ),
    "location request": (
        "request_location",
        {"text": "Onde?"},
        "interactive",
        "interactive.type",
        "location_request_message",
    ),
    "contact request": (
        "request_contact_info",
        {"text": "Telefone?"},
        "interactive",
        "interactive.type",
        "request_contact_info",
    ),
    "contact": ("send_contact", {"contact": CONTACT}, "contacts", "contacts.0.name.first_name", "Ana"),
    "catalog": ("send_catalog", {"body": "Catálogo"}, "interactive", "interactive.type", "catalog_message"),
    "product": (
        "send_product",
        {"catalog_id": "1", "sku": "a1", "body": "Vaso"},
        "interactive",
        "interactive.type",
        "product",
    ),
    "products": (
        "send_products",
        {"catalog_id": "1", "product_sections": PRODUCTS, "title": "Loja", "body": "Escolha"},
        "interactive",
        "interactive.type",
        "product_list",
    ),
    "carousel": ("send_carousel", {"body": "Veja", "cards": CARDS}, "interactive", "interactive.type", "carousel"),
    "template": (
        "send_template",
        {"name": "confirmacao_pedido", "language": LANGUAGE, "params": ORDER},
        "template",
        "template.name",
        "confirmacao_pedido",
    ),
    "template with url": (
        "send_template",
        {"name": "oferta_semana", "language": LANGUAGE, "params": OFFER},
        "template",
        "template.name",
        "oferta_semana",
    ),
    "marketing template": (
        "send_template",
        {"name": "oferta_semana", "language": LANGUAGE, "params": OFFER, "use_mm_lite_api": True},
        "template",
        "template.name",
        "oferta_semana",
    ),
    "authentication": (
        "send_template",
        {
            "name": "codigo_acesso",
            "language": LANGUAGE,
            "params": [tt.BodyText.params("123456"), tt.URLButton.params(url_variable="123456", index=0)],
        },
        "template",
        "template.name",
        "codigo_acesso",
    ),
}


def at(body: Any, path: str) -> Any:
    """What stands at `a.0.b` of a JSON value; None when nothing does."""
    for part in path.split("."):
        body = body[int(part)] if part.isdigit() else body.get(part)
        if body is None:
            return None
    return body


def call(wa: Any, method: str, arguments: dict[str, Any]) -> Callable[[], Any]:
    return lambda: getattr(wa, method)(TO, **arguments)
