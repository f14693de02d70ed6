"""Settings: flags > PYTAKE_* > .pytake.toml > profile > user config > /etc; secrets are never in it.

The layers are read here rather than by pydantic-settings, because `explain()` has to know each layer's value and file,
and because every command pays for what this module imports.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from pytake_cli.errors import ConfigError
from pytake_cli.places import PROJECT_FILE as PROJECT_FILE
from pytake_cli.places import Paths as Paths
from pytake_cli.places import find_project_file
from pytake_cli.places import paths as paths
from pytake_cli.sections import (
    ApiSettings,
    AuthSettings,
    EmulatorSettings,
    FlowSettings,
    InboxSettings,
    LogSettings,
    MediaSettings,
    RetentionSettings,
    RoutingSettings,
    ScheduleSettings,
    Section,
    SendSettings,
    ServeSettings,
    StoreSettings,
    WhatsAppSettings,
)

SYSTEM_FILE = Path("/etc/pytake/config.toml")
SECRET_NAMES = ("app_secret", "verify_token", "access_token", "jwt_key", "password_pepper")


class Settings(Section):
    """Every setting there is; a key is written `section.name`, in the environment PYTAKE_SECTION__NAME."""

    org: str | None = Field(None, description="Organisation to act on.")
    profile: str | None = Field(None, description="Named set of settings: a table [profiles.NAME] of the user's file.")
    lang: Literal["en", "pt-BR"] | None = Field(None, description="Language of narration; by default the system's.")
    tz: str | None = Field(None, description="Time zone for display and input, such as America/Sao_Paulo.")
    output: Literal["auto", "table", "plain", "tsv", "csv", "json", "jsonl"] = Field(
        "auto", description="Form of the output; auto is a table on a terminal and TSV in a pipe."
    )
    color: Literal["auto", "always", "never"] = Field("auto", description="Whether to colour what goes to a terminal.")
    ascii: bool = Field(False, description="No box drawing, ticks or emoji of our own.")
    pager: str | None = Field(None, description="Command that shows long text; by default $PAGER, then `less -FIRX`.")
    no_input: bool = Field(False, description="Never ask; what is missing is an error.")
    timeout: float = Field(30, gt=0, description="Seconds that a command waits for the network.")
    store: StoreSettings = Field(default_factory=StoreSettings)
    whatsapp: WhatsAppSettings = WhatsAppSettings()
    serve: ServeSettings = ServeSettings()
    api: ApiSettings = ApiSettings()
    auth: AuthSettings = AuthSettings()
    send: SendSettings = SendSettings()
    media: MediaSettings = MediaSettings()
    retention: RetentionSettings = RetentionSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    routing: RoutingSettings = RoutingSettings()
    log: LogSettings = LogSettings()
    inbox: InboxSettings = InboxSettings()
    emulator: EmulatorSettings = EmulatorSettings()
    flows: FlowSettings = FlowSettings()


# Variables that are no settings: places, secrets, and switches of other modules.
OTHER_VARIABLES = {
    "PYTAKE_HOME": "One directory for configuration, data, state, cache and sockets.",
    "PYTAKE_MASTER_KEY_FILE": "File with the key of the sealed secrets.",
    "PYTAKE_TRUST_PROJECT": "1 reads a .pytake.toml that belongs to another user.",
    "PYTAKE_CLOCK_OFFSET": "Seconds added to the clock, for demonstrations.",
    "PYTAKE_CRASH_AT": "Dies at a named point, for tests of recovery.",
}
TABLES = ("flows.hours", "flows.sources", "flows.webhooks")  # named things; a test compares
ALIASES = {"PYTAKE_LOG": "log.level"}  # short variable -> key


@dataclass(frozen=True, slots=True)
class Layer:
    """One source of values. `kind` is its place in the precedence; `where` names a file, a variable or a flag."""

    kind: Literal["flag", "environment", "project", "profile", "user", "system", "default"]
    values: Mapping[str, Any]  # dotted key -> value
    where: Mapping[str, str]  # dotted key -> file, variable or flag


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an explanation: what one layer says about a key."""

    layer: str
    where: str
    value: Any
    wins: bool


_current: Settings | None = None
_keys: dict[str, FieldInfo] = {}


def load(cli: Mapping[str, Any] | None = None, *, cwd: Path | None = None) -> Settings:
    """Reads every layer, checks it, and remembers the result for current(); `cli` has flags by dotted key or nested."""
    global _current
    found = layers(cli, cwd=cwd)
    known = keys()
    merged: dict[str, Any] = {}
    where: dict[str, str] = {}
    for layer in reversed(found):
        for key, value in layer.values.items():
            if key not in known:
                raise _unknown(key, layer.where[key])
            merged[key], where[key] = value, layer.where[key]
    try:
        _current = Settings.model_validate(_nested(merged))
    except ValidationError as error:
        raise _misfit(error.errors(include_url=False)[0], where) from None
    return _current


def current() -> Settings:
    """The settings of this process, read once."""
    return _current if _current is not None else load()


def forget() -> None:
    """Makes the next current() read everything again."""
    global _current
    _current = None


def keys() -> dict[str, FieldInfo]:
    """Every dotted key and its field, in the order of the class."""
    if not _keys:
        _keys.update(_fields(Settings, ""))
    return dict(_keys)


def flows_folder() -> Path:
    """Where the flow files are: `flows` beside the project's file, unless a setting says otherwise."""
    folder = Path(current().flows.dir).expanduser()
    if folder.is_absolute():
        return folder
    project_file = find_project_file(Path.cwd())
    return (project_file.parent if project_file else Path.cwd()) / folder


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from _fields(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def check(key: str, text: str) -> Any:
    """The value that a text means for a key, as a file should have it."""
    value: Any = _value(key, text)
    try:
        tree: Any = Settings.model_validate(_nested({key: value}))
    except ValidationError as error:
        raise _misfit(error.errors(include_url=False)[0], {key: "pytake config set"}) from None
    for part in key.split("."):
        tree = getattr(tree, part)
    return tree


def explain(key: str, cli: Mapping[str, Any] | None = None, *, cwd: Path | None = None) -> list[Step]:
    """What each layer says about a key, the strongest first; exactly one step wins."""
    if key not in keys():
        raise _unknown(key, "config")
    steps = [(layer.kind, layer.where[key], layer.values[key]) for layer in layers(cli, cwd=cwd) if key in layer.values]
    steps.append(("default", "", keys()[key].get_default(call_default_factory=True)))
    return [Step(kind, where, value, wins=index == 0) for index, (kind, where, value) in enumerate(steps)]


def layers(cli: Mapping[str, Any] | None = None, *, cwd: Path | None = None) -> list[Layer]:
    """All layers that exist, the strongest first."""
    flags = {key: value for key, value in _flat(cli or {}) if value is not None}
    user_file = paths().config / "config.toml"
    project_file = find_project_file(cwd or Path.cwd())
    user, profiles = _read(user_file)
    found = [
        Layer("flag", flags, {key: f"--{key.rpartition('.')[2].replace('_', '-')}" for key in flags}),
        _environment(os.environ),
        _file_layer("project", project_file, _read(project_file)[0]) if project_file else None,
        None,
        _file_layer("user", user_file, user),
        _file_layer("system", SYSTEM_FILE, _read(SYSTEM_FILE)[0]),
    ]
    known = [layer for layer in found if layer is not None]
    profile = next((layer.values["profile"] for layer in known if layer.values.get("profile")), None)
    if profile is not None:
        if profile not in profiles:
            raise _no_profile(str(profile), profiles, user_file)
        place = next(index for index, layer in enumerate(known) if layer.kind == "user")
        known.insert(place, _file_layer("profile", user_file, dict(_flat(profiles[profile])), f" [profiles.{profile}]"))
    return known


def variable(key: str) -> str:
    """The environment variable of a key: `serve.port` -> PYTAKE_SERVE__PORT."""
    return "PYTAKE_" + key.upper().replace(".", "__")


def _environment(environ: Mapping[str, str]) -> Layer:
    by_variable = {variable(key): key for key in keys()}
    values: dict[str, Any] = {}
    where: dict[str, str] = {}
    for name in sorted(environ):
        if not name.startswith("PYTAKE_") or not environ[name]:
            continue
        key = by_variable.get(name) or ALIASES.get(name)
        if key is None:
            _refuse_misspelt(name, by_variable)
        elif key not in values or name in by_variable:
            values[key] = _value(key, environ[name])
            where[key] = name
    return Layer("environment", values, where)


def _value(key: str, text: str) -> Any:
    """What a text in a variable or on the command line stands for; tables are JSON."""
    field = keys()[key]
    if field.annotation == list[str]:
        return [part.strip() for part in text.split(",") if part.strip()]
    if key in TABLES:
        try:
            return json.loads(text)
        except ValueError:
            return text  # and the check says what is wrong with it
    return text


def _refuse_misspelt(name: str, known: Mapping[str, str]) -> None:
    """A variable that looks like a setting must be one; others may belong to somebody else's scripts."""
    if name in OTHER_VARIABLES or name.startswith(("PYTAKE_SECRET_", "PYTAKE_TEST_")):
        return
    near = difflib.get_close_matches(name, [*known, *OTHER_VARIABLES, *ALIASES], 1, 0.85)
    if near or "__" in name:
        raise _unknown(name, "the environment", near[0] if near else "")


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The dotted values and the profiles of a file; both empty when there is none."""
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except (FileNotFoundError, NotADirectoryError):
        return {}, {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            "PT-CONFIG-FILE",
            "{path} is not valid TOML: {detail}",
            fix="pytake config schema",
            path=str(path),
            detail=str(error),
        ) from None
    except OSError as error:
        raise ConfigError(
            "PT-CONFIG-FILE",
            "cannot read {path}: {detail}",
            fix="chmod 600 {path}",
            path=str(path),
            detail=error.strerror or "",
        ) from None
    profiles = content.pop("profiles", {}) if path == paths().config / "config.toml" else {}
    return dict(_flat(content)), profiles if isinstance(profiles, dict) else {}


def _file_layer(kind: Any, path: Path, values: dict[str, Any], suffix: str = "") -> Layer:
    url = values.get("store.url")
    folder = path.absolute().parent
    if isinstance(values.get("flows.dir"), str):
        values["flows.dir"] = str(folder / values["flows.dir"])
    if isinstance(url, str) and url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        file = url.removeprefix("sqlite:///")
        if file and not file.startswith(":") and not Path(file).is_absolute():
            values["store.url"] = f"sqlite:///{folder / file}"  # relative to the file that says so
    return Layer(kind, values, dict.fromkeys(values, f"{path}{suffix}"))


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and f"{prefix}{name}" not in TABLES:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *sections, name = key.split(".")
        branch = tree
        for section in sections:
            branch = branch.setdefault(section, {})
        branch[name] = value
    return tree


def _unknown(name: str, where: str, near: str = "") -> ConfigError:
    if name.rpartition(".")[2].lower() in SECRET_NAMES:
        return ConfigError(
            "PT-CONFIG-SECRET",
            "{where}: {key} is a secret, and secrets are not kept in settings",
            fix="pytake secret set {name} -",
            where=where,
            key=name,
            name=name.rpartition(".")[2].lower(),
        )
    if not near:
        near = next(iter(difflib.get_close_matches(name, keys(), 1, 0.5)), "")
    return ConfigError(
        "PT-CONFIG-KEY",
        "{where}: there is no setting {key}",
        why="did you mean {near}?" if near else "",
        fix="pytake config list --fields key,description",
        where=where,
        key=name,
        near=near,
    )


def _no_profile(profile: str, profiles: Mapping[str, Any], path: Path) -> ConfigError:
    near = next(iter(difflib.get_close_matches(profile, profiles, 1, 0.5)), "")
    return ConfigError(
        "PT-CONFIG-PROFILE",
        "{where}: there is no profile {profile}",
        why="did you mean {near}?" if near else "",
        fix="pytake config edit",
        where=str(path),
        profile=profile,
        near=near,
    )


# pydantic's error types -> what the value must be
MISFITS = {
    "int": "{where}: {key} must be a whole number, not {value}",
    "float": "{where}: {key} must be a number, not {value}",
    "bool": "{where}: {key} must be true or false, not {value}",
    "list": "{where}: {key} must be a list, not {value}",
    "string": "{where}: {key} must be text, not {value}",
    "string_pattern_mismatch": "{where}: {key} cannot be {value}",
    "literal": "{where}: {key} must be one of {choices}, not {value}",
    "greater": "{where}: {key} must be more than {limit}, not {value}",
    "greater_than_equal": "{where}: {key} must be at least {limit}, not {value}",
    "less": "{where}: {key} must be at most {limit}, not {value}",
    "missing": "{where}: {key} is missing",
    "extra": "{where}: there is no setting {key}",
    "dict": "{where}: {key} must be a table, not {value}",
    "model": "{where}: {key} must be a table, not {value}",
}


def _misfit(error: ErrorDetails, where: Mapping[str, str]) -> ConfigError:
    key = ".".join(str(part) for part in error["loc"] if not isinstance(part, int) and part != "[key]")
    said_by = next((place for name, place in where.items() if key == name or key.startswith(f"{name}.")), "settings")
    context = error.get("ctx", {})
    choices = get_args(keys()[key].annotation) if key in keys() else ()
    flat = [choice for part in choices for choice in (get_args(part) or (part,)) if isinstance(choice, str)]
    value = str(error["input"])
    near = next(iter(difflib.get_close_matches(value, flat, 1, 0.5)), "")
    return ConfigError(
        "PT-CONFIG-VALUE",
        MISFITS.get(error["type"]) or MISFITS.get(error["type"].partition("_")[0], "{where}: {key} cannot be {value}"),
        why="did you mean {near}?" if near else "",
        fix="pytake config explain {key}",
        where=said_by,
        key=key,
        value=repr(value),
        near=near,
        choices=", ".join(flat),
        limit=context.get("ge", context.get("gt", context.get("le", ""))),
    )
