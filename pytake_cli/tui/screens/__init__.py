"""The table of screens: which digit opens which, and where it lives; imported when first opened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A screen of the top bar; `title` and `short` are English and pass _()."""

    slug: str
    key: str
    title: str
    short: str
    place: str  # module:class of a Place
    help: str
    needs: str | None = None
    cli: str = ""


SCREENS: tuple[Entry, ...] = (
    Entry("inbox", "1", "Inbox", "Inbox", "pytake_cli.tui.screens.inbox:InboxScreen", "Conversations.",
          cli="pytake conversation list"),
    Entry("campaigns", "2", "Campaigns", "Camp", "pytake_cli.tui.screens.campaigns:CampaignsScreen",
          "How campaigns go, why messages fail, who answered.", "campaigns:read", cli="pytake campaign list"),
    Entry("contacts", "3", "Contacts", "Cont", "pytake_cli.tui.screens.contacts:ContactsScreen",
          "People, their cards, segments.", "contacts:read", cli="pytake contact list"),
    Entry("flows", "4", "Flows", "Flows", "pytake_cli.tui.screens.flows:FlowsScreen",
          "The steps of a flow, its problems, a simulator.", "flows:read", cli="pytake flow list"),
    Entry("metrics", "5", "Metrics", "Metr", "pytake_cli.tui.screens.metrics:MetricsScreen",
          "How the service does.", "analytics:read", cli="pytake analytics show"),
    Entry("templates", "6", "Templates", "Tmpl", "pytake_cli.tui.screens.templates:TemplatesScreen",
          "What may be sent outside the window.", "templates:read", cli="pytake template list"),
    Entry("ops", "7", "Operation", "Ops", "pytake_cli.tui.screens.ops:OpsScreen",
          "Queues, webhooks, errors, who is here.", "ops:read", cli="pytake status"),
)  # fmt: skip
