"""Words of Typebot: rich text as WhatsApp writes it, `{{Variables}}` in it, and the trivial part of JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from pytake_cli.flow.imports.given import Given, items, tables, text
from pytake_cli.flow.imports.infix import Infix
from pytake_cli.flow.imports.pieces import (
    NotCarried,
    Piece,
    asked,
    binary,
    chosen,
    filtered,
    joined,
    quoted,
    summed,
    written,
)

MAX_DEPTH = 20
Resolve = Callable[[str], Piece | None]  # a variable by its name in the export
_VARIABLE = re.compile(r"\{\{(=.*?=|[^{}]*)\}\}", re.DOTALL)
_PLAIN = re.compile(r"[^(){}\[\];=<>*`'\"|&$\\+]*")  # words that are no script


def rich(content: Given) -> str:
    """The words of a bubble with WhatsApp's own marks: *bold*, _italic_, ~struck~, `code`."""
    found = items(content, "richText")
    if found:
        return "\n".join(_block(each, 0) for each in found).strip("\n")
    return text(content, "plainText") or re.sub(r"<[^>]*>", "", text(content, "html"))


def _block(node: object, depth: int) -> str:
    if not isinstance(node, dict) or depth > MAX_DEPTH:
        return ""
    kind, children = text(node, "type"), tables(node, "children")
    if kind in ("ul", "ol"):
        lines = [_block(child, depth + 1) for child in children]
        return "\n".join(f"{f'{number}.' if kind == 'ol' else '•'} {line}" for number, line in enumerate(lines, 1))
    nested = any(text(child, "type") in ("p", "ul", "ol", "lic", "li", "variable") for child in children)
    return ("\n" if nested and kind != "variable" else "").join(_inline(child, depth + 1) for child in children)


def _inline(node: Given, depth: int) -> str:
    if "children" in node:
        inner = _block(node, depth)
        url = text(node, "url")
        return f"{inner} ({url})" if url and url != inner else inner
    words = text(node, "text")
    core = words.strip()
    if not core:
        return words
    for key, sign in (("bold", "*"), ("italic", "_"), ("strikethrough", "~"), ("code", "`")):
        if node.get(key) is True:
            core = f"{sign}{core}{sign}"
    before, after = words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]
    return f"{before}{core}{after}"


def template(words: str, resolve: Resolve) -> tuple[str, list[str]]:
    """The words with our expressions in them, and the names and scripts among them that mean nothing here."""
    parts: list[str | Piece] = []
    unknown: list[str] = []
    at = 0
    for found in _VARIABLE.finditer(words):
        parts.append(words[at : found.start()])
        at = found.end()
        inner = found[1]
        piece = _script(inner[1:-1], resolve) if inner.startswith("=") else resolve(inner.strip())
        if piece is None:
            unknown.append(inner.strip())
        else:
            parts.append(piece)
    parts.append(words[at:])
    return written([part for part in parts if part != ""]), unknown


def _script(source: str, resolve: Resolve) -> Piece | None:
    try:
        return Script(source, resolve).read()
    except NotCarried:
        return None


def value(source: str, resolve: Resolve) -> Piece | str:
    """What a variable is set to: an expression, or a text with expressions. NotCarried for scripts.

    Typebot evaluates it as JavaScript and takes the words as they are when that fails: `Promoter` is a text.
    """
    source = source.strip()
    if not source:
        return Piece("none")
    try:
        return Script(source, resolve).read()
    except NotCarried:
        pass
    if re.search(r"\b(return|const|let|var|function|new|await|if|for)\b", source):
        raise NotCarried("javascript")
    if not _PLAIN.fullmatch(_VARIABLE.sub("", source)):
        raise NotCarried("javascript")
    made, unknown = template(source, resolve)
    if unknown:
        raise NotCarried(unknown[0])
    return made


class Script(Infix):
    """JavaScript as far as it is an expression: literals, variables, operators, and a few functions."""

    powers: ClassVar[dict[str, int]] = {
        "?": 0, "||": 1, "??": 1, "&&": 2, "==": 3, "===": 3, "!=": 3, "!==": 3, "<": 4, ">": 4, "<=": 4, ">=": 4,
        "+": 5, "-": 5, "*": 6, "/": 6, "%": 6, "**": 7,
    }  # fmt: skip
    right: ClassVar[frozenset[str]] = frozenset({"**"})

    def __init__(self, source: str, resolve: Resolve) -> None:
        super().__init__(source)
        self._resolve = resolve

    def variable(self, name: str) -> Piece:
        found = self._resolve(name)
        if found is None:
            raise NotCarried(name)
        return found

    def name(self, name: str) -> Piece:
        if name in ("true", "false"):
            return Piece(name, type="boolean")
        if name in ("null", "undefined"):
            return Piece("none")
        if name == "Math":
            return Piece("Math")
        raise NotCarried(name)

    def operation(self, sign: str, left: Piece, right: Piece) -> Piece:
        if sign == "+":
            return self._plus(left, right)
        if sign in ("-", "*", "/", "%", "**"):
            return binary(sign, summed(left), summed(right))
        if sign in ("<", ">", "<=", ">="):
            return binary(sign, summed(left), summed(right))
        if sign in ("||", "&&"):
            return joined("or" if sign == "||" else "and", [left, right])
        if sign == "??":
            return filtered(left, "default", right, gives=left.type)
        same = "==" if sign.startswith("=") else "!="
        if "number" in (left.type, right.type):
            left, right = summed(left), summed(right)
        return binary(same, left, right)

    @staticmethod
    def _plus(left: Piece, right: Piece) -> Piece:
        """A sum when one side is a number, else a text of both."""
        if "text" in (left.type, right.type) and "number" not in (left.type, right.type):
            return binary("~", left, right)
        if "number" in (left.type, right.type):
            return binary("+", summed(left), summed(right))
        raise NotCarried("+")

    def conditional(self, condition: Piece, then: Piece, otherwise: Piece) -> Piece:
        return chosen(condition, then, otherwise)

    def call(self, name: str, arguments: list[Piece]) -> Piece:
        if len(arguments) == 1:
            match name:
                case "Number" | "parseFloat":
                    return summed(arguments[0])
                case "parseInt":
                    return filtered(arguments[0], "int", gives="number")
                case "String":
                    return binary("~", arguments[0], quoted(""))
        raise NotCarried(name)

    def member(self, of: Piece, name: str) -> Piece:
        if name == "length" and of.text != "Math":
            return filtered(of, "length", gives="number")
        raise NotCarried(name)

    def method(self, of: Piece, name: str, arguments: list[Piece]) -> Piece:
        if of.text == "Math":
            return _reckoned(name, arguments)
        simple = {"toLowerCase": "lower", "toUpperCase": "upper", "trim": "trim"}
        if name in simple and not arguments:
            return filtered(of, simple[name])
        if name == "toString" and not arguments:
            return binary("~", of, quoted(""))
        if name == "toFixed" and len(arguments) == 1:
            return filtered(summed(of), "number", arguments[0])
        if name == "includes" and len(arguments) == 1:
            return Piece(f"{of.text} | contains({arguments[0].text})", 8, "boolean") if of.power >= 8 else _no(name)
        raise NotCarried(name)


def _no(name: str) -> Piece:
    raise NotCarried(name)


def _reckoned(name: str, arguments: list[Piece]) -> Piece:
    numbers = [summed(each) for each in arguments]
    if name in ("round", "abs") and len(numbers) == 1:
        return filtered(numbers[0], name, gives="number")
    if name == "floor" and len(numbers) == 1:
        return binary("//", numbers[0], Piece("1", type="number"))
    if name in ("min", "max") and len(numbers) >= 2:
        return Piece(f"{name}({', '.join(each.text for each in numbers)})", type="number")
    raise NotCarried(f"Math.{name}")


def compared(operator: str, piece: Piece, given: Piece | None) -> Piece:
    """One comparison of a condition; Typebot compares texts without regard to case."""
    match operator:
        case "Is set":
            return asked(piece, "not empty")
        case "Is empty":
            return asked(piece, "empty")
    if given is None:
        raise NotCarried(operator or "comparison")
    if operator in ("Greater than", "Less than", "Greater or equal to", "Less or equal to"):
        sign = {"Greater than": ">", "Less than": "<", "Greater or equal to": ">=", "Less or equal to": "<="}[operator]
        return binary(sign, _number(piece), _number(given))
    if operator in ("Equal to", "Not equal"):
        return _equal("==" if operator == "Equal to" else "!=", piece, given)
    names = {"Contains": "contains", "Starts with": "startswith", "Ends with": "endswith"}
    if operator in names:
        return filtered(piece, names[operator], given, gives="boolean")
    if operator == "Does not contain":
        return Piece(f"not {filtered(piece, 'contains', given).text}", 3, "boolean")
    raise NotCarried(operator or "comparison")


def _number(piece: Piece) -> Piece:
    if piece.text.startswith("'") and re.fullmatch(r"'-?\d+(\.\d+)?'", piece.text):
        return Piece(piece.text[1:-1], type="number")
    return piece if piece.type == "number" else filtered(piece, "float", Piece("none"), gives="number")


def _equal(sign: str, piece: Piece, given: Piece) -> Piece:
    if piece.type == "number":
        return binary(sign, piece, _number(given))
    if piece.type == "boolean" and given.text in ("'true'", "'false'"):
        return binary(sign, piece, Piece(given.text[1:-1]))
    right = quoted(_literal(given).lower()) if given.text.startswith("'") else filtered(given, "lower")
    return binary(sign, filtered(piece, "lower"), right)


def _literal(piece: Piece) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r", "t": "\t"}.get(found[1], found[1]), piece.text[1:-1])
