"""Arithmetic and comparison of values, each checked before it can grow beyond the bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import cast

from pytake_cli.flow.language.values import (
    MAX_BITS,
    MAX_EXPONENT,
    MAX_ITEMS,
    MAX_STRING,
    SLOW_STEPS,
    EvaluationError,
    Scope,
    Value,
)

Number = int | Decimal

# 34 digits as IEEE's decimal128 has; own context, so that no thread's settings change what an expression gives
DECIMALS = Context(prec=34, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])
_SIMPLE = (str, int)  # compared without a call
_TOO_LARGE = "the number becomes too large"
_KINDS = {type(None): "nothing", bool: "true or false", str: "text", list: "a list", dict: "a map"}


def kind_of(value: object) -> str:
    """What a value is, in words for a message."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return "a number"
    if isinstance(value, datetime):
        return "a date with a time"
    if isinstance(value, (date, time)):
        return "a date" if isinstance(value, date) else "a time"
    return _KINDS.get(type(value), "something that has no value")


def number_of(value: object, what: str) -> Number:
    """The value as a whole or decimal number; EvaluationError for anything else, infinity and what is too large."""
    if type(value) is int:
        if value.bit_length() > MAX_BITS:
            raise EvaluationError(_TOO_LARGE)
        return value
    if isinstance(value, float):
        return bounded_decimal(DECIMALS.create_decimal(repr(value)))
    if isinstance(value, Decimal):
        return bounded_decimal(value)
    if value is None:
        raise EvaluationError(f"{what} needs a number, and there is no value")
    raise EvaluationError(f"{what} needs a number, not {kind_of(value)}")


def bounded_decimal(value: Decimal) -> Decimal:
    """The number if it can be written out, zero if it is nearly that; EvaluationError if it is too large."""
    if not value.is_finite():
        raise EvaluationError("the number is infinite, or none")
    size = value.adjusted()
    if size > MAX_EXPONENT and value:
        raise EvaluationError(_TOO_LARGE)
    if size < -MAX_EXPONENT or (not value and size > MAX_EXPONENT):
        return Decimal(0)
    return DECIMALS.plus(value)


def bounded(value: object) -> Value:
    """The value, unless it is larger than an expression may hold."""
    if isinstance(value, str):
        if len(value) > MAX_STRING:
            raise EvaluationError(f"the text becomes longer than {MAX_STRING} characters")
    elif isinstance(value, (list, dict)):
        if len(value) > MAX_ITEMS:
            raise EvaluationError(f"the list becomes longer than {MAX_ITEMS} items")
    elif type(value) is int and value.bit_length() > MAX_BITS:
        raise EvaluationError(_TOO_LARGE)
    return cast("Value", value)


def is_number(value: object) -> bool:
    """True for numbers; true and false are none."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def add(scope: Scope, left: object, right: object) -> Value:
    """Sums numbers, joins two texts or two lists."""
    if type(left) is int and type(right) is int:
        return bounded(_whole(left) + _whole(right))
    if isinstance(left, str) and isinstance(right, str):
        scope.spend((len(left) + len(right)) // 64)
        bounded_size(len(left) + len(right), MAX_STRING)
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        bounded_size(len(left) + len(right), MAX_ITEMS)
        scope.spend_on(left)
        scope.spend_on(right)
        return left + right
    if isinstance(left, str) or isinstance(right, str):
        raise EvaluationError(f"`+` cannot join {kind_of(left)} and {kind_of(right)}; `~` joins texts")
    if isinstance(left, date) and is_number(right):
        raise EvaluationError("`+` cannot move a date; write `date | add(days=3)`")
    return _decimals(DECIMALS.add, left, right, "`+`")


def subtract(_: Scope, left: object, right: object) -> Value:
    """The difference of numbers; of two dates, in days."""
    if type(left) is int and type(right) is int:
        return bounded(_whole(left) - _whole(right))
    if isinstance(left, date) and isinstance(right, date):
        return (_day(left) - _day(right)).days
    return _decimals(DECIMALS.subtract, left, right, "`-`")


def multiply(scope: Scope, left: object, right: object) -> Value:
    """The product of numbers; a text or a list repeated."""
    if isinstance(right, (str, list)):
        left, right = right, left
    if isinstance(left, (str, list)) and type(right) is int:
        limit = MAX_STRING if isinstance(left, str) else MAX_ITEMS
        # checked before it is computed: no memory is taken for what is refused
        bounded_size(len(left) * min(max(right, 0), limit + 1), limit)
        repeated = left * min(max(right, 0), limit + 1)
        scope.spend_on(repeated)
        return repeated
    if type(left) is int and type(right) is int:
        if left.bit_length() + right.bit_length() > MAX_BITS + 1:
            raise EvaluationError(_TOO_LARGE)
        return bounded(left * right)
    return _decimals(DECIMALS.multiply, left, right, "`*`")


def divide(_: Scope, left: object, right: object) -> Value:
    """The quotient: whole if it comes out even, else decimal."""
    dividend, divisor = number_of(left, "`/`"), number_of(right, "`/`")
    _check_divisor(divisor)
    if isinstance(dividend, int) and isinstance(divisor, int) and dividend % divisor == 0:
        return dividend // divisor
    return bounded_decimal(_settled(DECIMALS.divide, _decimal(dividend), _decimal(divisor)))


def floor_divide(_: Scope, left: object, right: object) -> Value:
    """The quotient without its fraction, rounded down."""
    dividend, divisor = number_of(left, "`//`"), number_of(right, "`//`")
    _check_divisor(divisor)
    if isinstance(dividend, int) and isinstance(divisor, int):
        return dividend // divisor
    return bounded(_floor(_decimal(dividend), _decimal(divisor)))


def modulo(_: Scope, left: object, right: object) -> Value:
    """What is left after `//`; has the sign of the divisor."""
    dividend, divisor = number_of(left, "`%`"), number_of(right, "`%`")
    _check_divisor(divisor)
    if isinstance(dividend, int) and isinstance(divisor, int):
        return dividend % divisor
    whole = Decimal(_floor(_decimal(dividend), _decimal(divisor)))
    product = _settled(DECIMALS.multiply, whole, _decimal(divisor))
    return bounded_decimal(_settled(DECIMALS.subtract, _decimal(dividend), product))


def power(_: Scope, left: object, right: object) -> Value:
    """A number to a whole power, whose size is known before it is computed."""
    number, exponent = number_of(left, "`**`"), number_of(right, "`**`")
    if isinstance(exponent, Decimal) or abs(exponent) > MAX_BITS:
        raise EvaluationError(f"`**` needs a whole number up to {MAX_BITS} on its right")
    if isinstance(number, int) and exponent >= 0:
        if (abs(number).bit_length() - 1) * exponent > MAX_BITS:
            raise EvaluationError(_TOO_LARGE)
        return bounded(number**exponent)
    if number == 0 and exponent < 0:
        raise EvaluationError("division by zero")
    if number == 0 and exponent == 0:
        return 1
    return bounded_decimal(_settled(DECIMALS.power, _decimal(number), Decimal(exponent)))


def negative(value: object) -> Value:
    """The number with the other sign."""
    number = number_of(value, "`-`")
    return bounded(-number) if isinstance(number, int) else -number


def positive(value: object) -> Value:
    """The number itself."""
    return number_of(value, "`+`")


def equal(scope: Scope, left: object, right: object) -> bool:
    """True for the same value; things of different kinds are just not equal."""
    if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if type(left) is int and type(right) is int:
        return left == right
    scope.spend(SLOW_STEPS)
    if is_number(left) and is_number(right):
        return _comparable(left) == _comparable(right)
    if isinstance(left, date) and isinstance(right, date):
        return _moment(left, right) == _moment(right, left)
    if isinstance(left, list) and isinstance(right, list):
        scope.spend(min(len(left), len(right)))
        return len(left) == len(right) and _all_equal(scope, left, right)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        scope.spend(min(len(left), len(right)))
        return left.keys() == right.keys() and all(equal(scope, left[key], right[key]) for key in left)
    if isinstance(left, time) and isinstance(right, time):
        return left.replace(tzinfo=None) == right.replace(tzinfo=None)
    return False


def _all_equal(scope: Scope, left: list[object], right: list[object]) -> bool:
    for one, other in zip(left, right, strict=True):
        if type(one) is type(other) and type(one) in _SIMPLE:
            if one != other:
                return False
        elif not equal(scope, one, other):
            return False
    return True


def _any_equal(scope: Scope, item: object, items: list[object]) -> bool:
    kind = type(item)
    if kind not in _SIMPLE:
        return any(equal(scope, item, other) for other in items)
    for other in items:
        if type(other) is kind:
            if item == other:
                return True
        elif equal(scope, item, other):
            return True
    return False


def less(left: object, right: object, sign: str) -> bool | None:
    """True when left comes before right, None when one of them is missing; EvaluationError for different kinds."""
    if type(left) is int and type(right) is int:
        return left < right
    if left is None or right is None:
        return None
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    if is_number(left) and is_number(right):
        return _comparable(left) < _comparable(right)
    if isinstance(left, date) and isinstance(right, date):
        one, other = _moment(left, right), _moment(right, left)
        return one < other
    if isinstance(left, time) and isinstance(right, time):
        return left.replace(tzinfo=None) < right.replace(tzinfo=None)
    raise EvaluationError(f"`{sign}` cannot compare {kind_of(left)} with {kind_of(right)}")


def contains(scope: Scope, container: object, item: object) -> bool:
    """True when a text has the piece, a list the item, a map the key; nothing contains nothing."""
    if container is None or (item is None and not isinstance(container, list)):
        return False
    scope.spend_on(container)
    if isinstance(container, str):
        if isinstance(item, str):
            return item in container
        raise EvaluationError(f"`in` looks for text in a text, not for {kind_of(item)}")
    if isinstance(container, list):
        scope.spend(len(container))
        return _any_equal(scope, item, container)
    if isinstance(container, Mapping):
        return isinstance(item, str) and item in container
    raise EvaluationError(f"`in` needs a text, a list or a map on its right, not {kind_of(container)}")


def bounded_size(size: int, limit: int) -> None:
    """Refuses what would have more characters or items than `limit`."""
    if size > limit:
        what = "text becomes longer" if limit == MAX_STRING else "list becomes longer"
        raise EvaluationError(f"the {what} than {limit} {'characters' if limit == MAX_STRING else 'items'}")


def _whole(value: int) -> int:
    if value.bit_length() > MAX_BITS:
        raise EvaluationError(_TOO_LARGE)
    return value


def _decimal(value: Number) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(value)


def _comparable(value: object) -> Number:
    return number_of(value, "comparing")


def _check_divisor(divisor: Number) -> None:
    if divisor == 0:
        raise EvaluationError("division by zero")


def _decimals(operation: Callable[[Decimal, Decimal], Decimal], left: object, right: object, sign: str) -> Decimal:
    one, other = number_of(left, sign), number_of(right, sign)
    return bounded_decimal(_settled(operation, _decimal(one), _decimal(other)))


def _settled(operation: Callable[[Decimal, Decimal], Decimal], left: Decimal, right: Decimal) -> Decimal:
    try:
        return operation(left, right)
    except ArithmeticError:
        raise EvaluationError(_TOO_LARGE) from None


def _floor(dividend: Decimal, divisor: Decimal) -> int:
    quotient = bounded_decimal(_settled(DECIMALS.divide, dividend, divisor))
    return int(quotient.to_integral_value(ROUND_FLOOR))


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _moment(value: date, other: date) -> date:
    """The value as it compares with the other: by day if one has no time, without zone if one has none."""
    if isinstance(value, datetime) and isinstance(other, datetime):
        return value if value.tzinfo and other.tzinfo else value.replace(tzinfo=None)
    return _day(value)
