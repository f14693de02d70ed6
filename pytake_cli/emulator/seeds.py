"""The templates a fresh emulator has, approved, so that a first campaign needs no review."""

from __future__ import annotations

from typing import Any


def _body(text: str, *examples: str) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "BODY", "text": text}
    return body | ({"example": {"body_text": [list(examples)]}} if examples else {})


TEMPLATES: tuple[dict[str, Any], ...] = (
    {
        "name": "hello_world",
        "language": "en_US",
        "category": "UTILITY",
        "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Hello World"},
            _body(
                "Welcome and congratulations!! This message demonstrates your ability to send a WhatsApp message "
                "notification from the Cloud API, hosted by Meta. Thank you for taking the time to test with us."
            ),
            {"type": "FOOTER", "text": "WhatsApp Business Platform sample message"},
        ],
    },
    {
        "name": "confirmacao_pedido",
        "language": "pt_BR",
        "category": "UTILITY",
        "components": [
            _body("Olá {{1}}, seu pedido {{2}} foi confirmado e sai hoje.", "Karina", "860198"),
            {"type": "FOOTER", "text": "Loja Sul"},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Falar com alguém"}]},
        ],
    },
    {
        "name": "lembrete_consulta",
        "language": "pt_BR",
        "category": "UTILITY",
        "components": [
            _body("Olá {{1}}, sua consulta é em {{2}} às {{3}}. Podemos confirmar?", "Karina", "12/03", "14h20"),
            {
                "type": "BUTTONS",
                "buttons": [{"type": "QUICK_REPLY", "text": "Confirmar"}, {"type": "QUICK_REPLY", "text": "Remarcar"}],
            },
        ],
    },
    {
        "name": "oferta_semana",
        "language": "pt_BR",
        "category": "MARKETING",
        "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Oferta da semana"},
            _body("Olá {{1}}! Nesta semana você tem {{2}} de desconto em toda a loja.", "Karina", "10%"),
            {"type": "FOOTER", "text": "Para não receber mais, toque em Parar"},
            {
                "type": "BUTTONS",
                "buttons": [
                    {
                        "type": "URL",
                        "text": "Ver ofertas",
                        "url": "https://loja.example/o/{{1}}",
                        "example": ["https://loja.example/o/1"],
                    },
                    {"type": "QUICK_REPLY", "text": "Parar"},
                ],
            },
        ],
    },
    {
        "name": "codigo_acesso",
        "language": "pt_BR",
        "category": "AUTHENTICATION",
        "components": [
            {
                "type": "BODY",
                "text": "*{{1}}* é o seu código de verificação.",
                "add_security_recommendation": False,
                "example": {"body_text": [["123456"]]},
            },
            {
                "type": "BUTTONS",
                "buttons": [
                    {
                        "type": "URL",
                        "text": "Copiar código",
                        "url": "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}",
                        "example": ["https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp123456"],
                    },
                ],
            },
        ],
    },
)
