"""Columns of a list of contacts: what each header means, in Portuguese or English, and of which type its values are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pytake_cli.policy import field_values
from pytake_cli.policy.field_values import Misfit
from pytake_cli.policy.spreadsheets import folded

# what an import can write -> the headers that mean it, folded; the first that a file has is taken
TARGETS: dict[str, tuple[str, ...]] = {
    "phone": (
        *("phone", "celular", "whatsapp", "telefone", "fone", "mobile", "cell", "phone number", "telefone celular"),
        *("numero", "numero de telefone", "numero do whatsapp", "whats", "zap", "contato", "telefone 1", "tel", "cel"),
    ),
    "name": ("name", "nome", "nome completo", "full name", "cliente", "nome do cliente", "customer", "contact name"),
    "language": ("language", "idioma", "lingua", "lang"),
    "tz": ("tz", "timezone", "time zone", "fuso", "fuso horario"),
    "stage": ("stage", "etapa", "estagio"),
    "score": ("score", "pontuacao"),
    "vip": ("vip",),
    "tags": ("tags", "tag", "etiquetas", "etiqueta", "marcadores", "labels", "label", "rotulos"),
    "bsuid": ("bsuid",),
}
LEFT_OUT = "-"
UNDECIDED = "?"  # looks like consent, which nobody gives by a guess
CONSENT = "consent.marketing"

# what `contact export` writes for people to read and an import does not take back
_OURS = frozenset(
    folded(name)
    for name in (
        *("id", "display", "username", "profile_name", "blocked_at", "marketing_granted_at", "marketing_stopped_at"),
        *("utility_stopped_at", "opted_out_at", "last_seen_at", "created_at", "updated_at"),
        *("pytake_line", "pytake_reason"),  # of a file of rejects
    )
)
# of those, who wants or gets nothing any more -> what brings that along
STOPS = {
    "blocked_at": "pytake contact block -",
    "marketing_stopped_at": "pytake contact optout - --topic marketing",
    "utility_stopped_at": "pytake contact optout - --topic utility",
    "opted_out_at": "pytake contact optout - --topic all",
}
_AGREES = re.compile(
    r"\b(aceita|aceite|aceitou|consent\w*|opt ?in|optin|autoriza\w*|permite|marketing|mkt|newsletter|lgpd)\b"
)
_IDENTIFIES = re.compile(r"\b(cpf|cnpj|rg|cep|zip|codigo|code|id|documento|matricula|pedido)\b")
_LEADING_ZERO = re.compile(r"0\d")  # a code that only looks like a number
_MOST_DIGITS = 9  # longer ones are codes and phones, too
_DATE = re.compile(r"\d{1,2}/\d{1,2}/\d{4}|\d{4}-\d\d-\d\d.*")
_YES_NO = frozenset(("sim", "nao", "s", "n", "yes", "no", "y", "true", "false", "verdadeiro", "falso"))


@dataclass(frozen=True, slots=True)
class Column:
    """A column and what becomes of it; `target` is a key of TARGETS, CONSENT, `f.<name>`, LEFT_OUT or UNDECIDED."""

    header: str
    target: str
    type: str = ""  # of a field
    new: bool = False  # a field that the import would make
    given: bool = False  # by --map

    @property
    def field(self) -> str:
        """The field's name; empty for everything else."""
        return self.target[2:] if self.target.startswith("f.") else ""


def is_header(cells: Sequence[str]) -> bool:
    """True unless a cell of the first row is a value: a phone number, a number, an address of e-mail."""
    return not any(re.search(r"\d{6}|@", re.sub(r"[\s().+-]", "", cell)) or cell.isdigit() for cell in cells)


def told_apart(headers: Sequence[str]) -> list[str]:
    """`Obs, Obs` -> `Obs, Obs (2)`: `--map` could not say which of two is meant."""
    told: list[str] = []
    for header in headers:
        others = (header, *(f"{header} ({count})" for count in range(2, len(headers) + 2)))
        told.append(next(other for other in others if not other or other not in told))
    return told


def field_name(header: str) -> str:
    """`Cidade / UF` -> `cidade_uf`; empty when nothing is left of it."""
    words = folded(header.removeprefix("f.").replace("_", " ")).replace(" ", "_")[:64]
    return words if words[:1].isalpha() else f"c_{words}"[:64] if words else ""


def guess(headers: Sequence[str]) -> list[str]:
    """What each header means: the commonest word for a thing wins when several columns could be it."""
    words = [folded(header.replace("_", " ")) for header in headers]
    targets = [""] * len(headers)
    for target, names in TARGETS.items():
        for name in names:
            if name in words and not targets[words.index(name)]:
                targets[words.index(name)] = target
                break
    for place, (header, word) in enumerate(zip(headers, words, strict=True)):
        if targets[place]:
            continue
        if word in _OURS or not word:
            targets[place] = LEFT_OUT
        elif _AGREES.search(word) and not header.startswith("f."):
            targets[place] = UNDECIDED
        else:
            targets[place] = f"f.{field_name(header)}"
    return targets


def type_of(header: str, values: Sequence[str], *, month_first: bool = False) -> str:
    """The type of a new field, by every value that was looked at; text is never wrong."""
    if not values or _IDENTIFIES.search(folded(header.replace("_", " "))):
        return "text"
    for type_, looks in _LOOKS.items():
        if all(looks(value) and _reads(type_, value, month_first) for value in values):
            return type_
    return "text"


def _reads(type_: str, value: str, month_first: bool) -> bool:
    try:
        field_values.read(type_, value, month_first=month_first)
    except Misfit:
        return False
    return True


_LOOKS: dict[str, Callable[[str], bool]] = {
    "bool": lambda value: folded(value) in _YES_NO,  # 0 and 1 may be numbers
    "date": lambda value: _DATE.fullmatch(value) is not None,
    "number": lambda value: not _LEADING_ZERO.match(value) and sum(map(str.isdigit, value)) <= _MOST_DIGITS,
}
