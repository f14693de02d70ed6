"""What must hold in every store at every commit; `pytake db check` and the tests count what breaks it."""

# ruff: noqa: S608 - every query is made of literals of this package

from __future__ import annotations

from dataclasses import dataclass

from pytake_cli.store.messages import RANK


@dataclass(frozen=True, slots=True)
class Invariant:
    """`broken` counts the rows that break it; `meaning` says in words what they are."""

    name: str
    meaning: str
    broken: str


_RANKS = " ".join(f"WHEN '{status}' THEN {rank}" for status, rank in RANK.items())
_WITH_CONTACT = (
    *("identity", "conversation", "message", "consent", "service_window", "flow_session", "contact_tag"),
    *("contact_change", "contact_note"),
)


def _newest(purpose: str, granted: bool) -> str:
    """When the newest line of a contact's ledger was written if it says so."""
    return f"""(SELECT CASE WHEN l.granted = {granted} THEN l.at END FROM consent AS l
      WHERE l.contact_id = c.id AND l.purpose = '{purpose}' ORDER BY l.at DESC, l.id DESC LIMIT 1)"""


INVARIANTS = (
    Invariant(
        "status and rank",
        "messages whose rank is not that of their status",
        f"SELECT count(*) FROM message WHERE rank <> CASE status {_RANKS} ELSE 0 END",
    ),
    Invariant(
        "direction and status",
        "incoming messages with a status of outgoing ones, or the other way round",
        "SELECT count(*) FROM message WHERE (direction = 'in') <> (status = 'received')",
    ),
    Invariant(
        "claims",
        "messages with an owner that are not being sent",
        "SELECT count(*) FROM message WHERE claim IS NOT NULL AND status <> 'sending'",
    ),
    Invariant(
        "one conversation",
        "contacts with several unresolved conversations on a number",
        """SELECT count(*) FROM (SELECT 1 FROM conversation WHERE status <> 'resolved'
           GROUP BY number_id, contact_id HAVING count(*) > 1) AS doubled""",
    ),
    Invariant(
        "message and conversation",
        "messages in a conversation of another contact, number or organisation",
        """SELECT count(*) FROM message AS m JOIN conversation AS c ON c.id = m.conversation_id
           WHERE c.contact_id <> m.contact_id OR c.number_id <> m.number_id OR c.org_id <> m.org_id""",
    ),
    *(
        Invariant(
            f"organisation of {table}",
            f"rows of {table} that belong to a contact of another organisation",
            f"SELECT count(*) FROM {table} AS t JOIN contact AS c ON c.id = t.contact_id WHERE c.org_id <> t.org_id",
        )
        for table in _WITH_CONTACT
    ),
    *(
        Invariant(
            f"merged contacts and {table}",
            f"rows of {table} that still belong to a contact which was merged into another",
            f"""SELECT count(*) FROM {table} AS t JOIN contact AS c ON c.id = t.contact_id
                WHERE c.merged_into_id IS NOT NULL""",
        )
        for table in _WITH_CONTACT
    ),
    Invariant(
        "one session",
        "conversations with several open sessions",
        """SELECT count(*) FROM (SELECT 1 FROM flow_session WHERE status <> 'ended'
           GROUP BY conversation_id HAVING count(*) > 1) AS doubled""",
    ),
    Invariant(
        "session and conversation",
        "sessions of another contact, number or organisation than their conversation",
        """SELECT count(*) FROM flow_session AS s JOIN conversation AS c ON c.id = s.conversation_id
           WHERE c.contact_id <> s.contact_id OR c.number_id <> s.number_id OR c.org_id <> s.org_id""",
    ),
    Invariant(
        "bot or people",
        "sessions that act in a conversation which people own or which is resolved",
        """SELECT count(*) FROM flow_session AS s JOIN conversation AS c ON c.id = s.conversation_id
           WHERE s.status <> 'ended' AND s.wait_kind <> 'person'
             AND (c.owner = 'people' OR c.status = 'resolved')""",
    ),
    Invariant(
        "timers of the ended",
        "timers that would fire for a session which has ended",
        """SELECT count(*) FROM timer AS t JOIN flow_session AS s ON s.id = t.session_id
           WHERE s.status = 'ended' AND t.fired_at IS NULL AND t.cancelled_at IS NULL""",
    ),
    Invariant(
        "consent",
        "contacts whose columns say otherwise than the newest lines of their consent ledger",
        f"""SELECT count(*) FROM contact AS c WHERE c.merged_into_id IS NULL AND (
            c.marketing_stopped_at IS DISTINCT FROM {_newest("marketing", False)}
            OR c.marketing_granted_at IS DISTINCT FROM {_newest("marketing", True)}
            OR c.utility_stopped_at IS DISTINCT FROM {_newest("utility", False)}
            OR c.opted_out_at IS DISTINCT FROM {_newest("all", False)})""",
    ),
    Invariant(
        "merge chains",
        "contacts merged into one that was merged itself",
        """SELECT count(*) FROM contact AS a JOIN contact AS b ON b.id = a.merged_into_id
           WHERE b.merged_into_id IS NOT NULL""",
    ),
)
