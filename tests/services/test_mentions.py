"""Who is named in a note: people by any of their names, teams with all their members, and nothing that looks alike."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from pytake_cli.services import conversations, mentions, teams
from pytake_cli.services.mentions import named
from pytake_cli.store import Store
from pytake_cli.store.notifications import Notification
from tests.kit import people
from tests.kit.stores import NOW, make_number, make_org

NAMES = ("ana", "ana silva", "ana.silva", "bia@loja.com", "vendas", "vendas sp", "açaí")


def test_of_two_names_the_longer_one_counts_and_words_that_only_begin_so_do_not() -> None:
    assert named("@Ana Silva e @ana, vejam", NAMES) == ["ana silva", "ana"]
    assert named("@ana.silva: e @bia@loja.com.", NAMES) == ["ana.silva", "bia@loja.com"]
    assert named("@Vendas SP! @vendas; @Açaí", NAMES) == ["vendas sp", "vendas", "açaí"]
    assert named("@anabela, x@ana, @@ana, @vendas-sul, ana, @ ana, @bia@loja.com.br", NAMES) == []


@given(
    st.lists(st.one_of(st.sampled_from([f"@{name}" for name in NAMES]), st.text(" .,;!?\n", max_size=2)), max_size=12)
)
def test_every_name_between_spaces_is_found_once_and_nothing_else(parts: list[str]) -> None:
    written = [part[1:] for part in parts if part.startswith("@")]
    assert sorted(named(" \n".join(parts), NAMES)) == sorted(set(written))


@given(st.text(max_size=60))
def test_any_text_has_only_names_that_there_are(text: str) -> None:
    assert set(named(f"@{text}", NAMES)) <= set(NAMES)


def test_a_team_is_named_and_all_its_people_hear_of_it_but_who_wrote(store: Store) -> None:
    org = make_org(store)
    other = make_org(store, "outra")
    ana, bia, caio = (people.user(store, org, f"{name}@loja.com", name) for name in ("ana", "bia", "caio"))
    talk = people.wrote(store, make_number(store, org), "oi")
    theirs = people.user(store, other, "x@y.com", "x")
    with store.write() as db:
        teams.add(db, teams.create(db, other, "vendas", NOW), theirs, NOW)
    with store.write(org) as db:
        team = teams.create(db, org, "vendas", NOW, name="Vendas SP")
        for user in (ana, bia, caio):
            teams.add(db, team, user, NOW)
        row = conversations.get(db, talk.id or 0)
        note = conversations.add_note(db, row, "@Vendas SP e @bia: vejam", by=ana, now=NOW)
        told = db.exec(select(Notification).order_by(Notification.user_id)).all()  # type: ignore[arg-type]
        assert [(each.user_id, each.kind, each.parts["by"]) for each in told] == [
            (bia.id, "mention", "ana"),
            (caio.id, "mention", "ana"),
        ]
        assert mentions.keep(db, note.model_copy(update={"body": "nada"}), NOW) == []
