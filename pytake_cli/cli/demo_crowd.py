"""The customers of the demo's inbox: some are there when it opens, they answer whoever answers them, and come back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from pytake_cli import clock
from pytake_cli.cli.demo_stage import Stage, fetch


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody made up: `opening` is what they have written when the inbox opens, `later` what comes if they wait."""

    phone: str
    name: str
    opening: tuple[str, ...]
    later: str = ""


CROWD = (
    Customer("+5511900000101", "Karina Silva", ("Oi! O tênis Corre 42 chegou?", "Consegue parcelar em 12x?")),
    Customer("+5511900000102", "Marina Santos", ("Vocês entregam em Osasco?",), "E aos sábados?"),
    Customer("+5511900000103", "Thiago Ribeiro", ("Segue o comprovante", "Foi no Pix agora há pouco")),
    Customer("+5511900000104", "Eduarda Alves", ("Pode trocar o tamanho? Veio 38 e eu uso 37",), "Ainda dá tempo?"),
    Customer("+5511900000105", "Bruno Oliveira", ("Quero ver a segunda via do boleto",)),
    Customer("+5511900000106", "Wesley Pereira", ("Boa tarde", "Meu pedido #8812 está parado desde terça")),
    Customer("+5511900000107", "Zeca Rocha", ("Cadê meu reembolso?",), "Estou esperando há uma semana 😕"),
    Customer("+5511900000108", "Caio Melo", ("Tem loja física em Campinas?",)),
    Customer("+5511900000109", "Ana Beatriz Melo", ("Oii, tudo bem? 💙", "Amei a bolsa verde, tem ainda?")),
    Customer("+5511900000110", "Gabriela Dias", ("Recebi o produto errado",), "Mandei foto no e-mail também"),
    Customer("+5511900000111", "Heitor Lima", ("Qual o prazo para Manaus?",)),
    Customer("+5511900000112", "Isabela Rocha", ("Vocês fazem embrulho para presente?",)),
    Customer("+5511900000113", "João Alves", ("O cupom SUL10 não funciona",), "Aparece «expirado»"),
    Customer("+5511900000114", "Otávio Dias", ("Obrigado, chegou certinho! ⭐⭐⭐⭐⭐",)),
    Customer("+5511900000115", "Úrsula Barbosa", ("Posso retirar na loja hoje?",)),
    Customer("+5511900000116", "Lívia Campos", ("Quanto fica o frete para 50710-000?",), "Recife"),
    Customer("+5511900000117", "Renato Nunes", ("Preciso da nota fiscal com CNPJ",)),
    Customer("+5511900000118", "Emily Clark", ("Hi! Do you ship to Lisbon?",), "It is a gift for my sister"),
    Customer("+5511900000119", "Sofía Herrera", ("Hola, ¿aceptan tarjeta extranjera?",)),
    Customer("+5511900000120", "Paulo Sérgio", ("Cancelar pedido, por favor",), "Comprei duas vezes sem querer"),
    Customer("+5511900000121", "Dona Célia", ("Boa tarde minha filha", "como faço pra pagar no pix")),
    Customer("+5511900000122", "Yasmin Costa", ("A alça da mochila soltou 😞",)),
    Customer("+5511900000123", "Igor Freitas", ("Tem no 44?",), "Pode ser o preto"),
    Customer("+5511900000124", "Nina Prado", ("Oi, sou revendedora. Com quem eu falo?",)),
    Customer("+5511900000125", "Paula Reis", ("presente",)),  # a flow's word: its bot has the conversation
)
ANSWERS = (
    "Perfeito, obrigada!",
    "Ah, entendi. E quanto tempo demora?",
    "Show! Vou aguardar então 👍",
    "Pode ser amanhã de manhã?",
    "Maravilha, muito obrigado pela atenção",
    "Só mais uma dúvida: tem desconto à vista?",
    "Certo. Te mando o comprovante já já",
)
MINE, COLLEAGUES = 6, 3  # conversations that are somebody's when the inbox opens
ANSWER_SECONDS = (4.0, 9.0)
NEWS_SECONDS = (9.0, 18.0)  # between messages that nobody asked for
LOOK_SECONDS = 0.5
WAIT_SECONDS = 8.0  # for the openings to be stored


@dataclass
class Crowd:
    """Everybody who writes while the inbox is open. `size`: how many of them there are."""

    stage: Stage
    random: Random
    size: int = len(CROWD)
    _heard: set[str] = field(default_factory=set)  # wamids of the shop's that were answered, or not worth it
    _due: list[tuple[float, str]] = field(default_factory=list)  # (when, phone) of answers to come
    _waiting: list[Customer] = field(default_factory=list)

    def arrive(self) -> None:
        """The openings; then a few conversations are given to the people of the shop, and Meta's templates are here."""
        people = CROWD[: self.size]
        for customer in people:
            for text in customer.opening:
                self.stage.say(customer.phone, text=text, name=customer.name)
        self._waiting = [customer for customer in people if customer.later]
        self._until_stored(len(people))
        self._share_out()
        self._pull_templates()

    def _until_stored(self, people: int) -> None:
        from sqlmodel import func, select

        from pytake_cli.store.conversations import Conversation

        ends = clock.monotonic() + WAIT_SECONDS
        while clock.monotonic() < ends:
            with self.stage.store.read(self.stage.org_id) as db:
                if db.exec(select(func.count()).select_from(Conversation)).one() >= people:
                    return
            threading.Event().wait(0.05)

    def _share_out(self) -> None:
        from sqlmodel import col, select

        from pytake_cli.services import conversations
        from pytake_cli.store.conversations import QUEUED, Conversation
        from pytake_cli.store.users import User

        with self.stage.store.write(self.stage.org_id) as db:
            rita, bia = (db.exec(select(User).where(User.name == name)).one() for name in ("Rita", "Bia"))
            query = select(Conversation).where(Conversation.status == QUEUED).order_by(col(Conversation.id))
            for place, conversation in enumerate(db.exec(query.limit(MINE + COLLEAGUES)).all()):
                whose = rita if place < MINE else bia
                conversations.assign(db, conversation, whose, by=rita, now=clock.now())

    def _pull_templates(self) -> None:
        from pytake_cli.cli import template_words
        from pytake_cli.services import template_sync
        from pytake_cli.store.numbers import Number

        with self.stage.store.read(self.stage.org_id) as db:
            number = db.get_one(Number, self.stage.number_id)
        found = template_words.at_meta(number, quiet=True)
        with self.stage.store.write(self.stage.org_id) as db:
            template_sync.take_in(db, self.stage.org_id, number.waba_id, found, clock.now())

    @contextmanager
    def writing(self) -> Iterator[None]:
        """They come, and write in the background meanwhile."""
        over = threading.Event()
        thread = threading.Thread(target=self._run, args=(over,), name="crowd", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(5)

    def _run(self, over: threading.Event) -> None:
        try:
            self.arrive()
        except OSError:
            return  # the inbox was left before
        news = clock.monotonic() + self.random.uniform(*NEWS_SECONDS)
        while not over.wait(LOOK_SECONDS):
            now = clock.monotonic()
            try:
                self._listen(now)
                self._answer(now)
                if now >= news:
                    news = now + self.random.uniform(*NEWS_SECONDS)
                    self._somebody_writes()
            except OSError:
                return  # the emulator is gone, and so is the demo

    def _listen(self, now: float) -> None:
        """Whoever was written to by a person of the shop will answer in a moment."""
        own = {customer.phone.lstrip("+") for customer in CROWD[: self.size - 1]}  # the last one talks to a bot
        for sent in fetch(f"{self.stage.emulator_url}/_emulator/ledger?limit=50")["messages"]:
            if sent["wamid"] in self._heard:
                continue
            self._heard.add(sent["wamid"])
            if sent["to"] in own and sent["type"] in ("text", "template", "image", "document"):
                self._due.append((now + self.random.uniform(*ANSWER_SECONDS), f"+{sent['to']}"))

    def _answer(self, now: float) -> None:
        ripe = [one for one in self._due if one[0] <= now]
        self._due = [one for one in self._due if one[0] > now]
        for _when, phone in ripe:
            self.stage.say(phone, text=self.random.choice(ANSWERS))

    def _somebody_writes(self) -> None:
        if self._waiting:
            customer = self._waiting.pop(self.random.randrange(len(self._waiting)))
            self.stage.say(customer.phone, text=customer.later)
