"""Proves the forms of output: scripts get the same whatever the language, and nothing gets through raw."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytake_cli import locale
from pytake_cli.cli import context as contexts
from pytake_cli.cli import forms, output
from pytake_cli.cli.folding import fold
from pytake_cli.cli.line import Flags
from pytake_cli.errors import UsageError

NOW = datetime(2026, 11, 22, 22, 11, 48, tzinfo=UTC)
STYLE = forms.Style(width=None, color=False, tz=lambda: ZoneInfo("America/Sao_Paulo"), now=NOW)
ROW: dict[str, Any] = {
    "id": 5008,
    "name": "Ana\tLúcia\n\x1b[31m",
    "at": NOW,
    "cost": {"amount": Decimal("1525.75"), "currency": "USD"},
    "read": True,
    "count": 1284,
    "none": None,
    "tags": ["a", "b"],
}
NAMES = list(ROW)


def written(capsys: pytest.CaptureFixture[str], flags: Flags, *rows: Any, **more: Any) -> tuple[str, str]:
    contexts.use(flags)
    output.emit(list(rows), more.pop("fields", NAMES), **more)
    out, err = capsys.readouterr()
    return out, err


def test_a_pipe_gets_tsv_without_header(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = written(capsys, Flags(), ROW)
    assert out == "5008\tAna\\tLúcia\\n\\x1b[31m\t2026-11-22T22:11:48Z\tUSD 1525.75".replace(
        "USD 1525.75", "1525.75 USD"
    ) + ("\ttrue\t1284\t\ta,b\n")
    assert written(capsys, Flags(header=True), ROW)[0].startswith("id\tname\tat\t")


def test_an_amount_within_a_record_is_shown_as_an_amount() -> None:
    usage = {"market": "BR", "free": 0, "cost": {"amount": "0.50", "currency": "USD"}}
    assert forms.shown([usage], STYLE, relative=True) == "market BR, free 0, cost USD 0.50"


def test_json_has_strings_for_ids_and_money_and_z_for_times(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = json.loads(written(capsys, Flags(json=True), ROW)[0])
    assert row == {
        "id": "5008",
        "name": "Ana\tLúcia\n\x1b[31m",
        "at": "2026-11-22T22:11:48Z",
        "cost": {"amount": "1525.75", "currency": "USD"},
        "read": True,
        "count": 1284,
        "none": None,
        "tags": ["a", "b"],
    }


def test_money_within_a_thing_is_told_in_words_and_not_as_json() -> None:
    usage = {"market": "BR", "delivered": 1300, "cost": {"amount": "8.125", "currency": "USD"}}
    assert forms.shown([usage], STYLE, relative=False) == "market BR, delivered 1,300, cost USD 8.12"


def test_an_empty_list_is_an_empty_array(capsys: pytest.CaptureFixture[str]) -> None:
    assert written(capsys, Flags(json=True), empty="nobody") == ("[]\n", "nobody\n")


def test_jsonl_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = written(capsys, Flags(jsonl=True), ROW, ROW)
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["5008", "5008"]


def test_csv_has_a_header_and_nothing_a_spreadsheet_would_run(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"a": text} for text in ("=1+1", "@x", "+55 11 9", "-cmd", "+5511968184101", "-7", " =x", "＝1", "ok")]
    out, _ = written(capsys, Flags(csv=True), *rows, fields=["a"])
    cells = [row[0] for row in csv.reader(io.StringIO(out))]
    assert cells == ["a", "'=1+1", "'@x", "'+55 11 9", "'-cmd", "+5511968184101", "-7", "' =x", "'＝1", "ok"]
    assert written(capsys, Flags(csv=True, header=False), *rows, fields=["a"])[0].startswith("'=1+1")


def test_a_template_has_placeholders_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = written(capsys, Flags(format=r"{id}\t{cost.currency} {count} {count.nope} {read.__class__}"), ROW)
    assert out == "5008\tUSD 1284  \n"


def test_fields_choose_order_and_help_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert written(capsys, Flags(fields="count,id"), ROW)[0] == "1284\t5008\n"
    assert written(capsys, Flags(), ROW, default=("id",))[0] == "5008\n"
    assert written(capsys, Flags(fields="all"), ROW, default=("id",))[0].startswith("5008\tAna")
    assert written(capsys, Flags(fields="help"), ROW, fields={"id": "Its number.", "name": "Whose."})[0] == (
        "id\tIts number.\nname\tWhose.\n"
    )


def test_a_cut_list_says_so_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert written(capsys, Flags(), ROW, total=1284)[1] == "showing 1 of 1,284 (--limit 0 for all)\n"
    assert written(capsys, Flags(lang="pt-BR"), ROW, total=1284)[1].startswith("showing")
    locale.use("pt-BR")
    assert written(capsys, Flags(), ROW, total=1284)[1] == "mostrando 1 de 1.284 (--limit 0 para todas)\n"


def test_people_see_relative_times_thousands_and_words() -> None:
    rows = [
        {"id": 1, "at": NOW - timedelta(minutes=3), "count": 1284, "read": True},
        {"id": 20, "at": NOW, "count": 5, "read": False},
    ]
    assert forms.table(rows, ["id", "at", "count", "read"], STYLE, header=True).splitlines() == [
        "ID  AT         COUNT  READ",
        "1   3 min ago  1,284  yes",
        "20  now            5  no",
    ]
    locale.use("pt-BR")
    assert "há 3 min  1.284  sim" in forms.table(rows, ["at", "count", "read"], STYLE, header=False)


def test_one_thing_is_a_sheet_with_absolute_times() -> None:
    assert forms.sheet({"id": 5008, "at": NOW}, ["id", "at"], STYLE) == "id  5008\nat  2026-11-22 19:11:48 -03\n"
    assert forms.sheet({"stopped_code": 131042}, ["stopped_code"], STYLE) == "stopped code  131042\n"


def test_a_narrow_screen_cuts_text_and_drops_columns_from_the_right() -> None:
    style = forms.Style(width=30, color=False, tz=STYLE.tz, now=NOW)
    rows = [{"id": 1, "text": "word " * 30, "more": "x" * 20, "last": "y" * 20}]
    lines = forms.table(rows, ["id", "text", "more", "last"], style, header=True).splitlines()
    assert all(len(line) <= 30 for line in lines)
    assert "…" in lines[1]
    assert "LAST" not in lines[0]


def test_wide_characters_keep_columns_straight() -> None:
    rows = [{"a": "日本語", "b": "x"}, {"a": "abc", "b": "y"}]
    first, second = forms.table(rows, ["a", "b"], STYLE, header=False).splitlines()
    assert first == "日本語  x"
    assert second == "abc     y"


@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=st.text())
def test_no_form_lets_control_characters_through(value: str) -> None:
    row = {"a": value}
    for text in (
        forms.table([row], ["a"], STYLE, header=False),
        forms.sheet(row, ["a"], STYLE),
        forms.tsv([row], ["a"], header=False),
        forms.json_text(row),
        forms.json_line(row),
        forms.fill("{a}", row),
    ):
        assert not [each for each in text if unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") and each != "\n"]
    for text in (forms.tsv([row], ["a"], header=False), forms.json_line(row), forms.fill("{a}", row)):
        assert text.count("\n") == 1
    assert json.loads(forms.json_line(row)) == row
    assert json.loads(forms.json_text(row)) == row


@pytest.mark.parametrize("flags", [Flags(), Flags(json=True), Flags(csv=True)])
def test_language_changes_nothing_for_scripts(capsys: pytest.CaptureFixture[str], flags: Flags) -> None:
    english = written(capsys, flags, ROW)[0]
    locale.use("pt-BR")
    assert written(capsys, flags, ROW)[0] == english


def test_colour_is_off_in_pipes_and_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not contexts.use(Flags()).output.color_out
    assert contexts.use(Flags(color="always")).output.color_out
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    assert contexts.use(Flags()).output.color_out
    monkeypatch.setenv("NO_COLOR", "1")
    assert not contexts.use(Flags()).output.color_out


def test_a_screen_shows_names_with_values_and_no_json() -> None:
    row = {"rows": {"contact": 1284, "note": 0, "gone": None}, "pid": 3425, "none": {}, "deep": {"a": {"b": 1}}}
    assert forms.sheet(row, list(row), STYLE) == (
        'rows  contact 1,284, note 0\npid   3425\nnone  —\ndeep  {"a":{"b":1}}\n'
    )
    assert forms.shown([{"to": "x", "code": 131047}, {"to": "y"}], STYLE, relative=False) == "to x, code 131047; to y"


def test_a_template_may_name_any_field(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = written(capsys, Flags(format="{name}={id}"), {"id": 1, "name": "a"}, fields=["id", "name"], default=["id"])
    assert out == "a=1\n"
    with pytest.raises(UsageError, match="there is no field nope"):
        written(capsys, Flags(format="{nope}"), {"id": 1}, fields=["id"])


def test_a_screen_that_is_narrow_gets_an_element_a_line_indented_json_and_whole_commands() -> None:
    narrow = replace(STYLE, width=40)
    row = {
        "identities": [{"kind": "phone", "value": "+5511968184101"}, {"kind": "bsuid", "value": "BR.1032258138301125"}],
        "body": {"type": "text", "text": {"body": "a"}, "deep": {"deeper": [1, 2, 3]}},
        "words": "one two three four five six seven eight nine",
        "none": "",
    }
    assert forms.sheet(row, list(row), narrow) == (
        "identities  kind phone, value\n"
        "            +5511968184101\n"
        "            kind bsuid, value\n"
        "            BR.1032258138301125\n"
        "body        {\n"
        '              "type": "text",\n'
        '              "text": {\n'
        '                "body": "a"\n'
        "              },\n"
        '              "deep": {\n'
        '                "deeper": [\n'
        "                  1,\n"
        "                  2,\n"
        "                  3\n"
        "                ]\n"
        "              }\n"
        "            }\n"
        "words       one two three four five six\n"
        "            seven eight nine\n"
        "none        —\n"
    )


def test_narration_is_folded_around_commands_and_never_inside_one() -> None:
    line = "messages may have been sent since the backup: pytake message list --status unknown · or not"
    assert fold(line, 40) == (
        "messages may have been sent since the\nbackup:\npytake message list --status unknown\nor not"
    )
    assert fold("short", 40) == "short"


def test_fractions_have_the_language_s_comma_and_whole_ones_none() -> None:
    assert [forms.shown(each, STYLE, relative=False) for each in (80.0, 0.5, 3.344)] == ["80", "0.5", "3.344"]
    locale.use("pt-BR")
    try:
        assert forms.shown(3.344, STYLE, relative=False) == "3,344"
    finally:
        locale.use("en")
