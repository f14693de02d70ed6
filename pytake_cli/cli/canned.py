"""Canned replies: texts to insert by a key, with variables filled and open places to fill.

$ pytake canned create prazo -m "Oi {{ contact.first_name }}, chega em {{ prazo | 5 a 7 }} dias."
$ pytake canned preview prazo --conversation 5008
$ pytake canned list entrega
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytake_cli.cli import changes, confirm, selectors
from pytake_cli.cli.context import context
from pytake_cli.cli.output import data, done, emit, say
from pytake_cli.locale import _, number

if TYPE_CHECKING:
    from sqlmodel import Session

    from pytake_cli.store.canned import Canned
    from pytake_cli.store.users import User

app = typer.Typer(no_args_is_help=False)

FIELDS = {
    "key": "what is typed behind the slash",
    "title": "what it is about",
    "texts": 'the text by language; "": whatever the language',
    "labels": "words to narrow long lists by",
    "own": "whether it is one person's own",
    "uses": "how often it was inserted",
    "used_at": "when it was inserted last",
    "created_at": "when it was made",
    "updated_at": "when it was changed",
}
SHOWN = ("key", "title", "text", "uses")
LISTED = {"text": "the beginning of its text", **FIELDS}
PREVIEW = {
    "key": "the reply",
    "text": "the text as it would be inserted",
    "stops": "open places: start, end, name, default",
}
Key = Annotated[str, typer.Argument(metavar="KEY", help="What is typed behind the slash.")]
Text = Annotated[str | None, typer.Option("-m", "--message", metavar="TEXT", help="The text; - reads it from stdin.")]
Language = Annotated[str, typer.Option("--lang", metavar="CODE", help="Whose language the text is in, such as pt_BR.")]
Title = Annotated[str | None, typer.Option("--title", metavar="TEXT", help="What it is about.")]
Labels = Annotated[str | None, typer.Option("--labels", metavar="A,B", help="Words to narrow long lists by.")]
Own = Annotated[bool, typer.Option("--own", help="Only for whoever acts, not for everybody.")]
As = Annotated[str | None, typer.Option("--as", metavar="USER", help="Who acts: e-mail or name of a user.")]


@app.command("list")
def list_(
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="A few letters of key, title or text.")] = "",
    label: Annotated[str | None, typer.Option("--label", metavar="L", help="Only with this label.")] = None,
    as_: As = None,
) -> None:
    """Lists canned replies, or finds some: the best match first, then what is used most.

    $ pytake canned list
    $ pytake canned list prazo --fields key,text
    """
    from pytake_cli.services import canned

    here = context()
    with here.store.read(here.org_id) as db:
        rows = canned.search(db, here.org_id, text, selectors.author(db, as_))
    found = [_row(row) for row in rows if label is None or label.lower() in row.labels]
    emit(found, LISTED, default=SHOWN, empty=_("There is no such canned reply yet"))


@app.command("show")
def show(key: Key, as_: As = None) -> None:
    """Shows a canned reply as it was written.

    $ pytake canned show prazo
    """
    from pytake_cli.services import canned

    here = context()
    with here.store.read(here.org_id) as db:
        row = canned.find(db, here.org_id, key, selectors.author(db, as_))
    emit({name: value for name, value in _row(row).items() if name in FIELDS}, FIELDS)


@app.command("create")
def create(
    key: Key, message: Text, language: Language = "", title: Title = None, labels: Labels = None,
    own: Own = False, as_: As = None,
) -> None:  # fmt: skip
    """Keeps a text under a key. `{{ contact.first_name }}` is filled, `{{ prazo | 5 a 7 }}` is a place to fill.

    $ pytake canned create oi -m "Oi {{ contact.first_name }}! Como posso ajudar?"
    $ pytake canned create prazo -m "Delivery takes {{ days | 5 to 7 }} days." --lang en --labels entrega
    """
    from pytake_cli.services import canned

    here = context()
    words = selectors.words_of(message) or ""
    with here.store.write(here.org_id) as db:
        owner = _owner(db, own, as_)
        row = canned.create(
            db, here.org_id, key, {language: words}, here.now, title=title or "", labels=_list(labels), owner=owner
        )
        made = _row(row)
        if here.dry_run:
            db.rollback()
    emit(made, LISTED, default=SHOWN)
    _told(_("/{key} is a canned reply now · see it filled: pytake canned preview {key}").format(key=made["key"]))


@app.command("set")
def set_(
    key: Key, message: Text = None, language: Language = "", title: Title = None, labels: Labels = None,
    as_: As = None,
) -> None:  # fmt: skip
    """Changes a canned reply; an empty text takes a language away.

    $ pytake canned set prazo -m "Chega em {{ prazo | 3 a 5 }} dias."
    $ pytake canned set prazo --lang en -m "" --title "Prazo de entrega"
    """
    from pytake_cli.services import canned

    here = context()
    words = selectors.words_of(message)
    with here.store.write(here.org_id) as db:
        row = canned.find(db, here.org_id, key, selectors.author(db, as_))
        changed = canned.change(
            db,
            row,
            here.now,
            texts={language: words} if words is not None else None,
            title=title,
            labels=_list(labels) if labels is not None else None,
        )
        after = _row(row)
        if here.dry_run:
            db.rollback()
    emit(after, LISTED, default=SHOWN)
    changes.tell(_("the canned reply {key}").format(key=after["key"]), changed)


@app.command("delete")
def delete(key: Key, as_: As = None) -> None:
    """Deletes a canned reply.

    $ pytake canned delete prazo --yes
    """
    from pytake_cli.services import canned

    here = context()
    with here.store.read(here.org_id) as db:
        canned.find(db, here.org_id, key, selectors.author(db, as_))
    if not here.dry_run and not confirm.ordinary(_("Delete the canned reply {key}?").format(key=key)):
        say(_("nothing was changed"))
        return
    with here.store.write(here.org_id) as db:
        canned.delete(db, canned.find(db, here.org_id, key, selectors.author(db, as_)))
        if here.dry_run:
            db.rollback()
    _told(_("the canned reply {key} is deleted").format(key=key))


@app.command("preview")
def preview(
    key: Key,
    conversation: Annotated[
        str | None, typer.Option("--conversation", metavar="ID", help="Filled for whom; without it places stay open.")
    ] = None,
    as_: As = None,
) -> None:
    """Shows a canned reply filled, and which places are left to fill.

    $ pytake canned preview prazo --conversation 5008
    $ pytake canned preview prazo --json  # {"text": …, "stops": [{"start": 20, "end": 25, "name": "prazo", …}]}
    """
    from pytake_cli.services import canned, conversations

    here = context()
    with here.store.read(here.org_id) as db:
        user = selectors.author(db, as_)
        row = canned.find(db, here.org_id, key, user)
        talk = conversations.get(db, conversation) if conversation is not None else None
        filled = canned.filled(row, canned.scope(db, here.org, user, here.now, talk))
    stops = [{name: getattr(stop, name) for name in ("start", "end", "name", "default")} for stop in filled.stops]
    if here.output.form in ("json", "jsonl"):
        emit({"key": row.key, "text": filled.text, "stops": stops}, PREVIEW)
        return
    data(filled.text)
    if stops:
        say(_("to fill: {places}").format(places=", ".join(stop["name"] for stop in stops)))


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="YAML or JSON; - reads stdin.")],
    own: Own = False,
    as_: As = None,
) -> None:
    """Takes canned replies from a file: new ones are made, known ones changed, others stay.

    $ pytake canned import respostas.yaml --dry-run
    $ pytake canned export | pytake -o filial canned import -
    """
    from pytake_cli.errors import NotFound
    from pytake_cli.services import canned_files

    here = context()
    if file == "-":
        source: str | bytes = selectors.stdin_text(_("replies"))
    else:
        try:
            source = Path(file).read_bytes()
        except OSError as error:
            raise NotFound(
                "PT-CANNED-FILE", "{file} cannot be read: {reason}", fix="pytake canned export FILE",
                file=file, reason=error.strerror or str(error),
            ) from None  # fmt: skip
    entries = canned_files.read(source, file)
    with here.store.write(here.org_id) as db:
        made = canned_files.take_in(db, here.org_id, entries, here.now, _owner(db, own, as_))
        if here.dry_run:
            db.rollback()
    emit({name: getattr(made, name) for name in ("new", "changed", "same")}, ("new", "changed", "same"))
    counts = [number(len(each)) for each in (made.new, made.changed, made.same)]
    _told(
        _("{new} new, {changed} changed, {same} as they were").format(new=counts[0], changed=counts[1], same=counts[2])
    )


@app.command("export")
def export(
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="Where to; by default stdout.")] = "-",
    own: Own = False,
    as_: As = None,
) -> None:
    """Writes canned replies as a file that `import` takes: the shared ones, or with --own one's own.

    $ pytake canned export respostas.yaml
    """
    from pytake_cli.services import canned_files
    from pytake_cli.store import canned

    here = context()
    with here.store.read(here.org_id) as db:
        owner = _owner(db, own, as_)
        wanted = owner.id if owner else canned.SHARED
        rows = [row for row in canned.seen_by(db, here.org_id, wanted) if row.owner_id == wanted]
    text = canned_files.yaml_text(rows)
    if file == "-":
        sys.stdout.write(text)
        return
    if not here.dry_run:
        Path(file).write_text(text, encoding="utf-8")
    _told(_("{count} canned replies in {file}").format(count=number(len(rows)), file=file))


def _row(row: Canned) -> dict[str, Any]:
    text = " ".join(next(iter(row.texts.values()), "").split())
    return {**row.model_dump(), "own": bool(row.owner_id), "text": text if len(text) <= 60 else f"{text[:59]}…"}


def _owner(db: Session, own: bool, as_: str | None) -> User | None:
    return selectors.user(db, selectors.ME, as_) if own else None


def _list(words: str | None) -> list[str]:
    return [word for word in (words or "").split(",") if word.strip()]


def _told(what: str) -> None:
    say(_("would be: {what}").format(what=what)) if context().dry_run else done(what)
