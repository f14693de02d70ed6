"""Campaign files: every mistake has its line and what was meant; a definition reads back as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytake_cli import settings as product_settings
from pytake_cli.policy.campaigns import Definition
from pytake_cli.services import campaign_files, campaign_text
from pytake_cli.services.campaign_files import CampaignErrors

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TZ = ZoneInfo("America/Sao_Paulo")
WHOLE = """\
name: black-friday
number: "+551140001234"
arms:
  - {name: a, template: promo_a, language: pt-BR, share: 45, values: {cupom: "A10"}}
  - {name: b, template: promo_b, share: 45}
holdout: 10%
audience: {where: "tag=vip score >= 3"}
values:
  nome: "{{ contact.first_name | default('cliente') }}"
header: https://loja.example/a.jpg
consent: marketing
at: "2026-11-27 09:00"
rate: 20/s
quiet_hours: "20:00-08:00"
tz: org
max_cost: USD 800
max_recipients: 12000
frequency_cap: {messages: 2, days: 7}
canary: {size: 50, wait: 5m}
skip_open_conversations: false
on_missing: fail
recurrence: {weekly: mon, at: "09:00"}
drip:
  - {after: 2d, template: lembrete, values: {nome: "cliente"}, unless_replied: true}
"""


def read(source: str, **flags: Any) -> Definition:
    return campaign_files.read(source, "campaigns/bf.yaml", TZ, flags)


def told(source: str, **flags: Any) -> list[str]:
    with pytest.raises(CampaignErrors) as raised:
        read(source, **flags)
    return [str(each) for each in raised.value.problems]


def test_a_whole_file_is_read() -> None:
    found = read(WHOLE)
    assert found.at == datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert [(arm.name, arm.language, arm.share) for arm in found.arms] == [("a", "pt_BR", 45), ("b", "", 45)]
    assert found.values_of(found.arm("a")) == {
        "nome": "{{ contact.first_name | default('cliente') }}",
        "header": "https://loja.example/a.jpg",
        "cupom": "A10",
    }
    assert (str(found.max_cost), found.rate, found.holdout) == ("USD 800.00", 20.0, 10)


def test_a_definition_reads_back_from_json_and_from_a_file() -> None:
    found = read(WHOLE)
    assert Definition.of_json(found.to_json()) == found
    assert read(campaign_text.yaml_text(found, TZ)) == found
    assert read(campaign_text.yaml_text(found, TZ)).hash == found.hash


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("template: promo\n", "1:1  no audience: that would mean everybody; if so, audience: {all: true} or --all"),
        ("template: promo\naudience: {where: ''}\n", "2:11  no audience: that would mean everybody"),
        ("template: promo\naudience: {segmnt: vip}\n", "2:12  there is no key `segmnt` here; did you mean `segment`?"),
        ("template: p\nflow: f\naudience: {all: true}\n", "2:1  only one of template, arms or flow can be there"),
        ("audience: {all: true}\n", "1:1  there must be template, arms or flow"),
        ("template: p\naudience: {all: true}\nvalues: {a: '{{ contact.nmae }}'}\n", "3:17  there is no `contact.nmae`"),
        ("template: p\naudience: {all: true}\nvalues: {a: '{{ 1 + }}'}\n", "3:21  the expression ends too early"),
        ("template: p\naudience: {all: true}\nvalues: {a: '@x'}\n", "3:13  `a` is a column of a file"),
        ("template: p\naudience: {all: true}\nquiet_hours: 9-10\n", "3:14  `quiet_hours` takes a span of the day"),
        ("template: p\naudience: {all: true}\nmax_cost: lots\n", "3:11  `max_cost` takes an amount"),
        ("template: p\naudience: {all: true}\nrecurrence: {weekly: xyz}\n", "3:"),
        (
            "arms: [{template: a, share: 60}, {template: b, share: 60}]\naudience: {all: true}\n",
            "120 together, not 100",
        ),
        (
            "template: p\naudience: {all: true}\ndrip:\n  - {after: 3d, template: b}\n  - {after: 1d, template: c}\n",
            "5:13  later messages stand in the order of their time",
        ),
        ("- 1\n", "a campaign file is a map"),
        ("a: [\n", "2:1"),
    ],
)
def test_a_mistake_has_its_line_and_what_was_meant(source: str, problem: str) -> None:
    assert any(problem in each for each in told(source)), told(source)


def test_a_flag_goes_before_the_file_and_is_named_in_its_mistake() -> None:
    source = "template: promo\naudience: {segment: vip}\nvalues: {a: x, b: y}\n"
    found = read(source, audience=("--where", {"where": "tag=a"}), values=("--var", {"b": "z"}))
    assert (found.audience.query, found.values) == ("tag=a", {"a": "x", "b": "z"})
    assert read(source, flow=("--flow", "boas-vindas")).arms == ()
    with pytest.raises(CampaignErrors) as raised:
        read(source, rate=("--rate", "quick"))
    assert str(raised.value).startswith("--rate: `rate` takes messages a second")


_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.lists(st.text(max_size=5), max_size=2),
    st.dictionaries(st.sampled_from(["messages", "size", "all", "where", "after", "x"]), st.integers(), max_size=2),
)


@PATIENT
@given(st.dictionaries(st.sampled_from([*campaign_files.KEYS, "x"]), _values, max_size=6))
def test_whatever_stands_there_is_a_definition_or_one_error(data: dict[str, Any]) -> None:
    try:
        found = campaign_files.of_flags({key: (f"--{key}", value) for key, value in data.items()}, TZ)
    except CampaignErrors:
        return
    assert Definition.of_json(found.to_json()) == found


def test_a_recurrence_may_name_the_holidays_of_business_hours() -> None:
    product_settings.load({"flows.hours": {"loja": {"mon-fri": ["09:00-18:00"], "holidays": ["2026-12-25"]}}})
    text = 'template: p\naudience: {all: true}\nrecurrence: {weekly: fri, at: "09:00", holidays: loja}\n'
    assert (campaign_files.read(text, "x.yaml", TZ).recurrence or {})["holidays"] == ["2026-12-25"]
