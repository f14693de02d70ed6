"""RapidPro's routers: waits become questions, tests become conditions, categories what is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytake_cli.flow.imports import names
from pytake_cli.flow.imports.draft import Fields
from pytake_cli.flow.imports.given import Given, number, table, tables, text
from pytake_cli.flow.imports.pieces import Piece, marked, numeric
from pytake_cli.flow.imports.rapidpro_cases import Case, asks, condition, hinted
from pytake_cli.flow.imports.rapidpro_expressions import operand
from pytake_cli.flow.imports.rapidpro_journey import Journey
from pytake_cli.flow.imports.report import Item
from pytake_cli.flow.problems import Phrase

_SAVED = {"phone": "text", "email": "text", "date": "date", "time": "time", "number": "number", "regex": "text"}
_CHILD = re.compile(r"@\(?child(\.run)?\.status\)?|@child")


@dataclass(slots=True)
class Router:
    """One router of a node: its cases in order, and where each category leads."""

    journey: Journey
    node: Given
    data: Given
    item: Item
    step: str

    @property
    def result(self) -> str:
        return text(self.data, "result_name")

    def cases(self) -> list[Case]:
        """Its tests, with their arguments in every language."""
        found = []
        for given in tables(self.data, "cases"):
            found.append(Case.of(given, list(self.journey.translated(given, "arguments").values())))
        return found

    def category(self, uuid: str) -> Given:
        return next((each for each in tables(self.data, "categories") if text(each, "uuid") == uuid), {})

    def way(self, uuid: str, value: str) -> str:
        """The step that a category leads to: what is kept of the answer first."""
        found = self.category(uuid)
        target = self.journey.target(self.node, text(found, "exit_uuid"))
        if not self.result or not found:
            return target
        step = self.journey.draft.take(f"{self.result}_{text(found, 'name')}", self.step)
        kept = self.journey.result(self.result, value, text(found, "name"))
        self.journey.draft.steps[step] = {"set": {"result": kept}, "next": target}
        return step

    @property
    def default(self) -> str:
        return text(self.data, "default_category_uuid")


def convert(router: Router) -> None:
    """The steps of a router."""
    kind = text(router.data, "type")
    if kind == "random":
        _random(router)
    elif kind not in ("switch", "smart", ""):
        _unlike(router)
    elif isinstance(router.data.get("wait"), dict):
        _question(router)
    elif _CHILD.fullmatch(text(router.data, "operand").strip()):
        _returned(router)
    else:
        of = operand(text(router.data, "operand"), router.item)
        _switch(router, router.step, of, router.cases())


def _unlike(router: Router) -> None:
    """A router of a kind that we know nothing of: its ways are kept, the choice among them is not."""
    kind = text(router.data, "type")
    router.item.lost(Phrase("there is nothing like it here"))
    ways = [router.way(text(each, "uuid"), "''") for each in tables(router.data, "categories")]
    when = marked(kind).text
    router.journey.draft.steps[router.step] = {
        "switch": [{"when": when, "goto": way} for way in ways] or [{"when": when, "goto": "end"}],
        "else": router.way(router.default, "''"),
    }


def _random(router: Router) -> None:
    """A share for each category; a contact always goes the same way."""
    shares: list[Fields] = []
    for each in tables(router.data, "categories"):
        goto = router.way(text(each, "uuid"), "''")
        shares.append({"weight": 1, "goto": goto, "name": text(each, "name")[:40]})
    router.item.changed(Phrase("a contact always goes the same way"))
    if len(shares) < 2:
        router.journey.alias(router.item, router.step, shares[0]["goto"] if shares else "end")
        return
    router.journey.draft.steps[router.step] = {"split": shares}


def _switch(router: Router, step: str, of: Piece, cases: list[Case]) -> None:
    """The first case that is true leads; a category keeps what was looked at, numbers as numbers."""
    value = of.text
    ways: dict[tuple[str, str], str] = {}
    made = []
    for case in cases:
        when = condition(case, of, router.item, router.journey.groups)
        kept = numeric(of).text if case.kind.startswith("has_number") else value
        key = (case.category, kept)
        if key not in ways:
            ways[key] = router.way(case.category, kept)
        made.append({"when": when.text, "goto": ways[key]})
    fallen = ways.get((router.default, value)) or router.way(router.default, value)
    if made:
        router.journey.draft.steps[step] = {"switch": made, "else": fallen}
    else:
        router.journey.draft.steps[step] = {"goto": fallen}


def _question(router: Router) -> None:
    """A wait: any answer goes on to the tests, and so does one that is no text."""
    draft, wait, cases = router.journey.draft, table(router.data, "wait"), router.cases()
    if text(wait, "type") not in ("msg", ""):
        router.item.lost(
            Phrase("there is nothing like it here: the conversation goes to people, and on when they are done")
        )
        draft.by_hand(router.item, router.step, router.way(router.default, "''"))
        return
    of = operand(text(router.data, "operand") or "@input.text", router.item)
    fields: Fields = {"ask": "", "retries": 0}
    expects = asks(cases[0]) if cases and not cases[0].others and of.text == "message.text" else None
    way = draft.take(f"{router.step}_way")
    if cases and of.text == "message.text" and all(case.kind.startswith("has_number") for case in cases):
        of = _numbers(router, fields, way, of)
    elif expects is not None:
        save = names.variable(router.result or "answer", draft.vars)
        draft.vars[save] = _SAVED[expects["expect"]]
        fields |= expects | {"save": save, "next": router.way(cases[0].category, f"vars.{save}")}
        cases = cases[1:]
    else:
        hint = hinted(text(table(wait, "hint"), "type"))
        fields |= {"expect": hint} if hint != "text" else {}
        fields["next"] = way
    fields.setdefault("on_invalid", way)
    _switch(router, way, of, cases)
    draft.steps[router.step] = fields | _timeout(router, wait)


def _numbers(router: Router, fields: Fields, way: str, of: Piece) -> Piece:
    """A question whose tests are all of numbers asks for one, which reads it as the contact's language writes it."""
    save = names.variable(router.result or "answer", router.journey.draft.vars)
    router.journey.draft.vars[save] = "number"
    fields |= {"expect": "number", "save": save, "next": way, "on_invalid": router.way(router.default, of.text)}
    return Piece(f"vars.{save}", type="number")


def _timeout(router: Router, wait: Given) -> Fields:
    given = table(wait, "timeout")
    seconds = number(given.get("seconds") if given else wait.get("timeout"))
    if not seconds or seconds <= 0:
        return {}
    return {"timeout": f"{round(seconds)}s", "on_timeout": router.way(text(given, "category_uuid"), "''")}


def _returned(router: Router) -> None:
    """After a flow that was called there is one way: it comes back when it has ended."""
    cases = router.cases()
    done = next((each.category for each in cases if each.arguments[:1] == ["completed"]), router.default)
    others = [text(each, "name") for each in tables(router.data, "categories") if text(each, "uuid") != done]
    if others:
        router.item.changed(
            Phrase("a flow that expires ends the session, so there is no way for: {names}"), names=", ".join(others)
        )
    router.journey.draft.steps[router.step] = {"goto": router.way(done, "'completed'")}


def titled(data: Given) -> str:
    """What a router is called in the report: its result, or its categories."""
    return text(data, "result_name") or ", ".join(text(each, "name") for each in tables(data, "categories"))[:80]
