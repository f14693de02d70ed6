"""The story of `pytake demo`: customers write, the shop answers, statuses tick; scenes in the order of one table."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytake_cli import clock
from pytake_cli.cli.demo_stage import Stage
from pytake_cli.errors import DaemonDown, LimitReached
from pytake_cli.locale import _, own
from pytake_cli.text import clean

if TYPE_CHECKING:
    from pytake_cli.services.following import Happening
    from pytake_cli.store.messages import Message
    from pytake_cli.store.users import User
    from pytake_cli.whatsapp.messages import Outgoing

KARINA, JOAO, EMILY, ANTONIO = "+5511968184101", "+5521987650002", "+15550100003", "+5531955550004"
LUNA = "+5541955550005"  # the emulator's own; the shop only ever sees her user id
PAULA = "+5521955550006"
FLOW = """\
name: presente
language: pt-BR
triggers:
  - keyword: presente
vars:
  quem: {type: text}
  ideia: {type: text}
start: quem
on_error: pessoa
steps:
  quem:
    ask: Oi, {{ contact.first_name | default("tudo bem") }}! O presente é para quem?
    choices: {mae: Mãe, amigo: Amigo, bebe: Bebê}
    save: quem
    on_invalid: pessoa
    next: ideia
  ideia:
    ask: Que tal uma destas ideias?
    button: Ver ideias
    choices:
      vaso: {title: Vaso azul, description: Cerâmica feita à mão}
      cha: {title: Kit de chás, description: Seis sabores}
      vela: {title: Vela de lavanda, description: 40 horas}
    save: ideia
    on_invalid: pessoa
    next: pessoa
  pessoa:
    handoff: {note: "{{ vars.ideia }} para {{ vars.quem }}"}
    text: Ótima escolha! A Rita já vem combinar a entrega.
"""
SHOP = {"flow": FLOW, "shop": "Loja Sul", "acknowledgement": "Oi! Recebemos sua mensagem e já vamos te responder. 💙"}
TICKS = {"queued": "◷", "sending": "◷", "sent": "✓", "delivered": "✓✓", "read": "✓✓", "failed": "✗"}
LONGEST_WAIT = 6.0  # seconds for anything that is awaited
POLL_SECONDS = 0.03


@dataclass
class Teller:
    """Tells what happens, as it happens; `write` gets the lines, `lines` keeps them for --json."""

    stage: Stage
    write: Callable[[str], None]
    began: float
    lines: list[str] = field(default_factory=list)
    told: dict[int, set[str]] = field(default_factory=dict)  # message id -> statuses told
    cursor: Any = None

    def tell(self, line: str) -> None:
        """One line, with the seconds since the beginning."""
        stamped = f"{time.monotonic() - self.began:4.1f} s  {clean(line)}".rstrip()
        self.lines.append(stamped)
        self.write(stamped)

    def watch(self, until: Callable[[], bool]) -> None:
        """Tells everything new until that is so."""
        ends = time.monotonic() + LONGEST_WAIT
        while True:
            enough = until()  # looked at first, so that what made it so is told as well
            self._look()
            if enough:
                return
            if time.monotonic() > ends or self.stage.dead():
                raise DaemonDown(
                    "PT-DEMO-STUCK",
                    "the demo waits for something that does not happen",
                    why="the daemon's and the emulator's words are in {folder}",
                    fix="pytake demo --keep",
                    folder=str(self.stage.folder),
                )
            time.sleep(POLL_SECONDS)

    def _look(self) -> None:
        from pytake_cli.services import following

        with self.stage.store.read(self.stage.org_id) as db:
            happenings, _bodies, self.cursor = following.since(db, self.cursor or following.Cursor())
        for one in happenings:
            line = self._line(one)
            if line:
                self.tell(line)

    def _line(self, one: Happening) -> str:
        if one.name == "message:new":
            side = own("←") if one.data.get("direction") == "out" else own("→")
            return f"{side}  {clean(one.subject, limit=16).ljust(16)}  {one.text}"
        if one.name == "message:status":
            told = [self._status(message, status) for message, status in one.data.get("statuses", [])]
            return "  ".join(filter(None, told))
        return ""

    def _status(self, message: int, status: str) -> str:
        known = self.told.setdefault(message, set())
        if status in known or status not in TICKS:
            return ""
        known.add(status)
        return f"   {_('message {id}').format(id=message)}  {own(TICKS[status])} {_(status)}"


@dataclass
class Scene:
    """What the scenes work with."""

    stage: Stage
    teller: Teller
    agent: User
    traced: int = 0  # the message whose trace ends the story

    def arrives(self, who: str, **words: Any) -> None:
        """A customer writes; the scene goes on when it is stored and answered."""
        wamid = self.stage.say(who, **words)["wamid"]
        self.teller.watch(lambda: self._is_answered(wamid))

    def talks(self, who: str, says: int, **words: Any) -> None:
        """A customer writes to the flow; the scene goes on when it has said so many things more."""
        told = self._said() + says
        self.arrives(who, **words)
        self.teller.watch(lambda: self._said() >= told)

    def _said(self) -> int:
        """What the bot has said by itself and Meta has taken."""
        from sqlmodel import col, select

        from pytake_cli.store.messages import Message

        with self.stage.store.read(self.stage.org_id) as db:
            query = select(Message.id).where(Message.origin == "bot", col(Message.wamid).is_not(None))
            return len(db.exec(query).all())

    def _is_answered(self, wamid: str) -> bool:
        """Stored, and nothing of ours to that person is still on its way."""
        from sqlmodel import col, select

        from pytake_cli.store.messages import Message

        with self.stage.store.read(self.stage.org_id) as db:
            came = db.exec(select(Message).where(Message.wamid == wamid)).first()
            if came is None:
                return False
            waiting = select(Message.id).where(
                Message.contact_id == came.contact_id, col(Message.status).in_(["queued", "sending"])
            )
            return db.exec(waiting).first() is None

    def reply(self, who: str, outgoing: Outgoing, *, wait: str = "delivered") -> Message:
        """The agent answers; the scene goes on when the message got so far."""
        from pytake_cli.services import contacts, conversations, outbound
        from pytake_cli.store.messages import RANK, Message
        from pytake_cli.store.numbers import Number

        now = clock.now()
        with self.stage.store.write(self.stage.org_id) as db:
            contact = contacts.lookup(db, self.stage.org_id, who)
            assert contact.id is not None
            number = db.get_one(Number, self.stage.number_id)
            message = outbound.queue(
                db,
                number=number,
                contact_id=contact.id,
                outgoing=outgoing,
                origin="agent",
                now=now,
                author_id=self.agent.id,
            )
            conversation = conversations.get(db, message.conversation_id)
            conversations.assign(db, conversation, self.agent, by=self.agent, now=now)

        def arrived() -> bool:
            with self.stage.store.read(self.stage.org_id) as db:
                return db.get_one(Message, message.id).rank >= RANK[wait]

        self.teller.watch(arrived)
        return message


def question_and_answer(scene: Scene) -> None:
    """Karina asks, the shop acknowledges at once, Rita answers."""
    from pytake_cli.whatsapp import messages

    scene.teller.tell(_("Karina writes; the shop acknowledges by itself, then Rita answers."))
    scene.arrives(KARINA, text="Oi, meu pedido chega hoje?", name="Karina Silva")
    answer = messages.text("Oi, Karina! Saiu agora, chega até as 14h. 🚚")
    scene.traced = scene.reply(KARINA, answer, wait="read").id or 0


def another_language(scene: Scene) -> None:
    """Emily writes in English."""
    from pytake_cli.whatsapp import messages

    scene.teller.tell(_("Emily writes in English."))
    scene.arrives(EMILY, text="Hi! Do you ship to Lisbon?", name="Emily Clark")
    scene.reply(EMILY, messages.text("Hi Emily! Yes, in 7 to 10 days."))


def a_photograph(scene: Scene) -> None:
    """João sends a picture; the daemon fetches it from Meta and keeps it by its content."""
    from sqlmodel import select

    from pytake_cli.store.media import READY, Media

    scene.teller.tell(_("João sends a photograph; the daemon fetches the file and checks it."))
    scene.arrives(JOAO, kind="image", text="Chegou quebrado 😞", name="João Pereira")

    def fetched() -> bool:
        with scene.stage.store.read(scene.stage.org_id) as db:
            return db.exec(select(Media).where(Media.state == READY)).first() is not None

    scene.teller.watch(fetched)


def no_phone_number(scene: Scene) -> None:
    """Luna hides her number: all the shop has is a user id, and buttons work all the same."""
    from pytake_cli.whatsapp import messages

    scene.teller.tell(_("Luna hides her phone number: only a user id is known. Buttons work all the same."))
    scene.arrives(LUNA, text="vocês têm o vaso azul?", name="Luna", username="luna.mar", mode="bsuid")
    choices = [("p", "Azul P"), ("g", "Azul G")]
    scene.reply("Luna", messages.buttons("Temos! Qual tamanho?", choices, footer="Loja Sul"))
    scene.arrives(LUNA, kind="tap", choice="Azul G")


def a_flow(scene: Scene) -> None:
    """Paula's word starts a published flow: buttons, a list, and then a person, whom the bot leaves the word."""
    from pytake_cli.whatsapp import messages

    scene.teller.tell(_("Paula's word starts a flow: it asks with buttons and a list, then hands over to Rita."))
    scene.talks(PAULA, 1, text="presente", name="Paula Reis")
    scene.talks(PAULA, 1, kind="tap", choice="Mãe")
    scene.talks(PAULA, 1, kind="tap", choice="Vaso azul")
    scene.reply(PAULA, messages.text("Oi, Paula! O vaso azul chega sábado, pode ser?"))


def the_window(scene: Scene) -> None:
    """Antônio has never written: Meta would refuse free text, so PyTake does; an approved template may go."""
    from pytake_cli.services import contacts
    from pytake_cli.whatsapp import messages
    from pytake_cli.whatsapp.webhooks import Person

    scene.teller.tell(_("Antônio has not written yet: free text is refused before Meta is asked, a template may go."))
    with scene.stage.store.write(scene.stage.org_id) as db:
        contacts.resolve(db, scene.stage.org_id, "", [Person(wa_id=ANTONIO[1:], name="Antônio Lima")], clock.now())
    try:
        scene.reply(ANTONIO, messages.text("Seu Antônio, chegou o seu pedido!"))
    except LimitReached as error:
        scene.teller.tell(f"{own('✗')}  {error.slug}  {_(error.message).format(**error.values)}")
    scene.reply(ANTONIO, messages.template("hello_world", "en_US"))


# The order of the story.
SCENES: tuple[Callable[[Scene], None], ...] = (
    question_and_answer,
    another_language,
    a_photograph,
    no_phone_number,
    a_flow,
    the_window,
)


def everything_read(scene: Scene) -> Callable[[], bool]:
    """True once no message of ours waits for its next tick."""
    from sqlmodel import col, select

    from pytake_cli.store.messages import OUT, Message

    def check() -> bool:
        with scene.stage.store.read(scene.stage.org_id) as db:
            waiting = select(Message.id).where(Message.direction == OUT, col(Message.status).not_in(["read", "failed"]))
            return db.exec(waiting).first() is None

    return check
