"""Who may hear what: every kind of event has a permission, and topics come to what one may hear."""

from __future__ import annotations

import pytest

from pytake_cli.policy.live import EPHEMERAL, NEEDED, OWN, NotAllowed, UnknownTopic, interest
from pytake_cli.policy.permissions import PERMISSIONS, ROLES, allows
from pytake_cli.store.events import KINDS


def test_every_kind_of_event_has_a_permission_that_exists() -> None:
    assert set(NEEDED) == {*KINDS, *EPHEMERAL}
    assert set(NEEDED.values()) - {OWN} <= set(PERMISSIONS)


@pytest.mark.parametrize("role", ROLES)
def test_everything_is_all_that_the_role_may_hear(role: str) -> None:
    heard = interest(["*"], lambda permission: allows(ROLES[role], permission)).kinds
    assert heard == {kind for kind, needed in NEEDED.items() if needed == OWN or allows(ROLES[role], needed)}
    assert "message:new" in heard
    assert ("campaign:progress" in heard) == (role in ("SUPER_ADMIN", "ORG_ADMIN"))


def test_topics_narrow_what_is_heard() -> None:
    def agent(permission: str) -> bool:
        return allows(ROLES["AGENT"], permission)

    assert interest(["message:*", "note:new"], agent).kinds == {"message:new", "message:status", "note:new"}
    one = interest(["conversation:5008"], agent)
    assert one.wants("message:new", 5008)
    assert not one.wants("message:new", 5009)
    assert one.wants("message:status", None)
    assert not one.wants("flow:published", None)
    with pytest.raises(NotAllowed, match="campaigns:read"):
        interest(["campaign:progress"], agent)
    for wrong in ("", "message", "conversation:", "conversation:x", "conversation:0", "conversation:" + "9" * 30):
        with pytest.raises(UnknownTopic):
            interest([wrong], agent)
    with pytest.raises(NotAllowed):
        interest(["conversation:1"], lambda permission: False)
