"""Billing: what messages cost by Meta's word, and the table of prices that estimates go by.

$ pytake billing usage --period 30d
$ pytake billing prices list
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytake_cli.cli import campaign_plan, selectors, times
from pytake_cli.cli.context import context
from pytake_cli.cli.form import filled_in
from pytake_cli.cli.output import data, done, emit, say
from pytake_cli.errors import InvalidData, LimitReached, NotFound
from pytake_cli.locale import _

if TYPE_CHECKING:
    from sqlmodel import Session

app = typer.Typer(add_completion=False, rich_markup_mode=None)
prices = typer.Typer(add_completion=False, rich_markup_mode=None)
app.add_typer(prices, name="prices", help="The table of prices.")

USAGE_FIELDS = {
    "market": "country of the people",
    "category": "Meta's category of the messages",
    "delivered": "messages that arrived",
    "charged": "those that Meta charges",
    "free": "those that it does not",
    "cost": "the charged ones by the table of prices; none: no price is known",
    "price_date": "since when the price holds",
}
PRICE_FIELDS = {
    "market": "country, or Meta's name of a region",
    "category": "category of the message",
    "from": "from which message of a month on",
    "price": "for each delivered message",
    "currency": "currency",
    "valid_from": "since when it holds",
    "source": "own: imported by you; shipped: an estimate",
}
ESTIMATE_FIELDS = {
    "market": "country of the people",
    "category": "Meta's category of the messages",
    "messages": "messages to them",
    "max": "what they cost at most",
}
EXPORTED = ("market", "category", "from", "price", "currency", "valid_from")


@app.command("usage")
def usage(
    period: Annotated[str, typer.Option("--period", metavar="SPAN", help="Such as 30d, or 2026-11.")] = "30d",
    campaign: Annotated[str | None, typer.Option("--campaign", metavar="NAME", help="Of one campaign.")] = None,
) -> None:
    """Says what arrived and what Meta charges, as the statuses of the messages told, with an estimate of its price.

    $ pytake billing usage
    $ pytake billing usage --period 2026-11 --json
    $ pytake billing usage --campaign black-friday
    """
    from pytake_cli.services import prices as services

    here = context()
    with here.store.read(here.org_id) as db:
        id_ = _campaign(db, campaign) if campaign else None
        since, until = _period(period) if id_ is None else (datetime.min.replace(tzinfo=here.now.tzinfo), here.now)
        rows = services.usage(db, here.org_id, since, until, id_)
    emit(rows, USAGE_FIELDS, empty=_("Meta has told nothing of costs in that time"))
    if rows:
        say(_("an estimate: what you pay stands on Meta's bill"))


@app.command("estimate")
@filled_in
def estimate(given: campaign_plan.Given) -> None:
    """Says what a campaign would cost at most, by country. Keeps nothing and sends nothing.

    $ pytake billing estimate black-friday
    $ pytake billing estimate --template promo -w 'tag=vip' --json
    """
    from contextlib import ExitStack

    with ExitStack() as stack:
        definition, found = campaign_plan.defined(given, stack)
    cost = campaign_plan.planned(definition, found, keep=False).content["cost"]
    if cost["max"] is None or cost["unknown_markets"]:
        raise LimitReached(
            "PT-CAMP-PRICE",
            "the cost is not known: there is no price for {markets}",
            fix="pytake billing prices import FILE",
            markets=", ".join(cost["unknown_markets"]) or "flow",
        )
    emit(cost["markets"], ESTIMATE_FIELDS, empty=_("Nobody would get it"))
    say(_("at most {most}, by prices of {date}").format(most=_told(cost["max"]), date=cost["price_date"] or "—"))


def _told(money: dict[str, str]) -> str:
    return f"{money['currency']} {money['amount']}"


@prices.command("list")
def list_() -> None:
    """Lists the prices that hold today: your own, and the estimate that ships where you have none.

    $ pytake billing prices list
    $ pytake billing prices list --csv
    """
    from pytake_cli.services import prices as services

    here = context()
    with here.store.read(here.org_id) as db:
        rows = services.listed(db, here.org_id, here.now.date().isoformat())
    emit(rows, PRICE_FIELDS)
    if any(row["source"] == services.SHIPPED for row in rows):
        say(_("shipped prices are an estimate: pytake billing prices import FILE takes Meta's rate card"))


@prices.command("export")
def export() -> None:
    """Prints the prices that hold today as the file that `import` takes.

    $ pytake billing prices export > prices.csv
    """
    from pytake_cli.services import prices as services

    here = context()
    with here.store.read(here.org_id) as db:
        rows = services.listed(db, here.org_id, here.now.date().isoformat())
    lines = [",".join(EXPORTED), *(",".join(str(row[name]) for name in EXPORTED) for row in rows)]
    data("\n".join(lines))


@prices.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="market,category,from,price,currency,valid_from.")],
) -> None:
    """Takes a table of prices, which goes before the one that ships.

    $ pytake billing prices import meta-2026-10.csv
    $ pytake billing prices export | pytake billing prices import -
    """
    from pytake_cli.services import prices as services

    here = context()
    lines = _lines(file)
    with here.store.write(here.org_id) as db:
        taken = services.take(db, here.org_id, lines, file, here.now)
        if here.dry_run:
            db.rollback()
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
    else:
        done(_("{count} prices taken").format(count=taken))


def _lines(file: str) -> list[str]:
    if file == "-":
        return selectors.stdin_text(_("prices")).splitlines()
    try:
        return Path(file).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InvalidData(
            "PT-PRICES-FILE", "{name} is no text in UTF-8", fix="save it as UTF-8 (CSV UTF-8 in Excel)", name=file
        ) from None
    except OSError as error:
        raise NotFound(
            "PT-PRICES-NONE",
            "{name} cannot be read: {detail}",
            fix="pytake billing prices export > prices.csv",
            name=file,
            detail=(error.strerror or "").lower(),
        ) from None


def _period(text: str) -> tuple[datetime, datetime]:
    """A month (2026-11) or so long ago until now."""
    here = context()
    year, _dash, month = text.partition("-")
    if year.isdecimal() and month.isdecimal() and len(text) == len("2026-11") and 1 <= int(month) <= 12:
        start = datetime(int(year), int(month), 1, tzinfo=here.tz)
        return start, start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return times.past(text, here.now, here.tz), here.now


def _campaign(db: Session, name: str) -> int:
    from pytake_cli.services import campaigns

    return campaigns.get(db, context().org_id, name).id or 0
