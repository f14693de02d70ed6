"""Keys to actions: the table's own, a preset, and the person's keymap.toml over them; says what cannot be."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytake_cli.locale import _, own
from pytake_cli.tui.actions import ACTIONS, BY_ID, CHAINS, FORBIDDEN, TAKES_KEYS, Action

PRESETS: dict[str, dict[str, str]] = {
    "default": {},
    "vim": {
        "pane.previous": "h,shift+tab,left",
        "pane.next": "l,tab,right",
        "conversation.label": "#",
        "contact.tag": "#",
        "metrics.label": "#",
        "flow.heat": "H",
    },
    "composer": {
        "conversation.next": "f6,ctrl+n",
        "conversation.claim": "f4",
        "conversation.resolve": "f8",
        "conversation.snooze": "f9",
        "conversation.takeover": "f7",
    },
}
# What people write -> what Textual calls it.
NAMES = {
    "?": "question_mark", ":": "colon", "/": "slash", ".": "full_stop", "-": "minus", "+": "plus", "=": "equals_sign",
    "!": "exclamation_mark", "*": "asterisk", "[": "left_square_bracket", "]": "right_square_bracket",
    "#": "number_sign",
    ",": "comma", ";": "semicolon", "'": "apostrophe", "<": "less_than_sign", ">": "greater_than_sign", "@": "at",
    "esc": "escape", "pgdn": "pagedown", "pgup": "pageup", "del": "delete", "_": "underscore",
    "^": "circumflex_accent",
}  # fmt: skip
SHOWN = {
    **{name: sign for sign, name in NAMES.items() if len(sign) == 1},
    "enter": "Enter", "escape": "Esc", "tab": "Tab", "shift+tab": "⇧Tab", "up": "↑", "down": "↓", "left": "←",
    "right": "→", "pagedown": "PgDn", "pageup": "PgUp", "home": "Home", "end": "End",
}  # fmt: skip
_LINE = re.compile(r"""^\s*["']?([\w.]+)["']?\s*=""")


@dataclass(frozen=True, slots=True)
class Trouble:
    """A line of keymap.toml that was not taken."""

    line: int
    says: str


class Keymap:
    """Which action a key means in a scope, and which keys an action has."""

    def __init__(self, changed: Mapping[str, Sequence[str]] | None = None) -> None:
        changed = changed or {}
        self._actions: dict[tuple[str, str], Action] = {}
        self._keys: dict[str, dict[str, tuple[str, ...]]] = {}
        for action in ACTIONS:
            own_keys = {scope: action.keys_in(scope) for scope in action.keys}
            self._keys[action.id] = _moved(own_keys, changed[action.id]) if action.id in changed else own_keys
            for scope, keys in self._keys[action.id].items():
                for key in keys:
                    self._actions[scope, key] = action

    def find(self, scopes: Iterable[str], key: str) -> Action | None:
        """The action of a key, in the nearest scope that knows it."""
        for scope in scopes:
            if action := self._actions.get((scope, key)):
                return action
        return None

    def keys(self, action: Action, scopes: Iterable[str]) -> tuple[str, ...]:
        """The keys that do it in these scopes, the first one first."""
        return tuple(key for scope in scopes for key in self._keys[action.id].get(scope, ()))

    def shown(self, action: Action, scopes: Iterable[str]) -> str:
        """Its first key as the footer writes it, or nothing."""
        keys = self.keys(action, scopes)
        return shown(keys[0]) if keys else ""


def shown(key: str) -> str:
    """`ctrl+j` as `^J`, `question_mark` as `?`."""
    if key.startswith("ctrl+"):
        return "^" + SHOWN.get(key[5:], key[5:].upper())
    if key == "space":
        return _("Space")
    return own(SHOWN.get(key, key.upper() if re.fullmatch(r"f\d+", key) else key))


def load(preset: str, path: Path | None) -> tuple[Keymap, list[Trouble]]:
    """The keymap of a preset and a file, with what in the file cannot be."""
    changed = {id_: _listed(keys) for id_, keys in PRESETS[preset].items()}
    if path is None or not path.exists():
        return Keymap(changed), []
    text = path.read_text(encoding="utf-8")
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Keymap(changed), [Trouble(getattr(error, "lineno", 0) or 1, str(error))]
    lines = {match[1]: number for number, line in enumerate(text.splitlines(), 1) if (match := _LINE.match(line))}
    troubles: list[Trouble] = []
    for id_, keys in _flat(given):
        says = _misfit(id_, keys)
        if says:
            troubles.append(Trouble(lines.get(id_, lines.get(id_.rpartition(".")[2], 0)), says))
        else:
            changed[id_] = _listed(str(keys))
    for id_, says in clashes(Keymap(changed)):
        line = lines.get(id_, 0)
        if line:
            troubles.append(Trouble(line, says))
            del changed[id_]
    return Keymap(changed), sorted(troubles, key=lambda each: each.line)


def clashes(keymap: Keymap) -> list[tuple[str, str]]:
    """(action, what is wrong) for keys that two actions share where both could be meant."""
    found: dict[str, str] = {}
    for chain in CHAINS.values():
        taken: dict[str, Action] = {}
        for action in ACTIONS:
            for key in keymap.keys(action, [scope for scope in chain if scope not in TAKES_KEYS]):
                other = taken.setdefault(key, action)
                if other is not action:
                    says = _("{key} means {one} already").format(key=shown(key), one=other.id)
                    found.setdefault(action.id, says)
                    found.setdefault(other.id, _("{key} means {one} already").format(key=shown(key), one=action.id))
    return list(found.items())


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterable[tuple[str, object]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _misfit(id_: str, keys: object) -> str:
    if id_ not in BY_ID:
        near = difflib.get_close_matches(id_, BY_ID, 1, 0.6)
        says = _("there is no action {id}").format(id=id_)
        return says + (" · " + _("did you mean {near}?").format(near=near[0]) if near else "")
    if not isinstance(keys, str) or not keys.strip():
        return _('keys are a text such as "e,f8"')
    for key in _listed(keys):
        if key.startswith(FORBIDDEN):
            return _("{key} does not reach programs in every terminal").format(key=key)
    return ""


def _listed(keys: str) -> tuple[str, ...]:
    parts = [","] if keys.strip() == "," else [part.strip() for part in keys.split(",")]
    return tuple(_named(part) for part in parts if part)


def _named(key: str) -> str:
    modifier, plus, last = key.rpartition("+") if len(key) > 1 else ("", "", key)
    return f"{modifier}{plus}{NAMES.get(last, last)}"


def _moved(own_keys: Mapping[str, tuple[str, ...]], keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """New keys: plain ones where plain ones were, the others everywhere that the action was."""
    scopes = list(own_keys) or ["all"]
    moved = {}
    for scope in scopes:
        is_text = scope in ("composer", "always")
        fitting = tuple(key for key in keys if not is_text or "+" in key or re.fullmatch(r"f\d+", key))
        moved[scope] = fitting or (own_keys.get(scope, ()) if is_text else ())
    return moved
