"""Analytics: how many conversations, how soon people answer, how well, by whom and about what.

$ pytake analytics show --period 7d
$ pytake analytics show --period 2026-W47 --by agent
$ pytake analytics export novembro.csv --period 2026-11
"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pytake_cli.cli.context import context
from pytake_cli.cli.output import done, emit, say
from pytake_cli.errors import Conflict, UsageError
from pytake_cli.locale import _

app = typer.Typer(add_completion=False, rich_markup_mode=None)

CARD_FIELDS = {
    "figure": "what is counted",
    "value": "in the period",
    "before": "in the period before",
    "change": "the difference: % of before, pp between shares",
    "about": "what it means",
}
# --by -> its columns
FIELDS = {
    "agent": {
        "agent": "who; bot: no person answered", "resolved": "conversations resolved",
        "first_reply_p50": "seconds within which half of the first answers came",
        "first_reply_p95": "the same for 95 of 100", "rating": "mean rating", "ratings": "how many rated",
    },
    "team": {
        "team": "the team; empty: none", "conversations": "that began", "resolved": "that were resolved",
        "first_reply_p50": "seconds within which half of the first answers came",
        "first_reply_p95": "the same for 95 of 100", "rating": "mean rating",
    },
    "label": {"label": "the label", "conversations": "that began"},
    "flow": {
        "flow": "the flow", "sessions": "that began", "steps": "how many people came to each step",
        "loss": "between which steps most were lost",
    },
    "hour": {"hour": "hour of the day, in the organisation's time zone", "messages": "that came in"},
    "day": {
        "day": "the day", "conversations": "that began",
        "first_reply_p50": "seconds within which half of the first answers came",
        "first_reply_p95": "the same for 95 of 100",
    },
}  # fmt: skip
PeriodOf = Annotated[
    str, typer.Option("--period", metavar="P", help="7d, d, w, m, 2026-W47, 2026-11, 2026-11-23 or A..B.")
]
By = Literal["agent", "label", "flow", "hour", "team", "day"]


@app.command("show")
def show(
    period: PeriodOf = "7d",
    by: Annotated[By | None, typer.Option("--by", help="A table instead of the figures.")] = None,
    compare: Annotated[
        bool, typer.Option("--compare/--no-compare", help="Beside the period before, of the same length.")
    ] = True,
) -> None:
    """Shows the figures of a period, or one table of it.

    $ pytake analytics show
    $ pytake analytics show --period 2026-W47 --by agent
    $ pytake analytics show --period m --json
    """
    from pytake_cli.services import analytics, periods

    here = context()
    span = periods.read(period, here.now, here.tz)
    with here.store.read(here.org_id) as db:
        if by is not None:
            rows = analytics.by(db, here.org_id, span, by, here.now)
        else:
            now = analytics.cards(db, here.org_id, span, here.now)
            before = analytics.cards(db, here.org_id, span.before(), here.now) if compare else {}
    if by is not None:
        emit(_readable(rows) if here.output.form in ("table", "plain") else rows, FIELDS[by], empty=_("nothing yet"))
        return
    rows = [_card(name, now, before) for name in analytics.CARDS]
    emit(rows, CARD_FIELDS, default=("figure", "value", "before", "change") if compare else ("figure", "value"))


def _card(name: str, now: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    from pytake_cli.services import analytics

    change = analytics.change(name, now[name], before.get(name))
    told = f"{change['by']:+g}{change['unit']}" if change else None
    about = _(analytics.CARDS[name])
    return {"figure": name, "value": now[name], "before": before.get(name), "change": told, "about": about}


def _readable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Steps of flows as a line: `menu 870 > cpf 402`; the biggest loss as `menu > cpf -54%`."""
    for row in rows:
        if "steps" in row:
            row["steps"] = " > ".join(f"{each['step']} {each['people']}" for each in row["steps"])
            loss = row["loss"]
            row["loss"] = f"{loss['from']} > {loss['to']} -{loss['percent']}%" if loss else None
    return rows


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .json with everything, or a .csv of one table.")],
    period: PeriodOf = "7d",
    by: Annotated[By, typer.Option("--by", help="Which table goes into a .csv.")] = "day",
) -> None:
    """Writes the figures of a period into a file, which must not be there yet.

    $ pytake analytics export novembro.json --period 2026-11
    $ pytake analytics export agentes.csv --by agent --period m
    """
    from pytake_cli.services import analytics, periods

    here = context()
    if file.suffix not in (".json", ".csv"):
        raise UsageError(
            "PT-ANALYTICS-FILE", "{file} is neither .json nor .csv", fix="pytake analytics export x.csv", file=str(file)
        )
    span = periods.read(period, here.now, here.tz)
    with here.store.read(here.org_id) as db:
        if file.suffix == ".csv":
            rows = analytics.by(db, here.org_id, span, by, here.now)
        else:
            everything = analytics.show(db, here.org_id, span, here.now)
    if here.dry_run:
        say(_("nothing was changed (--dry-run)"))
        return
    with _new(file) as out:
        if file.suffix == ".csv":
            writer = csv.DictWriter(out, list(FIELDS[by]), extrasaction="ignore")
            writer.writeheader()
            writer.writerows(_safe(row) for row in _readable(rows))
        else:
            json.dump(everything, out, ensure_ascii=False, indent=2, default=str)
    done(_("written: {file}").format(file=file))


def _new(file: Path) -> Any:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict("PT-FILE-EXISTS", "{file} is there already", fix="rm {file}", file=str(file)) from None
    except OSError as error:
        raise UsageError(
            "PT-FILE-TARGET", "cannot write {file}: {why}", fix="ls -ld .", file=str(file), why=error.strerror or ""
        ) from None
    return os.fdopen(handle, "w", encoding="utf-8", newline="")


def _safe(row: dict[str, Any]) -> dict[str, Any]:
    """Names are people's own words: a spreadsheet must not take one for a formula."""

    def is_formula(value: Any) -> bool:
        return isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))

    return {key: f"'{value}" if is_formula(value) else value for key, value in row.items()}
