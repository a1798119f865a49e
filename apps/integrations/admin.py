"""Pages of connections and their keys. The exchange log's are in `exchange_admin`."""

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from apps.core.admin_actions import ActionForm, ReasonForm, staff_action, staff_of
from apps.core.admin_base import StaffAdmin
from apps.core.admin_display import facts_list, pill
from apps.core.clock import now
from apps.integrations import exchange_admin  # noqa: F401 - registers its pages
from apps.integrations.credentials import add_credential, expire_credential, revoke_credential
from apps.integrations.models import Credential, Integration, IntegrationEvent
from apps.integrations.options import set_option, settings_of
from apps.integrations.options_form import OptionForm, option_value, shown_setting
from apps.integrations.outgoing import admin as outgoing_admin  # noqa: F401 - registers its pages
from apps.integrations.switches import switch_integration
from apps.integrations.watch.admin import TargetForm, health_context
from apps.integrations.watch.targets import set_target

_MOST_SECRET_CHARACTERS = 20_000
_EVENTS_SHOWN = 30


_SWITCH_CHOICES = (
    ("on", "Everything"),
    ("no_new_play", "Wins and rollbacks only: no new play"),
    ("off", "Nothing: off"),
)


class SwitchForm(ReasonForm):
    """Asks what the kill switch should let through."""

    to = forms.ChoiceField(label="Let through", choices=_SWITCH_CHOICES, widget=UnfoldAdminSelectWidget())
    field_order = ("to", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present = cast("Integration | None", self.target)
        choices = [choice for choice in _SWITCH_CHOICES if present is None or choice[0] != present.switch]
        cast("forms.ChoiceField", self.fields["to"]).choices = choices


class SecretWidget(UnfoldAdminTextareaWidget):
    """Takes a secret and never gives it back, not even when the form is shown again for another field's sake."""

    def format_value(self, value: Any) -> str:
        """Nothing."""
        return ""


class AddKeyForm(ActionForm):
    """Asks for a key. What is pasted here is never shown again."""

    purpose = forms.ChoiceField(choices=Credential.Purpose, widget=UnfoldAdminSelectWidget())
    name = forms.CharField(
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Only where the vendor has several of one purpose, e.g. casino_key.",
    )
    kid = forms.CharField(
        label="Key id",
        required=False,
        max_length=64,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Written beside each exchange it verifies or signs. Made up if left empty.",
    )
    secret = forms.CharField(
        max_length=_MOST_SECRET_CHARACTERS,
        strip=False,
        widget=SecretWidget(attrs={"rows": 6, "spellcheck": "false"}),
        help_text="PEM key, password or token. Encrypted at once and never shown again.",
    )
    expires_at = forms.SplitDateTimeField(
        label="Expires at (UTC)", required=False, widget=UnfoldAdminSplitDateTimeWidget()
    )

    def clean_secret(self) -> str:
        """Drop the line break that pasting adds to anything but a PEM block."""
        secret: str = self.cleaned_data["secret"].replace("\r\n", "\n")
        return secret if secret.startswith("-----BEGIN") else secret.strip("\n")


class ExpiryForm(ReasonForm):
    """Asks from when on a key should no longer work."""

    expires_at = forms.SplitDateTimeField(label="Expires at (UTC)", widget=UnfoldAdminSplitDateTimeWidget())
    field_order = ("expires_at", "reason")


@admin.register(Integration)
class IntegrationAdmin(StaffAdmin):
    """One connection to a vendor, with its kill switch and keys."""

    brand_code_lookup = "brand_code"
    staff_actions = ("switch_it", "set_it", "add_key", "set_targets")
    change_form_template = "staff/integration.html"
    list_display = ("slug", "name", "vendor", "kind", "brand_code", "environment", "switched")
    list_filter = ("kind", "environment", "switch", "brand_code")
    search_fields = ("slug", "name", "vendor")
    fields = (
        ("slug", "name"), ("vendor", "kind"), ("brand_code", "environment"), "base_url", "switched", "switch_reason",
        "switch_changed_at", "created_at",
    )  # fmt: skip
    readonly_fields = ("switched",)
    empty_hint = "No vendor is connected to a brand in your scope."

    @admin.display(description="kill switch", ordering="switch")
    def switched(self, integration: Integration) -> str:
        """What it lets through."""
        words = {"on": "on", "no_new_play": "no new play", "off": "off"}
        return pill(integration.switch, words[integration.switch])

    def page_context(self, request: HttpRequest, obj: Integration) -> dict[str, Any]:
        """Its keys and what was done to it."""
        may_see_keys = request.user.has_perm("integrations.view_credential")
        events = IntegrationEvent.objects.filter(integration=obj).select_related("actor")[:_EVENTS_SHOWN]
        health = health_context(request, obj)
        longest = timedelta(days=health["target"].key_age_days)
        keys = [(key, key_state(key), key_age(key), is_overdue(key, longest)) for key in obj.credentials.all()]
        return {
            "keys": keys if may_see_keys else None,
            "events": events,
            "settings": [shown_setting(each) for each in settings_of(obj)],
            "may_see_exchanges": request.user.has_perm("integrations.view_exchange"),
            **health,
        }

    @staff_action(
        title="Kill switch",
        permission="integrations.switch_integration",
        form=SwitchForm,
        description="Works on the vendor's next call. Wins and rollbacks of earlier bets pass unless it is off.",
        danger=True,
        icon="power_settings_new",
    )
    def switch_it(self, request: HttpRequest, obj: Integration, data: dict[str, Any]) -> str:
        """Throw or lift the kill switch."""
        switch_integration(slug=obj.slug, to=data["to"], reason=data["reason"], actor=staff_of(request), now=now())
        return f"{obj.slug}: {Integration.Switch(data['to']).label}"

    @staff_action(
        title="Change a setting",
        permission="integrations.change_options",
        form=OptionForm,
        description="Decides what the vendor's protocol leaves open, from its next call on. Ask the vendor first.",
        danger=True,
        icon="tune",
        applies=lambda integration: bool(settings_of(integration)),
    )
    def set_it(self, request: HttpRequest, obj: Integration, data: dict[str, Any]) -> str:
        """Set one of the vendor's settings, or put it back to its default."""
        text: str = data["value"].strip()
        set_option(
            slug=obj.slug,
            name=data["option"],
            value=option_value(text),
            reset=not text,
            reason=data["reason"],
            actor=staff_of(request),
            now=now(),
        )
        return f"{obj.slug}: {data['option']} is {text or 'back to the default'} now."

    @staff_action(
        title="Add key",
        permission="integrations.rotate_credential",
        form=AddKeyForm,
        description="Keys already here stay valid, so that both sides change over in peace; revoke them afterwards.",
        icon="key",
    )
    def add_key(self, request: HttpRequest, obj: Integration, data: dict[str, Any]) -> str:
        """Store a key."""
        key = add_credential(
            integration=obj,
            purpose=data["purpose"],
            secret=data["secret"].encode(),
            kid=data["kid"] or None,
            name=data["name"],
            actor=staff_of(request),
            now=now(),
            expires_at=data["expires_at"],
        )
        return f"Key {key.kid} works now."

    @staff_action(
        title="Set targets",
        permission="integrations.switch_integration",
        form=TargetForm,
        description="Falling short of them opens an incident.",
        icon="flag",
    )
    def set_targets(self, request: HttpRequest, obj: Integration, data: dict[str, Any]) -> str:
        """Say what the integration has to reach."""
        set_target(integration_id=obj.pk, values=data, reason=data["reason"], actor=staff_of(request), now=now())
        return f"Targets of {obj.slug} are set."


def key_state(key: Credential) -> str:
    """Say whether a key works."""
    at = now()
    if key.revoked_at:
        return "revoked"
    if key.expires_at and key.expires_at <= at:
        return "expired"
    if key.activated_at is None or key.activated_at > at:
        return "not active yet"
    return "expiring" if key.expires_at and key.expires_at <= at + timedelta(days=30) else "active"


def key_age(key: Credential) -> int | None:
    """For how many whole days a key has worked; None for one that does not work (yet or any more)."""
    if key.activated_at is None or key_state(key) not in ("active", "expiring"):
        return None
    return (now() - key.activated_at).days


def is_overdue(key: Credential, longest: timedelta) -> bool:
    """Whether a working key is older than its integration's target: then the rule `key-rotation` has an incident."""
    return key_age(key) is not None and key.activated_at is not None and key.activated_at < now() - longest


@admin.register(Credential)
class CredentialAdmin(StaffAdmin):
    """A key, without its secret: that is shown to nobody."""

    brand_code_lookup = "integration__brand_code"
    staff_actions = ("set_expiry", "revoke")
    list_display = ("kid", "integration", "purpose", "name", "state", "activated_at", "expires_at", "last_used_at")
    list_filter = ("purpose", "integration")
    list_select_related = ("integration",)
    search_fields = ("kid", "integration__slug", "fingerprint")
    fields = (
        "integration", "kid", "purpose", "name", "state", "fingerprint", "master_kid", "created_at", "created_by",
        "activated_at", "expires_at", "revoked_at", "last_used_at",
    )  # fmt: skip
    readonly_fields = ("state",)
    empty_hint = "Keys are added on the page of their integration."

    @admin.display(description="state")
    def state(self, key: Credential) -> str:
        """Whether it works."""
        return pill(key_state(key))

    @staff_action(
        title="Set expiry",
        permission="integrations.rotate_credential",
        form=ExpiryForm,
        description="Use it to let the old key run out after a rotation.",
        icon="event_busy",
        applies=lambda key: key.revoked_at is None,
    )
    def set_expiry(self, request: HttpRequest, obj: Credential, data: dict[str, Any]) -> str:
        """Let a key run out."""
        expire_credential(
            credential_id=obj.pk,
            expires_at=data["expires_at"],
            reason=data["reason"],
            actor=staff_of(request),
            now=now(),
        )
        return f"Key {obj.kid} works until {data['expires_at']:%Y-%m-%d %H:%M} UTC."

    @staff_action(
        title="Revoke",
        permission="integrations.rotate_credential",
        description="For ever, and at once: calls signed with it are refused from now on.",
        danger=True,
        icon="key_off",
        applies=lambda key: key.revoked_at is None,
    )
    def revoke(self, request: HttpRequest, obj: Credential, data: dict[str, Any]) -> str:
        """Stop a key."""
        revoke_credential(credential_id=obj.pk, reason=data["reason"], actor=staff_of(request), now=now())
        return f"Key {obj.kid} is revoked."


@admin.register(IntegrationEvent)
class IntegrationEventAdmin(StaffAdmin):
    """What was done to connections and keys. Append-only."""

    brand_code_lookup = "integration__brand_code"
    list_display = ("at", "integration", "action", "kid", "actor", "reason")
    list_filter = ("action", "integration")
    list_select_related = ("integration", "actor")
    search_fields = ("kid", "reason")
    fields = (("integration", "action"), "kid", "changed", "reason", ("actor", "at"), "request_id")
    readonly_fields = ("changed",)
    empty_hint = "Nobody has touched a key or kill switch yet."

    @admin.display(description="details")
    def changed(self, event: IntegrationEvent) -> str:
        """What changed, never a secret."""
        return facts_list(event.details)
