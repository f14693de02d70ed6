"""The whole state of one emulator, and the few questions every part asks it."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any

from pytake_cli import clock
from pytake_cli.emulator import defaults
from pytake_cli.emulator.config import Config
from pytake_cli.emulator.customers import Customers
from pytake_cli.emulator.delivery import Webhooks
from pytake_cli.emulator.faults import Faults
from pytake_cli.emulator.ids import Ids
from pytake_cli.emulator.magic import Magic
from pytake_cli.emulator.media import MediaStore
from pytake_cli.emulator.numbers import Business, Number, Waba
from pytake_cli.emulator.recorder import Recorder
from pytake_cli.emulator.sent import Ledger, SentMessages
from pytake_cli.emulator.statuses import Statuses
from pytake_cli.emulator.subscriptions import Subscriptions
from pytake_cli.emulator.templates import Templates
from pytake_cli.emulator.timeline import Timeline


class World:
    """Numbers, people, messages, templates, media, webhooks and the clock they live by."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.seed = config.seed if config.seed is not None else int(clock.new_id()[:12], 16)
        self.timeline = Timeline(config.start_at)
        self.ids = Ids(self.seed)
        self.requests: deque[dict[str, Any]] = deque(maxlen=config.keep_requests)
        self.counts = {"requests": 0, "accepted": 0, "refused": 0, "said": 0}
        self.app_id = defaults.APP_ID
        self.base_url = ""  # known once the server listens
        self.revoked: set[str] = set()
        self.businesses: dict[str, Business] = {}
        self.wabas: dict[str, Waba] = {}
        self.numbers: dict[str, Number] = {}
        self.recorder = Recorder(self)
        self.webhooks = Webhooks(self)
        self.fill()

    def fill(self) -> None:
        """Puts everything but the clock, the callbacks and the id counter back to the beginning."""
        config = self.config
        self.chance = Random(f"chance:{self.seed}")
        self.businesses.clear()
        self.wabas.clear()
        self.numbers.clear()
        self.revoked.clear()
        self.customers = Customers(config, self.ids)
        self.sent = SentMessages(config.keep_messages)
        self.received: dict[str, str] = {}  # wamid of an incoming message -> wa_id
        self.ledger = Ledger(config.ledger, config.keep_ledger)
        self.media = MediaStore(self)
        self.templates = Templates(self)
        self.statuses = Statuses(self)
        self.subscriptions = Subscriptions(self)
        self.faults = Faults(self)
        self.magic = Magic()
        self.uploads: dict[str, Any] = {}
        self.flows: dict[str, dict[str, Any]] = {}
        business = self.businesses[defaults.BUSINESS_ID] = Business()
        waba = self.wabas[defaults.WABA_ID] = Waba(defaults.WABA_ID, business)
        for index in range(config.numbers):
            self.add_number(
                waba, str(int(defaults.PHONE_NUMBER_ID) + index), f"+{int(defaults.DISPLAY_NUMBER) + index}"
            )
        self.templates.seed(waba)

    def reset(self) -> None:
        """Forgets everything that happened; ids go on counting, so that none comes twice."""
        self.timeline.clear()
        self.webhooks.clear()
        self.requests.clear()
        self.counts = dict.fromkeys(self.counts, 0)
        self.fill()

    def reseed(self, seed: int) -> None:
        """Begins again as a new emulator with this seed would, ids included."""
        self.seed, self.ids = seed, Ids(seed)

    def settings_changed(self, names: set[str]) -> None:
        """Lets what was derived from settings follow them."""
        if names & {"identity", "username_at"}:
            self.customers.forget_shown()
        if "webhook_url" in names and self.config.webhook_url:
            self.subscriptions.callback_url = self.config.webhook_url
            self.webhooks.lane(self.config.webhook_url)
        if "keep_messages" in names:
            self.sent.keep = self.config.keep_messages
        self.ledger.mode, self.ledger.keep = self.config.ledger, self.config.keep_ledger

    def receiver_moved(self, url: str) -> None:
        """Webhooks of the app go to another address from now on, also those that wait."""
        lane = self.webhooks.lanes.get(self.subscriptions.callback_url or "")
        self.config.webhook_url = self.subscriptions.callback_url = url
        if lane is None:
            self.webhooks.lane(url)
        elif lane.url != url:
            self.webhooks.move(lane, url)

    def add_number(self, waba: Waba, number_id: str, display: str) -> Number:
        number = self.numbers[number_id] = Number(number_id, waba, display)
        return number

    def waba(self, waba_id: str) -> Waba:
        """The account with this id, made when there is none."""
        waba = self.wabas.get(waba_id)
        if waba is None:
            business = next(iter(self.businesses.values()))
            waba = self.wabas[waba_id] = Waba(waba_id, business, name=f"PyTake Emulator {len(self.wabas) + 1}")
        return waba

    def first_number(self) -> Number:
        return next(iter(self.numbers.values()))

    def luck(self, probability: float) -> bool:
        """True with this probability; certain cases cost no chance, so that they do not disturb the sequence."""
        if probability >= 1.0:
            return True
        return probability > 0.0 and self.chance.random() < probability

    def stamp(self, at: float) -> str:
        """A message or status timestamp as JSON, in the configured style."""
        style = self.config.timestamps
        if style == "string":
            return f'"{int(at)}"'
        return str(int(at)) if style == "number" else f'"{int(at * 1000)}"'

    def remember_received(self, wamid: str, wa_id: str) -> None:
        self.received[wamid] = wa_id
        if len(self.received) > self.config.keep_messages:
            del self.received[next(iter(self.received))]
