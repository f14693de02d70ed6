"""Emoji by name, in both languages: what people reach for when they write to customers."""

from __future__ import annotations

EMOJI: tuple[tuple[str, str], ...] = (
    ("😀", "smile sorriso"), ("😂", "joy risada"), ("😊", "blush feliz"), ("😉", "wink piscar"), ("😍", "love amei"),
    ("😘", "kiss beijo"), ("🤗", "hug abraço"), ("🤔", "think pensando"), ("😅", "sweat ufa"), ("😢", "sad triste"),
    ("😭", "cry choro"), ("😡", "angry raiva"), ("😮", "wow uau"), ("🙏", "pray obrigado"), ("👍", "up joia"),
    ("👎", "down ruim"), ("👏", "clap palmas"), ("👋", "wave oi"), ("🙌", "hands viva"),
    ("💪", "strong força"),
    ("🤝", "deal acordo"), ("👀", "eyes olhos"), ("❤", "heart coração"), ("💙", "blue azul"), ("💚", "green verde"),
    ("💛", "yellow amarelo"), ("🎉", "party festa"), ("🎁", "gift presente"), ("🔥", "fire fogo"),
    ("⭐", "star estrela"),
    ("✨", "sparkles brilho"),
    ("✅", "check certo"), ("❌", "cross errado"), ("❗", "alert atenção"),
    ("❓", "question dúvida"), ("💡", "idea ideia"), ("📦", "box pacote"), ("🚚", "truck entrega"),
    ("📍", "pin local"), ("📞", "phone telefone"), ("📱", "mobile celular"), ("💬", "chat conversa"),
    ("📧", "mail email"), ("📄", "page documento"), ("🧾", "receipt recibo"), ("💳", "card cartão"),
    ("💰", "money dinheiro"), ("🏦", "bank banco"), ("🛒", "cart carrinho"), ("🛍", "bags compras"),
    ("👟", "shoe tênis"), ("👕", "shirt camiseta"), ("📅", "date agenda"), ("⏰", "clock relógio"),
    ("⏳", "wait espera"), ("🔑", "key chave"), ("🔒", "lock cadeado"), ("🌟", "shine destaque"), ("☀", "sun sol"),
    ("🌧", "rain chuva"), ("☕", "coffee café"), ("🍕", "pizza"), ("🎂", "cake bolo"), ("🐶", "dog cachorro"),
    ("🇧🇷", "brazil brasil"), ("🚀", "rocket foguete"),
)  # fmt: skip
REACTIONS = ("👍", "❤", "😂", "😮", "😢", "🙏")


def found(part: str, most: int = 7) -> list[tuple[str, str]]:
    """(emoji, name) whose names begin with the letters, then those that hold them."""
    part = part.casefold()
    begin = [(sign, name) for sign, name in EMOJI if any(word.startswith(part) for word in name.split())]
    return [*begin, *(each for each in EMOJI if part in each[1] and each not in begin)][:most]
