"""Slugs about what saves agents work: canned replies, macros, automations."""

from __future__ import annotations

SLUGS: dict[str, str] = {
    "PT-CANNED": "there is no canned reply of that key",
    "PT-CANNED-EXISTS": "there is a canned reply of that key already",
    "PT-CANNED-FILE": "a file of canned replies cannot be read",
    "PT-CANNED-KEY": "the key of a canned reply is small letters, digits, - and _",
    "PT-CANNED-TEXT": "the text of a canned reply is empty, too long, or reads what there is not",
}
