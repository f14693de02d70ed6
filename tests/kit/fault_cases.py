"""Meta's bad days of tests.kit.fault_campaign: how each begins, what has to be said of it, how a person mends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlmodel import select

from pytake_cli import clock
from pytake_cli.store.numbers import Number
from pytake_cli.store.templates import Template
from tests.kit.campaigning import OFFER, phone
from tests.kit.children import wait_until
from tests.kit.run_campaign import command, told

if TYPE_CHECKING:
    from tests.kit.fault_campaign import Walk

FEW = tuple(phone(serial) for serial in (100, 150, 200))  # whom a fault about single people hits
WAVE = (phone(100)[:-1], phone(110)[:-1])  # prefixes of ten people each: too many for chance
SECONDS = 30.0
Act = Callable[["Walk"], None]


@dataclass(frozen=True, slots=True)
class Case:
    """`says` and `diz` have to stand in one sentence of `campaign show`.

    `reason` is the slug of the pause (or of several that may come first), "" when there is none; `by_itself`: the pause
    ends with its cause, and nobody resumes it.
    """

    about: str
    begin: Act
    mend: Act
    says: tuple[str, ...]
    diz: tuple[str, ...]
    reason: str = ""
    by_itself: bool = False
    before: Act | None = None
    early: bool = False  # there before the launch: it is about single people
    again: bool = False  # who was refused meanwhile is written to again at the end
    lost: tuple[int, int] = (0, 0)  # how many people may end without it: at least, at most
    failed_later: bool = False  # Meta takes the message and says only afterwards that it failed
    after: Act | None = None


def number(walk: Walk) -> Number:
    with walk.there.store() as store, store.read() as db:
        return db.get_one(Number, walk.there.number_id)


def until(what: Callable[[], bool]) -> None:
    wait_until(what, SECONDS, every=0.1)


def nothing(walk: Walk) -> None:
    """It passes by itself, or a person looks and goes on."""


def no_faults(walk: Walk) -> None:
    walk.there.emulator.no_faults()


def refuses(code: int, http: int = 400, **values: object) -> Act:
    """Meta answers with an error."""
    return lambda walk: walk.there.emulator.fault("error", code=code, http=http, **values)


def refuses_few(code: int) -> Act:
    """Meta answers with an error about three people."""

    def act(walk: Walk) -> None:
        for each in FEW:
            walk.there.emulator.fault("error", code=code, http=400, to=each)

    return act


def fails(code: int, people: tuple[str, ...] = FEW) -> Act:
    """Meta takes the messages of some people and tells later that they failed, as it does for these codes."""

    def act(walk: Walk) -> None:
        for each in people:
            walk.there.emulator.fault("fail", code=code, to=each)

    return act


def template(action: str, status: str = "", **more: object) -> Act:
    """Meta does something to the template; with `status` our row has to have heard of it."""

    def heard(walk: Walk) -> bool:
        with walk.there.store() as store, store.read() as db:
            return db.exec(select(Template.status).where(Template.name == OFFER)).one() == status

    def act(walk: Walk) -> None:
        walk.there.emulator.post("template", name=OFFER, action=action, **more)
        if status:
            until(lambda: heard(walk))

    return act


def rated_low(walk: Walk) -> None:
    """The webhook alone: the emulator's own rating would pause the template as well."""
    value = {"message_template_name": OFFER, "message_template_language": "pt_BR", "new_quality_score": "RED"}
    value["message_template_id"] = ""
    walk.there.emulator.post("event", field="message_template_quality_update", value=value)


def tier(name: str) -> Act:
    def act(walk: Walk) -> None:
        walk.there.emulator.post("number", tier=name)
        until(lambda: number(walk).tier == name)

    return act


def quality(score: str) -> Act:
    def act(walk: Walk) -> None:
        walk.there.emulator.post("number", quality=score)
        until(lambda: number(walk).quality == score)

    return act


def set_token(walk: Walk, token: str) -> None:
    command(walk.there, "secret", "set", "access_token", "-", stdin=token)


def first_token(walk: Walk) -> None:
    """A token that can be replaced while the daemon runs: not one of its environment."""
    walk.there.daemon.stop()
    del walk.there.daemon.environment["PYTAKE_SECRET_ACCESS_TOKEN"]
    set_token(walk, "first-token-of-the-walk")
    walk.there.daemon.up()


def expire_token(walk: Walk) -> None:
    walk.there.emulator.post("token", revoke="first-token-of-the-walk")


def new_token(walk: Walk) -> None:
    set_token(walk, "second-token-of-the-walk")
    until(lambda: number(walk).stopped_at is None)


def an_hour_later(walk: Walk) -> None:
    """The hour that Meta's spam limit lasts is over."""
    no_faults(walk)
    with walk.there.store() as store, store.write() as db:
        db.get_one(Number, walk.there.number_id).templates_stopped_until = clock.now()


def line_is_cut(walk: Walk) -> None:
    walk.proxy.refuse()


def line_comes_back(walk: Walk) -> None:
    """Half of the time nobody answers the phone, the other half Meta's gateway says that it is down."""
    time.sleep(walk.down_seconds / 2)
    walk.there.emulator.fault("error", code=131016, http=503)
    walk.proxy.listen()
    time.sleep(walk.down_seconds / 2)
    no_faults(walk)


def marketing_is_stopped(walk: Walk) -> None:
    """131050 is an opt-out: it stands in the consent ledger."""
    for each in FEW:
        card = told(walk.there, "contact", "show", f"+{each}")
        assert card["marketing_stopped_at"], card


CASES: dict[str, Case] = {
    "template-paused": Case(
        "Meta pauses the template, told by webhook",
        template("pause", pacing=True),  # which no timer of the emulator's ends
        template("unpause", status="APPROVED"),
        ("the template", "is paused"),
        ("o modelo", "está pausado"),
        reason="PT-CAMP-TEMPLATE PT-CAMP-REFUSED",  # the webhook, or the first refusal, whichever comes first
        again=True,
    ),
    "rate-limited": Case(
        "the number's throughput is exceeded (130429)",
        refuses(130429, 429, probability=0.5),
        no_faults,
        ("sends too fast", "a second"),
        ("envia rápido demais", "por segundo"),
    ),
    "tier-reached": Case(
        "Meta's limit of people in 24 hours is reached",
        nothing,
        tier("TIER_2K"),
        ("250 people in 24 h",),
        ("250 pessoas em 24 h",),
        reason="PT-CAMP-QUOTA",
        by_itself=True,
        before=tier("TIER_250"),
    ),
    "pair-limit": Case(
        "too many messages to three people (131056)",
        refuses_few(131056),
        no_faults,
        ("tried again", "131056", "to this person"),
        ("nova tentativa", "131056", "para esta pessoa"),
        early=True,
    ),
    "withheld": Case(
        "Meta withholds marketing from three people (131049)",
        fails(131049),
        no_faults,
        ("131049", "withheld by Meta", "24 h"),
        ("131049", "retid", "24 h"),
        lost=(3, 3),
        early=True,
        failed_later=True,
    ),
    "withheld-wave": Case(
        "Meta withholds marketing from more and more people (131049)",
        fails(131049, WAVE),
        no_faults,
        ("131049", "of the last", "withheld by Meta"),
        ("131049", "das últimas", "retid"),
        reason="PT-CAMP-REFUSED",
        lost=(10, 20),
        early=True,
        failed_later=True,
    ),
    "opted-out": Case(
        "three people have stopped marketing (131050)",
        fails(131050),
        no_faults,
        ("131050", "stopped marketing"),
        ("131050", "marketing"),
        lost=(3, 3),
        early=True,
        failed_later=True,
        after=marketing_is_stopped,
    ),
    "unreachable": Case(
        "three people are not on WhatsApp (131026)",
        fails(131026),
        no_faults,
        ("131026", "not on WhatsApp", "another channel"),
        ("131026", "WhatsApp", "outro canal"),
        lost=(3, 3),
        early=True,
        failed_later=True,
    ),
    "token-expired": Case(
        "the access token expires (190), and a new one is set",
        expire_token,
        new_token,
        ("may not send", "access token", "goes on by itself"),
        ("não pode enviar", "access token", "continua sozinha"),
        reason="PT-CAMP-NUMBER",
        by_itself=True,
        before=first_token,
    ),
    "meta-down": Case(
        "Meta is away: unreachable at first, then 503",
        line_is_cut,
        line_comes_back,
        ("Meta cannot be reached",),
        ("não há como alcançar a Meta",),
        lost=(0, 16),
    ),
    "category-changed": Case(
        "Meta changes the template's category, and its price",
        template("category", to="UTILITY"),
        nothing,
        (OFFER, "from MARKETING to UTILITY", "price"),
        (OFFER, "de MARKETING para UTILITY", "preço"),
        reason="PT-CAMP-TEMPLATE",
    ),
    "template-red": Case(
        "people rate the template low",
        rated_low,
        nothing,
        ("the template", "low"),
        ("o modelo", "mal"),
        reason="PT-CAMP-TEMPLATE",
    ),
    "number-red": Case(
        "Meta rates the number low (quality RED)",
        quality("RED"),
        quality("GREEN"),
        ("Meta rates", "low"),
        ("a Meta avalia", "mal"),
        reason="PT-CAMP-QUALITY",
    ),
    "spam-limit": Case(
        "too many people blocked the number (131048)",
        refuses(131048, count=1),
        an_hour_later,
        ("may not send", "begin no conversations until"),
        ("não pode enviar", "iniciar conversas até"),
        reason="PT-CAMP-NUMBER",
    ),
}
