"""Campaign files: YAML, or flags over it, read into a Definition; every mistake with its line and its remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from pathlib import PurePath
from typing import Any

from pytake_cli.errors import InvalidData
from pytake_cli.flow import reader
from pytake_cli.flow.expressions import ExpressionError
from pytake_cli.flow.misfits import given as shown
from pytake_cli.flow.positions import Path, Positions
from pytake_cli.flow.problems import FlowErrors, Phrase, Problem, in_order, near, problem
from pytake_cli.policy import recurrence_files
from pytake_cli.policy.campaigns import SHARES, Arm, Audience, Definition, Drip
from pytake_cli.services import business_hours, campaign_values
from pytake_cli.services import campaign_forms as forms

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
SEVERAL = 4  # mistakes that an error tells in full
KEYS = (
    "name", "number", "template", "language", "arms", "holdout", "flow", "audience", "values", "header", "consent",
    "at", "rate", "quiet_hours", "tz", "max_cost", "max_recipients", "frequency_cap", "canary",
    "skip_open_conversations", "on_missing", "recurrence", "drip",
)  # fmt: skip
WAYS = ("template", "arms", "flow")  # of saying what is sent
CONTACT = (
    "id", "name", "first_name", "display_name", "phone", "email", "username", "language", "tags", "stage", "score",
    "fields",
)  # fmt: skip


class CampaignErrors(InvalidData):
    """A campaign that cannot be read; `problems` are all of its mistakes, those of flags named after them."""

    def __init__(self, problems: Iterable[Problem], flags: Mapping[str, str] | None = None) -> None:
        self.problems = in_order(problems)
        told = [_told(each, flags or {}) for each in self.problems]
        super().__init__(
            "PT-CAMP-FILE",
            "{first}" if len(told) == 1 else "{first} (and {more} more)",
            why="\n".join(told[1:SEVERAL]).replace("{", "{{").replace("}", "}}"),
            fix="pytake help campaigns",
            first=told[0] if told else "",
            more=len(told) - 1,
            problem=self.problems[0].slug if self.problems else "",
        )


def _told(one: Problem, flags: Mapping[str, str]) -> str:
    flag = flags.get(str(one.values.get("top", "")))
    return f"{flag}: {one.sentence}" if flag else str(one)


def read(source: bytes | str, path: str, tz: tzinfo, flags: Mapping[str, tuple[str, Any]] | None = None) -> Definition:
    """The campaign of a file; `flags` are (flag, value) by the key that each sets. Raises CampaignErrors."""
    named = {key: flag for key, (flag, _value) in (flags or {}).items()}
    try:
        found = reader.read(reader.decode(source, path) if isinstance(source, bytes) else source, path)
    except FlowErrors as error:
        raise CampaignErrors(error.problems) from None
    if not isinstance(found.data, dict):
        template = "a campaign file is a map with `template` and `audience`, not {given}"
        raise CampaignErrors([problem("PT-CAMP-KIND", template, path=path, given=shown(found.data))])
    given = {key: value for key, (_flag, value) in (flags or {}).items()}
    data = {**found.data, **given}
    if any(key in given for key in WAYS):
        data = {key: value for key, value in data.items() if key not in WAYS or key in given}
    if isinstance(found.data.get("values"), dict) and "values" in given:
        data["values"] = {**found.data["values"], **given["values"]}
    return _read(data, found.positions, path, tz, named, found.problems)


def of_flags(flags: Mapping[str, tuple[str, Any]], tz: tzinfo) -> Definition:
    """A campaign that is all flags."""
    data = {key: value for key, (_flag, value) in flags.items()}
    return _read(data, Positions(""), "campaign", tz, {key: flag for key, (flag, _value) in flags.items()}, [])


def _read(
    data: dict[str, Any], positions: Positions, path: str, tz: tzinfo, flags: Mapping[str, str], known: list[Problem]
) -> Definition:
    reading = _Reading(data, positions, path, tz, list(known))
    definition = reading.definition()
    if reading.problems or definition is None:
        raise CampaignErrors(reading.problems, flags)
    return definition


@dataclass(slots=True)
class _Reading:
    """A file on its way to a definition, with the mistakes so far."""

    data: dict[str, Any]
    positions: Positions
    path: str
    tz: tzinfo
    problems: list[Problem] = field(default_factory=list)

    def definition(self) -> Definition | None:
        self._unknown(self.data, KEYS, ())
        holdout = self._form("holdout", forms.share, 0)
        arms = self._arms(holdout)
        values = self._values(self.data.get("values"), ("values",))
        if header := self._form("header", forms.text, ""):
            values["header"] = header
        found = {
            "name": self._name(),
            "audience": self._audience(),
            "number": self._form("number", forms.text, ""),
            "arms": arms,
            "holdout": holdout,
            "flow": self._form("flow", forms.text, ""),
            "values": values,
            "consent": self._form("consent", forms.one_of("marketing", "service"), None),
            "at": self._form("at", self._moment, None),
            "rate": self._form("rate", forms.rate, None),
            "quiet": self._quiet(),
            "max_cost": self._form("max_cost", forms.money, None),
            "max_recipients": self._form("max_recipients", forms.whole(1), None),
            "cap": self._form("frequency_cap", forms.cap, None),
            "canary": self._form("canary", forms.canary, None),
            "skip_open_conversations": self._form("skip_open_conversations", forms.flag, True),
            "on_missing": self._form("on_missing", forms.one_of("skip", "fail"), "skip"),
            "recurrence": self._recurrence(),
            "drip": self._drip(),
        }
        if self.problems:
            return None
        definition = Definition(**found)
        self._columns(definition)
        return definition

    # -- single keys

    def _form(self, key: str, form: Callable[[Any], Any], default: Any) -> Any:
        """The value of a key as `form` reads it; what it says is wrong is a mistake."""
        if key not in self.data or self.data[key] is None:
            return default
        return self._take((key,), form, self.data[key], default)

    def _take(self, at: Path, form: Callable[[Any], Any], value: Any, default: Any) -> Any:
        try:
            return form(value)
        except forms.Unfit as unfit:
            self._say(
                "PT-CAMP-VALUE",
                "`{key}` takes {expected}, not {given}",
                at,
                key=".".join(map(str, at)),
                expected=Phrase(unfit.expected),
                given=shown(value),
            )
            return default

    def _name(self) -> str:
        name = self.data.get("name") or _stem(self.path)
        if isinstance(name, str) and NAME.fullmatch(name):
            return name
        self._say("PT-CAMP-NAME", "{given} is no name: small letters, digits and hyphens", ("name",), given=shown(name))
        return ""

    def _moment(self, value: Any) -> datetime:
        return forms.moment(value, self.tz)

    def _quiet(self) -> Any:
        zone = self._form("tz", forms.one_of("contact", "org"), "contact")
        return self._form("quiet_hours", lambda value: forms.quiet(value, zone), None)

    # -- what is sent

    def _arms(self, holdout: int) -> tuple[Arm, ...]:
        ways = [key for key in WAYS if self.data.get(key)]
        if len(ways) != 1:
            self._one_of("template, arms or flow", ways, WAYS)
            return ()
        if ways == ["flow"]:
            return ()
        if ways == ["template"]:
            language = self._form("language", forms.language, "")
            return (Arm("", self._form("template", forms.template, ""), language, SHARES - holdout),)
        return self._several(holdout)

    def _several(self, holdout: int) -> tuple[Arm, ...]:
        rows = self.data["arms"]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or len(rows) < 2:
            self._kind(("arms",), "a list of at least two: {name: a, template: promo, share: 50}", rows)
            return ()
        rest = SHARES - holdout
        found = [self._arm(row, index, rest // len(rows)) for index, row in enumerate(rows)]
        if len({each.name for each in found}) != len(found):
            self._say("PT-CAMP-ARMS", "two arms have the same name", ("arms",))
        told = [row.get("share") for row in rows]
        total = sum(each.share for each in found) + holdout
        if all(share is None for share in told):
            first = Arm(found[0].name, found[0].template, found[0].language, found[0].share + SHARES - total)
            found[0] = Arm(first.name, first.template, first.language, first.share, found[0].values)
        elif total != SHARES:
            template = "the shares of the arms and the holdout are {total} together, not 100"
            self._say("PT-CAMP-ARMS", template, ("arms",), total=total)
        return tuple(found)

    def _arm(self, row: dict[str, Any], index: int, share: int) -> Arm:
        at: Path = ("arms", index)
        self._unknown(row, ("name", "template", "language", "share", "values"), at)
        if not row.get("template"):
            self._say("PT-CAMP-MISSING", "an arm needs `template`", at)
        return Arm(
            self._take((*at, "name"), forms.arm_name, row.get("name", chr(ord("a") + index % 26)), ""),
            self._take((*at, "template"), forms.template, row.get("template") or "x", ""),
            self._take((*at, "language"), forms.language, row.get("language", ""), ""),
            self._take((*at, "share"), forms.share, row.get("share", share), share),
            self._values(row.get("values"), (*at, "values")),
        )

    def _values(self, rows: Any, at: Path) -> dict[str, str]:
        """Texts by the names that the template gives; a list is in the order of {{1}}, {{2}}, …"""
        if rows is None:
            return {}
        if isinstance(rows, list):
            rows = {str(place): text for place, text in enumerate(rows, 1)}
        if not isinstance(rows, dict):
            self._kind(at, "a map from the template's values to texts", rows)
            return {}
        return {name: self._value(text, (*at, name)) for name, text in rows.items()}

    def _value(self, text: Any, at: Path) -> str:
        written: str = self._take(at, forms.text, text, "")
        try:
            compiled = campaign_values.compiled(written)
        except ExpressionError as error:
            self._inside("PT-CAMP-EXPRESSION", "{detail}", at, error.offset, detail=error.message)
            return ""
        for one in compiled.references if compiled else ():
            of_contact = one.path[0] == "contact" and len(one.path) > 1
            known, name = (CONTACT, one.path[1]) if of_contact else (campaign_values.NAMES, one.path[0])
            if name not in known:
                meant = near(name, known)
                fix = "did you mean `{meant}`?" if meant else "there are {known}"
                values = {"name": str(one), "meant": meant, "known": ", ".join(known)}
                self._inside("PT-CAMP-EXPRESSION", "there is no `{name}`", at, one.offset, fix, **values)
        return written

    def _columns(self, definition: Definition) -> None:
        if definition.audience.kind == "file":
            return
        for key, text in definition.values.items():
            if text.startswith(campaign_values.COLUMN):
                template = "`{key}` is a column of a file, and the audience is none"
                self._say("PT-CAMP-COLUMN", template, ("values", key), fix="audience: {{file: people.csv}}", key=key)

    def _drip(self) -> tuple[Drip, ...]:
        rows = self.data.get("drip") or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self._kind(("drip",), "a list of {after: 2d, template: promo_2}", rows)
            return ()
        found = tuple(self._later(row, index) for index, row in enumerate(rows))
        for index, (before, one) in enumerate(pairwise(found), 1):
            if one.after <= before.after:
                template = "later messages stand in the order of their time, counted from the first message"
                self._say("PT-CAMP-DRIP", template, ("drip", index, "after"))
        return found

    def _later(self, row: dict[str, Any], index: int) -> Drip:
        at: Path = ("drip", index)
        self._unknown(row, ("after", "template", "language", "values", "unless_replied"), at)
        for key in ("after", "template"):
            if not row.get(key):
                self._say("PT-CAMP-MISSING", "a later message needs `{key}`", at, key=key)
        return Drip(
            self._take((*at, "after"), forms.duration, row.get("after") or "1d", timedelta(0)),
            self._take((*at, "template"), forms.template, row.get("template") or "x", ""),
            self._take((*at, "language"), forms.language, row.get("language", ""), ""),
            self._values(row.get("values"), (*at, "values")),
            self._take((*at, "unless_replied"), forms.flag, row.get("unless_replied", True), True),
        )

    # -- whom, and how often

    def _audience(self) -> Audience:
        rows = self.data.get("audience")
        if rows is None:
            self._everybody()
            return Audience("all")
        if not isinstance(rows, dict):
            self._kind(("audience",), "one of {segment: vip}, {where: …}, {file: x.csv}, {all: true}", rows)
            return Audience("all")
        kinds = ("segment", "where", "file", "all")
        self._unknown(rows, kinds, ("audience",))
        named = [kind for kind in kinds if rows.get(kind) not in (None, False)]
        if len(named) != 1:
            self._one_of("segment, where, file or all", named, kinds, ("audience",))
            return Audience("all")
        kind: Any = named[0]
        if kind == "all":
            self._take(("audience", "all"), forms.flag, rows["all"], True)
            return Audience("all")
        text = self._take(("audience", kind), forms.text, rows[kind], "").strip()
        if not text:
            self._everybody()
        return Audience(kind, text)

    def _everybody(self) -> None:
        template = "no audience: that would mean everybody"
        self._say("PT-CAMP-EVERYBODY", template, ("audience",), fix="if so, audience: {{all: true}} or --all")

    def _recurrence(self) -> dict[str, Any] | None:
        rows = self.data.get("recurrence")
        if rows is None:
            return None
        if not isinstance(rows, dict):
            self._kind(("recurrence",), "a map, such as {weekly: mon, at: '09:00'}", rows)
            return None
        try:
            return recurrence_files.dump(recurrence_files.read(rows, business_hours.holidays()))
        except InvalidData as error:
            at: Path = ("recurrence", next((key for key in rows if key in error.values.values()), ""))
            detail = f"{error}; {error.why.format(**error.values)}" if error.why else str(error)
            self._say("PT-CAMP-RECURRENCE", "{detail}", at, detail=detail)
            return None

    # -- mistakes

    def _unknown(self, rows: Mapping[str, Any], known: tuple[str, ...], at: Path) -> None:
        for key in rows:
            if key not in known:
                meant = near(key, known)
                fix = "did you mean `{meant}`?" if meant else "there are {known}"
                values = {"key": key, "meant": meant, "known": ", ".join(known)}
                self._say("PT-CAMP-KEY", "there is no key `{key}` here", (*at, key), fix=fix, at_key=True, **values)

    def _one_of(self, what: str, found: list[str], kinds: tuple[str, ...], at: Path = ()) -> None:
        if found:
            template = "only one of {what} can be there, and there are {found}"
            self._say("PT-CAMP-ONE", template, (*at, found[1]), at_key=True, what=what, found=", ".join(found))
        else:
            self._say("PT-CAMP-MISSING", "there must be {what}", at or (kinds[0],), what=what)

    def _kind(self, at: Path, expected: str, value: Any) -> None:
        self._say(
            "PT-CAMP-KIND",
            "`{key}` takes {expected}, not {given}",
            at,
            key=".".join(map(str, at)),
            expected=Phrase(expected),
            given=shown(value),
        )

    def _say(self, slug: str, message: str, at: Path, *, fix: str = "", at_key: bool = False, **values: Any) -> None:
        place = self.positions.key(at) if at_key else self.positions.value(at)
        top = at[0] if at else ""
        self.problems.append(problem(slug, message, place, path=self.path, fix=fix, top=top, **values))

    def _inside(self, slug: str, message: str, at: Path, offset: int, fix: str = "", **values: Any) -> None:
        place = self.positions.inside(at, offset)
        self.problems.append(problem(slug, message, place, path=self.path, fix=fix, top=at[0], **values))


def _stem(path: str) -> str:
    """A campaign's name, unless it says another: its file's."""
    stem = PurePath(path).name.removesuffix(".yaml").removesuffix(".yml")
    return re.sub(r"[^a-z0-9-]+", "-", stem.lower()).strip("-")[:63] or "campaign"
