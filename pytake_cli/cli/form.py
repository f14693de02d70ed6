"""Lets a command take one dataclass instead of a parameter for each flag: the fields are the flags."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import wraps
from inspect import Parameter, Signature
from typing import Any, TypeVar, get_type_hints

Form = TypeVar("Form")


def filled_in(command: Callable[[Form], None]) -> Callable[..., None]:
    """The command as Typer wants it: with one parameter for each field of the dataclass that it takes.

    @dataclass(frozen=True, slots=True)
    class Given:
        to: Annotated[str | None, typer.Option("--to", metavar="CONTACT", help="Who gets it.")] = None

    @filled_in
    def send(given: Given) -> None: ...
    """
    form: Any = next(hint for name, hint in get_type_hints(command).items() if name != "return")
    hints = get_type_hints(form, include_extras=True)

    @wraps(command)
    def take(**words: Any) -> None:
        command(form(**words))

    take.__annotations__ = hints
    take.__signature__ = Signature(  # type: ignore[attr-defined]  # what inspect, and so Typer, reads first
        [
            Parameter(
                field.name,
                Parameter.KEYWORD_ONLY,
                default=Parameter.empty if field.default is MISSING else field.default,
                annotation=hints[field.name],
            )
            for field in fields(form)
        ]
    )
    return take
