"""Brazil's tax numbers: check digits and the usual way to write them."""

from __future__ import annotations

import re

_CPF = re.compile(r"[0-9]{11}", re.ASCII)
_CNPJ = re.compile(r"[0-9A-Z]{12}[0-9]{2}", re.ASCII)
_SEPARATORS = re.compile(r"[\s.\-/_]+")
_CPF_WEIGHTS = tuple(range(11, 1, -1))
_CNPJ_WEIGHTS = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)


def compact(typed: str) -> str:
    """Without points, dashes, slashes and spaces, letters in capitals."""
    return _SEPARATORS.sub("", typed).upper()


def looks_like_cpf(value: str) -> bool:
    """True for eleven digits, right or wrong."""
    return _CPF.fullmatch(value) is not None


def looks_like_cnpj(value: str) -> bool:
    """True for twelve digits or letters and two digits; letters are given out since July 2026 (IN RFB 2.229/2024)."""
    return _CNPJ.fullmatch(value) is not None


def is_cpf(value: str) -> bool:
    """True for eleven digits with the right check digits; the same digit eleven times is nobody's."""
    return looks_like_cpf(value) and len(set(value)) > 1 and value[9:] == _check(value[:9], _CPF_WEIGHTS)


def is_cnpj(value: str) -> bool:
    """True for fourteen digits, or letters in the first twelve places, with the right check digits."""
    return looks_like_cnpj(value) and len(set(value)) > 1 and value[12:] == _check(value[:12], _CNPJ_WEIGHTS)


def write_cpf(value: str) -> str:
    """`123.456.789-09`."""
    return f"{value[:3]}.{value[3:6]}.{value[6:9]}-{value[9:]}"


def write_cnpj(value: str) -> str:
    """`12.ABC.345/01DE-35`."""
    return f"{value[:2]}.{value[2:5]}.{value[5:8]}/{value[8:12]}-{value[12:]}"


def _check(body: str, weights: tuple[int, ...]) -> str:
    """Both check digits: modulo 11 over each sign's ASCII code less 48, so that digits are themselves."""
    for _ in range(2):
        total = sum((ord(sign) - 48) * weight for sign, weight in zip(body, weights[-len(body) :], strict=True))
        body += str(0 if total % 11 < 2 else 11 - total % 11)
    return body[-2:]
