"""Which handler answers which path: one literal table of (node, edge, method)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pytake_cli.emulator.errors import unknown_object, wrong_method
from pytake_cli.emulator.graph import flows, media, messages, numbers, people, templates, waba, webhooks
from pytake_cli.emulator.graph.call import Call

Handler = Callable[[Call], Awaitable[Any]]

OPEN: frozenset[tuple[str, str]] = frozenset({("oauth", "access_token")})  # paths that need no token

ROUTES: dict[tuple[str, str, str], Handler] = {
    ("number", "", "GET"): numbers.show,
    ("number", "", "POST"): numbers.update,
    ("number", "messages", "POST"): messages.send,
    ("number", "marketing_messages", "POST"): messages.send_marketing,
    ("number", "message_history", "GET"): messages.history,
    ("number", "thread_control", "POST"): messages.thread_control,
    ("number", "media", "POST"): media.upload,
    ("number", "register", "POST"): numbers.register,
    ("number", "deregister", "POST"): numbers.deregister,
    ("number", "request_code", "POST"): numbers.request_code,
    ("number", "verify_code", "POST"): numbers.verify_code,
    ("number", "settings", "GET"): numbers.show_settings,
    ("number", "settings", "POST"): numbers.set_settings,
    ("number", "username", "GET"): numbers.show_username,
    ("number", "username", "POST"): numbers.set_username,
    ("number", "username", "DELETE"): numbers.delete_username,
    ("number", "username_suggestions", "GET"): numbers.username_suggestions,
    ("number", "whatsapp_business_profile", "GET"): numbers.show_profile,
    ("number", "whatsapp_business_profile", "POST"): numbers.set_profile,
    ("number", "whatsapp_commerce_settings", "GET"): numbers.show_commerce,
    ("number", "whatsapp_commerce_settings", "POST"): numbers.set_commerce,
    ("number", "whatsapp_business_encryption", "GET"): numbers.show_encryption,
    ("number", "whatsapp_business_encryption", "POST"): numbers.set_encryption,
    ("number", "conversational_automation", "POST"): numbers.set_automation,
    ("number", "block_users", "GET"): people.blocked,
    ("number", "block_users", "POST"): people.block,
    ("number", "block_users", "DELETE"): people.unblock,
    ("number", "message_qrdls", "GET"): people.list_qr,
    ("number", "message_qrdls", "POST"): people.make_qr,
    ("number", "message_qrdls/*", "GET"): people.show_qr,
    ("number", "message_qrdls/*", "DELETE"): people.delete_qr,
    ("media", "", "GET"): media.resolve,
    ("media", "", "DELETE"): media.delete,
    ("whatsapp_business", "attachments", "GET"): media.download,
    ("upload", "", "POST"): media.continue_session,
    ("upload", "", "GET"): media.show_session,
    ("waba", "", "GET"): waba.show,
    ("waba", "", "POST"): waba.update,
    ("waba", "phone_numbers", "GET"): numbers.of_waba,
    ("waba", "phone_numbers", "POST"): numbers.add,
    ("waba", "message_templates", "GET"): templates.list_,
    ("waba", "message_templates", "POST"): templates.create,
    ("waba", "message_templates", "DELETE"): templates.delete,
    ("waba", "message_templates/archive", "POST"): templates.archive,
    ("waba", "message_templates/unarchive", "POST"): templates.unarchive,
    ("waba", "upsert_message_templates", "POST"): templates.upsert,
    ("waba", "migrate_message_templates", "POST"): templates.migrate,
    ("waba", "message_template_previews", "GET"): templates.previews,
    ("waba", "template_analytics", "GET"): waba.template_analytics,
    ("waba", "subscribed_apps", "GET"): webhooks.show_waba,
    ("waba", "subscribed_apps", "POST"): webhooks.subscribe_waba,
    ("waba", "subscribed_apps", "DELETE"): webhooks.unsubscribe_waba,
    ("waba", "flows", "GET"): flows.list_,
    ("waba", "flows", "POST"): flows.create,
    ("template", "", "GET"): templates.show,
    ("template", "", "POST"): templates.edit,
    ("template", "unpause", "POST"): templates.unpause,
    ("template", "compare", "GET"): templates.compare,
    ("flow", "", "GET"): flows.show,
    ("flow", "", "POST"): flows.update,
    ("flow", "", "DELETE"): flows.delete,
    ("flow", "assets", "GET"): flows.assets,
    ("flow", "assets", "POST"): flows.upload,
    ("flow", "publish", "POST"): flows.publish,
    ("flow", "deprecate", "POST"): flows.deprecate,
    ("app", "", "GET"): waba.show_app,
    ("app", "uploads", "POST"): media.open_session,
    ("app", "subscriptions", "GET"): webhooks.show_app,
    ("app", "subscriptions", "POST"): webhooks.set_app,
    ("app", "subscriptions", "DELETE"): webhooks.delete_app,
    ("business", "", "GET"): waba.show_business,
    ("business", "owned_whatsapp_business_accounts", "GET"): waba.wabas_of_business,
    ("business", "client_whatsapp_business_accounts", "GET"): waba.no_wabas,
    ("me", "", "GET"): waba.show_me,
    ("debug_token", "", "GET"): waba.debug_token,
    ("oauth", "access_token", "GET"): waba.access_token,
    ("message_template_library", "", "GET"): templates.library,
}
ROOTS = frozenset({"oauth", "debug_token", "me", "whatsapp_business", "message_template_library"})
_EDGES = frozenset(edge for _, edge, _ in ROUTES if edge)


def kind_of(call: Call) -> str:
    """What sort of node the first part of the path is; empty when it is none."""
    world, node = call.world, call.node
    if node in world.numbers:
        return "number"
    if node in world.wabas:
        return "waba"
    if node in world.templates.by_id:
        return "template"
    if node in (world.app_id, "app"):
        return "app"
    if node in world.businesses:
        return "business"
    if node in world.flows:
        return "flow"
    if node.startswith("upload:"):
        return "upload"
    if node in ROOTS:
        return node
    return "media" if world.media.find(node) is not None else ""


def find_handler(call: Call) -> Handler | None:
    """The handler; None for an unknown path; raises for an unknown object or a wrong method."""
    kind = kind_of(call)
    if not kind:
        if call.node.isdigit() and (not call.edge or call.edge in _EDGES):
            raise unknown_object(call.node, call.method)
        return None
    edge = call.edge
    if call.rest:
        edge += "/" + (call.rest[0] if (kind, f"{call.edge}/{call.rest[0]}", call.method) in ROUTES else "*")
    handler = ROUTES.get((kind, edge, call.method))
    if handler is None and any(route[:2] == (kind, edge) for route in ROUTES):
        raise wrong_method(call.method)
    return handler
