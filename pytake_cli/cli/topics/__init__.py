"""Help topics: what there is, and their texts in both languages."""

from __future__ import annotations

import os

from pytake_cli.locale import language

TOPICS: dict[str, str] = {
    "getting-started": "From nothing to the first answered message.",
    "accessibility": "Screen readers, colours, slow lines.",
    "auth": "Tokens of Meta, webhooks, and who may do what.",
    "automations": "Automation files: when, if, then, delays, what calls them off.",
    "campaigns": "Campaign files: who, what, when, at what price.",
    "config": "Settings: files, variables, precedence, profiles.",
    "environment": "Every variable that PyTake reads.",
    "errors": "How errors are told, and where reports are.",
    "exit-codes": "What the exit code of a command means.",
    "flags": "The flags that every command has.",
    "flows": "Flow files: verbs, expressions, triggers, tests, what customers may do.",
    "formatting": "Tables, TSV, CSV, JSON, --fields, --format, --jq.",
    "privacy": "What is stored, what is sent, what is logged.",
    "recurrence": "When schedules and campaigns come again: rules, limits, exceptions.",
    "scripting": "PyTake in scripts and cron jobs.",
    "secrets": "Where secrets are kept and how they get there.",
    "segments": "The segment language: fields, comparisons, times.",
    "templates": "Template files: parts, buttons, values, categories and prices.",
    "times": "How to write moments and lengths of time.",
    "windows": "The 24-hour window, and PyTake on Windows.",
}


def text_of(name: str) -> str:
    """The text of a topic in the language of this process."""
    if name == "flags":
        from pytake_cli.cli.surface_text import global_flags

        return global_flags()
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), language(), f"{name}.txt")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if name == "environment":
        text += _variables()
    if name == "flows":
        from pytake_cli.cli.topics.flows import reference

        text += reference()
    return text


def _variables() -> str:
    from pytake_cli.cli.surface_text import variables

    return variables()
