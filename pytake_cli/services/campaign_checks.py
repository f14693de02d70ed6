"""What would stop a launch, and what to know before it: each an error that teaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pytake_cli.errors import Conflict, InvalidData, LimitReached, PytakeError
from pytake_cli.locale import Phrase
from pytake_cli.policy.audience import REASONS
from pytake_cli.policy.campaigns import DEFAULT_CAP, Definition, Money, over_cap
from pytake_cli.policy.pricing import Estimate
from pytake_cli.services import campaign_told, templates, told
from pytake_cli.services.campaign_audience import Target
from pytake_cli.services.campaign_count import Tally
from pytake_cli.store.campaigns import Campaign, Plan
from pytake_cli.store.numbers import REMOVED
from pytake_cli.store.organisations import Organisation


def to_json(error: PytakeError) -> dict[str, Any]:
    """An error as a plan keeps it; `of_json` makes it one again, so that the faces can translate it."""
    values = {
        name: told.to_json(value) if isinstance(value, Phrase) else value
        for name, value in error.values.items()
        if isinstance(value, str | int | float)
    }
    return {"slug": error.slug, "message": error.message, "why": error.why, "fix": error.fix, "values": values}


def of_json(found: Mapping[str, Any]) -> PytakeError:
    values = {
        name: told.of_json(value) if isinstance(value, dict) else value for name, value in found["values"].items()
    }
    return PytakeError(found["slug"], found["message"], why=found["why"], fix=found["fix"], **values)


def expired(plan: Plan) -> PytakeError:
    """Of a plan whose time is over."""
    return Conflict(
        "PT-CAMP-EXPIRED",
        "the plan {plan} is older than 24 hours",
        fix="pytake campaign plan {name}",
        plan=plan.id,
        name=plan.name,
    )


def of_target(found: Target, definition: Definition, now: datetime) -> Iterator[PytakeError]:
    """Of the number and the templates."""
    number = found.number
    if number.status == REMOVED:
        yield Conflict("PT-NUMBER-REMOVED", "{number} was removed", fix="pytake number list", number=number.display)
    if number.stopped_at is not None:
        yield Conflict(
            "PT-NUMBER-STOPPED",
            "{number} sends nothing now: {reason}",
            fix=campaign_told.help_of(number),
            number=number.display,
            scope=number.phone_number_id,
            reason=number.stopped_reason or "stopped",
        )
    for _values, template in found.sent(definition):
        try:
            templates.refuse_unusable(template)
        except Conflict as error:
            yield error
    yield from _missing(found, definition)


def _missing(found: Target, definition: Definition) -> Iterator[PytakeError]:
    """Values that the templates want and the campaign does not name, and those that belong nowhere."""
    for values, template in found.sent(definition):
        samples = templates.samples(template)
        given = {name: samples.get(name, "1") for name in values}
        try:
            templates.message(template, given)
        except InvalidData as error:
            yield InvalidData(
                "PT-CAMP-VALUES",
                "the values do not fit the template {name}: {misfits}",
                why=error.why,
                fix="--var NAME=TEXT for each, or values: in the campaign file; see pytake template show {name}",
                name=template.name,
                misfits=error.values.get("misfits", str(error)),
                wanted=error.values.get("wanted", ""),
            )


def of_people(tally: Tally, definition: Definition, launched: Campaign | None = None) -> Iterator[PytakeError]:
    """Of the audience: nobody, too many, or people without values. `launched`: it was, so nobody need be left."""
    lacking = sum(tally.lacking.values())
    empty = not tally.written_to()
    if empty and not lacking and launched is None:
        yield nobody(definition.name, definition.audience.query, tally.audience, tally.reasons.most_common())
    yield from of_number(tally.recipients, definition.max_recipients)
    if lacking and (empty or definition.on_missing == "fail"):
        yield _lacking(tally, lacking)


def of_number(recipients: int, most: int | None) -> Iterator[PytakeError]:
    """More people than somebody allowed."""
    if most is not None and recipients > most:
        yield LimitReached(
            "PT-CAMP-RECIPIENTS",
            "{count} people would get it, and max_recipients is {most}",
            fix="--max-recipients {count}",
            count=recipients,
            most=most,
        )


def nobody(name: str, query: str, audience: int, left_out: Sequence[tuple[str, int]]) -> InvalidData:
    """Of `audience` people none is left; `left_out` says how many for which reason."""
    if not audience and query:
        return InvalidData(
            "PT-CAMP-NOBODY",
            "nobody would get {name}: no contact fits {query}",
            fix="pytake segment explain -w '{query}'",
            name=name,
            query=query,
        )
    named = {f"r{place}": Phrase(REASONS[reason]) for place, (reason, _count) in enumerate(left_out)}
    reasons = "; ".join(f"{count} {{r{place}}}" for place, (_reason, count) in enumerate(left_out))
    return InvalidData(
        "PT-CAMP-NOBODY",
        "nobody would get {name}: of {audience} people none is left",
        why="left out are {reasons}" if left_out else "",
        fix="pytake campaign plan {name} --show skipped" if left_out else "pytake contact import FILE",
        name=name,
        audience=audience,
        reasons=Phrase(reasons, **named),
    )


def _lacking(tally: Tally, lacking: int) -> InvalidData:
    lacks = [f"{key} ({count})" for key, count in tally.lacks.most_common(3)]
    lacks += [f"{text} ({count})" for text, count in tally.unfit.most_common(2)]
    return InvalidData(
        "PT-CAMP-LACKING",
        "{count} people lack values: {told}",
        why="for example {examples}",
        fix="give each a default: {{{{ contact.first_name | default('cliente') }}}}, or on_missing: skip",
        count=lacking,
        told="; ".join(lacks),
        examples=", ".join(f"contact:{each}" for each in tally.examples),
    )


def of_cost(estimate: Estimate | None, most: Money | None) -> Iterator[PytakeError]:
    """Of what it may cost at most."""
    if most is None:
        return
    if estimate is None or estimate.unknown:
        yield LimitReached(
            "PT-CAMP-PRICE",
            "the cost cannot be held below {most}: there is no price for {markets}",
            fix="pytake billing prices import FILE",
            most=str(most),
            markets=", ".join(estimate.unknown) if estimate else "flow",
        )
    elif estimate.lines and estimate.most.currency != most.currency:
        yield LimitReached(
            "PT-CAMP-CURRENCY",
            "the prices are in {currency}, and max_cost is in {given}",
            fix="--max-cost '{cost}'",
            given=most.currency,
            currency=estimate.most.currency,
            cost=str(estimate.most),
        )
    elif estimate.most.micros > most.micros:
        yield LimitReached(
            "PT-CAMP-COST",
            "it may cost {cost}, and max_cost is {most}",
            why="prices of {date}",
            fix="fewer people, or --max-cost '{cost}'",
            cost=str(estimate.most),
            most=str(most),
            date=estimate.price_date,
        )


def refuse_cost(plan: Plan, most: Money) -> None:
    """Raises LimitReached when a plan may cost more, or nobody can tell."""
    cost = plan.content["cost"]
    told = {"markets": ", ".join(cost["unknown_markets"]) or "flow", "most": str(most)}
    if cost["max"] is None or cost["unknown_markets"]:
        raise LimitReached(
            "PT-CAMP-PRICE",
            "the cost cannot be held below {most}: there is no price for {markets}",
            fix="pytake billing prices import FILE",
            **told,
        )
    currency, amount = cost["max"]["currency"], Decimal(cost["max"]["amount"])
    if amount and currency != most.currency:
        raise LimitReached(
            "PT-CAMP-CURRENCY",
            "the prices are in {currency}, and max_cost is in {given}",
            fix="--max-cost '{cost}'",
            given=most.currency,
            currency=currency,
            cost=f"{currency} {amount}",
        )
    if amount * 1_000_000 > most.micros:
        raise LimitReached(
            "PT-CAMP-COST",
            "it may cost {cost}, and --max-cost is {most}",
            why="prices of {date}",
            fix="fewer people, or --max-cost '{cost}'",
            cost=f"{currency} {amount}",
            date=cost["price_date"],
            **told,
        )


def warnings(
    found: Target,
    definition: Definition,
    tally: Tally,
    org: Organisation,
    quota: Mapping[str, Any],
    launched: Campaign | None = None,
) -> Iterator[PytakeError]:
    """What does not stop a launch."""
    if launched is not None:
        yield Conflict(
            "PT-CAMP-AGAIN",
            "{name} was launched before, at {at}",
            why="whoever it is for is in it already",
            fix="pytake campaign show {name}",
            name=launched.name,
            at=f"{launched.launched_at:%Y-%m-%d %H:%M} UTC",
        )
    if not org.dpo:
        # A refusal would stop small businesses, whom the law frees of naming an officer (ANPD 2/2022, art. 11).
        yield InvalidData(
            "PT-CAMP-DPO",
            "nobody is named whom people can ask about their data",
            why="LGPD, article 41: name who answers before the first campaign",
            fix="pytake org set dpo=…",
        )
    yield from _of_quality(found, definition)
    yield from _of_cap(found, definition)
    if not quota["ok"]:
        yield LimitReached(
            "PT-CAMP-QUOTA",
            "{needed} people, and today Meta allows {room} more of {limit}: the rest waits for the next 24 hours",
            why="" if quota["tier"] else "Meta has not told the number's tier: the smallest is assumed",
            fix="pytake number limits",
            needed=quota["needed"],
            room=quota["room"],
            limit=quota["limit"],
        )
    if (lacking := sum(tally.lacking.values())) and tally.written_to() and definition.on_missing == "skip":
        yield _lacking(tally, lacking)


def _of_cap(found: Target, definition: Definition) -> Iterator[PytakeError]:
    """Whether somebody would get too much of it."""
    cap = definition.cap or (DEFAULT_CAP if found.is_marketing(definition) else None)
    skipped = over_cap(definition.drip, cap)
    if cap and skipped:
        yield LimitReached(
            "PT-CAMP-CAP",
            "later message {place} goes to nobody: {messages} in {days} days are the most",
            fix="frequency_cap: {{messages: {enough}, days: {days}}} in the campaign's file",
            place=skipped,
            messages=cap.messages,
            days=cap.days,
            enough=len(definition.drip) + 1,
        )


def _of_quality(found: Target, definition: Definition) -> Iterator[PytakeError]:
    """How Meta rates the templates and the number, and what it will do about them."""
    for _values, template in found.sent(definition):
        if template.quality == "RED":
            yield Conflict(
                "PT-TEMPLATE-QUALITY",
                "people block or report the template {name}",
                fix="pytake template show {name}",
                name=template.name,
            )
        if template.coming_category and template.coming_category != template.category:
            yield Conflict(
                "PT-TEMPLATE-CATEGORY",
                "Meta will make {name} a template of {category}",
                fix="pytake template show {name}",
                name=template.name,
                category=template.coming_category,
            )
    if found.number.quality == "RED":
        yield Conflict(
            "PT-NUMBER-QUALITY",
            "Meta rates {number} as low",
            fix="pytake number show {number}",
            number=found.number.display,
        )
