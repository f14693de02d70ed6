"""The filters of expressions: one literal registry, each with what it does and an example that a test runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pytake_cli.flow.language import date_filters, list_filters, number_filters, people_filters, text_filters
from pytake_cli.flow.language.values import Value
from pytake_cli.flow.words import closest
from pytake_cli.locale import Phrase


@dataclass(frozen=True, slots=True)
class Filter:
    """`value | name(arguments)`; a missing value passes by unless `takes_missing`.

    `cost` is how many steps 64 characters of the value cost; `wrong` says what is wrong with a first argument that is
    written out, so that it is found when the file is checked.
    """

    call: Callable[..., Value]
    summary: str
    example: str
    gives: str  # what the example gives in pt-BR
    takes_missing: bool = False
    cost: int = 1
    wrong: Callable[[object], Phrase | None] | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of its arguments, behind the value."""
        code = self.call.__code__
        return code.co_varnames[2 : code.co_argcount]

    @property
    def required(self) -> int:
        """How many of them must be given."""
        return len(self.parameters) - len(self.call.__defaults__ or ())

    def wrong_arguments(self, count: int, names: Sequence[str]) -> Phrase | None:
        """What is wrong with so many arguments and these named ones, None when they fit."""
        known = self.parameters
        if count > len(known):
            if not known:
                return Phrase("takes no arguments")
            return Phrase("is given {count} arguments, and takes at most {most}", count=count, most=len(known))
        for name in names:
            if name not in known:
                return _unknown(name, known)
            if name in known[:count]:
                return Phrase("is given `{argument}` twice", argument=name)
        lacking = [name for name in known[count : self.required] if name not in names]
        return Phrase("needs the argument `{argument}`", argument=lacking[0]) if lacking else None


def _unknown(name: str, known: Sequence[str]) -> Phrase:
    near, given = closest(name, known), name[:40]
    if near:
        return Phrase("has no argument `{argument}`; did you mean `{meant}`?", argument=given, meant=near)
    if known:
        return Phrase("has no argument `{argument}`; it has {known}", argument=given, known=", ".join(known))
    return Phrase("has no argument `{argument}`", argument=given)


FILTERS: dict[str, Filter] = {
    "abs": Filter(number_filters.absolute, "a number without its sign", "-3 | abs", "3"),
    "add": Filter(
        date_filters.move,
        "a date moved by days, weeks, months, years, hours, minutes",
        'date("2026-01-31") | add(months=1)',
        "2026-02-28",
    ),
    "capitalize": Filter(
        text_filters.capitalize, "a capital first, the rest small", "'OI, ANA' | capitalize", "Oi, ana"
    ),
    "cnpj": Filter(people_filters.cnpj, "a CNPJ with its points", "'12abc34501de35' | cnpj", "12.ABC.345/01DE-35"),
    "contains": Filter(
        text_filters.contains,
        "whether a text has a piece (case and accents aside) or a list an item",
        "'Quero AGENDAR' | contains('agendar')",
        "true",
    ),
    "cpf": Filter(people_filters.cpf, "a CPF with its points", "'12345678909' | cpf", "123.456.789-09"),
    "date": Filter(
        date_filters.show_date,
        "a date as the language writes it: short, medium, long, full, or a pattern",
        'date("2026-03-02") | date("long")',
        "2 de março de 2026",
        wrong=date_filters.wrong_pattern,
    ),
    "datetime": Filter(
        date_filters.show_datetime,
        "a date with its time",
        'datetime("2026-03-02T09:30") | datetime',
        "02/03/2026 às 09:30",
    ),
    "default": Filter(
        text_filters.default,
        "something else when there is no value",
        "none | default('você')",
        "você",
        takes_missing=True,
    ),
    "diff": Filter(
        date_filters.difference,
        "days, weeks, hours or minutes between two moments",
        'date("2026-03-10") | diff(date("2026-03-02"))',
        "8",
    ),
    "digits": Filter(text_filters.digits, "only the digits of a text", "'(11) 98765' | digits", "1198765", cost=4),
    "endswith": Filter(
        text_filters.endswith, "whether a text ends so, case and accents aside", "'Até já' | endswith('ja')", "true"
    ),
    "first": Filter(list_filters.first, "the first item or character", "[7, 8] | first", "7"),
    "first_name": Filter(text_filters.first_name, "the first word of a name", "'ANA SOUZA 🌸' | first_name", "Ana"),
    "float": Filter(
        number_filters.to_float, "the number that a text is, else 0", "'2.5' | float", "2.5", takes_missing=True
    ),
    "greeting": Filter(
        date_filters.greeting, "bom dia, boa tarde or boa noite, by the hour", 'time("09:30") | greeting', "bom dia"
    ),
    "int": Filter(
        number_filters.to_int,
        "the whole number that a text or number is, else 0",
        "'42' | int",
        "42",
        takes_missing=True,
    ),
    "join": Filter(list_filters.join, "one text of all items", "['a', 'b', 'c'] | join(', ', last=' e ')", "a, b e c"),
    "json": Filter(
        text_filters.to_json, "the value as JSON", "{'a': [1, none]} | json", '{"a":[1,null]}', takes_missing=True
    ),
    "last": Filter(list_filters.last, "the last item or character", "[7, 8] | last", "8"),
    "length": Filter(list_filters.length, "how many characters or items", "'olá' | length", "3", takes_missing=True),
    "list": Filter(list_filters.to_list, "the value as a list", "'a' | list | length", "1", takes_missing=True),
    "lower": Filter(text_filters.lower, "small letters", "'Olá' | lower", "olá", cost=4),
    "map": Filter(list_filters.pluck, "one key of each map of a list", "[{'a': 1}, {'a': 2}] | map('a')", "1, 2"),
    "mask": Filter(
        text_filters.mask,
        "hides all but the last 4 letters and digits",
        "'123.456.789-09' | mask",
        "***.***.*89-09",
        cost=16,
    ),
    "max": Filter(list_filters.greatest, "the greatest item", "[3, 9, 4] | max", "9"),
    "min": Filter(list_filters.least, "the least item", "[3, 9, 4] | min", "3"),
    "money": Filter(
        number_filters.money,
        "an amount of money, by language and currency",
        "1234.5 | money",
        "R$ 1.234,50",
        wrong=number_filters.wrong_currency,
    ),
    "number": Filter(number_filters.number, "a number as the language writes it", "1234.5 | number", "1.234,5"),
    "percent": Filter(number_filters.percent, "a share of one as per cent", "0.155 | percent", "15,5%"),
    "phone": Filter(
        people_filters.phone, "a phone number as it is written", "'11987654321' | phone", "+55 11 98765-4321"
    ),
    "plural": Filter(
        number_filters.plural, "the word for one or for many", "3 ~ ' ' ~ 3 | plural('item', 'itens')", "3 itens"
    ),
    "replace": Filter(text_filters.replace, "every piece replaced by another", "'a-b-c' | replace('-', '/')", "a/b/c"),
    "round": Filter(number_filters.rounded, "a number rounded, half up", "2.345 | round(2)", "2.35"),
    "slug": Filter(text_filters.slug, "small letters, digits and dashes", "'Olá, você!' | slug", "ola-voce"),
    "sort": Filter(list_filters.sort, "a list in order, by a key if its items are maps", "['b', 'Á'] | sort", "Á, b"),
    "split": Filter(text_filters.split, "the parts of a text, or its words", "'a;b' | split(';') | last", "b"),
    "startswith": Filter(
        text_filters.startswith, "whether a text starts so, case and accents aside", "'Olá' | startswith('ol')", "true"
    ),
    "sum": Filter(list_filters.total, "the sum of a list, by a key if its items are maps", "[1, 2.5] | sum", "3.5"),
    "time": Filter(
        date_filters.show_time,
        "a time as the language writes it, or by a pattern",
        'time("9:30") | time',
        "09:30",
        wrong=date_filters.wrong_pattern,
    ),
    "title": Filter(
        text_filters.title, "capitals at the start of words", "'ANA DE SOUZA' | title", "Ana de Souza", cost=8
    ),
    "trim": Filter(text_filters.trim, "without spaces at both ends", "'  oi ' | trim", "oi"),
    "truncate": Filter(
        text_filters.truncate, "cut to so many characters", "'bom dia a todos' | truncate(10)", "bom dia a…"
    ),
    "unique": Filter(list_filters.unique, "each item once", "[1, 2, 1] | unique", "1, 2"),
    "upper": Filter(text_filters.upper, "capital letters", "'Olá' | upper", "OLÁ", cost=4),
    "urlencode": Filter(text_filters.urlencode, "safe within an address", "'a b&c' | urlencode", "a%20b%26c", cost=16),
    "weekday": Filter(
        date_filters.weekday,
        "the day of the week: long, short or number",
        'date("2026-03-02") | weekday',
        "segunda-feira",
        wrong=date_filters.wrong_style,
    ),
    "where": Filter(
        list_filters.where,
        "the maps of a list whose key has a value",
        "[{'a': 1, 'b': 5}, {'a': 2}] | where('a', 1) | map('b')",
        "5",
    ),
    "yesno": Filter(people_filters.yesno, "the word for yes or no", "true | yesno", "sim", takes_missing=True),
}
