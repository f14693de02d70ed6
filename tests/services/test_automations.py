"""Automations end to end: what sets them off, what calls them off, what is asked again, what they may not do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pytake_cli.errors import NotFound
from pytake_cli.policy.automations import MOST_DEPTH
from pytake_cli.services import (
    automation_runs,
    contact_changes,
    conversations,
    principals,
    retention,
    segment_members,
    segments,
    teams,
)
from pytake_cli.services.automation_files import AutomationErrors
from pytake_cli.services.talk_actions import Deed, relabel
from pytake_cli.store import Store, tags
from pytake_cli.store.automations import AutomationRun
from pytake_cli.store.contacts import Contact
from pytake_cli.store.conversations import Conversation, Note
from pytake_cli.store.jobs import Job
from pytake_cli.store.notifications import Notification
from pytake_cli.store.users import User
from tests.kit.stores import make_org
from tests.services.rule_shop import RuleShop

CLOSES = """
name: fecha-parados
when: {customer_silent: 2h}
if: {status: [open, queued]}
then:
  - reply: "Oi {{ contact.first_name }}, vou encerrar por aqui."
  - resolve: true
over: people
"""


@pytest.fixture
def shop(store: Store) -> RuleShop:
    return RuleShop(store)


def test_a_silent_customer_is_told_and_the_conversation_closed(shop: RuleShop) -> None:
    shop.rule(CLOSES)
    shop.hears()
    assert shop.runs() == []
    shop.answers()
    assert shop.runs() == [("pending", "")]
    shop.later(minutes=119)
    assert shop.bot() == []
    shop.later(minutes=2)
    assert shop.bot() == ["Oi Ana, vou encerrar por aqui."]
    assert shop.conversation().status == "resolved"
    assert shop.runs() == [("done", "")]
    shop.later(days=3)
    assert len(shop.bot()) == 1


def test_an_answer_calls_the_silence_off_and_the_next_word_of_ours_begins_it_anew(shop: RuleShop) -> None:
    shop.rule(CLOSES)
    shop.hears()
    shop.answers()
    shop.later(minutes=90)
    shop.hears("estou aqui")
    shop.later(minutes=60)
    assert (shop.bot(), shop.runs()) == ([], [("cancelled", "message_in")])
    shop.answers("ok")
    shop.later(minutes=60)
    shop.answers("mais uma coisa")
    shop.later(minutes=90)
    assert shop.runs() == [("cancelled", "message_in"), ("pending", "")]
    shop.later(minutes=31)
    assert shop.runs()[1] == ("done", "")


def test_what_came_and_was_not_read_yet_is_read_before_a_run_is_carried_out(shop: RuleShop) -> None:
    shop.rule(CLOSES)
    shop.hears()
    shop.answers()
    shop.now += timedelta(hours=3)
    shop.says("cheguei")  # the daemon has not looked since
    assert not automation_runs.fire(shop.store, shop.run().id or 0, shop.now)
    shop.work()
    assert (shop.bot(), shop.runs()) == ([], [("cancelled", "message_in")])


def test_conditions_are_asked_again_when_it_is_due(shop: RuleShop) -> None:
    shop.rule("{when: message_in, if: {contact: not tag = vip}, then: [{wait: 10m}, {note: esperou}]}")
    shop.hears()
    with shop.store.write(shop.org) as db:
        tags.put(db, shop.org, shop.contact().id or 0, "vip", shop.now)
    shop.later(minutes=11)
    assert shop.runs() == [("skipped", "the contact is not not tag = vip")]
    assert shop.rows(Note) == []


def test_a_closed_conversation_calls_off_what_waits(shop: RuleShop) -> None:
    shop.rule("{when: message_in, then: [{wait: 10m}, {note: esperou}]}")
    shop.hears()
    shop.resolves()
    shop.later(minutes=11)
    assert shop.runs() == [("cancelled", "resolved")]


def test_an_automation_does_not_talk_over_a_person_unless_it_says_so(shop: RuleShop) -> None:
    rule = "{name: fala, when: {keyword: preço}, then: [{reply: R$ 10}], %s}"
    shop.rule(rule % "title: a")
    shop.hears("Preço")
    assert shop.bot() == ["R$ 10"]
    shop.answers()
    shop.hears("PREÇO!")
    assert shop.runs()[-1] == ("skipped", "it would talk over a person (over: people)")
    assert shop.bot() == []  # what it had not sent when the person came was taken back
    shop.rule(rule % "over: people")
    shop.hears("preco")
    assert (shop.bot(), shop.runs()[-1]) == (["R$ 10"], ("done", ""))


def test_with_the_window_closed_nothing_is_half_done(shop: RuleShop) -> None:
    shop.rule("{when: message_in, then: [{wait: 25h}, {note: antes}, {reply: oi}]}")
    shop.hears()
    shop.later(hours=26)
    state, reason = shop.runs()[-1]
    assert state == "refused"
    assert reason.startswith("PT-WA-131047")
    assert (shop.bot(), shop.rows(Note)) == ([], [])


def test_the_window_is_saved_an_hour_before_it_closes(shop: RuleShop) -> None:
    shop.rule("{when: {window_closing: 1h}, then: [{reply: Ainda posso ajudar?}], over: people}")
    shop.hears()
    shop.later(hours=22)
    shop.hears("mais uma pergunta")
    shop.later(hours=2)
    assert shop.bot() == []
    shop.later(hours=21)
    assert shop.bot() == ["Ainda posso ajudar?"]
    shop.later(hours=48)
    assert len(shop.bot()) == 1


def test_several_steps_wait_in_between_and_stop_when_the_customer_writes(shop: RuleShop) -> None:
    shop.rule(
        "{when: queued, cancel_on: message_in, then:"
        " [{note: um}, {wait: 10m}, {note: dois}, {wait: 10m}, {note: tres}]}"
    )
    shop.hears()
    assert [note.body for note in shop.rows(Note)] == ["um"]
    shop.later(minutes=11)
    assert [note.body for note in shop.rows(Note)] == ["um", "dois"]
    shop.hears("oi?")
    shop.later(minutes=11)
    assert [note.body for note in shop.rows(Note)] == ["um", "dois"]
    assert shop.runs() == [("cancelled", "message_in")]


def test_the_customer_waits_for_a_person(shop: RuleShop) -> None:
    with shop.store.write(shop.org) as db:
        vendas = teams.create(db, shop.org, "vendas", shop.now)
        teams.add(db, vendas, db.get_one(User, shop.rita.id), shop.now)
    shop.rule("{when: {agent_silent: 15m}, then: [{priority: urgent}, {notify: ninguém respondeu, to: vendas}]}")
    shop.hears()
    shop.later(minutes=10)
    shop.hears("alguém?")  # the first message counts
    shop.later(minutes=6)
    assert shop.conversation().priority == "urgent"
    assert [(each["text"], each["team"]) for each in shop.events("automation:notice")] == [
        ("ninguém respondeu", "vendas")
    ]
    [told] = shop.rows(Notification)
    assert (told.user_id, told.parts["text"], told.conversation_id) == (shop.rita.id, "ninguém respondeu", 1)
    shop.answers()
    shop.hears("obrigada")
    shop.answers("de nada")
    shop.later(minutes=30)
    assert shop.runs() == [("done", ""), ("cancelled", "message_out")]


def test_nothing_at_all_for_days_counts_from_before_it_was_switched_on(shop: RuleShop) -> None:
    shop.hears()
    shop.later(days=10)
    shop.rule("{when: {nothing_for: 7d}, then: [{resolve: true}]}")
    assert shop.conversation().status == "queued"
    shop.work()
    assert shop.conversation().status == "resolved"


def test_whoever_enters_or_leaves_a_materialised_segment_sets_rules_off(shop: RuleShop) -> None:
    with shop.store.write(shop.org) as db:
        kept = segments.create(db, shop.org, "leads", "stage = lead", shop.now, materialised=True)
    shop.rule("{name: e, when: {segment_entered: leads}, then: [{priority: high}]}")
    shop.rule("{name: l, when: {segment_left: leads}, then: [{note: saiu}]}")
    shop.hears()
    ids = [shop.contact().id or 0]
    segment_members.refresh(shop.store, kept, shop.now)
    for stage in ("lead", "cliente"):
        with shop.store.write(shop.org) as db:
            contact_changes.apply(db, shop.org, ids, {"stage": stage}, actor="cli", now=shop.now)
        with shop.store.read(shop.org) as db:
            kept = segments.find(db, shop.org, "leads")
        segment_members.refresh(shop.store, kept, shop.now)
        shop.later(seconds=5)
        assert shop.conversation().priority == "high"
        assert [note.body for note in shop.rows(Note)] == (["saiu"] if stage == "cliente" else [])
    with shop.store.read(shop.org) as db:
        assert segments.named_by(db, kept) == ["automation e", "automation l"]


@pytest.mark.parametrize(("name", "words"), [("lead", "there is no segment"), ("todos", "nobody is kept")])
def test_a_rule_for_a_segment_that_tells_of_nobody_is_refused(shop: RuleShop, name: str, words: str) -> None:
    with shop.store.write(shop.org) as db:
        segments.create(db, shop.org, "todos", "not blocked", shop.now)
    with pytest.raises(AutomationErrors) as raised:
        shop.rule(f"{{name: e, when: {{segment_entered: {name}}}, then: [{{priority: high}}]}}")
    assert words in raised.value.problems[0].message


def test_tags_fields_and_status_set_rules_off(shop: RuleShop) -> None:
    shop.rule("{name: t, when: {tagged: vip}, then: [{priority: high}]}")
    shop.rule("{name: f, when: {field: stage}, then: [{note: 'estágio mudou'}]}")
    shop.rule("{name: r, when: resolved, then: [{tag: atendido}]}")
    shop.hears()
    ids = [shop.contact().id or 0]
    with shop.store.write(shop.org) as db:
        contact_changes.tag(db, shop.org, ids, ["outra"], actor="cli", now=shop.now)
        contact_changes.tag(db, shop.org, ids, ["vip"], actor="cli", now=shop.now + timedelta(seconds=1))
        contact_changes.apply(db, shop.org, ids, {"stage": "lead"}, actor="cli", now=shop.now + timedelta(seconds=2))
    shop.later(seconds=5)
    assert shop.conversation().priority == "high"
    assert [note.body for note in shop.rows(Note)] == ["estágio mudou"]
    shop.resolves()
    with shop.store.read(shop.org) as db:
        assert tags.of_contacts(db, ids)[ids[0]] == ["atendido", "outra", "vip"]
    assert len(shop.runs()) == 3


def test_a_rule_is_not_set_off_by_itself_and_two_that_chase_each_other_stop(shop: RuleShop) -> None:
    shop.rule("{name: a, when: {tagged: [x, z]}, then: [{untag: x}, {tag: y}, {untag: z}]}")
    shop.rule("{name: b, when: {tagged: y}, then: [{untag: y}, {tag: x}]}")
    shop.hears()
    with shop.store.write(shop.org) as db:
        contact_changes.tag(db, shop.org, [shop.contact().id or 0], ["x"], actor="cli", now=shop.now)
    for _ in range(20):
        shop.later(seconds=1)
    assert len(shop.runs()) == MOST_DEPTH + 1
    assert [each["slug"] for each in shop.events("incident")] == ["PT-AUTO-LOOP"]


def test_two_bots_that_answer_each_other_are_stopped(shop: RuleShop) -> None:
    shop.rule("{when: message_in, then: [{reply: Recebemos sua mensagem}]}")
    for _ in range(14):
        shop.hears("Recebemos sua mensagem")
    assert len(shop.bot()) == 10
    assert any(reason.startswith("PT-AUTO-LOOP") for _, reason in shop.runs())


def test_once_in_a_while_is_once_for_the_contact(shop: RuleShop) -> None:
    shop.rule("{when: message_in, then: [{reply: Estamos fechados}], once_in: 6h}")
    shop.hears()
    shop.hears("oi?")
    shop.later(hours=5)
    shop.hears("e aí?")
    assert len(shop.bot()) == 1
    shop.later(hours=2)
    shop.hears("bom dia")
    assert len(shop.bot()) == 2


def test_what_is_switched_off_does_nothing_and_hears_nothing_of_that_time(shop: RuleShop) -> None:
    shop.rule("{name: n, when: message_in, then: [{wait: 1m}, {note: oi}]}")
    shop.hears()
    shop.enable("n", False)
    assert shop.runs() == [("cancelled", "disabled")]
    shop.hears("de novo")
    shop.enable("n", True)
    shop.later(hours=1)
    assert shop.rows(Note) == []
    shop.hears("e agora")
    shop.later(minutes=2)
    assert len(shop.rows(Note)) == 1


def test_a_webhook_is_a_job_and_an_unknown_flow_is_refused_when_publishing(shop: RuleShop) -> None:
    shop.rule("{name: w, when: resolved, then: [{webhook: 'https://example.com/x'}]}")
    shop.hears()
    shop.resolves()
    job: Job = shop.rows(Job)[-1]
    assert (job.kind, job.payload["url"]) == ("automation.webhook", "https://example.com/x")
    assert job.payload["data"]["conversation"] == shop.conversation().id
    with pytest.raises(AutomationErrors, match="nao-ha"):
        shop.rule("{when: resolved, then: [{flow: nao-ha}]}")


def test_a_step_that_cannot_be_done_any_more_undoes_the_ones_before_it(shop: RuleShop) -> None:
    shop.rule("{when: queued, then: [{note: um}, {assign: rita}]}")
    with shop.store.write(shop.org) as db:
        db.get_one(User, shop.rita.id).active = False
    shop.hears()
    state, reason = shop.runs()[0]
    assert (state, reason.split(":")[0]) == ("refused", "PT-USER")
    assert shop.rows(Note) == []


def test_labels_set_rules_off_and_are_asked(shop: RuleShop) -> None:
    shop.rule("{name: a, when: {keyword: boleto}, then: [{label: [cobrança, urgente]}]}")
    shop.rule("{name: b, when: {labelled: urgente}, if: {label: cobrança}, then: [{priority: urgent}]}")
    shop.rule("{name: c, when: {unlabelled: urgente}, then: [{priority: normal}]}")
    shop.hears("oi")
    shop.hears("boleto")
    assert shop.conversation().priority == "urgent"
    with shop.store.write(shop.org) as db:
        talk = conversations.get(db, shop.conversation().id or 0)
        deed = Deed(db, principals.local(shop.org), shop.rita, talk, shop.now)
        relabel(deed, add=(), remove=["urgente"])
    shop.work()
    assert shop.conversation().priority == "normal"


def test_organisations_do_not_hear_each_other(shop: RuleShop) -> None:
    other = RuleShop.__new__(RuleShop)
    other.__dict__.update(shop.__dict__)
    other.org = make_org(shop.store, "outra")
    other.rule("{when: message_in, then: [{note: minha}]}")
    shop.hears()
    assert (shop.runs(), shop.rows(Note)) == ([], [])
    with shop.store.write(other.org) as db, pytest.raises(NotFound):
        conversations.get(db, shop.conversation().id or 0)


def test_a_merged_contact_takes_its_runs_along(shop: RuleShop) -> None:
    from pytake_cli.services import merging

    shop.rule("{when: message_in, then: [{wait: 10m}, {note: oi}]}")
    shop.hears()
    shop.hears(who="5511968184102")
    one, other = shop.rows(Contact)
    with shop.store.write(shop.org) as db:
        merging.merge(db, one.id, other.id, shop.now)
    shop.later(minutes=11)
    found: list[AutomationRun] = shop.rows(AutomationRun)
    assert {run.contact_id for run in found} == {one.id}
    assert sorted(run.state for run in found) == ["cancelled", "done"]
    assert len({run.conversation_id for run in found}) == 1
    assert len(shop.rows(Conversation)) == 2


def test_every_message_of_a_batch_is_heard(shop: RuleShop) -> None:
    shop.rule("{when: {keyword: boleto}, then: [{note: boleto}]}")
    for _ in range(3):
        shop.says("boleto")
    shop.work()
    assert [note.body for note in shop.rows(Note)] == ["boleto"] * 3


def test_the_history_is_forgotten_after_its_time_but_not_what_once_in_a_while_goes_by(shop: RuleShop) -> None:
    shop.rule("{when: message_in, once_in: 180d, then: [{note: oi}]}", "uma-vez.yaml")
    shop.rule("{when: message_in, then: [{note: sempre}]}", "sempre.yaml")
    shop.rule("{when: {customer_silent: 200d}, then: [{note: sumiu}]}", "sumiu.yaml")
    for text in ("um", "dois"):
        shop.hears(text)
    shop.answers()
    assert [note.body for note in shop.rows(Note)] == ["oi", "sempre", "sempre"]
    shop.after(days=100)
    kinds = (retention.find("automations"),)
    assert [each.count for each in retention.run_all(shop.store, shop.now, kinds=kinds)] == [1]
    assert sorted(state for state, _ in shop.runs()) == ["done", "done", "pending"]
    shop.hears("três")
    assert [note.body for note in shop.rows(Note)].count("oi") == 1
