"""WhatsApp Flows as far as sending them needs: create, list, show, upload a definition, publish, deprecate, delete."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from pytake_cli.emulator.errors import GraphError, missing
from pytake_cli.emulator.graph.call import SUCCESS, Call
from pytake_cli.emulator.graph.fields import page, select
from pytake_cli.emulator.graph.waba import node

DEFAULT = ("id", "name", "status", "categories", "validation_errors")


async def create(call: Call) -> dict[str, Any]:
    parameters = await call.parameters()
    name, categories = await call.required("name", "categories")
    flow_id = call.world.ids.number()
    call.world.flows[flow_id] = {
        "id": flow_id,
        "name": name,
        "status": "DRAFT",
        "categories": categories,
        "validation_errors": [],
        "json_version": None,
        "data_api_version": None,
        "endpoint_uri": parameters.get("endpoint_uri"),
        "health_status": {"can_send_message": "AVAILABLE"},
        "preview": {
            "preview_url": f"https://business.facebook.com/wa/manage/flows/{flow_id}/preview",
            "expires_at": "2026-12-31T00:00:00+0000",
        },
        "whatsapp_business_account": node(call, call.world.wabas[call.node]),
        "application": {"id": call.world.app_id, "name": "PyTake Emulator App", "link": "https://www.facebook.com"},
        "updated_at": datetime.fromtimestamp(call.now, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "waba": call.node,
    }
    if parameters.get("flow_json"):
        _take_json(call.world.flows[flow_id], str(parameters["flow_json"]).encode())
    if parameters.get("publish"):
        call.world.flows[flow_id]["status"] = "PUBLISHED"
    return {"id": flow_id, "success": True, "validation_errors": call.world.flows[flow_id]["validation_errors"]}


def _take_json(flow: dict[str, Any], raw: bytes) -> None:
    try:
        definition = orjson.loads(raw)
    except orjson.JSONDecodeError:
        definition = None
    flow["json"] = raw.decode("utf-8", "replace")
    if isinstance(definition, dict) and definition.get("screens"):
        flow["validation_errors"], flow["json_version"] = [], definition.get("version")
        flow["data_api_version"] = definition.get("data_api_version")
        return
    message = "The flow JSON must be an object with screens."
    flow["validation_errors"] = [
        {
            "error": "INVALID_PROPERTY",
            "error_type": "FLOW_JSON_ERROR",
            "message": message,
            "line_start": 1,
            "line_end": 1,
            "column_start": 1,
            "column_end": 1,
            "pointers": [],
        }
    ]


async def list_(call: Call) -> dict[str, Any]:
    return page(call, [flow for flow in call.world.flows.values() if flow["waba"] == call.node], DEFAULT)


async def show(call: Call) -> dict[str, Any]:
    return select(call.world.flows[call.node], call.query.get("fields"), DEFAULT)


async def update(call: Call) -> dict[str, Any]:
    parameters = await call.parameters()
    flow = call.world.flows[call.node]
    flow |= {name: parameters[name] for name in ("name", "categories", "endpoint_uri") if name in parameters}
    return SUCCESS


async def upload(call: Call) -> dict[str, Any]:
    flow = call.world.flows[call.node]
    _, file = await call.form()
    if file is None:
        raise missing("file")
    if flow["status"] != "DRAFT":
        raise GraphError(139001, "Only flows in DRAFT can be changed.")
    _take_json(flow, file.data)
    return {"success": True, "validation_errors": flow["validation_errors"]}


async def assets(call: Call) -> dict[str, Any]:
    url = f"{call.base_url}/flow/{call.node}.json"
    return page(call, [{"name": "flow.json", "asset_type": "FLOW_JSON", "download_url": url}])


async def publish(call: Call) -> dict[str, Any]:
    flow = call.world.flows[call.node]
    if flow["validation_errors"] or flow["status"] != "DRAFT":
        raise GraphError(139000, "The flow has validation errors or is not in DRAFT.")
    flow["status"] = "PUBLISHED"
    return SUCCESS


async def deprecate(call: Call) -> dict[str, Any]:
    flow = call.world.flows[call.node]
    if flow["status"] != "PUBLISHED":
        raise GraphError(139001, "Only published flows can be deprecated.")
    flow["status"] = "DEPRECATED"
    return SUCCESS


async def delete(call: Call) -> dict[str, Any]:
    if call.world.flows[call.node]["status"] != "DRAFT":
        raise GraphError(139001, "Only flows in DRAFT can be deleted.")
    del call.world.flows[call.node]
    return SUCCESS
