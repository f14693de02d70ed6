"""RapidPro's calls to the outside: webhooks, models, classifiers, mail."""

from __future__ import annotations

import json
import re

from pytake_cli.flow.checks.outside import SECRET_HEADERS
from pytake_cli.flow.imports import names
from pytake_cli.flow.imports.draft import Fields
from pytake_cli.flow.imports.given import Given, inside, items, table, text, texts
from pytake_cli.flow.imports.pieces import MARK
from pytake_cli.flow.imports.rapidpro_expressions import local, template
from pytake_cli.flow.imports.rapidpro_journey import Journey
from pytake_cli.flow.imports.report import Item
from pytake_cli.flow.imports.typebot_calls import METHODS
from pytake_cli.flow.problems import Phrase

_MAIL = re.compile(r"[^\s@{}]{1,64}@[^\s@{}]{1,120}")


def webhook(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """A call to an address; what it answers is kept when something reads it, and it never stops the flow."""
    url = template(text(action, "url").strip(), item)
    method = text(action, "method").upper()
    fields: Fields = {"http": url, "method": method if method in METHODS else "GET"}
    headers = {key: _header(item, key, template(text(each), item)) for key, each in table(action, "headers").items()}
    fields |= {"headers": headers} if headers else {}
    body = text(action, "body").strip()
    if body and fields["method"] not in ("GET", "HEAD"):
        fields |= _body(body, headers, item)
    name = text(action, "result_name") or ("webhook" if journey.reads("results.webhook") else "")
    draft = journey.draft
    good, bad = draft.take(f"{step}_done"), draft.take(f"{step}_failed")
    keeps: Fields = {}
    failed: Fields = {}
    if journey.reads("@webhook", "(webhook", "webhook.", "extra"):
        draft.vars |= {"webhook": "object", "webhook_status": "number"}
        keeps, failed = (
            {"webhook": ".", "webhook_status": "$status"},
            {"vars": {"webhook": "none", "webhook_status": "0"}},
        )
    if name:
        draft.vars["webhook_status"] = "number"
        keeps["webhook_status"] = "$status"
        draft.steps[good] = {"set": {"result": journey.result(name, "vars.webhook_status", "Success")}, "next": then}
        failed["result"] = journey.result(name, "''", "Failure")
    draft.steps[bad] = {"set": failed, "next": then} if failed else {"goto": then}
    ways = {"on_http_error": bad, "next": good if name else then}
    draft.steps[step] = fields | ({"save": keeps} if keeps else {}) | ways


def _header(item: Item, name: str, value: str) -> str:
    """What looks like a password is not written into a file."""
    if not SECRET_HEADERS.search(name) or "{{" in value or not value.strip():
        return value
    secret = names.word(name, "header")
    item.changed(
        Phrase("{header} is read from the secret {secret}: pytake secret set {secret}"), header=name, secret=secret
    )
    scheme = re.match(r"(Bearer|Basic|Token)\s", value)
    return f"{scheme[1]} secret:{secret}" if scheme else f"secret:{secret}"


def _body(body: str, headers: dict[str, str], item: Item) -> Fields:
    made: Fields = {"body": template(body, item)}
    if not any(key.lower() == "content-type" for key in headers):
        try:
            json.loads(re.sub(r"@\([^()]*(?:\([^()]*\)[^()]*)*\)", "0", body))
            made["headers"] = {**headers, "Content-Type": "application/json"}
        except (ValueError, RecursionError):
            pass
    return made


def model(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """A language model; what it answers is kept as a local."""
    save = local(text(action, "output_local") or "llm_output")
    name = text(action, "result_name")
    journey.draft.vars[save] = "text"
    told, asked = template(text(action, "instructions"), item), template(text(action, "input"), item)
    fields: Fields = {"ai": "reply", **({"instructions": told} if told else {}), **({"input": asked} if asked else {})}
    item.changed(Phrase("the model of the settings is asked"))
    if name:
        after = journey.draft.take(f"{step}_answered")
        kept = journey.result(name, f"vars.{save}", "Success")
        journey.draft.steps[after] = {"set": {"result": kept}, "next": then}
        then = after
    journey.draft.steps[step] = fields | {"save": save, "next": then}


def classifier(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """A classifier: the model of the settings chooses among the intents that the flow asks about."""
    name = text(action, "result_name") or "intent"
    wanted = [
        texts(case, "arguments")[0]
        for case in inside(items(journey.flow, "nodes"))
        if text(case, "type") in ("has_intent", "has_top_intent") and texts(case, "arguments")
    ]
    wanted += [text(each, "name") for each in items(action, "options")]
    labels = [*dict.fromkeys(each for each in wanted if each and "@" not in each)]
    if not labels:
        item.lost(Phrase("nothing says which intents there are"))
        journey.draft.unfit(item, step, then, f"{MARK}.call_classifier")
        return
    output = text(action, "output_local")
    save = journey.draft.declare(local(output) if output else names.variable(name, journey.draft.vars), "text")
    after = journey.draft.take(f"{step}_classified")
    item.changed(Phrase("the model of the settings chooses among {labels}"), labels=", ".join(labels))
    journey.draft.steps[step] = {
        "ai": "classify",
        "input": template(text(action, "input") or "@input.text", item),
        "labels": [*labels, "other"],
        "save": save,
        "next": after,
    }
    kept = journey.result(name, f"vars.{save}", "Success")
    journey.draft.steps[after] = {"set": {"result": kept}, "next": then}


def mail(journey: Journey, action: Given, item: Item, step: str, then: str) -> None:
    """An e-mail to addresses that stand in the flow, one step each."""
    to = [each.replace("@@", "@") for each in texts(action, "addresses")]
    words = "\n\n".join(each for each in (text(action, "subject"), text(action, "body")) if each)
    if not to or not all(_MAIL.fullmatch(each) for each in to) or not words:
        item.lost(Phrase("`notify` writes to addresses that stand in the flow"))
        journey.draft.unfit(item, step, then, f"{MARK}.email")
        return
    item.changed(Phrase("the mail server of the settings sends it, as plain text"))
    said = template(words, item)
    for number, address in enumerate(to):
        more = journey.draft.take(f"{step}_mail") if number + 1 < len(to) else then
        journey.draft.steps[step] = {"notify": {"to": f"email:{address}", "text": said}, "next": more}
        step = more
