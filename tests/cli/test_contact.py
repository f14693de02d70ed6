"""`pytake contact`: people by hand, found by whatever names them."""

from __future__ import annotations

import pytest

from pytake_cli.services import contacts
from pytake_cli.store import Store
from pytake_cli.whatsapp.webhooks import Person
from tests.kit.shell import Shell
from tests.kit.stores import NOW, make_org


@pytest.fixture
def org(store: Store) -> int:
    return make_org(store)


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store_url: str, org: int) -> Shell:
    return Shell(capfd, monkeypatch, store_url)


def test_a_contact_is_made_found_changed_and_listed(shell: Shell) -> None:
    made = shell.json("contact", "create", "(11) 96818-4101", "--name", "Ana Souza", "--field", "city=Campinas",
                      "--new-fields")  # fmt: skip
    assert (made["phone"], made["display"], made["fields"]) == ("+5511968184101", "Ana Souza", {"city": "Campinas"})
    shell("contact", "create", "+55 11 96818 4101", code=6)
    assert f"contact:{made['id']}" in shell.err
    for ref in ("+5511968184101", "11 96818-4101", "551168184101", f"contact:{made['id']}", "Ana Souza"):
        assert shell.json("contact", "show", ref)["id"] == made["id"]
    shell("field", "add", "plan", "--type", "choice", "--choices", "basic,gold")
    shell("contact", "set", "Ana Souza", "name=Ana B.", "f.city=", "plan=Gold", "tz=America/Manaus")
    shown = shell.json("contact", "show", f"contact:{made['id']}")
    assert (shown["name"], shown["fields"], shown["tz"]) == ("Ana B.", {"plan": "gold"}, "America/Manaus")
    assert [row["id"] for row in shell.json("contact", "list")] == [made["id"]]
    assert [row["id"] for row in shell.json("contact", "list", "--search", "ana")] == [made["id"]]
    assert [row["id"] for row in shell.json("contact", "list", "--search", "11968184101")] == [made["id"]]
    assert shell.json("contact", "list", "--search", "bia") == []


def test_a_dry_run_changes_nothing(shell: Shell) -> None:
    shell("contact", "create", "+5511968184101", "-n")
    assert shell.json("contact", "list") == []
    shell("contact", "create", "+5511968184101")
    shell("contact", "set", "+5511968184101", "stage=lead", "-n")
    assert shell.json("contact", "show", "+5511968184101")["stage"] != "lead"


def test_values_that_do_not_fit_are_refused(shell: Shell) -> None:
    shell("contact", "create", "+5511968184101")
    for change in ("tz=Mars/Base", "language=português", "score=muito", "vip=talvez", f"name={'x' * 201}"):
        shell("contact", "set", "+5511968184101", change, code=65)
    shell("contact", "set", "+5511968184101", "name", code=2)
    shell("contact", "create", "12", code=65)


def test_nobody_and_several_are_told_apart(shell: Shell) -> None:
    shell("contact", "show", "Ana", code=5)
    first = shell.json("contact", "create", "+5511968184101", "--name", "Ana")["id"]
    second = shell.json("contact", "create", "+5511968184102", "--name", "Ana")["id"]
    shell("contact", "show", "Ana", code=6)
    assert f"contact:{first}" in shell.err
    assert f"contact:{second}" in shell.err


def test_merging_asks_and_then_moves_everything(shell: Shell, store: Store, org: int) -> None:
    first = shell.json("contact", "create", "+5511968184101", "--name", "Ana")["id"]
    with store.write() as db:
        [other] = contacts.resolve(db, org, "p", [Person(user_id="BR.1", username="ana.b")], NOW)
    shell("contact", "merge", f"contact:{first}", "@ana.b", code=64)
    shell("contact", "merge", f"contact:{first}", "@ana.b", "-n")
    assert shell.json("contact", "show", "BR.1")["id"] == str(other)
    merged = shell.json("contact", "merge", f"contact:{first}", "@ana.b", "--yes")
    assert merged["merged"] == [other] or merged["merged"] == [str(other)]
    assert shell.json("contact", "show", "BR.1")["id"] == first
    assert shell.json("contact", "show", f"contact:{other}")["id"] == first
    shell("contact", "merge", f"contact:{first}", f"contact:{first}", "--yes", code=6)


def test_a_contact_is_named_by_the_id_that_lists_show(shell: Shell) -> None:
    ana = shell.json("contact", "create", "+5511968184101", "--name", "Ana Souza")["id"]
    assert shell.json("contact", "show", ana)["display"] == "Ana Souza"
    shell("contact", "show", "999", code=5)
    bia = shell.json("contact", "create", "+5511968184102", "--name", ana)["id"]  # a name that is another's id
    shell("contact", "show", ana, code=6)
    assert f"contact:{ana} (Ana Souza)" in shell.err
    assert f"contact:{bia} ({ana})" in shell.err


def test_a_name_that_is_nobodys_names_those_who_come_near(shell: Shell) -> None:
    ana = shell.json("contact", "create", "+5511968184101", "--name", "Ana Souza")["id"]
    shell("contact", "show", "Souza", code=5)
    assert f"did you mean contact:{ana} (Ana Souza)?" in shell.err


def test_a_contact_is_not_merged_with_itself_and_nobody_is_asked(shell: Shell) -> None:
    ana = shell.json("contact", "create", "+5511968184101")["id"]
    shell("contact", "merge", f"contact:{ana}", "+5511968184101", code=6)
    assert "PT-CONTACT-SAME" in shell.err


@pytest.mark.parametrize(
    "change", ["language=xx", "language=português", "language=pt BR", "tz=Mars", "score=1.5", "vip=talvez"]
)
def test_what_does_not_fit_a_contact_is_refused_with_what_would(shell: Shell, change: str) -> None:
    shell("contact", "create", "+5511968184101")
    shell("contact", "set", "+5511968184101", change, code=65)
    assert "Try:  pytake contact set CONTACT " in shell.err
    for good in ("language=pt-BR", "language=fil", "language=", "tz=America/Manaus"):
        shell("contact", "set", "+5511968184101", good)


def test_what_another_command_changes_names_that_command_and_is_made_no_field(shell: Shell) -> None:
    shell("contact", "create", "+5511968184101")
    for change, command in (("tags=vip", "contact tag"), ("phone=+5511968184102", "contact merge")):
        shell("contact", "set", "+5511968184101", change, "--new-fields", code=5)
        assert f"pytake {command} CONTACT" in shell.err
    assert shell.json("field", "list") == []


def test_a_search_finds_names_by_how_they_begin(shell: Shell) -> None:
    ana = shell.json("contact", "create", "+5511968184101", "--name", "Ana Souza")["id"]
    assert [row["id"] for row in shell.json("contact", "list", "--search", "sou")] == [ana]
    assert shell.json("contact", "list", "--search", "ouza") == []
