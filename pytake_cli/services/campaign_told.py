"""Why a campaign stands still, in words."""

from __future__ import annotations

from datetime import datetime

from pytake_cli.locale import Phrase, _
from pytake_cli.services import tokens
from pytake_cli.services.told import of_json
from pytake_cli.store.campaigns import Campaign
from pytake_cli.store.numbers import REMOVED, Number
from pytake_cli.whatsapp.errors import Rule, rule


def detail(campaign: Campaign) -> str:
    """Why it is paused, or how it ended, in words; "" when there is nothing to say."""
    return of_json(campaign.status_told).told if campaign.status_told else _(campaign.status_detail)


def meaning(meta: Rule) -> Phrase:
    """What one of Meta's codes means, and what helps."""
    return Phrase("{meaning}; {advice}", meaning=Phrase(meta.meaning), advice=Phrase(meta.advice))


def of_number(number: Number, now: datetime) -> Phrase:
    """Why a number may not send campaigns."""
    if number.status == REMOVED:
        return Phrase("it was removed")
    if number.stopped_at is not None and number.stopped_code is not None:
        return meaning(rule(number.stopped_code, None))
    if number.stopped_at is not None:
        return Phrase("Meta has restricted it ({reason})", reason=number.stopped_reason)
    until = f"{number.templates_stopped_until or now:%Y-%m-%d %H:%M}"
    return Phrase("Meta lets it begin no conversations until {until} UTC", until=until)


def of_stop(number: Number, campaign: str, now: datetime) -> Phrase:
    """The same as a campaign says it, with the commands that let it go on."""
    about = {"number": number.display, "why": of_number(number, now), "campaign": campaign}
    if tokens.was_the_reason(number):
        return Phrase(
            "{number} may not send: {why}; the campaign then goes on by itself:"
            " pytake secret set access_token --scope {scope} - < token.txt",
            scope=number.phone_number_id,
            **about,
        )
    if number.stopped_at is not None and number.status != REMOVED:
        return Phrase(
            "{number} may not send: {why}; then: pytake number verify {number} && pytake campaign resume {campaign}",
            **about,
        )
    return Phrase("{number} may not send: {why}", **about)


def help_of(number: Number) -> str:
    """The command that helps a number which may not send; it takes {number} and {scope}."""
    if tokens.was_the_reason(number):
        return "pytake secret set access_token --scope {scope} - < token.txt"
    return "pytake number verify {number}" if number.stopped_at is not None else "pytake number show {number}"
