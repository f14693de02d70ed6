"""`pytake init`: settings, store, organisation, owner and number, in at most six questions or by flags alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import typer

from pytake_cli.cli import confirm, first_home, number_add
from pytake_cli.cli.context import context, use
from pytake_cli.cli.first_home import Plan
from pytake_cli.cli.output import done, emit, say
from pytake_cli.errors import InputNeeded, InvalidData, PytakeError
from pytake_cli.locale import _, own
from pytake_cli.services import accounts

NumberChoice = Literal["emulator", "later", "meta"]
FIELDS = {
    "org": "Short name of the organisation.",
    "name": "Its name.",
    "tz": "Its time zone.",
    "lang": "Its language.",
    "owner": "E-mail of the first administrator.",
    "store": "Where the data is.",
    "number": "The connected number.",
    "config": "The settings file.",
    "changed": "What this run made or changed.",
}


@dataclass(frozen=True, slots=True)
class Connection:
    """What `--number meta` needs beyond the choice."""

    waba: str | None
    phone_id: str | None
    token_file: str | None


def init(
    org_name: Annotated[str | None, typer.Option("--org-name", metavar="NAME", help="Name of the company.")] = None,
    zone: Annotated[str | None, typer.Option("--zone", metavar="TZ", help="Its time zone; --tz is the same.")] = None,
    owner_email: Annotated[
        str | None, typer.Option("--owner-email", metavar="EMAIL", help="First administrator.")
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", metavar="URL", help="sqlite:///FILE or postgresql://USER@HOST/DB.")
    ] = None,
    number: Annotated[
        NumberChoice | None, typer.Option("--number", help="A local emulator, one at Meta, or none yet.")
    ] = None,
    waba: Annotated[
        str | None, typer.Option("--waba", metavar="ID", help="With --number meta: the account's id.")
    ] = None,
    phone_id: Annotated[
        str | None, typer.Option("--phone-id", metavar="ID", help="With --number meta: the number's id.")
    ] = None,
    token_file: Annotated[
        str | None, typer.Option("--token-file", metavar="F|-", help="With --number meta: the access token.")
    ] = None,
) -> None:
    """Sets PyTake up: settings, store, organisation, owner, number. Asks at most six things; Enter takes the default.

    It can be run again: it shows what is there and changes only what you say. Nothing is written before the summary.

    $ pytake init
    $ pytake init --no-input --org-name "Loja Sul" --owner-email rita@example.com --number emulator
    $ pytake init --no-input --org-name "Loja Sul" --number meta --waba 1045… --phone-id 1098… --token-file meta.token
    """
    given = {
        "name": org_name,
        "tz": zone or context().flags.tz,
        "lang": context().flags.lang,
        "owner": owner_email,
        "store": store,
        "number": number,
    }
    _init(given, Connection(waba, phone_id, token_file))


def _init(given: dict[str, str | None], connection: Connection) -> None:
    here = context()
    now_there = first_home.look(here)
    wanted = _with(now_there, given)
    if not here.no_input:
        wanted = _ask(wanted, now_there, given)
    if not wanted.name and wanted.number == "emulator":
        wanted = replace(wanted, name=_("My company"))  # an emulator is for trying things out
    if not wanted.name:
        raise InputNeeded(
            "PT-INPUT", "the company needs a name", fix='pytake init --org-name "Loja Sul"', what="--org-name"
        )
    _summary(wanted, now_there)
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    if not here.no_input and confirm.ask(_("Go on? [Y/n]"), default="y").lower() not in confirm.YES:
        say(_("nothing was changed"))
        return
    changed = first_home.make(wanted, now_there, here)
    here = use(here.flags)  # the settings have changed
    if wanted.number == "meta" and connection.waba and connection.phone_id:
        _connect(connection, changed)
    emit({**wanted.shown(), "org": here.org.slug, "number": first_home.number_of(here), "changed": changed}, FIELDS)
    done(_("ready") if changed else _("everything was like that already"))
    _next(wanted)


def _with(plan: Plan, given: dict[str, str | None]) -> Plan:
    """The plan with what the flags say, each checked."""
    changes: dict[str, Any] = {field: _checked(field, value) for field, value in given.items() if value is not None}
    return replace(plan, **changes)


def _language(given: str) -> str:
    return accounts.check_field("lang", given)


def _connect(wanted: Connection, changed: list[str]) -> None:
    from pytake_cli.services import numbers

    here = context()
    with here.store.read(here.org_id) as db:
        if any(row.phone_number_id == wanted.phone_id for row in numbers.listed(db, here.org_id)):
            return
    number_add.add(waba=wanted.waba or "", phone_id=wanted.phone_id, token_file=wanted.token_file)
    changed.append("number")


def _ask(wanted: Plan, now_there: Plan, given: dict[str, str | None]) -> Plan:
    """The questions whose flag was not given, at most six."""
    questions = [
        ("name", _("Company")),
        ("tz", _("Time zone")),
        ("lang", _("Language (en, pt-BR)")),
        ("owner", _("Your e-mail (owner)")),
        ("store", _("Store (SQLite file or postgresql://…)")),
        ("number", _("WhatsApp number: emulator (no account), meta, later")),
    ]
    open_questions = [(field, text) for field, text in questions if given[field] is None]
    say(
        _("{count} questions, Enter takes the default · end: Ctrl-C (nothing is written before the summary)").format(
            count=len(open_questions)
        )
    )
    for place, (field, text) in enumerate(open_questions, 1):
        default = "emulator" if field == "number" and not now_there.exists else str(getattr(wanted, field))
        wanted = _answer(wanted, field, f"{place}/{len(open_questions)} {text}", default)
    return wanted


def _answer(wanted: Plan, field: str, question: str, default: str) -> Plan:
    """Asks until the answer fits; the reason it does not is said."""
    while True:
        given = confirm.ask(
            f"{question} [{default}] {own('›')}" if default else f"{question} {own('›')}", default=default
        )
        try:
            changes: dict[str, Any] = {field: _checked(field, given)}
            return replace(wanted, **changes)
        except PytakeError as problem:
            say(_(problem.message).format(**problem.values))


def _checked(field: str, given: str) -> str:
    match field:
        case "name":
            return accounts.check_field("name", given)
        case "tz":
            near = next((zone for zone in sorted(available_timezones()) if zone.lower() == given.lower()), given)
            return accounts.check_zone(near)
        case "lang":
            return _language(given)
        case "owner":
            return accounts.check_email(given) if given else ""
        case "store":
            return first_home.store_url(given)
        case _:
            if given not in ("emulator", "meta", "later"):
                raise InvalidData(
                    "PT-INIT-NUMBER",
                    "{given} is none of emulator, meta, later",
                    fix="pytake init --number emulator",
                    given=given,
                )
            return given


def _summary(wanted: Plan, now_there: Plan) -> None:
    before = now_there.shown() if now_there.exists else {}
    lines = [(field, value) for field, value in wanted.shown().items() if value and value != before.get(field)]
    if lines:
        say(_("This changes:") if now_there.exists else _("This makes:"))
    for field, value in lines:
        say(f"  {field:<8} {value}")


def _next(wanted: Plan) -> None:
    say(_("Next:"))
    if wanted.number == "emulator":
        say("  pytake emulator start")
        say("  pytake serve")
        say('  pytake emulator say +5511968184101 "oi"')
    elif wanted.number == "meta":
        say("  pytake number add --waba ID --phone-id ID --token-file FILE")
        say("  pytake secret set app_secret -")
        say("  pytake webhook url")
        say("  pytake serve")
    else:
        say("  pytake number add -h")
    say("  pytake doctor")
