"""One sample of every message that can be built: for the golden files, the limits and Meta's own description.

`python -m tests.whatsapp.samples` writes the golden files anew; read the difference like code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from pytake_cli.whatsapp import interactive, messages
from pytake_cli.whatsapp import template_messages as filled
from pytake_cli.whatsapp.messages import Address, Outgoing

GOLDEN = Path(__file__).parent / "golden"
TO = Address("phone", "+5511968184101")
WAMID = "wamid.HBgNNTUxMTk2ODE4NDEwMRUCABIYFDNBNEE2NTk5QUVFMDM4MTAxNDRGAA=="
IMAGE = {"type": "image", "image": {"link": "https://example.com/shoe.jpg"}}
PRODUCTS = [{"title": "Shoes", "product_items": [{"product_retailer_id": "sku-1"}, {"product_retailer_id": "sku-2"}]}]
CARD = [
    {"type": "header", "parameters": [{"type": "image", "image": {"id": "1037543291543636"}}]},
    filled.body(["10%"]),
    filled.quick_reply(0, "more-1"),
    filled.url_button(1, "shoes"),
]
ANA = {
    "name": {"formatted_name": "Ana Lima", "first_name": "Ana", "last_name": "Lima"},
    "phones": [{"phone": "+5511987654321", "wa_id": "5511987654321", "type": "CELL"}],
    "emails": [{"email": "ana@example.com", "type": "WORK"}],
    "addresses": [
        {"street": "Rua A, 1", "city": "São Paulo", "country": "Brasil", "country_code": "br", "type": "HOME"}
    ],
    "urls": [{"url": "https://example.com", "type": "WORK"}],
    "org": {"company": "Loja", "department": "Vendas", "title": "Gerente"},
    "birthday": "1990-12-31",
}

SAMPLES: dict[str, Outgoing] = {
    "text": messages.text("Olá, tudo bem?"),
    "text_preview": messages.text("Veja https://example.com", preview_url=True),
    "image_by_id": messages.image(media_id="1037543291543636", caption="Taj Mahal"),
    "image_by_link": messages.image(link="https://example.com/a.jpg"),
    "video": messages.video(media_id="1037543291543636", caption="Um vídeo"),
    "audio": messages.audio(link="https://example.com/a.mp3"),
    "voice": messages.audio(media_id="1037543291543636", voice=True),
    "document": messages.document(media_id="1037543291543636", caption="Sua fatura", filename="fatura.pdf"),
    "sticker": messages.sticker(media_id="1037543291543636"),
    "location": messages.location(-23.5505, -46.6333, name="Loja", address="Rua A, 1, São Paulo"),
    "contacts": messages.contacts([ANA]),
    "reaction": messages.reaction(WAMID, "\U0001f600"),
    "reaction_removed": messages.reaction(WAMID, ""),
    "pin": messages.pin(WAMID, expiration_days=7),
    "unpin": messages.pin(WAMID, unpin=True),
    "buttons": messages.buttons("Confirma?", [("yes", "Sim"), ("no", "Não")], footer="Loja"),
    "buttons_image": messages.buttons("Gostou?", [("yes", "Sim")], header=IMAGE),
    "list": messages.list_menu(
        "Como podemos ajudar?",
        "Ver opções",
        [
            {"title": "Pedidos", "rows": [{"id": "track", "title": "Rastrear", "description": "Onde está meu pedido"}]},
            {"title": "Outros", "rows": [{"id": "human", "title": "Falar com alguém"}]},
        ],
        header={"type": "text", "text": "Atendimento"},
        footer="Loja",
    ),
    "cta_url": messages.cta_url("Seu boleto está pronto", "Abrir boleto", "https://example.com/b/1", header=IMAGE),
    "location_request": messages.location_request("Onde você está?"),
    "product": messages.product("194836987003835", "sku-1", body="Ainda temos!", footer="Loja"),
    "product_list": messages.product_list("Novidades", "Escolha", "194836987003835", PRODUCTS, footer="Loja"),
    "catalog": messages.catalog("Nosso catálogo", thumbnail_product_retailer_id="sku-1", footer="Loja"),
    "flow_by_id": messages.flow(
        "Marque um horário", "Marcar", flow_id="123", token="t-1", mode="draft", screen="START", data={"name": "Ana"}
    ),
    "flow_by_name": messages.flow("Responda", "Responder", flow_name="survey", token="t-2", data_exchange=True),
    "address": messages.address("Para onde enviamos?", values={"name": "Ana"}),
    "media_carousel_links": messages.media_carousel(
        "Ofertas",
        [
            interactive.link_card("image", "https://example.com/1.jpg", "Comprar", "https://example.com/1", body="Um"),
            interactive.link_card("image", "https://example.com/2.jpg", "Comprar", "https://example.com/2", body="2"),
        ],
    ),
    "media_carousel_replies": messages.media_carousel(
        "Ofertas",
        [
            interactive.reply_card("video", "https://example.com/1.mp4", [("a1", "Quero"), ("b1", "Depois")]),
            interactive.reply_card("video", "https://example.com/2.mp4", [("a2", "Quero"), ("b2", "Depois")]),
        ],
    ),
    "product_carousel": messages.product_carousel("Ofertas", "194836987003835", ["sku-1", "sku-2"]),
    "voice_call": messages.voice_call("Prefere falar?", "Ligar", ttl_minutes=60),
    "call_permission": messages.call_permission("Podemos ligar?"),
    "request_contact_info": messages.request_contact_info("Qual é o seu telefone?"),
    "template": messages.template("hello_world", "en_US"),
    "template_positional": messages.template(
        "order_sent",
        "pt-BR",
        [filled.header_text(["Ana"]), filled.body(["860198", "segunda"]), filled.url_button(0, "860198")],
    ),
    "template_named": messages.template(
        "order_sent",
        "pt_BR",
        [filled.body({"order_number": "860198", "day": "segunda"}), filled.quick_reply(1, "STOP")],
    ),
    "template_media": messages.template(
        "invoice",
        "pt_BR",
        [filled.header_media("document", media_id="1037", filename="fatura.pdf"), filled.body(["10,00"])],
    ),
    "template_location": messages.template(
        "store", "pt_BR", [filled.header_location(-23.5, -46.6, "Loja", "Rua A, 1")]
    ),
    "template_product": messages.template("spm", "pt_BR", [filled.header_product("1948", "sku-1")]),
    "template_authentication": filled.authentication("code", "pt_BR", "123456"),
    "template_coupon_offer": messages.template(
        "black_friday",
        "pt_BR",
        [filled.limited_time_offer(1_795_000_000_000), filled.copy_code(0, "25OFF"), filled.url_button(1, "bf")],
    ),
    "template_flow": messages.template("book", "pt_BR", [filled.flow_button(0, "t-1", {"name": "Ana"})]),
    "template_catalog": messages.template("catalog", "pt_BR", [filled.catalog_button(0, "sku-1")]),
    "template_products": messages.template("mpm", "pt_BR", [filled.products_button(0, "sku-1", PRODUCTS)]),
    "template_carousel": messages.template("cards", "pt_BR", [filled.body(["Ana"]), filled.carousel([CARD, CARD])]),
    "template_tap_target": messages.template("tap", "pt_BR", [filled.tap_target("https://example.com", "Loja")]),
}


def requests() -> dict[str, dict[str, Any]]:
    """Every body of a call for sending, by name: the samples to a phone, then what differs by address or endpoint."""
    group = Address("group", "120363418770915618@g.us")
    found = {
        name: messages.request(sample.body, group if "pin" in sample.body else TO) for name, sample in SAMPLES.items()
    }
    text = SAMPLES["text"].body
    return {
        **found,
        "reply_with_opaque": messages.request(text, TO, reply_to=WAMID, opaque="m:abc.1.0"),
        "to_bsuid": messages.request(text, Address("bsuid", "US.13491208655302741918")),
        "to_parent_bsuid": messages.request(text, Address("parent_bsuid", "US.ENT.11815799212886844830")),
        "to_group": messages.request(text, group),
        "marketing": messages.marketing_request(
            SAMPLES["template"].body, TO, product_policy="CLOUD_API_FALLBACK", activity_sharing=True
        ),
        "read_receipt": messages.read_receipt(WAMID),
        "read_receipt_typing": messages.read_receipt(WAMID, typing=True),
    }


def pretty(value: Any) -> bytes:
    """JSON as it stands in the golden files."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, request in requests().items():
        (GOLDEN / f"{name}.json").write_bytes(pretty(request))
