"""Who gets which webhook: the app's callback and fields, the WABA's subscription, overrides per WABA and number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytake_cli.emulator.numbers import Number
    from pytake_cli.emulator.wire import Change
    from pytake_cli.emulator.world import World

FIELDS = frozenset(
    {
        "messages",
        "message_template_status_update",
        "message_template_quality_update",
        "message_template_components_update",
        "template_category_update",
        "phone_number_quality_update",
        "phone_number_name_update",
        "business_capability_update",
        "account_update",
        "account_alerts",
        "account_review_update",
        "security",
        "user_preferences",
        "calls",
        "flows",
        "history",
        "smb_app_state_sync",
        "smb_message_echoes",
        "group_lifecycle_update",
        "group_participants_update",
        "group_settings_update",
        "group_status_update",
        "automatic_events",
        "tracking_events",
        "business_username_update",
        "standby",
        "messaging_handovers",
        "payment_configuration_update",
        "partner_solutions",
        "message_echoes",
        "user_id_update",
    }
)


class Subscriptions:
    """The app's subscription; overrides live on WABAs and numbers and count for `messages` only."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.callback_url = world.config.webhook_url
        self.fields: set[str] = set(FIELDS)

    def url_for(self, change: Change, number: Number | None) -> str | None:
        """The callback for an update; None when nobody is subscribed, which is as silent as with Meta."""
        waba = number.waba if number is not None else self._world.wabas.get(change.entry_id)
        if waba is not None and not waba.subscribed:
            return None
        if change.field not in self.fields and change.field in FIELDS:
            return None
        if change.field == "messages" and number is not None:
            return number.override_url or number.waba.override_url or self.callback_url
        return self.callback_url
