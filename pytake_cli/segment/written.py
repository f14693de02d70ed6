"""A tree's conditions as text again, for lists of them."""

from __future__ import annotations

from typing import assert_never

from pytake_cli.segment.tree import And, Bare, Count, Near, Node, Not, Or, Predicate, Sample, Value


def written(node: Node) -> str:
    """One line that reads as the same tree."""
    match node:
        case And(children):
            return " and ".join(_inner(child) for child in children)
        case Or(children):
            return " or ".join(_inner(child) for child in children)
        case Not(child):
            return f"not {_inner(child)}"
        case Bare(word):
            return _word(Value(word))
        case Sample(percent):
            return f"sample({percent:g}%)"
        case Near(latitude, longitude, metres):
            return f"near({_number(latitude)}, {_number(longitude)}, {_number(metres)}m)"
        case Count(what, since, op, value):
            start = f", since={_word(since)}" if since else ""
            return f"count({what}{start}) {op} {_word(value)}"
        case Predicate(field, op, values):
            match op:
                case "is set" | "is empty":
                    return f"{field} {op}"
                case "in" | "not in":
                    return f"{field} {op} ({', '.join(map(_word, values))})"
                case "between":
                    return f"{field} between {_word(values[0])} and {_word(values[1])}"
                case _:
                    return f"{field} {op} {_word(values[0])}"
        case _:
            assert_never(node)


def _number(value: float) -> str:
    return f"{value:.12f}".rstrip("0").rstrip(".")


def _inner(node: Node) -> str:
    return f"({written(node)})" if isinstance(node, And | Or) else written(node)


def _word(value: Value) -> str:
    if value.kind == "regex":
        return "/{}/".format(value.text.replace("/", "\\/"))
    plain = value.kind == "word" and value.text and not any(sign in value.text for sign in " '\"()=!~^<>,\\\t\n")
    return value.text if plain else '"{}"'.format(value.text.replace("\\", "\\\\").replace('"', '\\"'))
