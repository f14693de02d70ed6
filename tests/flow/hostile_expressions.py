"""Expressions that try to hang, to fill memory or to get out; run alone it measures a great many of them.

    python -m tests.flow.hostile_expressions --count 100000

Each must end within 50 ms and 64 MB in an error of the language or a value; the process must outlive them all.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
import tracemalloc
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pytake_cli.flow.expressions import EvaluationError, ExpressionError, compile_expression, compile_template
from pytake_cli.flow.filters import FILTERS
from pytake_cli.flow.language.questions import FUNCTIONS, TESTS

MAX_MILLISECONDS = 50.0
MAX_MEGABYTES = 64.0

CONTEXT: dict[str, Any] = {
    "contact": {
        "first_name": "Ana",
        "name": "ANA  \u0301SOUZA",
        "language": "pt-BR",
        "tags": ["a", "b"],
        "email": None,
    },
    "vars": {
        "n": 7,
        "big": 2**127,
        "huge": 10**5000,
        "float": 1e308,
        "nan": float("nan"),
        "infinite": float("-inf"),
        "decimal": Decimal("1E+999999"),
        "tiny": Decimal("1E-999999"),
        "text": "ação " * 13_000,
        "marks": "e\u0301\u0327" * 20_000,
        "ligature": "\ufdfa" * 60_000,
        "emoji": "👩‍👩‍👧" * 10_000,
        "list": list(range(10_000)),
        "words": [f"palavra {number}" for number in range(10_000)],
        "decimals": [Decimal(number) / 7 for number in range(10_000)],
        "rows": [{"a": number, "b": "x" * 20, "c": [number]} for number in range(3_000)],
        "nested": [[list(range(100)) for _ in range(100)] for _ in range(3)],
        "day": date(9999, 12, 31),
        "first_day": date.min,
        "mixed": [1, "a", None, True, date(2026, 1, 1), [1], {"a": 1}],
    },
    "now": datetime(2026, 3, 2, 10, 0, tzinfo=UTC),
    "today": date(2026, 3, 2),
}

CLASSICS: tuple[str, ...] = (
    '"a" * 10**9',
    '("a" * 65536) ~ ("a" * 65536)',
    "[0] * 10**9",
    "[[0] * 10000] * 10000",
    "([[0] * 10000] * 10000) ~ ''",
    "([[0] * 10000] * 10000) | json | length",
    "([[0] * 10000] * 10000) == ([[0] * 10000] * 10000)",
    "9**9**9",
    "9**9**9**9",
    "2**128**128",
    "(-9)**127 * 9**127",
    "1e40**128",
    "1e-40**128",
    "0.1**128",
    "vars.huge",
    "vars.huge ~ ''",
    "vars.huge * vars.huge",
    "vars.huge == vars.huge + 1",
    "vars.huge | money",
    "vars.float * vars.float",
    "vars.nan < 1",
    "vars.infinite ~ ''",
    "vars.decimal ~ ''",
    "vars.decimal | int",
    "vars.decimal | round(2)",
    "vars.decimal | number(12)",
    "vars.tiny | number(12)",
    "'1" + "0" * 5000 + "' | int",
    "'" + "9" * 5000 + "' | money",
    "(" * 4000 + "1" + ")" * 4000,
    "[" * 4000 + "]" * 4000,
    "{'a':" * 1500 + "1" + "}" * 1500,
    "-" * 8000 + "1",
    "not " * 2000 + "1",
    "1" + "+1" * 4000,
    "1" + "**1" * 2000,
    "'a'" + "~'a'" * 2000,
    "true" + " and true" * 800,
    "1 if 1 else " * 600 + "1",
    "x" + ".x" * 4000,
    "x" + "[0]" * 2500,
    "x" + "|trim" * 1500,
    "x" + "|default(x" * 700 + ")" * 700,
    "x" + " is defined" * 700,
    "vars.text" + "|upper|lower" * 40,
    "vars.marks" + "|slug" * 20,
    "vars.ligature | slug",
    "vars.ligature | upper | contains('x')",
    "vars.text | urlencode | urlencode | urlencode",
    "vars.list" + "|sort(reverse=true)|sort" * 40,
    "vars.words" + "|sort(reverse=true)|sort" * 40,
    "vars.decimals | sort | sum",
    "vars.decimals | unique | max",
    "vars.words | unique | sort | join('x' * 1000)",
    "vars.rows | sort('c')",
    "vars.rows | unique | length",
    "vars.rows | where('a', 3) | map('b') | join",
    "vars.nested ~ vars.nested ~ vars.nested",
    "vars.nested | json",
    " or ".join(["vars.nested == []", "-1 in vars.list"] * 100),
    " or ".join(["'x' in vars.text"] * 400),
    " or ".join(["-0.5 in vars.decimals"] * 100),
    "[" + ",".join(["'x' * 65536"] * 600) + "]",
    "{" + ",".join(f"'{number}': 'x' * 65536" for number in range(400)) + "}",
    "'x' * 65536" + " ~ 'x' * 65536" * 100,
    "vars.text | replace('a', 'a' * 60000)",
    "vars.text | split('') | length",
    "vars.text | split(' ') | join('a' * 60000)",
    "vars.text | truncate(-1)",
    "vars.text | truncate(10, 'x' * 65536)",
    "vars.day | add(days=1)",
    "vars.first_day | add(years=-1)",
    "vars.first_day | date('yyyy' * 50)",
    "vars.day | date('%1000000000d')",
    "vars.day - vars.first_day",
    "'%1000000000d' % 3",
    "'{:>1000000000}'.format(1)",
    "'x'.__class__.__mro__[1].__subclasses__()",
    "contact.__class__.__init__.__globals__",
    "contact.items()",
    "contact['__class__']",
    "now.strftime('%Y')",
    "().__class__",
    "''|attr('__class__')",
    "lambda: 1",
    "__import__('os').system('true')",
    "open('/etc/passwd').read()",
    "range(10**9)",
    "joiner",
    "self",
    "loop",
    "cycler()",
    "{{ 1 }}",
    "{% for x in range(9999999) %}{% endfor %}",
    "{#",
    "{{" * 2000,
    "{{ 1 }}" * 1000,
    "{{ vars.text }}" * 400,
    "{{ vars.list }}" * 400,
    "\x00",
    "\ud800",
    "'\ud800'",
    "'\ud800' | urlencode",
    "'\ud800' | slug ~ '\ud800' | json",
    "\U000e0001",
    "١ + ٢",
    "'²' | int",
    "'١٢' | digits | int",
    "ﬁ + ªº",
    "1.e5",
    "0x10",
    "1__0",
    "a\u2028b",
)

_ATOMS = (
    "0", "1", "-1", "7", "0.1", "1e20", "10**9", "2**100", "2**128", "'a'", "''", "' '", "'x' * 60000", "'ção'", "none",
    "true", "false", "[]", "{}", "[1, 2.5, none]", "['b', 'á']", "{'a': [1]}", "[0] * 9999", "now", "today", "contact",
    "contact.name", "contact.missing.deep", *(f"vars.{name}" for name in CONTEXT["vars"]),
)  # fmt: skip
_SIGNS = (
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "~",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    " in ",
    " not in ",
    " and ",
    " or ",
)
_NOISE = "()[]{}|.,:='\"\\~+-*/% \n\tabé_0918\u0301\x00\U0001f600"


def hostile(seed: int) -> str:
    """One hostile expression, the same for the same seed."""
    chance = random.Random(seed)
    source = _expression(chance, chance.randint(0, 5))
    match chance.randrange(10):
        case 0:
            return _damaged(chance, source)
        case 1:
            return "{{ " + source + " }}" * chance.randint(0, 3) + _expression(chance, 1)
        case 2:
            return chance.choice(CLASSICS)[:3000] + chance.choice(_SIGNS) + source
        case 3:
            return (source + chance.choice(_SIGNS)) * chance.randint(1, 40) + source
        case 4:
            return source + "".join("|" + _filter(chance, 0) for _ in range(chance.randint(1, 60)))
        case _:
            return source


def _expression(chance: random.Random, depth: int) -> str:
    if depth <= 0:
        return chance.choice(_ATOMS)
    below = depth - 1
    match chance.randrange(9):
        case 0 | 1:
            return _expression(chance, below) + chance.choice(_SIGNS) + _expression(chance, below)
        case 2 | 3 | 4:
            return f"({_expression(chance, below)}) | {_filter(chance, below)}"
        case 5:
            name = chance.choice(tuple(TESTS))
            arguments = f"({_expression(chance, below)})" if TESTS[name].arguments else ""
            return f"({_expression(chance, below)}) is {chance.choice(('', 'not '))}{name}{arguments}"
        case 6:
            name = chance.choice(tuple(FUNCTIONS))
            count = chance.randint(FUNCTIONS[name].least, min(FUNCTIONS[name].most, 4))
            return f"{name}({', '.join(_expression(chance, below) for _ in range(count))})"
        case 7:
            return f"({_expression(chance, below)})[{_expression(chance, below)}{chance.choice(('', ':', '::-1'))}]"
        case _:
            kept, otherwise = _expression(chance, below), _expression(chance, below)
            return f"[{kept}, {otherwise}, {kept} if {_expression(chance, below)} else {otherwise}]"


def _filter(chance: random.Random, depth: int) -> str:
    name = chance.choice(tuple(FILTERS))
    found = FILTERS[name]
    count = chance.randint(found.required, len(found.parameters))
    given = [_expression(chance, depth) for _ in range(count)]
    if chance.random() < 0.2 and len(found.parameters) > found.required == 0:
        return f"{name}({chance.choice(found.parameters)}={_expression(chance, depth)})"
    return f"{name}({', '.join(given)})" if given else name


def _damaged(chance: random.Random, source: str) -> str:
    letters = list(source)
    for _ in range(chance.randint(1, 6)):
        place = chance.randint(0, len(letters))
        letters[place : place + chance.randint(0, 2)] = chance.choice(_NOISE) * chance.choice((0, 1, 1, 2, 30))
    return "".join(letters)


def run_one(source: str) -> str:
    """Compiles and evaluates it as an expression and as a text; says how the expression ended."""
    ended = "value"
    try:
        compile_expression.__wrapped__(source).evaluate(CONTEXT)
    except ExpressionError:
        ended = "no expression"
    except EvaluationError:
        ended = "refused"
    try:
        compile_template.__wrapped__("Oi {{ " + source + " }}!").render(CONTEXT)
    except (ExpressionError, EvaluationError):
        pass  # counted above
    return ended


def _deeper(depth: int, source: str) -> str:
    return _deeper(depth - 1, source) if depth else run_one(source)


def timed(source: str, depth: int = 0) -> tuple[float, str]:
    """Milliseconds of processor time for one compilation and evaluation, and how it ended."""
    started = time.process_time()
    outcome = _deeper(depth, source)
    return (time.process_time() - started) * 1000 / 2, outcome


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--memory-every", type=int, default=20, help="measure the memory of one in so many")
    chosen = options.parse_args()
    outcomes: Counter[str] = Counter()
    slow: list[tuple[float, str]] = []
    large: list[tuple[float, str]] = []
    again = 0
    run_one("'+44 20 7946 0958' | phone")  # loads the library of phone numbers, once a process
    for number in range(chosen.count + len(CLASSICS)):
        source = CLASSICS[number] if number < len(CLASSICS) else hostile(chosen.seed + number)
        # calls cost more at some depths of the stack, where CPython takes and gives back a piece of it each time
        depth = number % 150
        milliseconds, outcome = timed(source, depth)
        outcomes[outcome] += 1
        # on a machine that is shared a pause may be anybody's: what is slow is slow again
        if milliseconds > MAX_MILLISECONDS / 2:
            again += 1
            milliseconds = min(milliseconds, timed(source, depth)[0], timed(source, depth)[0])
        slow.append((milliseconds, source))
        if number < len(CLASSICS) or number % chosen.memory_every == 0:
            tracemalloc.start()
            run_one(source)
            large.append((tracemalloc.get_traced_memory()[1] / 2**20, source))
            tracemalloc.stop()
        if len(slow) > 2000:
            slow, large = sorted(slow, reverse=True)[:20], sorted(large, reverse=True)[:20]
    print(f"{again} were above {MAX_MILLISECONDS / 2:.0f} ms at first and measured again")
    return _report(outcomes, sorted(slow, reverse=True), sorted(large, reverse=True))


def _report(outcomes: Counter[str], slow: list[tuple[float, str]], large: list[tuple[float, str]]) -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{sum(outcomes.values())} expressions: " + ", ".join(f"{count} {name}" for name, count in outcomes.items()))
    print(f"slowest {slow[0][0]:.1f} ms, largest {large[0][0]:.1f} MB, the whole process {peak:.0f} MB")
    for milliseconds, source in slow[:3]:
        print(f"  {milliseconds:6.1f} ms  {source[:150]!r}")
    for megabytes, source in large[:3]:
        print(f"  {megabytes:6.1f} MB  {source[:150]!r}")
    return int(slow[0][0] > MAX_MILLISECONDS or large[0][0] > MAX_MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
