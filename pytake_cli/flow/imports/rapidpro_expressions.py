"""Expressions of RapidPro and TextIt: `@results.age`, `@(upper(contact.name))`, in ours."""

from __future__ import annotations

import re
from typing import ClassVar

from pytake_cli.flow.imports import names
from pytake_cli.flow.imports.infix import Infix
from pytake_cli.flow.imports.pieces import NotCarried, Piece, binary, filtered, held, marked, quoted, summed, written
from pytake_cli.flow.imports.rapidpro_functions import FUNCTIONS
from pytake_cli.flow.imports.report import Item
from pytake_cli.flow.problems import Phrase

# first names that are expressions; any other word behind an @ is a word, as in an e-mail address
ROOTS = (
    "contact", "fields", "urns", "globals", "input", "results", "child", "parent", "run", "trigger", "resume",
    "webhook", "ticket", "node", "locals", "legacy_extra", "extra",
)  # fmt: skip
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_URNS = ("urn", "urns", "tel", "whatsapp", "tel_e164")


class Formula(Infix):
    """One expression, as in `@(…)`."""

    powers: ClassVar[dict[str, int]] = {
        "=": 0, "==": 0, "!=": 0, "<": 1, ">": 1, "<=": 1, ">=": 1, "&": 2, "+": 3, "-": 3, "*": 4, "/": 4, "^": 5,
    }  # fmt: skip
    doubled: ClassVar[bool] = True

    def name(self, name: str) -> Piece:
        name = name.lower()
        if name in ("true", "false"):
            return Piece(name, type="boolean")
        if name == "null":
            return Piece("none")
        return known([name])

    def member(self, of: Piece, name: str) -> Piece:
        if of.text.startswith("\0"):
            return known([*of.text[1:].split("."), name.lower()])
        return Piece(f"{of.text}.{name}") if of.power == 9 and of.text.startswith("vars.") else _gone(name)

    def call(self, name: str, arguments: list[Piece]) -> Piece:
        made = FUNCTIONS.get(name.lower())
        if made is None:
            raise NotCarried(name.lower())
        return settled(made([settled(each) for each in arguments]))

    def operation(self, sign: str, left: Piece, right: Piece) -> Piece:
        left, right = settled(left), settled(right)
        match sign:
            case "&":
                return _beside(left, right)
            case "^":
                return binary("**", summed(left), summed(right))
            case "=" | "==" | "!=":
                return _equal("!=" if sign == "!=" else "==", left, right)
            case "<" | ">" | "<=" | ">=":
                return binary(sign, summed(left), summed(right))
        return binary(sign, summed(left), summed(right))

    def settled(self, piece: Piece) -> Piece:
        return settled(piece)

    def read(self) -> Piece:
        return settled(super().read())


def _beside(left: Piece, right: Piece) -> Piece:
    """Both as one text; a longer chain goes on without brackets."""
    before = left.text if left.power == 4 and left.type == "text" else held(left, 8)
    return Piece(f"{before} ~ {held(right, 8)}", 4, "text")


def _gone(name: str) -> Piece:
    raise NotCarried(name)


def _equal(sign: str, left: Piece, right: Piece) -> Piece:
    if "number" in (left.type, right.type):
        return binary(sign, summed(left), summed(right))
    if "text" in (left.type, right.type):
        return binary(sign, *(_small(each) for each in (left, right)))
    return binary(sign, left, right)


def _small(piece: Piece) -> Piece:
    return Piece(piece.text.lower(), type="text") if piece.text.startswith("'") else filtered(piece, "lower")


def settled(piece: Piece) -> Piece:
    """A path that ends here: `\\0results.color` is the value of a result."""
    return value(piece.text[1:].split(".")) if piece.text.startswith("\0") else piece


def known(path: list[str]) -> Piece:
    """A path that may still go on."""
    if path[0] not in ROOTS:
        raise NotCarried(path[0])
    return Piece("\0" + ".".join(path))


def value(path: list[str]) -> Piece:
    """What a path of theirs is here; NotCarried for what there is nothing like."""
    root, rest = path[0], path[1:]
    match root:
        case "contact":
            return _contact(rest)
        case "fields":
            return _field(rest)
        case "urns":
            return Piece("contact.phone", type="text") if not rest or rest[0] in _URNS else _gone(".".join(path))
        case "input":
            return _input(rest)
        case "results":
            return _result(rest)
        case "child" | "parent" | "run":
            return _run(path)
        case "webhook" | "legacy_extra" | "extra":
            return _webhook(rest)
        case "locals" if len(rest) == 1:
            return Piece(f"vars.{local(rest[0])}")
    raise NotCarried(".".join(path))


def local(name: str) -> str:
    """The variable that a local of theirs is."""
    return names.word(name, "local") if not name[:1].isdigit() else f"v_{names.word(name, 'local')}"[:40]


def _contact(rest: list[str]) -> Piece:
    simple = {"": "name", "name": "name", "first_name": "first_name", "language": "language", "groups": "tags"}
    simple |= {"id": "id", "uuid": "id", "urn": "phone", "tel": "phone", "urns": "phone", "tel_e164": "phone"}
    name = rest[0] if rest else ""
    if name == "fields":
        return _field(rest[1:])
    if name in simple and (len(rest) < 2 or name == "urns"):
        return Piece(f"contact.{simple[name]}", type="list" if name == "groups" else "text")
    raise NotCarried(".".join(["contact", *rest]))


def _field(rest: list[str]) -> Piece:
    if len(rest) != 1:
        raise NotCarried("fields")
    own = rest[0] in ("name", "language")
    return Piece(f"contact.{rest[0]}" if own else f"contact.fields.{names.variable(rest[0], ())}")


def _input(rest: list[str]) -> Piece:
    simple = {"": "message.text", "text": "message.text", "value": "message.text", "created_on": "now"}
    name = ".".join(rest)
    if name in simple:
        return Piece(simple[name], type="text" if name != "created_on" else "any")
    raise NotCarried(f"input.{name}")


def _result(rest: list[str]) -> Piece:
    if not rest or len(rest) > 2:
        raise NotCarried("results")
    name = names.variable(rest[0], ())
    match rest[1] if len(rest) == 2 else "value":
        case "value" | "input" | "text":
            return Piece(f"result.{name}")
        case "category" | "category_localized":
            return Piece(f"result.{category(name)}", type="text")
    raise NotCarried(".".join(["results", *rest]))


def category(name: str) -> str:
    """The result that keeps which way was taken."""
    return f"{name[:31]}_category"


def _run(path: list[str]) -> Piece:
    rest = path[1:]
    if rest[:1] == ["results"]:
        return _result(rest[1:])
    if rest[:1] in (["contact"], ["fields"]):
        return value(rest)
    if path[0] != "run" and rest and rest[0] not in ("run", "status", "flow", "uuid"):
        return _result(rest)  # @child.age, as older exports have it
    raise NotCarried(".".join(path))


def _webhook(rest: list[str]) -> Piece:
    if rest == ["status"]:
        return Piece("vars.webhook_status", type="number")
    inner = rest[1:] if rest[:1] == ["json"] else rest
    if rest[:1] == ["headers"]:
        raise NotCarried("webhook.headers")
    found = "vars.webhook"
    for name in inner:
        found += f"[{name}]" if name.isdigit() else f".{name}"
    return Piece(found)


def formula(source: str) -> Piece:
    """What stands behind an @: a path, or an expression in brackets. Raises NotCarried."""
    return Formula(source).read()


def template(words: str, item: Item) -> str:
    """A text with our expressions in it; what cannot be said is listed, and marked so that `flow check` stops there."""
    return written(parts(words, item))


def parts(words: str, item: Item) -> list[str | Piece]:
    """The words and expressions of a text, `@@` being an @."""
    found: list[str | Piece] = [""]
    at = 0
    while at < len(words):
        begin = words.find("@", at)
        if begin < 0 or begin + 1 >= len(words):
            break
        found.append(words[at:begin])
        source, at = _behind(words, begin + 1)
        found.append(source if isinstance(source, str) else _made(source[0], item))
    found.append(words[at:])
    return _together(found)


def _behind(words: str, at: int) -> tuple[str | tuple[str], int]:
    """(words, or a tuple of the expression, and where it ends) of what stands behind an @."""
    if words[at] == "@":
        return "@", at + 1
    if words[at] == "(":
        end = _closing(words, at)
        return ((words[at + 1 : end],), end + 1) if end else ("@(", at + 1)
    path = _PATH.match(words, at)
    if path is None or path.group().split(".")[0].lower() not in ROOTS:
        return "@", at
    return (path.group(),), path.end()


def _closing(words: str, at: int) -> int:
    """Where the bracket is closed; 0 if it is not."""
    depth, is_text = 0, False
    for place in range(at, len(words)):
        sign = words[place]
        if sign == '"' and words[place - 1] != "\\":
            is_text = not is_text
        elif not is_text and sign in "()":
            depth += 1 if sign == "(" else -1
            if depth == 0:
                return place
    return 0


def _made(source: str, item: Item) -> Piece:
    try:
        return formula(source)
    except NotCarried as lost:
        item.lost(Phrase("expressions here cannot say @{source}: {what}"), source=source, what=lost.what)
        return marked(lost.what)


def _together(found: list[str | Piece]) -> list[str | Piece]:
    joined: list[str | Piece] = []
    for part in found:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return joined


def assigned(words: str, item: Item) -> str:
    """A value to assign: an expression if it is nothing else, a number, or a text."""
    found = parts(words, item)
    if len(found) == 1 and isinstance(found[0], Piece):
        return found[0].text
    if len(found) == 1 and isinstance(found[0], str):
        return quoted(found[0]).text
    return written(found) if found else "none"


def operand(words: str, item: Item) -> Piece:
    """What a router looks at."""
    found = parts(words, item)
    if len(found) == 1 and isinstance(found[0], Piece):
        return found[0]
    if all(isinstance(each, str) for each in found):
        return quoted("".join(str(each) for each in found))
    pieces = [each if isinstance(each, Piece) else quoted(each) for each in found]
    joined = pieces[0]
    for piece in pieces[1:]:
        joined = Piece(f"{joined.text} ~ {piece.text if piece.power >= 8 else f'({piece.text})'}", 4, "text")
    return joined
