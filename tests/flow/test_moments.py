"""Dates and times as customers write them, read at the contact's clock."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from tests.flow.test_answers import ZONE, answer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("hoje", date(2026, 3, 2)),
        ("amanhã", date(2026, 3, 3)),
        ("amanha 9h", date(2026, 3, 3)),
        ("depois de amanhã", date(2026, 3, 4)),
        ("pode ser amanhã?", date(2026, 3, 3)),
        ("sexta", date(2026, 3, 6)),
        ("Sexta-feira", date(2026, 3, 6)),
        ("sexta que vem", date(2026, 3, 6)),
        ("quero na sexta à tarde", date(2026, 3, 6)),
        ("próxima terça", date(2026, 3, 3)),
        ("segunda", date(2026, 3, 9)),  # today is one: the next is meant
        ("esta segunda", date(2026, 3, 2)),
        ("segunda dia 9", date(2026, 3, 9)),
        ("dia 15", date(2026, 3, 15)),
        ("dia 1", date(2026, 4, 1)),
        ("dia 31", date(2026, 3, 31)),
        ("15", date(2026, 3, 15)),
        ("15/03", date(2026, 3, 15)),
        ("01/02", date(2027, 2, 1)),
        ("15/3/2026", date(2026, 3, 15)),
        ("15/03/85", date(1985, 3, 15)),
        ("15-03-2026", date(2026, 3, 15)),
        ("2026-03-15", date(2026, 3, 15)),
        ("15 de março", date(2026, 3, 15)),
        ("15 de março de 2027", date(2027, 3, 15)),
        ("1º de abril", date(2026, 4, 1)),
        ("15 dez", date(2026, 12, 15)),
        ("dez de março", date(2026, 3, 10)),
        ("29/02", date(2028, 2, 29)),
        ("daqui a 3 dias", date(2026, 3, 5)),
        ("em duas semanas", date(2026, 3, 16)),
        ("31/02", "format"),
        ("31/02/2026", "format"),
        ("32", "format"),
        ("sexta ou sábado", "format"),
        ("qualquer dia", "format"),
        ("9h", "format"),
    ],
)
def test_dates_are_read_as_brazil_writes_them(text: str, value: object) -> None:
    assert answer("date", text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("tomorrow", date(2026, 3, 3)),
        ("next friday", date(2026, 3, 6)),
        ("friday 3pm", date(2026, 3, 6)),
        ("03/04/2026", date(2026, 3, 4)),
        ("15/03", date(2026, 3, 15)),  # there is no 15th month
        ("march 15th, 2026", date(2026, 3, 15)),
        ("15th of march", date(2026, 3, 15)),
        ("the 15th", date(2026, 3, 15)),
        ("in 3 days", date(2026, 3, 5)),
    ],
)
def test_dates_are_read_as_english_writes_them(text: str, value: object) -> None:
    assert answer("date", text, "en") == value


def test_the_month_comes_second_in_britain() -> None:
    assert answer("date", "03/04/2026", "en-GB") == date(2026, 4, 3)


def test_a_date_without_a_year_is_the_one_within_the_bounds() -> None:
    assert answer("date", "15/03", max=date(2026, 3, 2)) == date(2025, 3, 15)
    assert answer("date", "15/03", min="2026-03-02") == date(2026, 3, 15)
    assert answer("date", "15/03", min=date(2026, 3, 20)) == "early"
    assert answer("date", "15/03/2027", max=date(2026, 12, 31)) == "late"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9h", time(9)),
        ("9h30", time(9, 30)),
        ("9h30min", time(9, 30)),
        ("9:30", time(9, 30)),
        ("9.30", time(9, 30)),
        ("às 9", time(9)),
        ("9", time(9)),
        ("21:05", time(21, 5)),
        ("9 da noite", time(21)),
        ("3 da tarde", time(15)),
        ("uma da tarde", time(13)),
        ("10 horas da manhã", time(10)),
        ("12 da noite", time(0)),
        ("20h da noite", time(20)),
        ("9 e meia", time(9, 30)),
        ("nove e meia", time(9, 30)),
        ("meio-dia", time(12)),
        ("meio dia e meia", time(12, 30)),
        ("meia-noite", time(0)),
        ("amanhã 9h", time(9)),
        ("às 15h de sexta", time(15)),
        ("3pm", time(15)),
        ("3:30 p.m.", time(15, 30)),
        ("12am", time(0)),
        ("half past 9", time(9, 30)),
        ("9 o'clock", time(9)),
        ("noon", time(12)),
        ("25:00", "format"),
        ("9:3", "format"),
        ("15h da manhã", "format"),
        ("logo", "format"),
    ],
)
def test_times_are_read(text: str, value: object) -> None:
    assert answer("time", text) == value


def test_an_hour_that_may_be_of_the_afternoon_is_the_one_within_the_bounds() -> None:
    assert answer("time", "3", min="08:00", max="18:00") == time(15)
    assert answer("time", "9", min="08:00", max="18:00") == time(9)
    assert answer("time", "7", min=time(8), max=time(18)) == "early"
    assert answer("time", "22", min="08:00", max="18:00") == "late"
    assert answer("time", "3 da manhã", min="08:00", max="18:00") == "early"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("amanhã 9h", datetime(2026, 3, 3, 9, tzinfo=ZONE)),
        ("sexta às 15h", datetime(2026, 3, 6, 15, tzinfo=ZONE)),
        ("dia 15 às 10", datetime(2026, 3, 15, 10, tzinfo=ZONE)),
        ("15/03 9h30", datetime(2026, 3, 15, 9, 30, tzinfo=ZONE)),
        ("2026-03-15T10:00", datetime(2026, 3, 15, 10, tzinfo=ZONE)),
        ("tomorrow 3pm", datetime(2026, 3, 3, 15, tzinfo=ZONE)),
        ("daqui a 2 horas", datetime(2026, 3, 2, 12, tzinfo=ZONE)),
        ("11h", datetime(2026, 3, 2, 11, tzinfo=ZONE)),
        ("9h", datetime(2026, 3, 3, 9, tzinfo=ZONE)),  # it is past nine
        ("amanhã", "format"),
    ],
)
def test_dates_with_times_are_read(text: str, value: object) -> None:
    assert answer("datetime", text) == value
