"""Texts that break screens: wide, joined, turned around, piled up, very long, or made to command the terminal."""

from __future__ import annotations

import random
from collections.abc import Iterator

EMOJI = "❤️ 👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 1️⃣ 🇧🇷 ⚠️ ☺️"
CJK = "我的订单在哪里？ 注文はどこですか 주문 어디예요"
RTL = "أين طلبي؟ שלום 123 مرحبا"
THAI_HINDI = "สวัสดีครับ नमस्ते"
ZALGO = "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞"
MARKUP = "[@click=app.quit]clique aqui[/] [bold red]oi[/] [link=http://x.example]y[/link] $background [/]"
CODES = (
    "\x1b]0;pwned\x07\x1b[31mvermelho\x1b[0m\x1b[2J\x1b[?1049l"
    "\x1b]52;c;cHduZWQ=\x07\x9b31m\x9d0;x\x9c\u202eoirártnoc ao"
)
LONG = "Consegue parcelar em 12x sem juros? " * 114  # 4,096 characters and a few
ONE_WORD = "a" * 300
LINES = "linha um\nlinha dois\r\nlinha três\ttab\x0bvertical\x0cpágina\u2028separador\x00nulo"

MIX = "👍🏽我أ[b]\x1b[31m!"  # something of each in ten cells, so that also a narrow column shows it
MIXED = ("👍", "我", "أ", "[b]", "�", "Consegue")  # what can be seen of it, and of the long one

TEXTS: dict[str, str] = {
    "mix": MIX, "long": LONG[:4096], "emoji": EMOJI, "cjk": CJK, "rtl": RTL, "thai": THAI_HINDI, "zalgo": ZALGO,
    "markup": MARKUP, "codes": CODES, "word": ONE_WORD, "lines": LINES, "empty": "", "spaces": "   ",
    "nbsp": "\u00a0\u3164\u200b",
}  # fmt: skip

_STARTS = (
    "\x1b[",
    "\x1b]",
    "\x1bP",
    "\x1b^",
    "\x1b_",
    "\x1bX",
    "\x9b",
    "\x9d",
    "\x90",
    "\x1b(",
    "\x1b#",
    "\x1bc",
    "\x0e",
)
_MIDDLES = (
    "2J", "31m", "0;título", "52;c;cHduZWQ=", "?1049h", "?1000h", "?2004l", "8;;http://x.example", "6n", "c", ">c",
    "21t", "4;1;?", "1;1H", "999C", "3J", "!p", "?25l", "=", "q", "$q", "+q544e", "Gf=100;AAAA", "777;notify;a;b",
    "9;oi",
)  # fmt: skip
_ENDS = ("\x07", "\x1b\\", "\x9c", "", "\n", "m", "\x18")
_SPICE = (
    "\u202e",
    "\u2066",
    "\u200d",
    "\ufe0f",
    "\U0001f3fd",
    "\u0301" * 9,
    "[@click=app.quit]",
    "[/]",
    "\x08" * 5,
    "\r",
    "\x7f",
    "\ud800",
)


def hostile(count: int = 200, seed: int = 1) -> Iterator[str]:
    """Strings that would retitle, clear, click or read back a terminal if they reached it as they are."""
    chance = random.Random(seed)
    for serial in range(count):
        parts = [f"h{serial}"]
        for _part in range(chance.randint(1, 4)):
            parts.append(chance.choice(_STARTS) + chance.choice(_MIDDLES) + chance.choice(_ENDS))
            parts.append(chance.choice((*_SPICE, EMOJI, CJK, RTL, "oi")))
        yield "".join(parts)
