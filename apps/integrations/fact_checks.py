"""Start-up checks: what followers read and what is told outside has been declared by whoever records it."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error

from apps.integrations import fact_kinds
from apps.integrations.outgoing.catalogue import event_kinds
from apps.integrations.outgoing.fan_out import sources_of


def check_facts(**_: Any) -> list[CheckMessage]:
    """For `django.core.checks.register`."""
    return [*_followed_by_name(), *_told_outside()]


def _followed_by_name() -> Iterator[CheckMessage]:
    for follower, kinds in fact_kinds.followers().items():
        for kind in fact_kinds.unknown_kinds(kinds):
            yield Error(f"{follower} follows {kind}, which nobody records", id="integrations.E101")


def _told_outside() -> Iterator[CheckMessage]:
    for event in event_kinds():
        declared = fact_kinds.declared_kinds().get(event.kind)
        if declared is None:
            yield Error(f"operators are told of {event.kind}, which nobody records", id="integrations.E102")
            continue
        for name, schema in event.properties.items():
            if not set(sources_of(name, schema)) & set(declared.always):
                yield Error(f"{event.kind} is told with {name}, which the fact may lack", id="integrations.E103")
