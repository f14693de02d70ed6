"""The emulator's Meta: templates, quality, numbers, tokens, faults and events."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from pytake_cli.cli import emulator_api as api
from pytake_cli.cli.emulator_start import changes_of
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import done, emit
from pytake_cli.errors import InvalidData, UsageError
from pytake_cli.locale import _, ngettext

TEMPLATE_FIELDS = {
    "name": "Name.",
    "language": "Language.",
    "category": "Category.",
    "status": "Where it is in Meta's review.",
    "quality": "Quality score.",
    "held": "Messages held back by pacing.",
    "id": "Meta's id.",
}
NUMBER_FIELDS = {
    "id": "Phone number id.",
    "display_phone_number": "The number.",
    "waba_id": "Its account.",
    "status": "Its state.",
    "quality": "Quality rating.",
    "tier": "The portfolio's messaging limit.",
    "throughput": "Messages a second.",
    "standby": "Whether Meta's agent answers.",
}
FAULT_FIELDS = {
    "id": "Number of the fault.",
    "kind": "What happens.",
    "edge": "Requests it hits.",
    "code": "Meta's error code.",
    "probability": "How often, from 0 to 1.",
    "count": "How many times; 0: always.",
    "delay": "How long.",
    "hits": "How often it has hit.",
}


def template(
    action: Annotated[
        str,
        typer.Argument(
            metavar="ACTION",
            help="list, approve, reject, pause, unpause, disable, quality, category, hold, release, drop.",
        ),
    ] = "list",
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The template.")] = "",
    language: Annotated[str | None, typer.Option("--language", metavar="CODE", help="Only this language.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="VALUE", help="The new quality or category.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="REASON", help="Why it is rejected.")] = None,
    pacing: Annotated[bool, typer.Option("--pacing", help="A pause of pacing: it does not end by itself.")] = False,
    share: Annotated[
        float | None, typer.Option("--share", metavar="0..1", help="Share of sends that `hold` keeps.")
    ] = None,
) -> None:
    """Lists the templates, or does to one what Meta does: reviews, pauses, changes of category.

    $ pytake emulator template
    $ pytake emulator template approve promo_maio
    $ pytake emulator template reject promo_maio --reason PROMOTIONAL
    $ pytake emulator template hold oferta_semana --share 0.5
    """
    if action == "list":
        rows = api.look("templates")
    else:
        found = api.ask(
            "template", action=action, name=name, language=language, to=to, reason=reason, pacing=pacing, share=share
        )
        rows = found["templates"]
        done(_("{action}: {name}").format(action=action, name=name))
    shown = [row | {"quality": row["quality_score"]["score"], "held": row.get("held", 0)} for row in rows]
    emit(shown, TEMPLATE_FIELDS, default=("name", "language", "category", "status", "quality", "held"))


def quality(
    value: Annotated[str, typer.Argument(metavar="GREEN|YELLOW|RED", help="The new rating.")],
    number: Annotated[
        str | None, typer.Option("--number", metavar="ID", help="The number; by default the first.")
    ] = None,
) -> None:
    """Changes a number's quality rating, as blocks and reports would.

    $ pytake emulator quality RED
    """
    emit(api.ask("number", number=number, quality=value.upper()), NUMBER_FIELDS)


def number(
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=VALUE]",
            help="quality, tier, throughput, restriction=TYPE:3d, ban, standby, maintenance, registered …",
        ),
    ] = None,
    number_: Annotated[
        str | None, typer.Option("--number", metavar="ID", help="The number; by default the first.")
    ] = None,
    add: Annotated[bool, typer.Option("--add", help="Adds one more number (display=+55…, waba=ID).")] = False,
) -> None:
    """Lists the business numbers, or changes what Meta decides about one.

    $ pytake emulator number
    $ pytake emulator number tier=TIER_250 throughput=20
    $ pytake emulator number restriction=RESTRICTED_BIZ_INITIATED_MESSAGING:3d
    $ pytake emulator number ban=true
    """
    wanted = {name: _value(text) for name, text in changes_of(changes or []).items()}
    if add:
        emit(api.ask("numbers", **wanted), NUMBER_FIELDS)
    elif wanted:
        emit(api.ask("number", number=number_, **wanted), NUMBER_FIELDS)
    else:
        emit(api.look()["numbers"], NUMBER_FIELDS)


def _value(text: str) -> Any:
    return {"true": True, "false": False}.get(text.lower(), text)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The fault that the line describes."""

    kind: Annotated[
        str,
        typer.Argument(
            metavar="[KIND]",
            help="error, latency, reset, lost, half, hang, hang_after, html, html_after, empty, no_id, fail, clear.",
        ),
    ] = ""
    code: Annotated[
        int | None, typer.Option("--code", metavar="N", help="Meta's error code of `error` and `fail`.")
    ] = None
    count: Annotated[int | None, typer.Option("--count", metavar="N", help="Only the next so many.")] = None
    probability: Annotated[float | None, typer.Option("--probability", metavar="0..1", help="How often.")] = None
    delay: Annotated[
        str | None, typer.Option("--delay", metavar="SPAN", help="Of `latency` and the hangs: 2s, 100ms..5s.")
    ] = None
    edge: Annotated[
        str | None, typer.Option("--edge", metavar="NAME", help="Requests it hits: messages, media, *.")
    ] = None
    to: Annotated[str | None, typer.Option("--to", metavar="DIGITS", help="Only sends to numbers that begin so.")] = (
        None
    )
    http: Annotated[int | None, typer.Option("--http", metavar="N", help="HTTP status instead of the usual one.")] = (
        None
    )


@filled_in
def fault(given: Wanted) -> None:
    """Lists the faults in force, or adds one: errors by code, slowness, resets, half answers, silence.

    $ pytake emulator fault
    $ pytake emulator fault error --code 130429 --count 5
    $ pytake emulator fault latency --delay p50=100ms,p99=4s
    $ pytake emulator fault lost --probability 0.01
    $ pytake emulator fault clear
    """
    if given.kind == "clear":
        gone = api.drop("faults")["removed"]
        done(ngettext("{count} fault is gone", "{count} faults are gone", gone).format(count=gone))
    elif given.kind:
        emit(api.ask("faults", **asdict(given)), FAULT_FIELDS)
    else:
        emit(api.look("faults")["faults"], FAULT_FIELDS, empty=_("no faults are in force"))


def event(
    field: Annotated[str, typer.Argument(metavar="[FIELD]", help="A webhook field or one of our samples.")] = "",
    value: Annotated[
        str | None, typer.Option("--value", metavar="JSON", help="Members in place of the sample's.")
    ] = None,
    contact: Annotated[str | None, typer.Option("--contact", metavar="CONTACT", help="The person it is about.")] = None,
    number: Annotated[str | None, typer.Option("--number", metavar="ID", help="The number it is about.")] = None,
) -> None:
    """Sends any other webhook: account updates, calls, groups, echoes of the app; lists the samples without FIELD.

    $ pytake emulator event
    $ pytake emulator event smb_message_echoes --contact +5511968184101
    $ pytake emulator event account_update --value '{"event": "ACCOUNT_DELETED"}'
    """
    try:
        members = json.loads(value) if value else None
    except ValueError as error:
        raise InvalidData(
            "PT-EMULATOR-VALUE",
            "--value is not JSON: {reason}",
            fix='pytake emulator event FIELD --value \'{{"event": "…"}}\'',
            reason=str(error),
        ) from error
    answer = api.ask("event", field=field, value=members, contact=contact, number=number)
    if field:
        emit(answer, {"field": "Webhook field.", "value": "What was sent."})
    else:
        emit([{"field": name} for name in answer["samples"]], {"field": "Name of a sample."})


def token(
    action: Annotated[str, typer.Argument(metavar="revoke|restore", help="What happens to it.")],
    value: Annotated[str, typer.Argument(metavar="TOKEN", help="An access token of the emulator; any text is one.")],
) -> None:
    """Revokes an access token, so that calls with it get error 190, or restores it.

    $ pytake emulator token revoke emulator-token
    """
    if action not in ("revoke", "restore"):
        raise UsageError(
            "PT-EMULATOR-TOKEN",
            "a token can be revoked or restored, not {action}",
            fix="pytake emulator token revoke TOKEN",
            action=action,
        )
    api.ask("token", **{action: value})
    done(_("done"))
