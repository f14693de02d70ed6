"""Reads tokens into a tree, with the precedence of Jinja's expressions."""

from __future__ import annotations

from collections.abc import Sequence

from pytake_cli.flow.language import tree
from pytake_cli.flow.language.lexer import Token
from pytake_cli.flow.language.tree import Node
from pytake_cli.flow.language.values import MAX_DEPTH, MAX_HEIGHT, ExpressionError
from pytake_cli.locale import Phrase

# how tightly a sign binds to what stands on its left; Jinja reads ** from the left as well
_COMPARES = ("==", "!=", "<", "<=", ">", ">=")
_POWER = {"+": 2, "-": 2, "~": 3, "*": 4, "/": 4, "//": 4, "%": 4, "**": 5}
_CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "none": None, "None": None, "null": None}
_RESERVED = ("and", "or", "not", "in", "is", "if", "else")
_STATEMENTS = ("for", "set", "import", "lambda", "def", "class", "while", "return", "elif", "endif", "block", "macro")


class Parser:
    """One expression; `parse()` gives its tree or raises ExpressionError."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def parse(self) -> Node:
        """The whole expression; something behind it is an error."""
        if self._is_over():
            raise ExpressionError(Phrase("an expression is missing"), self._now.offset)
        node = self._expression()
        if not self._is_over():
            raise self._unexpected()
        return node

    def _is_over(self) -> bool:
        return self._now.kind == "end"

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    @property
    def _then(self) -> Token:
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._now
        if token.kind != "end":
            self._at += 1
        return token

    def _skip(self, *signs: str) -> bool:
        if self._now.is_sign(*signs):
            self._at += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._skip(sign):
            raise self._unexpected(Phrase("`{sign}` is missing", sign=sign))

    def _unexpected(self, wanted: str = "") -> ExpressionError:
        token = self._now
        if token.is_sign("="):
            return ExpressionError(Phrase("`=` sets nothing here; write `==` to compare"), token.offset)
        if token.is_sign(*_COMPARES) or token.is_word("in") or (token.is_word("not") and self._then.is_word("in")):
            return ExpressionError(Phrase("comparisons do not chain; join them with `and`"), token.offset)
        if not wanted and token.kind in ("name", "number", "string"):
            wanted = Phrase("a sign such as `==`, `~` or `and` is missing in front of it")
        if token.kind == "end":
            found = Phrase("the expression ends too early")
        else:
            found = Phrase("`{word}` does not fit here", word=token.text[:40])
        return ExpressionError(
            Phrase("{found}; {wanted}", found=found, wanted=wanted) if wanted else found, token.offset
        )

    def _height(self, offset: int, *children: Node) -> int:
        height = 1 + max((child.height for child in children), default=0)
        if height > MAX_HEIGHT:
            raise ExpressionError(Phrase("the expression is too deep; compute a part of it in a step before"), offset)
        return height

    def _expression(self) -> Node:
        """`a if b else c`, and everything that binds tighter."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            text = Phrase("more than {most} brackets or conditions inside one another", most=MAX_DEPTH)
            raise ExpressionError(text, self._now.offset)
        node = self._logic("or")
        while self._now.is_word("if"):
            offset = self._take().offset
            condition = self._logic("or")
            otherwise: Node = tree.Literal(None, offset)
            if self._now.is_word("else"):
                self._take()
                otherwise = self._expression()
            height = self._height(offset, condition, node, otherwise)
            node = tree.Condition(condition, node, otherwise, offset, height)
        self._depth -= 1
        return node

    def _logic(self, word: str) -> Node:
        parts = [self._logic("and") if word == "or" else self._negation()]
        offset = self._now.offset
        while self._now.is_word(word):
            self._take()
            parts.append(self._logic("and") if word == "or" else self._negation())
        if len(parts) == 1:
            return parts[0]
        return tree.Logic(word, tuple(parts), offset, self._height(offset, *parts))

    def _negation(self) -> Node:
        negations = []
        while self._now.is_word("not"):
            negations.append(self._take().offset)
        node = self._comparison()
        for offset in reversed(negations):
            node = tree.Unary("not", node, offset, self._height(offset, node))
        return node

    def _comparison(self) -> Node:
        left = self._arithmetic(2)
        token = self._now
        sign = token.text
        if token.is_word("not") and self._then.is_word("in"):
            self._take()
            sign = "not in"
        elif not token.is_sign(*_COMPARES) and not token.is_word("in"):
            return left
        self._take()
        right = self._arithmetic(2)
        return tree.Binary(sign, left, right, token.offset, self._height(token.offset, left, right))

    def _arithmetic(self, least: int) -> Node:
        left = self._unary()
        while self._now.kind == "sign" and (power := _POWER.get(self._now.text, 0)) >= least:
            token = self._take()
            parts = [left, self._arithmetic(power + 1)]
            while token.text == "~" and self._skip("~"):
                parts.append(self._arithmetic(power + 1))
            height = self._height(token.offset, *parts)
            if token.text == "~":
                left = tree.Joined(tuple(parts), token.offset, height)
            else:
                left = tree.Binary(token.text, parts[0], parts[1], token.offset, height)
        return left

    def _unary(self, *, filtered: bool = True) -> Node:
        signs = []
        while self._now.is_sign("-", "+"):
            signs.append(self._take())
        node = self._postfix(self._primary())
        for token in reversed(signs):
            node = tree.Unary(token.text, node, token.offset, self._height(token.offset, node))
        return self._filtered(node) if filtered else node

    def _primary(self) -> Node:
        token = self._take()
        if token.kind in ("number", "string"):
            return tree.Literal(token.value, token.offset)
        if token.kind == "name":
            return self._named(token)
        if token.is_sign("("):
            node = self._expression()
            if self._now.is_sign(","):
                raise ExpressionError(Phrase("write a list in square brackets: [a, b]"), self._now.offset)
            self._expect(")")
            return node
        if token.is_sign("["):
            items = self._items("]")
            return tree.ListOf(items, token.offset, self._height(token.offset, *items))
        if token.is_sign("{"):
            return self._map(token.offset)
        if token.kind != "end":
            self._at -= 1
        raise self._unexpected(Phrase("a value is missing"))

    def _named(self, token: Token) -> Node:
        if token.text in _CONSTANTS:
            return tree.Literal(_CONSTANTS[token.text], token.offset)
        if token.text in _RESERVED:
            raise ExpressionError(
                Phrase("`{word}` does not fit here; a value is missing", word=token.text), token.offset
            )
        if token.text in _STATEMENTS and self._now.kind in ("name", "string", "number"):
            text = Phrase("`{word}` does not exist here: an expression only gives a value", word=token.text)
            raise ExpressionError(text, token.offset)
        if self._skip("("):
            arguments, keywords = self._arguments()
            children = (*arguments, *(value for _, value in keywords))
            return tree.Call(token.text, arguments, keywords, token.offset, self._height(token.offset, *children))
        return tree.Name(token.text, token.offset)

    def _items(self, closing: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._skip(closing):
            if items:
                self._expect(",")
                if self._skip(closing):
                    break
            items.append(self._expression())
        return tuple(items)

    def _map(self, offset: int) -> Node:
        items: list[tuple[Node, Node]] = []
        while not self._skip("}"):
            if items:
                self._expect(",")
                if self._skip("}"):
                    break
            key = self._expression()
            self._expect(":")
            items.append((key, self._expression()))
        height = self._height(offset, *(node for item in items for node in item))
        return tree.MapOf(tuple(items), offset, height)

    def _arguments(self) -> tuple[tuple[Node, ...], tuple[tuple[str, Node], ...]]:
        """What stands in the brackets of a call; the opening one is read already."""
        positional: list[Node] = []
        keywords: dict[str, Node] = {}
        while not self._skip(")"):
            if positional or keywords:
                self._expect(",")
                if self._skip(")"):
                    break
            if self._now.kind == "name" and self._then.is_sign("="):
                name = self._take()
                self._take()
                if name.text in keywords:
                    raise ExpressionError(Phrase("`{name}` is given twice", name=name.text), name.offset)
                keywords[name.text] = self._expression()
            elif keywords:
                raise ExpressionError(Phrase("arguments without a name come first"), self._now.offset)
            else:
                positional.append(self._expression())
        return tuple(positional), tuple(keywords.items())

    def _postfix(self, node: Node) -> Node:
        while True:
            offset = self._now.offset
            if self._skip("."):
                node = self._member(node, offset)
            elif self._skip("["):
                node = self._subscript(node, offset)
            elif self._now.is_sign("("):
                raise ExpressionError(Phrase("this cannot be called; use a filter: `value | name(…)`"), offset)
            else:
                return node

    def _member(self, node: Node, offset: int) -> Node:
        token = self._take()
        height = self._height(offset, node)
        if token.kind == "name":
            return tree.Member(node, token.text, offset, height)
        if token.kind == "number" and isinstance(token.value, int):
            return tree.Index(node, tree.Literal(token.value, token.offset), offset, height)
        raise ExpressionError(Phrase("a name is missing behind the point"), token.offset)

    def _subscript(self, node: Node, offset: int) -> Node:
        bounds: list[Node | None] = [None]
        while not self._skip("]"):
            if self._skip(":"):
                bounds.append(None)
                if len(bounds) > 3:
                    raise ExpressionError(Phrase("a slice has at most three parts: [from:to:step]"), offset)
            elif bounds[-1] is None:
                bounds[-1] = self._expression()
            else:
                raise self._unexpected(Phrase("`{sign}` is missing", sign="]"))
        height = self._height(offset, node, *(bound for bound in bounds if bound is not None))
        index = bounds[0]
        if len(bounds) > 1:
            first, last, step = (*bounds, None, None)[:3]
            return tree.Slice(node, (first, last, step), offset, height)
        if index is None:
            raise ExpressionError(Phrase("an index is missing"), offset)
        if isinstance(index, tree.Literal) and isinstance(index.value, str):
            return tree.Member(node, index.value, offset, height)
        return tree.Index(node, index, offset, height)

    def _filtered(self, node: Node) -> Node:
        while True:
            if self._skip("|"):
                node = self._filter(node)
            elif self._now.is_word("is"):
                self._take()
                node = self._test(node)
            else:
                return node

    def _filter(self, node: Node) -> Node:
        token = self._take()
        if token.kind != "name":
            raise ExpressionError(Phrase("the name of a filter is missing behind `|`"), token.offset)
        arguments, keywords = self._arguments() if self._skip("(") else ((), ())
        height = self._height(token.offset, node, *arguments, *(value for _, value in keywords))
        return tree.Apply(token.text, node, arguments, keywords, token.offset, height)

    def _test(self, node: Node) -> Node:
        negated = self._now.is_word("not")
        if negated:
            self._take()
        token = self._take()
        if token.kind != "name":
            raise ExpressionError(Phrase("what is asked is missing behind `is`"), token.offset)
        arguments: tuple[Node, ...] = ()
        if self._skip("("):
            arguments, keywords = self._arguments()
            if keywords:
                raise ExpressionError(Phrase("`is {name}` takes no named arguments", name=token.text), token.offset)
        elif self._starts_value():
            arguments = (self._postfix(self._primary()),)
        height = self._height(token.offset, node, *arguments)
        return tree.Ask(token.text, negated, node, arguments, token.offset, height)

    def _starts_value(self) -> bool:
        token = self._now
        if token.kind == "name":
            return token.text not in (*_RESERVED,)
        return token.kind in ("number", "string") or token.is_sign("[", "{")
