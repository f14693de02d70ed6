"""What reviewers look for in a template: advertising, links they refuse, secrets that are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Words of offers in Portuguese and English. Meta files a template as marketing for one of them, whatever it confirms.
_OFFERS = re.compile(
    r"\b(?:"
    r"descontos?|ofertas?|promo(?:ção|ções|cao|coes|cional)?|cupo(?:m|ns)|cashback|liquidaç(?:ão|ões)|"
    r"queima de estoque|imperdíve(?:l|is)|aproveite|não perca|"
    r"últim[ao]s? (?:unidades?|dias?|chances?|vagas?)|por tempo limitado|"
    r"frete grátis|grátis|brindes?|sorteios?|lançamentos?|novidades?|black ?friday|compre|garanta (?:o seu|a sua|já)|"
    r"exclusiv[oa]s?|condições especiais|(?:volte|sentimos (?:sua|a sua) falta)|conheça (?:a|o|nossa|nosso)|indique|"
    r"discounts?|offers?|deals?|sale|coupons?|vouchers?|promo code|free (?:shipping|gift|trial)|limited time|"
    r"don'?t miss|last chance|buy (?:now|one)|shop now|new arrivals?|exclusive|special price|we miss you|giveaway"
    r")\b|\d+ ?% (?:off\b|de desconto)",
    re.IGNORECASE,
)
# Words of something that was agreed upon: what UTILITY is for.
_AGREED = re.compile(
    r"\b(?:seu pedido|sua (?:compra|consulta|reserva|entrega|fatura|assinatura|solicitação|visita)|agendamentos?|"
    r"boletos?|faturas?|pagamentos?|vencimento|rastre(?:io|amento)|protocolo|nota fiscal|confirma(?:do|da|ção)|"
    r"your (?:order|appointment|booking|delivery|payment|invoice|subscription|request|visit)|tracking|receipt|"
    r"confirmation|confirmed)\b",
    re.IGNORECASE,
)
# Links whose target a reviewer cannot see, and links into WhatsApp itself.
_HIDDEN = re.compile(
    r"\b(?:bit\.ly|tinyurl\.com|goo\.gl|t\.co|ow\.ly|is\.gd|cutt\.ly|encurtador\.com\.br|rebrand\.ly|"
    r"wa\.me|api\.whatsapp\.com|chat\.whatsapp\.com)(?:/|\b)",
    re.IGNORECASE,
)
_SECRETS = re.compile(
    r"\b(?:número (?:completo )?do (?:seu )?cartão|cvv|senha do (?:banco|cartão)|"
    r"(?:envie|informe|digite|mande) (?:o )?(?:seu )?(?:cpf|rg|cartão)|card number|"
    r"(?:send|enter|tell us) your (?:password|pin|card|social security|ssn))\b",
    re.IGNORECASE,
)


def offers(texts: Iterable[str]) -> list[str]:
    """The words that make it read like advertising, as they stand there, each once."""
    return _found(_OFFERS, texts)


def agreements(texts: Iterable[str]) -> list[str]:
    """The words that make it read like news of an order, a visit or a payment."""
    return _found(_AGREED, texts)


def hidden_links(texts: Iterable[str]) -> list[str]:
    """Shortened links and links to WhatsApp, which Meta rejects."""
    return _found(_HIDDEN, texts)


def secrets_asked(texts: Iterable[str]) -> list[str]:
    """Requests for numbers of cards or papers, which Meta rejects."""
    return _found(_SECRETS, texts)


def _found(pattern: re.Pattern[str], texts: Iterable[str]) -> list[str]:
    words = (
        " ".join(found.group().split()).rstrip("/").casefold() for text in texts for found in pattern.finditer(text)
    )
    return list(dict.fromkeys(words))
