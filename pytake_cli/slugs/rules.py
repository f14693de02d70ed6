"""Slugs about what saves agents work: canned replies, macros, automations."""

from __future__ import annotations

SLUGS: dict[str, str] = {
    "PT-ACT-EMPTY": "a step of a macro or an automation would send an empty message",
    "PT-AUTO": "there is no automation of that name",
    "PT-AUTO-FAILED": "an automation failed in a way that nobody foresaw; what it began was undone",
    "PT-AUTO-FILE": "an automation file is wrong; each mistake is told with its line and column",
    "PT-AUTO-LOOP": "automations, or a bot on the other side, set off one another without end: they were stopped",
    "PT-AUTO-NONE": "there is no such automation file",
    "PT-AUTO-WEBHOOK": "an address that an automation calls did not take what it was told",
    "PT-CANNED": "there is no canned reply of that key",
    "PT-CANNED-EXISTS": "there is a canned reply of that key already",
    "PT-CANNED-FILE": "a file of canned replies cannot be read",
    "PT-CANNED-KEY": "the key of a canned reply is small letters, digits, - and _",
    "PT-CANNED-TEXT": "the text of a canned reply is empty, too long, or reads what there is not",
    "PT-MACRO": "there is no macro of that name",
    "PT-MACRO-EXISTS": "there is a macro of that name already",
    "PT-MACRO-NAME": "the name of a macro is small letters, digits, - and _",
    "PT-MACRO-STEPS": "the steps of a macro are wrong; each mistake is told with its line and column",
}
