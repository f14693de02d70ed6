"""SQL means the people that the plain reading of a segment means, whoever they are and whatever is asked."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from pytake_cli.segment.evaluate import matches
from pytake_cli.services import segments
from pytake_cli.services.segment_person import StoredPerson
from pytake_cli.store import Store, field_index, fields
from pytake_cli.store.contacts import Contact
from tests.kit.crowd import CITIES, FIELDS, LANGUAGES, NAMES, SAVED, STAGES, TAGS, Crowd
from tests.kit.stores import NOW

TZ = "America/Sao_Paulo"  # of every organisation of the kit

EQUALS = st.sampled_from(("=", "!="))
PARTS = st.sampled_from(("~", "!~", "^="))
ORDER = st.sampled_from(("=", "!=", "<", "<=", ">", ">="))
STATED = st.sampled_from(("is set", "is empty", "is not set", "is not empty"))
TIMES = st.sampled_from(
    ("today", "ontem", "-1d", "-24h", "-2w", "-20d", "2026-11-01", "2026-11-22", "2026-11-22T12:00", "tomorrow", "+1d",
     "2026-11-22T15:00:00+00:00", "2026-11-21T14:59:59-00:00")
)  # fmt: skip
NUMBERS = st.sampled_from(("0", "1", "2", "2.5", "10", "50", "-3", "1e15", "80", "3"))
SETS = {
    "tag": st.sampled_from((*TAGS, "PROMOCAO", "outra")),
    "number": st.sampled_from(("+551140000000000", "551140001000001", "loja")),
    "segment": st.sampled_from(tuple(SAVED)),
}
TEXTS = {
    "name": st.sampled_from((*NAMES, "ana", "straSSE", "sou", "%", "lukasz")),
    "stage": st.sampled_from((*STAGES, "neg", "le")),
    "language": st.sampled_from((*LANGUAGES, "pt")),
    "phone": st.sampled_from(("+55", "55", "+3519", "1", "", "+5511900000001")),
    "username": st.sampled_from(("ana.1", "ANA.", "", "a.")),
    "f.plano": st.sampled_from(("pro", "PRÓ", "basico", "", "7")),
    "f.cidade": st.sampled_from((*CITIES, "sao", "fim", "0%", "_")),
    "conv.status": st.sampled_from(("resolved", "BOT", "open", "")),
    "conv.queue": st.sampled_from(("vendas", "Suporte", "", "en")),
    "conv.assignee": st.sampled_from(("rita@loja.example", "", "rita", "@loja")),
    "flow.boas-vindas.outcome": st.sampled_from(("done", "desistiu", "")),
    "flow.boas-vindas.node": st.sampled_from(("nome", "", "no")),
}
NUMERIC = ("score", "f.filhos", "conv.csat", "msg.in", "msg.out", "msg.failed")
TIMED = (
    *("created", "last_seen", "f.renova", "conv.waiting", "conv.last_in", "conv.last_out", "conv.window"),
    "flow.boas-vindas.at",
)
SIGNS = ("a", "An", "ã", "SS", "ß", " ", ".", r"\b", r"\B", "^", "$", r"\d", r"\W", r"\s", "[a-mÀ-ü]",
         "[^a-z ]", r"[\d+]", "(so|sao)", "(?:u|)", "a*", r"\w+", "z?", "[ao]{2,3}", ".*?", r"\+55", "%",
         "_")  # fmt: skip
PATTERNS = st.lists(st.sampled_from((*SIGNS, "|")), min_size=1, max_size=6).map(lambda some: f"/{''.join(some)}/")
FLAGS = (
    *("vip", "blocked", "f.ativo", "consent.marketing", "consent.utility", "consent.all", "camp.black.sent"),
    *("camp.black.read", "camp.black.replied", "camp.black.failed", "camp.black.clicked"),
)


def quoted(text: str) -> str:
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))


def of_texts(name: str) -> st.SearchStrategy[str]:
    values = TEXTS[name].map(quoted)
    part = TEXTS[name].filter(lambda text: len(text) >= 2).map(quoted)
    listed = st.lists(values, min_size=1, max_size=3).map(", ".join)
    return st.one_of(
        st.builds("{} {} {}".format, st.just(name), EQUALS, values),
        st.builds("{} {} {}".format, st.just(name), PARTS, part),
        st.builds("{} {} {}".format, st.just(name), st.sampled_from(("~", "!~")), PATTERNS),
        st.builds("{} {} ({})".format, st.just(name), st.sampled_from(("in", "not in")), listed),
        st.builds("{} {}".format, st.just(name), STATED),
    )


def of_sets(name: str) -> st.SearchStrategy[str]:
    values = SETS[name].map(quoted)
    listed = st.lists(values, min_size=1, max_size=3).map(", ".join)
    asked = st.one_of(
        st.builds("{} {} {}".format, st.just(name), EQUALS, values),
        st.builds("{} {} ({})".format, st.just(name), st.sampled_from(("in", "not in")), listed),
    )
    return asked if name == "segment" else asked | st.builds("{} {}".format, st.just(name), STATED)


def ordered(name: st.SearchStrategy[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{} {} {}".format, name, ORDER, values),
        st.builds("{} between {} and {}".format, name, values, values),
        st.builds("{} {}".format, name, STATED),
    )


COUNTS = st.builds(
    "count({}{}) {} {}".format,
    st.sampled_from(("msg.in", "msg.out", "msg.failed")),
    st.just("") | TIMES.map(", since={}".format),
    ORDER,
    NUMBERS,
)
NEARBY = st.builds("near({}, {}, {})".format, st.sampled_from(("-23.5", "-23.55052", "0")), st.sampled_from(
    ("-46.6", "-46.63331", "0")), st.sampled_from(("1m", "800m", "5km", "500km")))  # fmt: skip
LISTED = st.builds("{} in ({}, {})".format, st.sampled_from(NUMERIC), NUMBERS, NUMBERS)
FLAGGED = st.builds("{} {} {}".format, st.sampled_from(FLAGS), EQUALS, st.sampled_from(("yes", "não")))
CONDITIONS = st.one_of(
    st.sampled_from(tuple(TEXTS)).flatmap(of_texts),
    st.sampled_from(tuple(SETS)).flatmap(of_sets),
    ordered(st.sampled_from(NUMERIC), NUMBERS),
    ordered(st.sampled_from(TIMED), TIMES),
    COUNTS,
    NEARBY,
    LISTED,
    FLAGGED,
    st.builds("{} {}".format, st.sampled_from(FLAGS), STATED),
    st.sampled_from((*FLAGS, "ana", "SOUZA", "strasse", "+351", "119", '"ana souza"', "sample(30%)", "sample(0.5%)")),
)
SEGMENTS = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        inner.map("not ({})".format),
    ),
    max_leaves=5,
)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 1_000_000), st.lists(SEGMENTS, min_size=1, max_size=12))
def test_both_databases_mean_whom_python_means(store: Store, seed: int, texts: list[str]) -> None:
    crowd = Crowd(store, seed)
    with store.write(crowd.org) as db:
        for field in fields.everyone(db, crowd.org):
            (field_index.create if seed % 2 else field_index.drop)(db, field)
    with store.read(crowd.org) as db:
        people = [row for row in db.exec(select(Contact)) if row.deleted_at is None]
        persons = {row.id or 0: StoredPerson(db, row, NOW) for row in people}
        for text in texts:
            tree = segments.read(db, crowd.org, text)
            meant = {id_ for id_, person in persons.items() if matches(tree, person, NOW, TZ)}
            found: set[int] = set(db.connection().execute(segments.ids(db, crowd.org, text, NOW)).scalars())
            assert found == meant, text
            assert segments.count(db, crowd.org, text, NOW) == len(meant), text


def test_the_crowd_has_every_field_of_the_language() -> None:
    from pytake_cli.segment.fields import FIELDS as LANGUAGE

    asked = {*TEXTS, *SETS, *NUMERIC, *TIMED, *FLAGS}
    assert set(LANGUAGE) <= asked
    assert {f"f.{name}" for name in FIELDS} <= asked
