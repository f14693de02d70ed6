"""What a flow finds around it in an organisation: the other flows, numbers, people, hours, sources, opt-out words."""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import Session, col, select

from pytake_cli import settings
from pytake_cli.flow.checks.inquiry import Surroundings
from pytake_cli.flow.definition import Flow as Definition
from pytake_cli.flow.problems import FlowErrors
from pytake_cli.services import flow_settings, opt_out, templates
from pytake_cli.services.flow_library import definition
from pytake_cli.services.flow_triggers import names_of
from pytake_cli.store import teams
from pytake_cli.store.flows import Flow, FlowVersion
from pytake_cli.store.numbers import Number
from pytake_cli.store.organisations import Organisation
from pytake_cli.store.users import User


def of(db: Session, org_id: int) -> Surroundings:
    """All that `flow check` can know when there is a store. Where there are no teams, one is only a word: None."""
    org = db.get_one(Organisation, org_id)
    config = settings.current().flows
    return replace(
        flow_settings.around(),
        flows=published(db, org_id),
        templates=templates.as_known(db, org_id),
        settles_hours=True,
        teams=frozenset(name for team in teams.everyone(db, org_id) for name in (team.slug, team.name.lower())) or None,
        agents=_agents(db, org_id),
        sources=frozenset(config.sources),
        secrets=flow_settings.Secrets(),
        sees_secrets=False,
        numbers=_numbers(db, org_id),
        opt_out=tuple(sorted(opt_out.words(org).stop)),
        allows_code=config.allow_code,
    )


def published(db: Session, org_id: int) -> dict[str, Definition]:
    """The published flows by name, but for those that this program cannot read."""
    query = select(FlowVersion).join(Flow, Flow.published_version_id == FlowVersion.id)  # type: ignore[arg-type]
    found: dict[str, Definition] = {}
    for version in db.exec(query.where(Flow.org_id == org_id).order_by(col(Flow.name))):
        try:
            read = definition(version)
        except FlowErrors:
            continue
        found[read.name] = read
    return found


def _agents(db: Session, org_id: int) -> frozenset[str]:
    """Everything that `handoff: {agent: …}` may call an active user."""
    active = select(User).where(User.org_id == org_id, col(User.active))
    return frozenset(
        name
        for user in db.exec(active)
        for name in (user.email, user.email.lower(), user.email.partition("@")[0], user.name)
        if name
    )


def _numbers(db: Session, org_id: int) -> frozenset[str]:
    return frozenset(
        name for number in db.exec(select(Number).where(Number.org_id == org_id)) for name in names_of(number)
    )
