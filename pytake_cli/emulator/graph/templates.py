"""Templates over the Graph API: list, create, edit, delete, unpause, compare, archive, migrate."""

from __future__ import annotations

import json
from typing import Any

import orjson

from pytake_cli.emulator.errors import GraphError, bad_value, invalid, missing, unknown_object
from pytake_cli.emulator.fit import variables
from pytake_cli.emulator.graph.call import SUCCESS, Call
from pytake_cli.emulator.graph.fields import page, select
from pytake_cli.emulator.judge.definition import judge_components, judge_frame, judge_ttl
from pytake_cli.emulator.numbers import DAY, Waba
from pytake_cli.emulator.templates import EDITABLE, HOUR, Template

DEFAULT = ("name", "parameter_format", "components", "language", "status", "category", "id")
CREATIONS_PER_HOUR = 100
MOST = 6000  # per WABA, of a verified portfolio
FILTERS = ("status", "category", "language", "quality_score")


def _matches(template: Template, query: dict[str, str]) -> bool:
    node = template.node() | {"quality_score": template.quality}
    for name in FILTERS:
        wanted = [part.strip(' []"') for part in query.get(name, "").split(",") if part.strip(' []"')]
        if wanted and str(node[name]) not in wanted:
            return False
    content = json.dumps(template.components, ensure_ascii=False).casefold()
    if query.get("content") and query["content"].casefold() not in content:
        return False
    both = query.get("name_or_content", "").casefold()
    if both and both not in template.name and both not in content:
        return False
    return query.get("name", "") in template.name


async def list_(call: Call) -> dict[str, Any]:
    found = [one for one in call.world.templates.of(call.world.wabas[call.node]) if _matches(one, call.query)]
    answer = page(call, [template.node() for template in found], DEFAULT)
    if call.query.get("summary"):
        summary = {
            "total_count": len(found),
            "message_template_count": len(call.world.templates.of(call.world.wabas[call.node])),
            "message_template_limit": MOST,
            "are_translations_complete": True,
        }
        answer["summary"] = {name: summary[name] for name in call.query["summary"].split(",") if name in summary}
    return answer


async def create(call: Call) -> dict[str, Any]:
    waba, value = call.world.wabas[call.node], await call.parameters()
    name, language, category = judge_frame(value)
    _count_creation(call, waba)
    call.world.templates.refuse_duplicate(waba, name, language)
    if len(call.world.templates.of(waba)) >= MOST:
        raise GraphError(100, "The limit of message templates is reached.", subcode=2388019)
    named = _is_named(value)
    components = judge_components(value.get("components") or _library(value), category, named=named)
    _refuse_twin(call, waba, language, components)
    ttl = judge_ttl(value.get("message_send_ttl_seconds"), category)
    template = call.world.templates.add(waba, name, language, category, _finished(components, category))
    template.parameter_format, template.ttl = ("NAMED" if named else "POSITIONAL"), ttl
    call.world.templates.review(template)
    return {"id": template.id, "status": template.status, "category": template.category}


def _is_named(value: dict[str, Any]) -> bool:
    style = str(value.get("parameter_format") or "POSITIONAL").upper()
    if style not in ("NAMED", "POSITIONAL"):
        raise invalid("parameter_format", "must be one of {NAMED, POSITIONAL}.")
    return style == "NAMED"


def _library(value: dict[str, Any]) -> list[dict[str, Any]]:
    if not value.get("library_template_name"):
        raise missing("components")
    return [{"type": "BODY", "text": f"A text of Meta's library: {value['library_template_name']}."}]


def _count_creation(call: Call, waba: Waba) -> None:
    recent = [at for at in waba.created_templates if at > call.now - HOUR]
    if len(recent) >= CREATIONS_PER_HOUR:
        raise GraphError(80007, "At most 100 templates can be created per hour.")
    waba.created_templates = [*recent, call.now]


def _refuse_twin(call: Call, waba: Waba, language: str, components: list[dict[str, Any]]) -> None:
    def content(parts: list[dict[str, Any]]) -> tuple[str, str]:
        texts = {str(part.get("type")).upper(): str(part.get("text") or "") for part in parts}
        return texts.get("BODY", ""), texts.get("FOOTER", "")

    wanted = content(components)
    for other in call.world.templates.of(waba):
        if wanted[0] and other.language == language and content(other.components) == wanted:
            raise GraphError(100, f"The same body and footer exist already in template {other.name}.", subcode=2388024)


def _finished(components: list[dict[str, Any]], category: str) -> list[dict[str, Any]]:
    """What Meta makes of a definition: upper-case kinds, and fixed texts of authentication templates."""
    finished = []
    for component in components:
        kind = str(component["type"]).upper()
        part = component | {"type": kind}
        if kind == "BODY" and category == "AUTHENTICATION":
            part["text"] = "*{{1}}* is your verification code." + (
                " For your security, do not share this code." if component.get("add_security_recommendation") else ""
            )
            part["example"] = {"body_text": [["123456"]]}
        if kind == "FOOTER" and component.get("code_expiration_minutes"):
            part["text"] = f"This code expires in {component['code_expiration_minutes']} minutes."
        if kind == "BUTTONS":
            part["buttons"] = [_finished_button(button) for button in component["buttons"]]
        finished.append(part)
    return finished


def _finished_button(button: dict[str, Any]) -> dict[str, Any]:
    kind = str(button["type"]).upper()
    if kind != "OTP":
        return button | {"type": kind}
    style = str(button.get("otp_type", "COPY_CODE")).upper()
    url = f"https://www.whatsapp.com/otp/code/?otp_type={style}&code=otp{{{{1}}}}"
    return {
        "type": "URL",
        "text": button.get("text") or "Copy code",
        "url": url,
        "example": [url.replace("{{1}}", "123456")],
    }


async def show(call: Call) -> dict[str, Any]:
    return select(call.world.templates.get(call.node).node(), call.query.get("fields"), DEFAULT)


async def edit(call: Call) -> dict[str, Any]:
    """`POST /{template}`: components as a whole, category, TTL."""
    template, value = call.world.templates.get(call.node), await call.parameters()
    if template.status not in EDITABLE:
        raise GraphError(100, f"A template that is {template.status} cannot be edited.", subcode=2593002)
    category = str(value.get("category") or template.category).upper()
    if category != template.category and template.status == "APPROVED":
        raise GraphError(100, "The category of an approved template cannot be edited.", subcode=2593002)
    _count_edit(call, template)
    if value.get("parameter_format"):
        template.parameter_format = "NAMED" if _is_named(value) else "POSITIONAL"
    if value.get("components"):
        named = template.parameter_format == "NAMED"
        template.components = _finished(judge_components(value["components"], category, named=named), category)
    if "message_send_ttl_seconds" in value:
        template.ttl = judge_ttl(value["message_send_ttl_seconds"], category)
    template.category = category
    template.edits.append(call.now)
    call.world.templates.review(template)
    call.world.templates.tell_components(template)
    return {"success": True, "id": template.id, "name": template.name, "category": template.category}


def _count_edit(call: Call, template: Template) -> None:
    if template.status != "APPROVED":
        return
    day = [at for at in template.edits if at > call.now - DAY]
    month = [at for at in template.edits if at > call.now - 30 * DAY]
    if day or len(month) >= 10:
        raise GraphError(
            100, "An approved template can be edited once in 24 hours and 10 times in 30 days.", subcode=2593002
        )


async def delete(call: Call) -> dict[str, Any]:
    """By name (all languages), by `hsm_id` and name, or by `hsm_ids`."""
    waba, parameters = call.world.wabas[call.node], await call.parameters()
    templates = call.world.templates
    name, ids = str(parameters.get("name") or ""), _ids(parameters.get("hsm_ids"))
    if parameters.get("hsm_id"):
        if not name:
            raise missing("name")
        ids = [str(parameters["hsm_id"])]
    if ids:
        found = [
            templates.by_id[one] for one in ids if one in templates.by_id and name in ("", templates.by_id[one].name)
        ]
    else:
        if not name:
            raise missing("name")
        found = [one for one in templates.of(waba) if one.name == name]
    if not found:
        text = "Message template not found"
        raise GraphError(100, "The template does not exist.", message=text, subcode=2593002)
    for template in found:
        templates.delete(template)
    return SUCCESS


def _ids(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str) and value.startswith("["):
        value = orjson.loads(value)
    return [str(one) for one in (value if isinstance(value, list) else str(value).split(","))]


async def unpause(call: Call) -> dict[str, Any]:
    """Resumes after a pacing pause, five minutes after it began at the earliest."""
    template = call.world.templates.get(call.node)
    if template.status != "PAUSED":
        return {"success": False, "reason": "The template is not paused."}
    if not template.pacing_pause:
        return {"success": False, "reason": "The template is paused because of its quality."}
    if call.now - template.paused_at < 300:
        return {"success": False, "reason": "The template was paused less than 5 minutes ago."}
    call.world.templates.unpause(template)
    return SUCCESS


async def compare(call: Call) -> dict[str, Any]:
    (other_ids,) = await call.required("template_ids")
    both = [call.world.templates.get(one) for one in (call.node, *_ids(other_ids))]
    sends = [{"key": one.id, "value": sum(day["sent"] for day in one.days.values())} for one in both]
    return {
        "data": [
            {"metric": "BLOCK_RATE", "type": "RELATIVE", "order_by_relative_metric": [one.id for one in both]},
            {"metric": "MESSAGE_SENDS", "type": "NUMBER_VALUES", "number_values": sends},
            {
                "metric": "TOP_BLOCK_REASON",
                "type": "STRING_VALUES",
                "string_values": [{"key": one.id, "value": "UNKNOWN_BLOCK_REASON"} for one in both],
            },
        ]
    }


async def upsert(call: Call) -> dict[str, Any]:
    """Authentication templates in several languages at once."""
    waba, value = call.world.wabas[call.node], await call.parameters()
    languages = value.get("languages") or []
    if not languages:
        raise missing("languages")
    answers = []
    for language in languages:
        name, code, category = judge_frame(value | {"language": language})
        components = _finished(judge_components(value.get("components"), category, named=False), category)
        template = call.world.templates.named(waba, name, code)
        if template is None:
            template = call.world.templates.add(waba, name, code, category, components)
            template.status = "APPROVED"
        template.components = components
        answers.append({"id": template.id, "status": template.status, "language": code, "category": template.category})
    return {"data": answers}


async def archive(call: Call) -> dict[str, Any]:
    return await _move(call, "ARCHIVED", "archived_templates")


async def unarchive(call: Call) -> dict[str, Any]:
    return await _move(call, "UNARCHIVED", "unarchived_templates")


async def _move(call: Call, event: str, list_name: str) -> dict[str, Any]:
    (ids,) = await call.required("hsm_ids")
    done, failed = [], {}
    for one in _ids(ids)[:100]:
        template = call.world.templates.by_id.get(one)
        if template is None or template.status != ("APPROVED" if event == "ARCHIVED" else "ARCHIVED"):
            failed[one] = "The template cannot be moved."
            continue
        call.world.templates.set_status(template, event)
        done.append(one)
    return {list_name: done, "failed_templates": failed}


async def migrate(call: Call) -> dict[str, Any]:
    """Copies the approved templates of another WABA."""
    (source_id,) = await call.required("source_waba_id")
    world = call.world
    if source_id not in world.wabas:
        raise unknown_object(str(source_id), "post")
    target, moved, failed = world.wabas[call.node], [], {}
    for template in world.templates.of(world.wabas[source_id])[:500]:
        if world.templates.named(target, template.name, template.language):
            failed[template.id] = "The template exists already."
            continue
        copy = world.templates.add(target, template.name, template.language, template.category, template.components)
        copy.status, copy.parameter_format = template.status, template.parameter_format
        moved.append(template.id)
    return {"migrated_templates": moved, "failed_templates": failed}


async def previews(call: Call) -> dict[str, Any]:
    if call.query.get("category", "AUTHENTICATION") != "AUTHENTICATION":
        raise bad_value("Only AUTHENTICATION templates have previews.")
    languages = [part.strip() for part in call.query.get("languages", "en_US").split(",")]
    body = "*{{1}}* is your verification code. For your security, do not share this code."
    return {
        "data": [
            {"body": body, "buttons": [{"autofill_text": "Autofill", "text": "Copy code"}], "language": one}
            for one in languages
        ]
    }


async def library(call: Call) -> dict[str, Any]:
    """Meta's library of texts; the emulator has its own seeds in it."""
    wanted = call.query.get("search", "").casefold()
    nodes = []
    for template in call.world.templates.of(next(iter(call.world.wabas.values()))):
        body = str((template.component("BODY") or {}).get("text", ""))
        if template.category == "UTILITY" and wanted in (template.name + body).casefold():
            params = variables(body)
            nodes.append(
                {
                    "id": template.id,
                    "name": template.name,
                    "language": template.language,
                    "category": "UTILITY",
                    "topic": "ORDER_MANAGEMENT",
                    "usecase": "ORDER_CONFIRMATION",
                    "industry": ["E_COMMERCE"],
                    "body": body,
                    "body_params": params,
                    "body_param_types": ["TEXT" for _ in params],
                    "buttons": template.buttons(),
                }
            )
    return page(call, nodes)
