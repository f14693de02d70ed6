"""People with passwords, for tests of logins; argon2id, which takes a fifth of bcrypt's time."""

from __future__ import annotations

from pytake_cli import settings
from pytake_cli.services import accounts, passwords
from pytake_cli.store import Store
from pytake_cli.store.logins import Credential
from pytake_cli.store.users import User
from tests.kit.stores import NOW

GOOD = "tres gatos no telhado"


def person(store: Store, org_id: int, email: str = "ana@loja.com", role: str = "AGENT", password: str = GOOD) -> User:
    """Somebody of that organisation who can log in with that password."""
    settings.load({"auth.password_scheme": "argon2id"})
    hashed = passwords.hashed(password)
    with store.write(org_id) as db:
        user = accounts.invite(db, org_id=org_id, email=email, now=NOW, role=role)
        db.add(Credential(user_id=user.id or 0, org_id=org_id, password=hashed))
    return user
