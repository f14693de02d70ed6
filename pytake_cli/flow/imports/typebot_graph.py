"""A Typebot export as its blocks find their way in it: groups, edges, variables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pytake_cli.flow.imports import names
from pytake_cli.flow.imports.draft import ALIAS, Draft
from pytake_cli.flow.imports.given import Given, table, tables, text
from pytake_cli.flow.imports.pieces import Piece, Type, marked, quoted
from pytake_cli.flow.imports.report import Item
from pytake_cli.flow.imports.typebot_texts import template
from pytake_cli.flow.problems import Phrase

_RECKONED = re.compile(r"(?:\{\{[^{}]*\}\}|[0-9.]+|[-+*/%() ])+")
_TYPES: dict[str, Type] = {"number": "number", "boolean": "boolean", "list": "list", "text": "text"}


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its own map, and where it leads once it is done."""

    id: str
    kind: str
    data: Given
    step: str
    item: Item
    then: str  # by its edge, else the next block of the group, else the end
    after: str  # the next block of the group, whatever its edge says

    @property
    def options(self) -> Given:
        return table(self.data, "options")

    @property
    def content(self) -> Given:
        return table(self.data, "content")


@dataclass(slots=True)
class Bot:
    """The export and the draft that it becomes."""

    export: Given
    draft: Draft
    edges: dict[str, Given] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)  # block -> step
    entries: dict[str, str] = field(default_factory=dict)  # group -> step
    titles: dict[str, str] = field(default_factory=dict)  # variable's id -> its name in the export
    names: dict[str, str] = field(default_factory=dict)  # variable's id -> its name here
    choices: dict[str, str] = field(default_factory=dict)  # what a choice saved before -> what it saves now

    @classmethod
    def of(cls, export: Given, draft: Draft) -> Bot:
        """Reads edges and variables, and gives every block its step."""
        bot = cls(export, draft, {text(edge, "id"): edge for edge in tables(export, "edges")})
        for variable in tables(export, "variables"):
            ident, title = text(variable, "id"), text(variable, "name")
            if ident and title and title not in bot.titles.values():
                bot.titles[ident] = title
                bot.names[ident] = names.variable(title, bot.names.values())
        for group in tables(export, "groups"):
            for block in tables(group, "blocks"):
                if text(block, "type") != "start":
                    step = draft.take(text(group, "title") or text(block, "type"), "step")
                    bot.places.setdefault(text(block, "id"), step)
                    bot.entries.setdefault(text(group, "id"), step)
        bot._declare()
        return bot

    def blocks(self) -> list[Block]:
        """Every block in the order of the export, with its item of the report begun."""
        found: list[Block] = []
        for group in tables(self.export, "groups"):
            inside = [block for block in tables(group, "blocks") if text(block, "type") != "start"]
            steps = [self.places[text(block, "id")] for block in inside]
            for block, step, after in zip(inside, steps, [*steps[1:], "end"], strict=False):
                ident, kind = text(block, "id"), text(block, "type")
                item = self.draft.item(kind or "block", ident, text(group, "title"), step)
                then = self.target(block.get("outgoingEdgeId")) or after
                found.append(Block(ident, kind, block, step, item, then, after))
        return found

    def target(self, edge: object) -> str:
        """The step that an edge leads to; "" when there is no such edge."""
        to = table(self.edges.get(text(edge), {}), "to")
        if not to:
            return ""
        block = self.places.get(text(to, "blockId"))
        return block or self.entries.get(text(to, "groupId"), "end")

    def alias(self, block: Block, target: str) -> None:
        """A block that only leads on."""
        self.draft.steps[block.step] = {ALIAS: target}

    def resolve(self, title: str) -> Piece | None:
        """What `{{title}}` reads."""
        return next((self.read(ident) for ident, name in self.titles.items() if name == title), None)

    def read(self, ident: object) -> Piece | None:
        """The variable of that id as an expression."""
        name = self.names.get(text(ident))
        if name is None:
            return None
        self.draft.vars.setdefault(name, "text")
        return Piece(f"vars.{name}", type=_TYPES.get(self.draft.vars[name], "any"))

    def write(self, ident: object) -> str:
        """The variable of that id as what is written to; "" if there is none."""
        name = self.names.get(text(ident), "")
        if name:
            self.draft.vars.setdefault(name, "text")
        return name

    def words(self, block: Block, given: str) -> str:
        """A text of the export with our expressions; what it reads and we do not have is listed."""
        made, unknown = template(given, self.resolve)
        for name in unknown:
            if name.startswith("="):
                block.item.lost(Phrase("the script in its text is not carried over: {script}"), script=name)
                made += f"{{{{ {marked('javascript').text} }}}}"
            else:
                block.item.changed(Phrase("there is no variable {name}: nothing stands in its place"), name=name)
        return made

    def compared(self, given: str) -> Piece | None:
        """The right side of a comparison: a variable, or words."""
        whole = re.fullmatch(r"\s*\{\{([^{}]*)\}\}\s*", given)
        if whole:
            return self.resolve(whole[1].strip())
        return quoted(self.choices.get(given, given.strip()))

    def _declare(self) -> None:
        """The type of each variable, by everything that writes it."""
        kinds: dict[str, set[str]] = {}
        for group in tables(self.export, "groups"):
            for block in tables(group, "blocks"):
                for ident, kind in _writes(block):
                    kinds.setdefault(ident, set()).add(kind)
        for ident, found in kinds.items():
            if ident in self.names:
                found = found if found == {"same"} else found - {"same"}
                wide = next((kind for kind in ("list", "media") if kind in found), "text")
                kind = next(iter(found)) if len(found) == 1 else wide
                self.draft.vars[self.names[ident]] = "text" if kind == "same" else kind


def _writes(block: Given) -> list[tuple[str, str]]:
    """(variable, type) of what a block writes."""
    options, kind = table(block, "options"), text(block, "type")
    own = text(options, "variableId")
    simple = {
        "number input": "number",
        "rating input": "number",
        "file input": "media",
        "date input": "text" if options.get("isRange") is True else "datetime" if options.get("hasTime") else "date",
        "time input": "time",
    }
    if kind in ("choice input", "picture choice input", "cards input"):
        return [(own, "list" if options.get("isMultipleChoice") is True else "text")]
    found = [(own, simple.get(kind, "text"))] if kind != "Set variable" else [(own, _set_kind(options))]
    dynamic = text(options, "dynamicVariableId")
    found += [(dynamic, "list")] if dynamic else []
    for mapping in (*tables(options, "responseVariableMapping"), *tables(options, "responseMapping")):
        found.append((text(mapping, "variableId"), "text"))
    return [(ident, kind) for ident, kind in found if ident]


def _set_kind(options: Given) -> str:
    kind, source = text(options, "type") or "Custom", text(options, "expressionToEvaluate").strip()
    if kind == "Empty":
        return "same"
    if kind in ("Append value(s)", "Pop", "Shift"):
        return "list"
    if kind in ("Today", "Tomorrow", "Yesterday"):
        return "date"
    if kind == "Now":
        return "datetime"
    if kind != "Custom" or not source or not _RECKONED.fullmatch(source):
        return "same" if kind == "Custom" and not source else "text"
    alone = re.fullmatch(r"\{\{[^{}]*\}\}", source)
    return "text" if alone else "number"


def lost_expression(item: Item, what: str) -> Piece:
    """Lists a script that is not carried over, and gives what stands in its place."""
    item.lost(Phrase("this is a script, or more than an expression here can say: {what}"), what=what)
    return marked(what)
