"""Filters over what identifies people: phone numbers, CPF and CNPJ."""

from __future__ import annotations

from pytake_cli.errors import InvalidData
from pytake_cli.flow import documents
from pytake_cli.flow.language import arguments
from pytake_cli.flow.language.values import Scope, Value
from pytake_cli.policy import phones

_LONGEST = 40  # characters of anything that may be a phone number


def phone(scope: Scope, value: Value) -> Value:
    """A phone number as its country writes it; what is none stays as it is."""
    typed = arguments.text(scope, value)
    if len(typed) > _LONGEST:
        return typed
    try:
        number = phones.parse(_with_plus(typed), country(scope))
    except InvalidData:
        return typed
    return write_phone(number)


def write_phone(number: str) -> str:
    """`+55 11 98765-4321` of `+5511987654321`."""
    if number.startswith("+55") and len(number) in (13, 14):
        return f"+55 {number[3:5]} {number[5:-4]}-{number[-4:]}"
    import phonenumbers  # late: only numbers from elsewhere need it

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def country(scope: Scope) -> str | None:
    """Where a number without a country code is from: the organisation's country, else the language's."""
    named = scope.setting("org", "country")
    return named if isinstance(named, str) and named else arguments.locale(scope).country


def cpf(scope: Scope, value: Value) -> Value:
    """A CPF with its points and dash; what is none stays as it is."""
    typed = arguments.text(scope, value)
    number = documents.compact(typed[:_LONGEST])
    return documents.write_cpf(number) if documents.looks_like_cpf(number) else typed


def cnpj(scope: Scope, value: Value) -> Value:
    """A CNPJ with its points, slash and dash; what is none stays as it is."""
    typed = arguments.text(scope, value)
    number = documents.compact(typed[:_LONGEST])
    return documents.write_cnpj(number) if documents.looks_like_cnpj(number) else typed


def yesno(scope: Scope, value: Value, yes: Value = None, no: Value = None) -> Value:
    """The word for yes or no."""
    locale = arguments.locale(scope)
    if value:
        return locale.yes if yes is None else yes
    return locale.no if no is None else no


def _with_plus(typed: str) -> str:
    """A wa_id is digits with the country code and no plus; a Brazilian one is told by its length."""
    digits = typed.strip()
    return "+" + digits if digits.isascii() and digits.isdigit() and len(digits) in (12, 13) else typed
