"""The words that readers of answers know, folded: Portuguese, English and Spanish side by side."""

from __future__ import annotations

from pytake_cli.flow.locales import LOCALES
from pytake_cli.flow.words import fold


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _count(words: str, first: int = 1, step: int = 1) -> dict[str, int]:
    """Words that count on from `first`; `-` stands for one that is written elsewhere."""
    named = {word: first + place * step for place, word in enumerate(words.split())}
    named.pop("-", None)
    return named


UNITS: dict[str, int] = {
    **_count("zero um dois tres quatro cinco seis sete oito nove dez onze doze treze quatorze quinze", 0),
    **_count("dezesseis dezessete dezoito dezenove", 16),
    **_count("one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"),
    **_count("sixteen seventeen eighteen nineteen", 16),
    **_count("uno dos"),
    **_count("siete ocho nueve diez once doce trece catorce quince", 7),
    "uma": 1,
    "duas": 2,
    "una": 1,
    "cuatro": 4,
}
TENS: dict[str, int] = {
    **_count("vinte trinta quarenta cinquenta sessenta setenta oitenta noventa cem", 20, 10),
    **_count("twenty thirty forty fifty sixty seventy eighty ninety hundred", 20, 10),
    **_count("veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien", 20, 10),
}
MULTIPLES: dict[str, int] = {
    **dict.fromkeys(["mil", "k", "thousand"], 1_000),
    **dict.fromkeys(["milhao", "milhoes", "mi", "million", "millon", "millones"], 1_000_000),
}
# words that make two things of an answer, or deny it
JOINS = _set("ou or e and y o a to ate vs x nao no not")

YES = _set(
    "s sim ss sss simm claro ok okay isso certo correto positivo pode beleza blz uhum aham exato exatamente confirmo"
    " confirmado quero aceito y yes yeah yep yup sure correct right si fechado perfeito ta bom bora combinado"
    " 👍 ✅ ✔ 👌 🙏 👏"
)
YES_PHRASES = (
    "com certeza",
    "pode ser",
    "por supuesto",
    "de acordo",
    "of course",
    "ta bom",
    "esta certo",
    "isso mesmo",
    "tudo bem",
)
NO = _set("n nao nn nop nope negativo nunca jamais no nah not never errado incorreto cancela 👎 ❌ ✖ 🚫 🙅")
POLITE = _set(
    "por favor please obrigado obrigada brigado thanks thank you gracias eu e o a com mesmo de agora senhor senhora"
    " moca moco meu querido querida pls pfv pf vc voce i do want it that is agradeco muito so very ♀ ♂"
)
ALL = frozenset(["todos", "todas", "tudo", "all", "todo", "all of them", "todas elas", "todos eles"])
ORDINALS = ("primeir", "segund", "terceir", "quart", "quint", "sext", "setim", "oitav", "non", "decim")
ENGLISH_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")

MONTHS: dict[str, int] = {"sept": 9}
WEEKDAYS: dict[str, int] = {"tues": 1, "thur": 3, "thurs": 3}
for _customs in (LOCALES["pt"], LOCALES["en"], LOCALES["es"]):
    for _place, _name in enumerate(_customs.months, 1):
        MONTHS |= {fold(_name): _place, fold(_name)[:3]: _place}
    for _place, _name in enumerate(_customs.days):
        WEEKDAYS |= {fold(_name): _place, fold(_name).removesuffix("-feira"): _place}
        WEEKDAYS[fold(_customs.short_days[_place])] = _place

# a day from today
DAYS_AWAY: dict[str, int] = {
    "depois de amanha": 2,
    "day after tomorrow": 2,
    "pasado manana": 2,
    **dict.fromkeys(["amanha", "amnh", "tomorrow", "manana"], 1),
    **dict.fromkeys(["hoje", "hj", "today", "hoy"], 0),
    **dict.fromkeys(["ontem", "yesterday", "ayer"], -1),
    **dict.fromkeys(["anteontem", "day before yesterday"], -2),
}
# what may stand beside a date or a time and says nothing about it
FILLERS = _set(
    "a as o os no na de da do dia em el la las los al at on the of by for in to para pra pode ser seria melhor"
    " prefiro quero queria please por favor pls ok e y and feira hora horas h hs i would like prefer it is este esta"
    " nesta neste quiero sim yes si mes ano year hr hrs oclock o'clock"
)
