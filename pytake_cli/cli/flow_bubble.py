"""What a bot says as bubbles in a terminal: words in a box, options numbered below, so that they can be answered."""

from __future__ import annotations

from pytake_cli.cli.folding import columns, cut, fold
from pytake_cli.cli.output import paint
from pytake_cli.flow.speech import Say, SayForm, SayTemplate, Speech
from pytake_cli.flow.testing import screen
from pytake_cli.locale import _, own
from pytake_cli.text import clean

WIDEST = 60  # columns of words


def bot(speech: Speech, *, width: int, color: bool) -> str:
    """The message in a box, and what can be tapped."""
    inner = max(min(WIDEST, width - 4), 16)
    lines = [part for line in clean(_text(speech)).split("\n") for part in _rows(line, inner)]
    shown = [_box(lines, inner), *_options(speech, inner, color)]
    return "\n".join(line.rstrip() for line in shown) + "\n"


def _text(speech: Speech) -> str:
    text = screen.words(speech)
    match speech:
        case SayTemplate():
            return f"{text}\n({_('template')} {speech.name}, {speech.language})"
        case SayForm():
            return f"{text}\n[{speech.button}] ({_('form')} {speech.flow_id})"
        case Say() if speech.asks_location:
            return f"{text}\n[{_('send location')}]"
    return text


def _rows(line: str, width: int) -> list[str]:
    """Lines of the width; a word that is longer is broken."""
    rows = []
    for row in fold(line, width).split("\n"):
        while columns(row) > width:
            head = cut(row, width + 1).removesuffix(own("…"))
            rows.append(head)
            row = row[len(head) :]
        rows.append(row)
    return rows


def _box(lines: list[str], inner: int) -> str:
    wide = max([columns(line) for line in lines] or [1])
    corners = own("╭╮╰╯─│")
    rows = [f"{corners[5]} {line}{' ' * (wide - columns(line))} {corners[5]}" for line in lines]
    bar = corners[4] * (wide + 2)
    return "\n".join([f"{corners[0]}{bar}{corners[1]}", *rows, f"{corners[2]}{bar}{corners[3]}"])


def _options(speech: Speech, inner: int, color: bool) -> list[str]:
    found = []
    if isinstance(speech, Say) and speech.rows:
        found.append(f"  {own('≡')} {clean(speech.button, newlines=False)}")
    for number, option in enumerate(screen.options(speech), 1):
        title = clean(option.title, newlines=False)
        about = clean(option.description, newlines=False)
        line = f"  {paint(f'{number:>2}', 'id', color)}  {title}"
        found.append(f"{line}  {paint(cut(about, max(inner - columns(title), 8)), 'dim', color)}" if about else line)
    return found


def customer(text: str, *, width: int, color: bool) -> str:
    """What the customer did, on the right."""
    rows = _rows(clean(text).replace("\n", " "), max(min(WIDEST, width - 8), 16))
    return "".join(f"{paint((own('› ') + row).rjust(min(width, WIDEST + 8)), 'id', color)}\n" for row in rows)
