"""Turns a tree into Python closures: compiled once, each evaluation is a few calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, assert_never

from pytake_cli.flow.filters import FILTERS, Filter
from pytake_cli.flow.language import operators, tree
from pytake_cli.flow.language.questions import FUNCTIONS, TESTS
from pytake_cli.flow.language.tree import Node
from pytake_cli.flow.language.values import MAX_STRING, EvaluationError, ExpressionError, Reference, Scope
from pytake_cli.flow.language.writing import text_of
from pytake_cli.flow.words import closest
from pytake_cli.locale import Phrase

Run: TypeAlias = Callable[[Scope], object]

_ARITHMETIC = {
    "+": operators.add,
    "-": operators.subtract,
    "*": operators.multiply,
    "/": operators.divide,
    "//": operators.floor_divide,
    "%": operators.modulo,
    "**": operators.power,
}


class Compiler:
    """Collects what an expression reads while its closures are made."""

    def __init__(self) -> None:
        self.references: list[Reference] = []
        self.filters: dict[str, None] = {}
        self.nodes = 0

    def compile(self, node: Node, *, quiet: bool = False) -> Run:
        """The closure of a tree; `quiet` when a missing value is expected there and is not recorded."""
        self.nodes += 1
        match node:
            case tree.Literal(value=value):
                return lambda _: value
            case tree.Name() | tree.Member() | tree.Index() | tree.Slice():
                return self._reading(node, quiet)
            case tree.ListOf() | tree.MapOf() | tree.Joined():
                return self._made(node)
            case tree.Unary(sign=sign, of=of):
                return _unary(sign, self.compile(of, quiet=sign == "not"))
            case tree.Binary(sign=sign, left=left, right=right):
                return _binary(sign, self.compile(left), self.compile(right))
            case tree.Logic() | tree.Condition():
                return self._deciding(node, quiet)
            case tree.Apply():
                return self._apply(node)
            case tree.Ask():
                return self._ask(node)
            case tree.Call():
                return self._call(node)
            case _:
                assert_never(node)

    def _made(self, node: tree.ListOf | tree.MapOf | tree.Joined) -> Run:
        match node:
            case tree.ListOf(items=items):
                parts = [self.compile(item) for item in items]
                return lambda scope: [part(scope) for part in parts]
            case tree.MapOf(items=pairs):
                return _map([(self.compile(key), self.compile(value)) for key, value in pairs])
            case tree.Joined(parts=nodes):
                return _joined([self.compile(part) for part in nodes])

    def _deciding(self, node: tree.Logic | tree.Condition, quiet: bool) -> Run:
        if isinstance(node, tree.Logic):
            # the last value is the result, the others are only looked at
            return _logic(
                node.word, [self.compile(part, quiet=quiet or part is not node.parts[-1]) for part in node.parts]
            )
        return _condition(
            self.compile(node.condition, quiet=True),
            self.compile(node.then, quiet=quiet),
            self.compile(node.otherwise, quiet=quiet),
        )

    def _reading(self, node: tree.Name | tree.Member | tree.Index | tree.Slice, quiet: bool) -> Run:
        names: list[str] = []
        inner: Node = node
        while isinstance(inner, tree.Member):
            names.append(inner.name)
            inner = inner.of
        if isinstance(inner, tree.Name):
            path = (inner.name, *reversed(names))
            self.references.append(Reference(path, inner.offset))
            return _path(path, quiet)
        match node:
            case tree.Member(of=of, name=name):
                return _member(self.compile(of, quiet=quiet), name)
            case tree.Index(of=of, index=index):
                return _index(self.compile(of, quiet=quiet), self.compile(index))
            case tree.Slice(of=of, bounds=bounds):
                parts = [self.compile(bound) if bound else None for bound in bounds]
                return _slice(self.compile(of, quiet=quiet), parts)
            case _:
                raise AssertionError(node)  # a name is a path, above

    def _apply(self, node: tree.Apply) -> Run:
        found = FILTERS.get(node.name)
        if found is None:
            raise ExpressionError(
                _unknown(Phrase("no filter is called `{name}`", name=node.name[:40]), node.name, FILTERS), node.offset
            )
        wrong = found.wrong_arguments(len(node.arguments), [name for name, _ in node.keywords])
        if wrong:
            raise ExpressionError(Phrase("`{name}` {wrong}", name=node.name, wrong=wrong), node.offset)
        first = node.arguments[0] if node.arguments else None
        if found.wrong and isinstance(first, tree.Literal) and (wrong := found.wrong(first.value)):
            raise ExpressionError(Phrase("`{name}`: {wrong}", name=node.name, wrong=wrong), first.offset)
        of = self.compile(node.of, quiet=found.takes_missing)
        self.filters[node.name] = None
        arguments = [self.compile(argument) for argument in node.arguments]
        keywords = [(name, self.compile(value)) for name, value in node.keywords]
        return _filter(node.name, found, of, arguments, keywords)

    def _ask(self, node: tree.Ask) -> Run:
        found = TESTS.get(node.name)
        if found is None:
            raise ExpressionError(
                _unknown(Phrase("no test is called `{name}`", name=node.name[:40]), node.name, TESTS), node.offset
            )
        if len(node.arguments) != found.arguments:
            if found.arguments:
                raise ExpressionError(Phrase("`is {name}` takes a value behind it", name=node.name), node.offset)
            raise ExpressionError(Phrase("`is {name}` takes no value behind it", name=node.name), node.offset)
        of = self.compile(node.of, quiet=found.takes_missing)
        arguments = [self.compile(argument) for argument in node.arguments]
        ask, negated = found.ask, node.negated
        if not arguments:
            return lambda scope: ask(scope, of(scope)) is not negated
        argument = arguments[0]
        return lambda scope: ask(scope, of(scope), argument(scope)) is not negated

    def _call(self, node: tree.Call) -> Run:
        found = FUNCTIONS.get(node.name)
        if found is None:
            if node.name in FILTERS:
                message = Phrase("`{name}` is no function; write `value | {name}`", name=node.name)
            else:
                unknown = Phrase("no function is called `{name}`", name=node.name[:40])
                message = _unknown(unknown, node.name, FUNCTIONS)
            raise ExpressionError(message, node.offset)
        if node.keywords:
            raise ExpressionError(Phrase("`{name}` takes no named arguments", name=node.name), node.offset)
        if not found.least <= len(node.arguments) <= found.most:
            counts = {"least": found.least, "most": found.most}
            raise ExpressionError(
                Phrase("`{name}` takes {least} to {most} arguments", name=node.name, **counts), node.offset
            )
        arguments = [self.compile(argument) for argument in node.arguments]
        call = found.call
        return lambda scope: call(scope, *[argument(scope) for argument in arguments])


def _unknown(message: Phrase, name: str, known: Mapping[str, object]) -> Phrase:
    near = closest(name, known)
    return Phrase("{message}; did you mean `{meant}`?", message=message, meant=near) if near else message


def member(value: object, name: str) -> object:
    """The value of a key; None for what has no keys. Never an attribute of a Python object."""
    return value.get(name) if isinstance(value, Mapping) else None


def _path(path: tuple[str, ...], quiet: bool) -> Run:
    root, rest, dotted = path[0], path[1:], ".".join(path)
    if len(rest) == 1:
        name = rest[0]

        def run_short(scope: Scope) -> object:  # what most expressions read: vars.x, contact.x
            holder = scope.context.get(root)
            value = holder.get(name) if type(holder) is dict else member(holder, name)
            if value is None and scope.trace is not None and not quiet:
                scope.trace.add(dotted)
            return value

        return run_short

    def run(scope: Scope) -> object:
        value = scope.context.get(root)
        for name in rest:
            value = value.get(name) if type(value) is dict else member(value, name)
        if value is None and scope.trace is not None and not quiet:
            scope.trace.add(dotted)
        return value

    return run


def _member(of: Run, name: str) -> Run:
    return lambda scope: member(of(scope), name)


def _index(of: Run, index: Run) -> Run:
    def run(scope: Scope) -> object:
        value, at = of(scope), index(scope)
        if isinstance(value, (list, str)):
            if type(at) is int:
                return value[at] if -len(value) <= at < len(value) else None
            if at is None:
                return None
            raise EvaluationError(f"an index is a whole number, not {operators.kind_of(at)}")
        return member(value, at) if isinstance(at, str) else None

    return run


def _slice(of: Run, bounds: Sequence[Run | None]) -> Run:
    def run(scope: Scope) -> object:
        value = of(scope)
        start, stop, step = (_bound(bound(scope)) if bound else None for bound in bounds)
        if value is None:
            return None
        if not isinstance(value, (list, str)):
            raise EvaluationError(f"only texts and lists have slices, not {operators.kind_of(value)}")
        if step == 0:
            raise EvaluationError("the step of a slice is not 0")
        scope.spend_on(value)
        return value[start:stop:step]

    return run


def _bound(value: object) -> int | None:
    if value is None or type(value) is int:
        return value
    raise EvaluationError(f"the parts of a slice are whole numbers, not {operators.kind_of(value)}")


def _unary(sign: str, of: Run) -> Run:
    if sign == "not":
        return lambda scope: not of(scope)
    apply = operators.negative if sign == "-" else operators.positive
    return lambda scope: apply(of(scope))


def _binary(sign: str, left: Run, right: Run) -> Run:
    if sign in _ARITHMETIC:
        apply = _ARITHMETIC[sign]
        return lambda scope: apply(scope, left(scope), right(scope))
    contains, less = operators.contains, operators.less
    match sign:
        case "==" | "!=":
            return _equality(left, right, sign == "==")
        case "in":
            return lambda scope: contains(scope, item=left(scope), container=right(scope))
        case "not in":
            return lambda scope: not contains(scope, item=left(scope), container=right(scope))
        case "<":
            return lambda scope: less(left(scope), right(scope), sign) is True
        case ">":
            return lambda scope: _swapped(left(scope), right(scope), sign) is True
        case "<=":
            return lambda scope: _swapped(left(scope), right(scope), sign) is False
        case _:
            return lambda scope: less(left(scope), right(scope), sign) is False


def _swapped(left: object, right: object, sign: str) -> bool | None:
    return operators.less(right, left, sign)


def _equality(left: Run, right: Run, wanted: bool) -> Run:
    equal = operators.equal

    def run(scope: Scope) -> bool:
        one, other = left(scope), right(scope)
        if type(one) is str and type(other) is str:
            return (one == other) is wanted
        return equal(scope, one, other) is wanted

    return run


def _map(pairs: Sequence[tuple[Run, Run]]) -> Run:
    def run(scope: Scope) -> object:
        made: dict[str, object] = {}
        for key, value in pairs:
            name = key(scope)
            if not isinstance(name, str):
                raise EvaluationError(f"the key of a map is text, not {operators.kind_of(name)}")
            made[name] = value(scope)
        return made

    return run


def _joined(parts: Sequence[Run]) -> Run:
    def run(scope: Scope) -> str:
        texts = [text_of(part(scope), scope) for part in parts]
        operators.bounded_size(sum(map(len, texts)), MAX_STRING)
        joined = "".join(texts)
        scope.spend_on(joined)
        return joined

    return run


def _logic(word: str, parts: Sequence[Run]) -> Run:
    stops_at = word == "or"
    if len(parts) == 2:
        first, second = parts
        if stops_at:
            return lambda scope: first(scope) or second(scope)
        return lambda scope: first(scope) and second(scope)

    def run(scope: Scope) -> object:
        value: object = None
        for part in parts:
            value = part(scope)
            if bool(value) is stops_at:
                break
        return value

    return run


def _condition(condition: Run, then: Run, otherwise: Run) -> Run:
    return lambda scope: then(scope) if condition(scope) else otherwise(scope)


def _filter(name: str, found: Filter, of: Run, arguments: Sequence[Run], keywords: Sequence[tuple[str, Run]]) -> Run:
    call, takes_missing, cost = found.call, found.takes_missing, found.cost

    def run(scope: Scope) -> object:
        value = of(scope)
        if value is None and not takes_missing:
            return None
        scope.spend_on(value, cost)
        given = [argument(scope) for argument in arguments] if arguments else ()
        named = {keyword: argument(scope) for keyword, argument in keywords} if keywords else {}
        try:
            return operators.bounded(call(scope, value, *given, **named))
        except EvaluationError as error:
            if error.message.startswith("`"):
                raise
            raise EvaluationError(f"`{name}`: {error.message}") from None

    return run
