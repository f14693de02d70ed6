"""Templates to create, one of every kind that the rules know."""

from __future__ import annotations

from typing import Any


def draft(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A template around the components."""
    return {"name": "sample", "category": "MARKETING", "language": "pt_BR", "components": list(components), **more}


def body(text: str, *examples: str) -> dict[str, Any]:
    """A body with its examples by position."""
    found: dict[str, Any] = {"type": "BODY", "text": text}
    return {**found, "example": {"body_text": [list(examples)]}} if examples else found


def buttons(*found: dict[str, Any]) -> dict[str, Any]:
    """The buttons."""
    return {"type": "BUTTONS", "buttons": list(found)}


REPLY = {"type": "QUICK_REPLY", "text": "Parar"}
LINK = {"type": "URL", "text": "Ver", "url": "https://example.com/{{1}}", "example": ["https://example.com/1"]}
CODE = {"type": "COPY_CODE", "example": "25OFF"}
IMAGE = {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::aW"]}}
APP = {"package_name": "com.example.app", "signature_hash": "K8a/AINcGX7"}
CARD = {"components": [IMAGE, body("Dez por cento em tudo"), buttons(REPLY, LINK)]}
OTP = {"type": "OTP", "otp_type": "COPY_CODE", "text": "Copiar"}
ORDER = "Seu pedido {{1}} sai na {{2}} pela manhã."

GOOD: dict[str, dict[str, Any]] = {
    "plain": draft(body("Olá, tudo bem?")),
    "positional": draft(
        {"type": "HEADER", "format": "TEXT", "text": "Olá {{1}}", "example": {"header_text": ["Ana"]}},
        body(ORDER, "860198", "segunda"),
        {"type": "FOOTER", "text": "Loja"},
        buttons(LINK, REPLY),
        category="UTILITY",
        message_send_ttl_seconds=43_200,
    ),
    "named": draft(
        {
            "type": "BODY",
            "text": "Seu pedido {{order_number}} sai na {{day}} pela manhã.",
            "example": {
                "body_text_named_params": [
                    {"param_name": "order_number", "example": "860198"},
                    {"param_name": "day", "example": "segunda"},
                ]
            },
        },
        parameter_format="NAMED",
    ),
    "image": draft(IMAGE, body("Veja só a nossa loja nova")),
    "location": draft({"type": "HEADER", "format": "LOCATION"}, body("Estamos aqui esperando você")),
    "all_buttons": draft(
        body("Fale com a gente"),
        buttons(REPLY, LINK, {"type": "PHONE_NUMBER", "text": "Ligar", "phone_number": "+551140001234"}, CODE),
    ),
    "flow": draft(
        body("Marque seu horário"),
        buttons({"type": "FLOW", "text": "Marcar", "flow_id": "1", "flow_action": "navigate", "navigate_screen": "S"}),
    ),
    "catalog": draft(body("Veja tudo"), buttons({"type": "CATALOG", "text": "View catalog"})),
    "offer": draft(
        {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Só hoje!", "has_expiration": True}},
        body("Aproveite enquanto dura"),
        buttons(CODE, LINK),
    ),
    "carousel": draft(body("Nossas ofertas desta semana"), {"type": "CAROUSEL", "cards": [CARD, CARD]}),
    "copy_code": draft(
        {"type": "BODY", "add_security_recommendation": True},
        {"type": "FOOTER", "code_expiration_minutes": 10},
        buttons(OTP),
        category="AUTHENTICATION",
        message_send_ttl_seconds=600,
    ),
    "zero_tap": draft(
        {"type": "BODY"},
        buttons({**OTP, "otp_type": "ZERO_TAP", "supported_apps": [APP], "zero_tap_terms_accepted": True}),
        category="AUTHENTICATION",
    ),
}
