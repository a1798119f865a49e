"""
Settings of an integration: what a vendor's protocol leaves open, as data with a default and words for staff.

Adapters live in rooms above; each registers its vendor's settings here when the platform starts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from apps.core.errors import DomainError
from apps.integrations.audit import record_event, require_permission
from apps.integrations.connections import Connection, forget_connections
from apps.integrations.models import Integration, IntegrationEvent

_LONGEST_REASON = 300
_LONGEST_HISTORY_REASON = 100
_LONGEST_TEXT = 500
BUCKETS = ("cash", "bonus", "restricted")


class UnableToSetOption(DomainError):
    """The vendor has no such setting, the value is none it may have, or nobody said why."""

    code = "unable-to-set-option"
    title = "The setting cannot have that value"
    status = 422


@dataclass(frozen=True, slots=True)
class Option:
    """
    One setting of an integration, with the protocol's default and what it means in words for staff.

    :ivar kind: `text`, `flag`, `number` (whole, not negative) or `buckets` (a list of a wallet's buckets)
    :ivar choices: where only certain texts will do
    :ivar case: the cell of the semantics matrix that it decides; empty for settings of the connection itself
    """

    name: str
    default: Any
    meaning: str
    kind: str = "text"
    choices: tuple[str, ...] = ()
    case: str = ""

    def accepts(self, value: Any) -> bool:
        """Whether the value is one the setting may have."""
        if self.choices:
            return value in self.choices
        return _KINDS[self.kind](value)


@dataclass(frozen=True, slots=True)
class Setting:
    """An option as it stands at one integration."""

    option: Option
    value: Any
    is_default: bool


class Options:
    """The settings of one vendor, and how a connection has them."""

    def __init__(self, *options: Option) -> None:
        self._all = options
        self._defaults = {option.name: option.default for option in options}

    def __iter__(self) -> Any:
        """All of them, in the order in which staff read them."""
        return iter(self._all)

    def of(self, connection: Connection, name: str) -> Any:
        """What a connection has set, else the protocol's default."""
        return connection.options.get(name, self._defaults[name])


_registered: dict[str, tuple[Option, ...]] = {}


def register_options(vendor: str, options: Sequence[Option]) -> None:
    """Make a vendor's settings known to the staff site and to :func:`set_option`."""
    _registered[vendor] = tuple(options)


def settings_of(integration: Integration) -> list[Setting]:
    """Every setting of the integration's vendor with its value here; empty for a vendor that registered none."""
    own: Mapping[str, Any] = integration.options
    return [
        Setting(option, own.get(option.name, option.default), option.name not in own)
        for option in _registered.get(integration.vendor, ())
    ]


@transaction.atomic
def set_option(
    *, slug: str, name: str, value: Any, reason: str, actor: User | None, now: datetime, reset: bool = False
) -> Integration:
    """
    Set one setting, or put it back to the protocol's default. Works on the vendor's next call within a second.

    :param value: a JSON value of the option's kind; ignored with `reset`
    :raises PermissionDenied: if the actor may not change settings
    :raises UnableToSetOption: for an unknown setting, a value it may not have, or without a reason
    :raises Integration.DoesNotExist: if there is none of that slug
    """
    require_permission(actor, "change_options")
    reason = reason.strip()
    if not reason or len(reason) > _LONGEST_REASON:
        raise UnableToSetOption(f"a reason of at most {_LONGEST_REASON} characters is needed")
    integration = Integration.objects.select_for_update().get(slug=slug)
    option = next((each for each in _registered.get(integration.vendor, ()) if each.name == name), None)
    if option is None:
        raise UnableToSetOption(f"{integration.vendor} has no setting {name!r:.60}")
    if not reset and not option.accepts(value):
        raise UnableToSetOption(f"{name} may not be {value!r:.60}")
    before = integration.options.get(name, option.default)
    kept = {key: each for key, each in integration.options.items() if key != name}
    changed = kept if reset else kept | {name: value}
    if changed == integration.options:
        return integration
    integration.options = changed
    # How simple-history is told who and why; it declares neither.
    integration._history_user = actor  # type: ignore[attr-defined]  # noqa: SLF001
    integration._change_reason = reason[:_LONGEST_HISTORY_REASON]  # type: ignore[attr-defined]  # noqa: SLF001
    integration.save(update_fields=["options"])
    record_event(
        IntegrationEvent.Action.OPTION_SET,
        integration_id=integration.pk,
        actor=actor,
        now=now,
        reason=reason,
        option=name,
        before=before,
        to=option.default if reset else value,
    )
    transaction.on_commit(forget_connections)
    return integration


def _is_buckets(value: Any) -> bool:
    return (
        isinstance(value, list | tuple) and bool(value) and set(value) <= set(BUCKETS) and len(set(value)) == len(value)
    )


_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str) and 0 < len(value) <= _LONGEST_TEXT and "\0" not in value,
    "flag": lambda value: isinstance(value, bool),
    "number": lambda value: type(value) is int and 0 <= value < 10**9,
    "buckets": _is_buckets,
}
