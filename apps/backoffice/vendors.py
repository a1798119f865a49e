"""Which vendors there are adapters for, of every kind, with the settings they read; declared to `integrations`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from apps.integrations.models import Integration
from apps.integrations.setup import declare_vendor
from apps.payments.registry import ADAPTERS as PAYMENTS
from apps.providers.registry import ADAPTERS as GAMES
from apps.providers.registry import adapter_of, plugins
from apps.verification.registry import ADAPTERS as IDENTITY

_Kind = Integration.Kind


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of an adapter, as the set-up page asks for it."""

    name: str
    default: Any
    meaning: str
    choices: tuple[str, ...]
    accepts: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor that can be connected."""

    kind: str
    name: str
    settings: tuple[Setting, ...]


def vendors() -> list[Vendor]:
    """All of them, games first."""
    return [Vendor(kind, name, tuple(_settings(adapter))) for kind, name, adapter in _adapters()]


def vendor_named(kind: str, name: str) -> Vendor | None:
    """One of them; None if no adapter of that kind speaks for it."""
    return next((each for each in vendors() if (each.kind, each.name) == (kind, name)), None)


def register() -> None:
    """Declare them; called once the adapters are loaded."""
    for vendor in vendors():
        declare_vendor(
            kind=vendor.kind, vendor=vendor.name, options={each.name: each.accepts for each in vendor.settings}
        )


def _adapters() -> Iterator[tuple[str, str, Any]]:
    for name in [*GAMES, *plugins()]:
        yield _Kind.GAMES, name, adapter_of(name)
    for kind, adapters in ((_Kind.PAYMENTS, PAYMENTS), (_Kind.IDENTITY, IDENTITY)):
        for name, adapter in adapters.items():
            yield kind, name, adapter


def _settings(adapter: Any) -> Iterator[Setting]:
    """Of adapters whose options know what they accept; of the others a value is like the default."""
    for option in adapter.options:
        accepts = getattr(option, "accepts", None) or partial(_is_like, option.default)
        yield Setting(option.name, option.default, option.meaning, getattr(option, "choices", ()), accepts)


def _is_like(default: Any, value: Any) -> bool:
    if default is None:
        return value is None or isinstance(value, str | int | bool)
    if isinstance(default, list | tuple):
        return isinstance(value, list)
    return type(value) is type(default)
