"""What expressions give, what they refuse, what they record; and that nothing but their own errors comes out."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from pytake_cli import locale
from pytake_cli.flow.expressions import (
    EvaluationError,
    ExpressionError,
    Missing,
    Reference,
    compile_expression,
    compile_template,
)
from pytake_cli.flow.filters import FILTERS
from pytake_cli.flow.language.questions import FUNCTIONS, TESTS
from pytake_cli.flow.language.values import MAX_SOURCE

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ANA: dict[str, Any] = {
    "contact": {"first_name": "Ana", "stage": "lead", "tags": ["vip", "novo"], "language": "pt-BR", "email": None},
    "vars": {
        "n": 4,
        "price": Decimal("19.90"),
        "day": date(2026, 3, 15),
        "slots": [{"at": "10:00", "free": True}, {"at": "11:00", "free": False}],
    },
    "now": NOW,
    "today": date(2026, 3, 2),
    "org": {},
}


def value(source: str, trace: Missing | None = None) -> object:
    return compile_expression(source).evaluate(ANA, trace)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("2 ** 3 ** 2", 64),  # from the left, as Jinja
        ("-vars.n ** 2", 16),  # as Jinja
        ("4 / 2", 2),
        ("1 / 4", Decimal("0.25")),
        ("0.1 + 0.2 == 0.3", True),
        ("-7.5 % 2", Decimal("0.5")),
        ("2 ** -1", Decimal("0.5")),
        ("'a' ~ 1 + 2 ~ 'b'", "a12b"),  # ~ binds tighter than +
        ("'a' ~ 1 ~ none ~ true", "a1true"),
        ("'ab' * 2 + 'c'", "ababc"),
        ("[1] + [2] * 2", [1, 2, 2]),
        ("1 < 2 and 2 < 3", True),
        ("not 1 == 2", True),
        ("not true or true", True),
        ("none or 'x'", "x"),
        ("0 and 1", 0),
        ("'a' in 'cat' and 'z' not in 'cat'", True),
        ("'vip' in contact.tags", True),
        ("4 in [1, 4.0]", True),
        ("'n' in vars", True),
        ("1 if false else 2 if false else 3", 3),
        ("1 if false", None),
        ("'abc'[1]", "b"),
        ("'abc'[-1]", "c"),
        ("'abc'[9]", None),
        ("'abcdef'[1:4]", "bcd"),
        ("'abcdef'[::-2]", "fdb"),
        ("[1, 2, 3][:2]", [1, 2]),
        ("vars.slots[1].at", "11:00"),
        ("vars.slots.1.at", "11:00"),
        ("vars['n']", 4),
        ("{'a': {'b': 1}}.a.b", 1),
        ("contact.stage == 'lead' and vars.n > 3", True),
        ("vars.day > today", True),
        ("vars.day - today", 13),
        ("now > vars.day", False),
        ("now >= today", True),  # by day: one of them has no time
        ("date('2026-03-15') == vars.day", True),
        ("time('9:30') < time(10)", True),
        ("datetime('2026-03-02T10:00') == now", True),
        ("max(1, 5, 3) - min(2, 1)", 4),
        ("3 is odd and 4 is even", True),
        ("6 is divisibleby 3", True),
        ("6 is divisibleby(4)", False),
        ("vars.n is number and vars.n is not string", True),
        ("contact.email is none", True),
        ("contact.nothing.at.all is defined", False),
        ("'' is empty and [] is empty and 0 is not empty", True),
        ("'vip' is in contact.tags", True),
        ("vars.day is weekend", True),
        ("true == 1", False),
        ("1 == 1.0", True),
        ("'1' == 1", False),
        ("[1, {'a': 2}] == [1.0, {'a': 2}]", True),
        ("none < 1", False),
        ("none >= 1", False),
        ("none == none", True),
        ("none != 1", True),
        ("'x' | upper ~ 'y'", "Xy"),
        ("-3 | abs", 3),
        ("'a,b' | split(',') | join('-')", "a-b"),
        ("vars.slots | where('free') | map('at') | first", "10:00"),
        (r"'\u00e9\n\'\\'", "é\n'\\"),
        ("1_000_000", 1_000_000),
        ("1e3", Decimal("1e3")),
        ("TRUE", None),
        ("True and not False and None is none", True),
        ("contact.keys", None),  # a key, never a method
        ("contact.__class__", None),
        ("'x'.upper", None),
        ("vars.day.year", None),
    ],
)
def test_an_expression_gives_its_value(source: str, expected: object) -> None:
    result = value(source)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("source", "message", "offset"),
    [
        ("", "an expression is missing", 0),
        ("1 +", "the expression ends too early; a value is missing", 3),
        ("(1", "`)` is missing", 2),
        ("a b", "`b` does not fit here", 2),
        ("a = 1", "write `==`", 2),
        ("a < b < c", "do not chain", 6),
        ("a < b not in c", "do not chain", 6),
        ("a && b", "write `and`", 2),
        ("!a", "write `not`", 0),
        ("a ? b : c", "a if b else c", 2),
        ("'abc", "never closed", 0),
        ("x | uper", "no filter is called `uper`; did you mean `upper`?", 4),
        ("x is defind", "did you mean `defined`?", 5),
        ("x | truncate(1, 2, 3)", "is given 3 arguments, and takes at most 2", 4),
        ("x | truncate(lenght=3)", "did you mean `length`?", 4),
        ("x | truncate(3, length=3)", "given `length` twice", 4),
        ("x | replace('a')", "needs the argument `new`", 4),
        ("x | join(a=1, 2)", "come first", 14),
        ("x | join(last=1, last=2)", "given twice", 17),
        ("x | date('dd/qq')", "'qq' means nothing in a date", 9),
        ("x | date('dd de MM')", "put words in quotes", 9),
        ("x | time(3)", "the pattern is a text", 9),
        ("x | money('reais')", "three letters", 10),
        ("x | weekday('shrt')", "style is long, short or number", 12),
        ("upper(x)", "write `value | upper`", 0),
        ("maxx(1, 2)", "did you mean `max`?", 0),
        ("x.upper()", "cannot be called", 7),
        ("for x in y", "`for` does not exist here", 0),
        ("a.", "a name is missing", 2),
        ("a[]", "an index is missing", 1),
        ("a[1:2:3:4]", "at most three parts", 1),
        ("(1, 2)", "square brackets", 2),
        ("9" * 60, "too large", 0),
        ("1e99", "too large", 0),
        ("1e" + "9" * 30, "too large", 0),
        ("(" * 60 + "1" + ")" * 60, "more than 50 brackets", 50),
        ("1" + " + 1" * 200, "too deep", None),
        ("a" + ".a" * 200, "too deep", None),
        ("1" + " | abs" * 200, "too deep", None),
        ("not " * 200 + "1", "too deep", None),
        ("-" * 200 + "1", "too deep", None),
        ("[" + "1, " * 800 + "1]", "more than 1000 words and signs", 1499),
        ("1" * (MAX_SOURCE + 1), "longer than 8192", MAX_SOURCE),
        (r"'\q'", "means nothing in a text", 1),
        (r"'\ud800'", "half a character", 1),
        ("a @ b", "'@' means nothing here", 2),
        ("is x", "does not fit here", 0),
        ("x is divisibleby", "takes a value behind it", 5),
        ("x is even(2)", "takes no value behind it", 5),
        ("{1 2}", "`:` is missing", 3),
    ],
)
def test_what_is_no_expression_is_refused_at_its_place(source: str, message: str, offset: int | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source)
    locale.use("pt-BR")
    try:
        assert caught.value.message.told != caught.value.message
    finally:
        locale.use("en")
    assert message in caught.value.message
    assert offset is None or caught.value.offset == offset


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 + none", "there is no value"),
        ("vars.missing * 2", "there is no value"),
        ("1 + 'a'", "`~` joins texts"),
        ("1 < 'a'", "cannot compare a number with text"),
        ("1 / 0", "division by zero"),
        ("1 % 0.0", "division by zero"),
        ("0 ** -1", "division by zero"),
        ("9 ** 9 ** 9", "too large"),
        ("2 ** 127 * 4", "too large"),
        ("1e40 * 1e40", "too large"),
        ("'a' * 10 ** 9", "longer than 65536 characters"),
        ("[1] * 10 ** 9", "longer than 10000 items"),
        ("'x' * 60000 ~ 'x' * 60000", "longer than 65536"),
        ("'%d' % 3", "needs a number, not text"),
        ("true + 1", "needs a number, not true or false"),
        ("today + 3", "add(days=3)"),
        ("'abc'[1.5]", "an index is a whole number"),
        ("[1][::0]", "step"),
        ("[1]['a':]", "whole numbers"),
        ("{1: 2}", "the key of a map is text"),
        ("1 in 'abc'", "looks for text"),
        ("1 in 2", "needs a text, a list or a map"),
        ("'x' | replace('', 'y')", "`replace`: what is replaced is empty"),
        ("('xxxx' * 9999) | replace('x', 'y' * 9999)", "longer than 65536"),
        ("[1, 'a'] | sort", "different kinds"),
        ("today | date('q' ~ 'q')", "means nothing in a date"),
        ("today | date('HH:mm')", "there is no time in it"),
        ("today | add(days=99999999)", "`add`: days is a whole number"),
        ("today | add(years=9999)", "out of the calendar"),
        ("1 | money('reais' ~ '')", "three letters"),
        ("date('31/12/2026')", "reads 2026-03-02"),
        ("time('25:00')", "reads 09:30"),
    ],
)
def test_values_that_do_not_fit_are_an_error_of_the_evaluation(source: str, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        value(source)
    assert message in caught.value.message


def test_references_say_which_names_are_read_and_where() -> None:
    found = compile_expression("contact.first_name ~ vars['a'].b[0].c ~ (now | date) ~ vars[vars.n]").references
    assert found == (
        Reference(("contact", "first_name"), 0),
        Reference(("vars", "a", "b"), 21),
        Reference(("now",), 41),
        Reference(("vars",), 55),
        Reference(("vars", "n"), 60),
    )
    assert str(found[0]) == "contact.first_name"


def test_filters_that_are_used_are_listed_once() -> None:
    assert compile_expression("a | upper | trim ~ (b | upper)").filters == ("upper", "trim")


def test_a_missing_value_is_recorded_unless_it_was_expected() -> None:
    trace = Missing()
    compile_template(
        "{{ contact.email }} {{ contact.nick | default('você') }} {{ vars.a or vars.b }} {{ vars.c is defined }}"
        " {{ 'x' if vars.d else 'y' }} {{ nobody.here.at_all }} {{ contact.email }}"
    ).render(ANA, trace)
    assert trace.paths == ("contact.email", "vars.b", "nobody.here.at_all")


def test_a_text_is_rendered_with_its_expressions() -> None:
    text = compile_template("Oi, {{ contact.first_name }}! São {{ vars.price | money }}, dia {{ vars.day | date }}.")
    assert text.render(ANA) == "Oi, Ana! São R$ 19,90, dia 15/03/2026."
    assert [str(reference) for reference in text.references] == ["contact.first_name", "vars.price", "vars.day"]
    assert text.references[1].offset == text.source.index("vars.price")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ none }}", ""),
        ("{{ true }}", "true"),
        ("{{ 2.50 }}", "2.50"),
        ("{{ 1e3 }}", "1000"),
        ("{{ 10 / 4 }}", "2.5"),
        ("{{ 10 / 3 }} {{ 2 / -3 }} {{ 1e-30 }}", "3.333333333333 -0.666666666667 0"),
        ("{{ [1, 'a', none] }}", "1, a, "),
        ("{{ {'a': [1.5, none, 'é\"']} }}", '{"a":[1.5,null,"é\\""]}'),
        ("{{ today }}", "2026-03-02"),
        ("{{ time(9) }}", "09:00"),
        ("{{ '}}' }}", "}}"),
        ("{{ {'a': {'b': 1}}['a']['b'] }}", "1"),
        ("a }} b { c {x} %}", "a }} b { c {x} %}"),
        ("a  {{- 1 -}}  b", "a1b"),
        ("a {{1}} {{-2}} b", "a 12 b"),  # a dash takes the space, as in Jinja
    ],
)
def test_values_are_written_plainly(source: str, shown: str) -> None:
    assert compile_template(source).render(ANA) == shown


@pytest.mark.parametrize(
    ("source", "message", "offset"),
    [
        ("oi {% if a %}", "`{%` is not used", 3),
        ("oi {{ a }}{# x #}", "`{#` is not used", 10),
        ("oi {{ a", "`}}` is missing", 3),
        ("oi {{ a | uper }}", "did you mean `upper`", 10),
        ("{{ 1 }}" * 600, "more than 1000 words and signs", 3503),
        ("oi {{ }}", "an expression is missing", 6),
        ("oi {{ a b }}", "does not fit here", 8),
    ],
)
def test_a_wrong_text_is_refused_at_its_place(source: str, message: str, offset: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_template(source)
    assert message in caught.value.message
    assert caught.value.offset == offset


def test_a_text_that_is_one_expression_keeps_the_kind_of_its_value() -> None:
    whole = compile_template("{{ vars.n }}").whole
    assert whole is not None
    assert whole.evaluate(ANA) == 4
    assert compile_template("{{ vars.n }} ").whole is None
    assert compile_template("oi").is_constant


@pytest.mark.parametrize("name", FILTERS)
def test_the_example_of_each_filter_is_true(name: str) -> None:
    found = FILTERS[name]
    assert name in compile_expression(found.example).filters
    assert compile_template("{{ " + found.example + " }}").render({"language": "pt-BR"}) == found.gives


def test_registries_are_sorted_and_say_what_is_in_them() -> None:
    for registry in (FILTERS, TESTS, FUNCTIONS):
        assert list(registry) == sorted(registry)
    assert all(found.summary for registry in (FILTERS, TESTS, FUNCTIONS) for found in registry.values())


@pytest.mark.parametrize(
    ("language", "source", "shown"),
    [
        ("en", "{{ 1234.5 | money }} {{ 1234567.891 | number }}", "$1,234.50 1,234,567.891"),
        ("en", "{{ 5 | money('BRL') }} {{ -3 | money }}", "R$5.00 -$3.00"),
        ("pt-BR", "{{ 5 | money('USD') }} {{ -3 | money }} {{ 5 | money('XAU') }}", "US$ 5,00 -R$ 3,00 XAU 5,00"),
        ("pt_BR", "{{ 1500 | money('CLP') }}", "CLP$ 1.500"),
        ("en", "{{ day | date }} {{ day | date('full') }}", "03/05/2026 Thursday, March 5, 2026"),
        ("en-GB", "{{ day | date }} {{ hour | time }}", "05/03/2026 15:07"),
        ("es", "{{ day | date('long') }}", "5 de marzo de 2026"),
        ("en", "{{ hour | time }} {{ hour | greeting }}", "3:07 PM good afternoon"),
        ("pt-BR", "{{ day | date(\"EEE, d/M/yy 'às' HH'h'mm\") }}", "qui, 5/3/26 às 00h00"),
        ("pt-BR", "{{ day | weekday }} {{ day | weekday('number') }}", "quinta-feira 4"),
        ("fr", "{{ true | yesno }}", "yes"),
        ("pt-BR", "{{ 'MARIA DAS DORES' | title }}", "Maria das Dores"),
    ],
)
def test_numbers_money_and_dates_follow_the_language(language: str, source: str, shown: str) -> None:
    midnight = datetime(2026, 3, 5, tzinfo=UTC)
    day: date = midnight if "HH" in source else midnight.date()
    context = {"contact": {"language": language}, "day": day, "hour": time(15, 7)}
    assert compile_template(source).render(context) == shown


def test_a_moment_is_shown_at_the_clock_of_now() -> None:
    from zoneinfo import ZoneInfo

    there = {"now": NOW.astimezone(ZoneInfo("America/Sao_Paulo")), "at": NOW, "language": "pt-BR"}
    assert compile_template("{{ at | datetime }}").render(there) == "02/03/2026 às 07:00"
