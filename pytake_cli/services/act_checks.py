"""Whether what a step names is there: a canned reply, a flow, a template, a person, a field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlmodel import Session

from pytake_cli.errors import InvalidData, NotFound
from pytake_cli.flow.problems import near
from pytake_cli.policy.acts import Act
from pytake_cli.services import canned, contact_values, conversations, fields, teams, templates
from pytake_cli.services.flow_library import published
from pytake_cli.store import teams as team_rows


def missing(db: Session, org_id: int, acts: Sequence[Act]) -> Iterator[tuple[int, str, str]]:
    """(index of the step, its verb, what is wrong) of each that could not be done by anybody."""
    for index, act in enumerate(acts):
        try:
            _check(db, org_id, act)
        except (NotFound, InvalidData) as error:
            reason = str(error.values.get("reason") or error).partition("\n")[0]
            why = error.why.format(**error.values).partition("\n")[0] if error.why else ""
            yield index, act.verb, f"{reason}; {why}" if why else reason


def _check(db: Session, org_id: int, act: Act) -> None:
    match act.verb:
        case "canned":
            canned.find(db, org_id, act.value)
        case "flow" if published(db, org_id, act.value) is None:
            raise NotFound("PT-FLOW", "no flow {name} is published", fix="pytake flow list", name=act.value)
        case "assign" if act.value not in ("@me", "@none"):
            conversations.find_user(db, act.value)
        case "team":
            teams.find(db, org_id, act.value)
        case "set":
            plain = {name: value or "" for name, value in act.value.items() if "{{" not in (value or "")}
            contact_values.read(fields.known(db, org_id), plain)
    to = act.beside.get("to")
    if to and team_rows.by_slug(db, org_id, to) is None:
        conversations.find_user(db, to)
    template = act.value if act.verb == "template" else act.beside.get("or_template")
    if template:
        known = {each.name for each in templates.listed(db, org_id)}
        if template not in known:
            raise NotFound(
                "PT-TEMPLATE",
                "there is no template {name} here",
                why="did you mean {meant}?" if near(template, known) else "",
                fix="pytake template list",
                name=template,
                meant=near(template, known),
            )
