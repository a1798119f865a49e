"""Which blueprint is in force, and how a new version is published. What one says is data: see the model."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.db import transaction

from apps.compliance.models import Blueprint
from apps.core.errors import DomainError

_TERMS = tuple(
    field.name
    for field in Blueprint._meta.concrete_fields
    if field.name not in ("id", "code", "version", "reason", "published_by", "published_at")
)


class UnknownBlueprint(DomainError):
    """There is no blueprint of that name."""

    code: ClassVar[str] = "unknown-blueprint"
    title: ClassVar[str] = "There is no such kind of case"
    status: ClassVar[int] = 422


class UnsoundBlueprint(DomainError):
    """The new version names something that does not exist, or leaves something out."""

    code: ClassVar[str] = "unsound-blueprint"
    title: ClassVar[str] = "The blueprint is not sound"
    status: ClassVar[int] = 422


def current_blueprint(code: str) -> Blueprint:
    """
    Return the version in force.

    :raises UnknownBlueprint: if there is none
    """
    found = Blueprint.objects.filter(code=code).order_by("-version").first()
    if found is None:
        raise UnknownBlueprint(f"There is no blueprint “{code}”.")
    return found


def current_blueprints() -> list[Blueprint]:
    """The version in force of each code, in the order of the menu; one query."""
    newest = Blueprint.objects.order_by("code", "-version").distinct("code")
    order = {code: number for number, code in enumerate(Blueprint.Code.values)}
    return sorted(newest, key=lambda each: order[each.code])


@transaction.atomic
def publish_blueprint(
    *, code: str, changes: Mapping[str, Any], reason: str, publisher: User | None, now: datetime
) -> Blueprint:
    """
    Put a new version in force. Open cases keep the one they were opened by.

    :param changes: fields of the model that differ from the version in force
    :raises UnknownBlueprint: if there is none to change
    :raises UnsoundBlueprint: if a field is not one of a blueprint's, or the result makes no sense
    """
    if foreign := set(changes) - set(_TERMS):
        raise UnsoundBlueprint(f"Not fields of a blueprint: {', '.join(sorted(foreign))}.")
    before = current_blueprint(code)
    terms = {name: getattr(before, name) for name in _TERMS} | dict(changes)
    require_sound(terms)
    return Blueprint.objects.create(
        code=code, version=before.version + 1, reason=reason, published_by=publisher, published_at=now, **terms
    )


def require_sound(terms: Mapping[str, Any]) -> None:
    """
    Check what the database cannot.

    :raises UnsoundBlueprint: saying what is wrong
    """
    from apps.compliance.models import Case, Severity  # noqa: PLC0415 - only here

    if set(terms["sla_minutes"]) != set(Severity.values) or not all(
        isinstance(each, int) and each > 0 for each in terms["sla_minutes"].values()
    ):
        raise UnsoundBlueprint("The SLA needs whole minutes above 0 for low, medium, high and critical.")
    if unknown := set(terms["resolutions"]) - set(Case.Resolution.values) | ({"merged"} & set(terms["resolutions"])):
        raise UnsoundBlueprint(f"No resolutions: {', '.join(sorted(unknown))}.")
    if not terms["resolutions"] or not terms["reason_codes"]:
        raise UnsoundBlueprint("A case has to be closable: name resolutions and reason codes.")
    if unknown := set(terms["second_person_for"]) - set(terms["resolutions"]) - set(terms["effects"]):
        raise UnsoundBlueprint(f"A second person for what nobody may do: {', '.join(sorted(unknown))}.")
    if terms["escalates_to"] not in Case.Stage.values:
        raise UnsoundBlueprint(f"“{terms['escalates_to']}” is no stage.")
