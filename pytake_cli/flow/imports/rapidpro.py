"""Converts an export of RapidPro or TextIt (flow definitions of version 12 to 14) to flows, one file each."""

from __future__ import annotations

import re

from pytake_cli.errors import InvalidData
from pytake_cli.flow.imports import names
from pytake_cli.flow.imports.draft import Draft
from pytake_cli.flow.imports.finished import finished
from pytake_cli.flow.imports.given import Given, items, table, tables, text, texts, whole
from pytake_cli.flow.imports.pieces import MARK
from pytake_cli.flow.imports.rapidpro_actions import ACTIONS, unknown
from pytake_cli.flow.imports.rapidpro_expressions import local
from pytake_cli.flow.imports.rapidpro_journey import Journey, language
from pytake_cli.flow.imports.rapidpro_routers import Router, titled
from pytake_cli.flow.imports.rapidpro_routers import convert as convert_router
from pytake_cli.flow.imports.report import Imported
from pytake_cli.flow.problems import Phrase

MAX_NODES = 2000
MAX_FLOWS = 200
_LEGACY = ("action_sets", "rule_sets", "base_language")


def convert(export: object, *, name: str = "", language: str = "pt-BR") -> list[Imported]:
    """The flows of an export, each with its report; InvalidData when it holds none, or those of before version 12."""
    flows = tables(export, "flows") or ([export] if isinstance(export, dict) and "nodes" in export else [])
    _check(flows)
    if name and len(flows) > 1:
        raise InvalidData(
            "PT-FLOW-IMPORT",
            "the export has {count} flows, and --name is for one",
            fix="leave --name out",
            count=len(flows),
        )
    ours: dict[str, str] = {}
    for flow in flows:
        wanted = name or names.word(text(flow, "name"), "flow", "-")
        ours[text(flow, "uuid") or f"\0{len(ours)}"] = names.unique(wanted, ours.values(), "-")
    groups = {text(each, "uuid"): text(each, "name") for each in tables(export, "groups")}
    groups |= {text(each, "uuid"): "\0" for each in tables(export, "groups") if text(each, "query")}
    drafts = [_flow(flow, own, ours, groups, language) for flow, own in zip(flows, ours.values(), strict=False)]
    for draft, flow in zip(drafts, flows, strict=False):
        _triggers(draft, flow, export)
    if drafts:
        _others(drafts[0], export)
    return finished(drafts)


def _check(flows: list[Given]) -> None:
    if not flows:
        raise InvalidData(
            "PT-FLOW-IMPORT",
            "this is no export of RapidPro or TextIt",
            why="it has no flows",
            fix="in TextIt: Flows, Export",
        )
    if any(key in flow for flow in flows for key in _LEGACY):
        raise InvalidData(
            "PT-FLOW-IMPORT",
            "the export is of before version 12",
            why="it has action sets and rule sets instead of nodes",
            fix="import it into TextIt and export it again",
        )
    count = sum(len(tables(flow, "nodes")) for flow in flows)
    if count > MAX_NODES or len(flows) > MAX_FLOWS:
        raise InvalidData(
            "PT-FLOW-IMPORT",
            "the export has {count} nodes, and {most} are the most",
            fix="export fewer flows at once",
            count=count,
            most=MAX_NODES,
        )


def _flow(flow: Given, name: str, flows: dict[str, str], groups: dict[str, str], own: str) -> Draft:
    title = text(flow, "name").strip()[:200]
    draft = Draft(name, title, language(text(flow, "language")) or own)
    journey = Journey(flow, draft, flows, groups)
    minutes = whole(flow.get("expire_after_minutes"))
    if minutes and 0 < minutes <= 30 * 24 * 60:
        draft.header["expires"] = f"{minutes}m" if minutes % 60 else f"{minutes // 60}h"
    kind = text(flow, "type") or "messaging"
    if kind not in ("messaging", "M", "F", "messaging_background", "background"):
        draft.item("flow type", title=kind).changed(Phrase("it was for calls or a survey, and is for messages now"))
    plan = [_planned(journey, node) for node in tables(flow, "nodes")]
    for node, steps in zip(tables(flow, "nodes"), plan, strict=True):
        _node(journey, node, steps)
    for each in re.findall(r"\blocals\.(\w{1,60})", journey.dump):
        draft.vars.setdefault(local(each), "text")  # read, and set nowhere: empty
    draft.start = next(
        (journey.entries[uuid] for uuid in map(_uuid, tables(flow, "nodes")) if uuid in journey.entries), "end"
    )
    return draft


def _uuid(node: Given) -> str:
    return text(node, "uuid")


def _router(node: Given) -> Given:
    """The router of a node, with the wait that stood beside it up to version 12."""
    router = table(node, "router")
    wait = table(node, "wait")
    return {**router, "wait": wait} if wait and not table(router, "wait") else router


def _planned(journey: Journey, node: Given) -> list[str]:
    """The steps of a node, in order, so that every exit knows where it leads."""
    steps = []
    for action in tables(node, "actions"):
        kind = text(action, "type")
        words = re.sub(r"@\([^)]*\)|@[\w.]+", "", text(action, "text")) if kind == "send_msg" else ""
        said = "_".join(names.word(words, kind or "action").split("_")[:4])[:28] if words else kind
        steps.append(journey.draft.take(said, "action"))
    router = _router(node)
    if router:
        wanted = text(router, "result_name") or ("answer" if table(router, "wait") else "way")
        steps.append(journey.draft.take(wanted, "way"))
    if not steps:
        steps.append(journey.draft.take("node"))
    journey.entries.setdefault(_uuid(node), steps[0])
    return steps


def _node(journey: Journey, node: Given, steps: list[str]) -> None:
    router = _router(node)
    after = [*steps[1:], "end"] if router else [*steps[1:], journey.onward(node)]
    for action, step, then in zip(tables(node, "actions"), steps, after, strict=False):
        kind = text(action, "type")
        title = text(action, "text") or text(table(action, "flow"), "name") or text(table(action, "field"), "name")
        item = journey.draft.item(kind or "action", text(action, "uuid"), (title or text(action, "name"))[:80], step)
        ACTIONS.get(kind, unknown)(journey, action, item, step, then)
    if router:
        item = journey.draft.item(f"{text(router, 'type') or 'switch'} router", _uuid(node), titled(router), steps[-1])
        convert_router(Router(journey, node, router, item, steps[-1]))
    elif not tables(node, "actions"):
        item = journey.draft.item("node", _uuid(node))
        item.unused(Phrase("it does nothing"))
        journey.alias(item, steps[-1], journey.onward(node))


def _triggers(draft: Draft, flow: Given, export: object) -> None:
    """Keywords and the like that start a flow."""
    mine = [each for each in tables(export, "triggers") if text(table(each, "flow"), "uuid") == text(flow, "uuid")]
    found: list[dict[str, object]] = []
    for trigger in mine:
        kind = text(trigger, "trigger_type")
        words = texts(trigger, "keywords") or ([text(trigger, "keyword")] if text(trigger, "keyword") else [])
        item = draft.item(f"trigger {kind}".strip(), title=", ".join(words))
        if items(trigger, "groups") or items(trigger, "exclude_groups"):
            item.changed(Phrase("it is for everybody: say for whom with `scope`"))
        if kind == "K" and words:
            found.append({"keyword": words, **({} if text(trigger, "match_type") == "O" else {"mode": "starts"})})
        elif kind in ("C", "N", "R"):
            ad = text(trigger, "referrer_id") or "*"
            others: dict[str, tuple[str, object]] = {
                "C": ("any", True),
                "N": ("new_conversation", True),
                "R": ("ad", ad),
            }
            found.append(dict([others[kind]]))
        else:
            item.lost(Phrase("nothing here starts a flow like that"))
            draft.before_start(item, f"{MARK}.trigger")
    if found:
        draft.header["triggers"] = found
    elif not mine:
        draft.item("trigger").changed(Phrase("nothing starts it yet: give it triggers, or call it from another flow"))


def _others(draft: Draft, export: object) -> None:
    """What an export has besides flows."""
    for key, why in (
        ("campaigns", Phrase("campaigns are no part of flows")),
        ("groups", Phrase("a group by query is a segment here, and no tag")),
    ):
        for each in tables(export, key):
            if key == "campaigns" or text(each, "query"):
                draft.item(key[:-1], text(each, "uuid"), text(each, "name")).unused(why)
