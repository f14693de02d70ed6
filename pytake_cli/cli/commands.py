"""The one table of nouns: where each lives, and how `pytake help` groups them."""

from __future__ import annotations

# noun -> (module, attribute): a typer.Typer whose commands are the verbs, or a function that is the command
COMMANDS: dict[str, tuple[str, str]] = {
    "analytics": ("pytake_cli.cli.analytics", "app"),
    "audit": ("pytake_cli.cli.audit", "app"),
    "auth": ("pytake_cli.cli.auth", "app"),
    "automation": ("pytake_cli.cli.automation", "app"),
    "billing": ("pytake_cli.cli.billing", "app"),
    "campaign": ("pytake_cli.cli.campaign", "app"),
    "canned": ("pytake_cli.cli.canned", "app"),
    "chat": ("pytake_cli.cli.chat", "chat"),
    "commands": ("pytake_cli.cli.commands_list", "commands"),
    "completion": ("pytake_cli.cli.completion", "completion"),
    "config": ("pytake_cli.cli.config", "app"),
    "contact": ("pytake_cli.cli.contact", "app"),
    "conversation": ("pytake_cli.cli.conversation", "app"),
    "db": ("pytake_cli.cli.db", "app"),
    "demo": ("pytake_cli.cli.demo", "demo"),
    "doctor": ("pytake_cli.cli.doctor", "doctor"),
    "emulator": ("pytake_cli.cli.emulator", "app"),
    "errors": ("pytake_cli.cli.errors", "errors"),
    "field": ("pytake_cli.cli.field", "app"),
    "flow": ("pytake_cli.cli.flow", "app"),
    "help": ("pytake_cli.cli.help", "help_"),
    "inbox": ("pytake_cli.cli.inbox", "inbox"),
    "init": ("pytake_cli.cli.init", "init"),
    "label": ("pytake_cli.cli.label", "app"),
    "listen": ("pytake_cli.cli.listen", "listen"),
    "logs": ("pytake_cli.cli.logs", "app"),
    "macro": ("pytake_cli.cli.macro", "app"),
    "media": ("pytake_cli.cli.media", "app"),
    "message": ("pytake_cli.cli.message", "app"),
    "number": ("pytake_cli.cli.number", "app"),
    "org": ("pytake_cli.cli.org", "app"),
    "privacy": ("pytake_cli.cli.privacy", "app"),
    "queue": ("pytake_cli.cli.queue", "app"),
    "role": ("pytake_cli.cli.role", "app"),
    "schedule": ("pytake_cli.cli.schedule", "app"),
    "secret": ("pytake_cli.cli.secret", "app"),
    "segment": ("pytake_cli.cli.segment", "app"),
    "serve": ("pytake_cli.cli.serve", "serve"),
    "sla": ("pytake_cli.cli.sla", "app"),
    "status": ("pytake_cli.cli.status", "status"),
    "team": ("pytake_cli.cli.team", "app"),
    "template": ("pytake_cli.cli.template", "app"),
    "trace": ("pytake_cli.cli.trace", "trace"),
    "trigger": ("pytake_cli.cli.trigger", "trigger"),
    "user": ("pytake_cli.cli.user", "app"),
    "view": ("pytake_cli.cli.view", "app"),
    "webhook": ("pytake_cli.cli.webhook", "app"),
}

# Headings of `pytake help`, in reading order; a noun that is in none of them comes last.
GROUPS: dict[str, tuple[str, ...]] = {
    "Getting started": ("init", "demo", "doctor", "status", "help", "errors"),
    "Work": (
        "conversation",
        "message",
        "contact",
        "segment",
        "field",
        "media",
        "label",
        "view",
        "canned",
        "chat",
        "inbox",
        "macro",
    ),
    "Flows and automations": ("flow", "automation"),
    "Templates and campaigns": ("template", "campaign", "schedule", "billing"),
    "Channels and connections": ("number", "webhook"),
    "People and access": ("org", "user", "role", "auth", "audit", "team", "privacy"),
    "Insight": ("analytics", "sla"),
    "Running it": ("serve", "db", "queue", "config", "secret", "completion"),
    "Developer tools": ("emulator", "listen", "trigger", "trace", "logs", "commands"),
}

# What `pytake --help` shows below "Getting started".
COMMONEST = (
    "conversation list",
    "conversation show",
    "conversation assign",
    "conversation resolve",
    "inbox",
    "message send",
    "message list",
    "contact list",
    "contact show",
    "number add",
    "serve",
    "emulator start",
    "trace",
)


def singular(noun: str) -> str | None:
    """The noun that a word names: itself, or its plural; None if there is none."""
    if noun in COMMANDS:
        return noun
    if noun.endswith("s") and noun[:-1] in COMMANDS:
        return noun[:-1]
    if noun.endswith("ies") and f"{noun[:-3]}y" in COMMANDS:
        return f"{noun[:-3]}y"
    return None
