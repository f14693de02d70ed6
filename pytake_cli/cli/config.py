"""Shows and changes settings, and tells which layer won."""

from __future__ import annotations

import difflib
import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Annotated, Any

import typer

from pytake_cli import settings
from pytake_cli.cli import tomlfile
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, done, emit, say
from pytake_cli.errors import ConfigError, InputNeeded, InvalidData, NotFound
from pytake_cli.locale import _
from pytake_cli.places import find_project_file

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FIELDS = {
    "key": "Name of the setting.",
    "value": "Its value now.",
    "source": "The layer that the value comes from.",
    "where": "File, variable or flag.",
    "variable": "Environment variable that sets it.",
    "description": "What it is for.",
}
Key = Annotated[str, typer.Argument(metavar="KEY", help="Name of a setting, such as serve.port.")]
Project = Annotated[bool, typer.Option("--project", help="In the nearest .pytake.toml, or a new one here.")]


@app.command("list")
def list_() -> None:
    """Lists all settings with their values and where they come from.

    $ pytake config list
    $ pytake config list --fields key,description
    """
    found = settings.layers(_flags())
    rows = []
    for key, field in settings.keys().items():
        layer = next((each for each in found if key in each.values), None)
        rows.append(
            {
                "key": key,
                "value": settings_value(key),
                "source": layer.kind if layer else "default",
                "where": layer.where[key] if layer else None,
                "variable": settings.variable(key),
                "description": _(field.description or ""),
            }
        )
    emit(rows, FIELDS, default=("key", "value", "source"))


@app.command("get")
def get(key: Key) -> None:
    """Shows the value of one setting.

    $ pytake config get serve.port
    """
    _known(key)
    value = settings_value(key)
    if context().output.form in ("table", "plain", "tsv"):
        data("" if value is None else str(value))
    else:
        emit({"key": key, "value": value}, FIELDS, default=("key", "value"))


@app.command("set")
def set_(
    key: Key,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="New value; lists are separated by commas.")],
    project: Project = False,
) -> None:
    """Sets a value in your settings file, or with --project in .pytake.toml.

    $ pytake config set org acme
    $ pytake config set serve.port 9000 --project
    """
    _known(key)
    path = _file(project)
    text = tomlfile.put(tomlfile.read(path), key, _checked(key, value))
    if not context().dry_run:
        tomlfile.write(path, text)
    done(_("{key} = {value} in {path}").format(key=key, value=value, path=path))
    winner = settings.explain(key, _flags())[0]
    if winner.where != str(path) and not context().dry_run:
        say(_("but {where} wins: pytake config explain {key}").format(where=winner.where, key=key))


def _checked(key: str, value: str) -> Any:
    """The value as the file has it; a wrong one is the line's fault here, and not that of the settings."""
    try:
        return settings.check(key, value)
    except ConfigError as error:
        raise InvalidData(error.slug, error.message, why=error.why, fix=error.fix, **error.values) from None


@app.command("unset")
def unset(key: Key, project: Project = False) -> None:
    """Takes a value out of your settings file, so that the next layer counts.

    $ pytake config unset serve.port
    """
    _known(key)
    path = _file(project)
    text = tomlfile.take(tomlfile.read(path), key)
    if text is None:
        raise NotFound(
            "PT-CONFIG-UNSET", "{path} does not set {key}", fix="pytake config explain {key}", path=str(path), key=key
        )
    if not context().dry_run:
        tomlfile.write(path, text)
    done(_("{key} is now {value}").format(key=key, value=settings.explain(key, _flags())[0].value))


@app.command("path")
def path_() -> None:
    """Shows where PyTake keeps what.

    $ pytake config path
    $ pytake config path --format {path}
    """
    places = settings.paths()
    project = find_project_file(Path.cwd())
    rows: list[dict[str, Any]] = [
        {"what": "settings", "path": places.config / "config.toml"},
        {"what": "project settings", "path": project},
        {"what": "system settings", "path": settings.SYSTEM_FILE},
        {"what": "secrets", "path": places.config / "secrets.json"},
        {"what": "data", "path": places.data},
        {"what": "state", "path": places.state},
        {"what": "cache", "path": places.cache},
        {"what": "run", "path": places.run},
    ]
    found = [{**row, "exists": bool(row["path"] and Path(row["path"]).exists())} for row in rows if row["path"]]
    emit(found, {"what": "What is there.", "path": "Where it is.", "exists": "Whether it is there."})


@app.command("explain")
def explain(key: Key) -> None:
    """Shows what each layer says about a setting, and which one won.

    $ pytake config explain serve.port
    """
    _known(key)
    steps = settings.explain(key, _flags())
    say(_(settings.keys()[key].description or ""))
    rows = [
        {"layer": step.layer, "value": step.value, "where": step.where or None, "wins": step.wins} for step in steps
    ]
    emit(
        rows,
        {
            "wins": "Whether this one counts.",
            "layer": "flag, environment, project, profile, user, system or default.",
            "value": "What it says.",
            "where": "File, variable or flag.",
        },
    )


@app.command("schema")
def schema() -> None:
    """Prints the JSON Schema of settings files, for editors.

    $ pytake config schema > pytake.schema.json
    """
    data(json.dumps(settings.Settings.model_json_schema(), indent=2))


@app.command("edit")
def edit(project: Project = False) -> None:
    """Opens your settings file in $VISUAL or $EDITOR and checks it afterwards.

    $ pytake config edit --project
    """
    path = _file(project)
    if context().no_input:
        raise InputNeeded("PT-INPUT", "an editor needs a terminal", fix="pytake config set KEY VALUE")
    if not path.exists():
        tomlfile.write(path, f"# {_('All settings: pytake config list --fields key,value,description')}\n")
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    subprocess.run([*shlex.split(editor), str(path)], check=False)  # noqa: S603 - the user's own editor
    settings.load(_flags())
    done(_("{path} is fine").format(path=path))


def settings_value(key: str) -> Any:
    """The value in force, after all layers and checks."""
    value: Any = context().settings
    for part in key.split("."):
        value = getattr(value, part)
    if isinstance(value, dict):
        return {name: each.model_dump(mode="json", exclude_defaults=True) for name, each in value.items()}
    return value


def _flags() -> dict[str, Any]:
    flags = context().flags
    return {"org": flags.org, "profile": flags.profile, "lang": flags.lang, "tz": flags.tz, "timeout": flags.timeout}


def _known(key: str) -> None:
    known = settings.keys()
    if key not in known:
        near = difflib.get_close_matches(key, known, 1, 0.4)
        raise NotFound(
            "PT-CONFIG-KEY",
            "there is no setting {key}",
            why="did you mean {near}?" if near else "",
            fix="pytake config list --fields key,description",
            key=key,
            near=near[0] if near else "",
        )


def _file(project: bool) -> Path:
    if not project:
        return settings.paths().config / "config.toml"
    return find_project_file(Path.cwd()) or Path.cwd() / settings.PROJECT_FILE
