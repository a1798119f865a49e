"""Bringing a matrix into the database: what would change, then changing it. An empty book is filled."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, models, transaction

from apps.brands.models import Jurisdiction
from apps.compliance.models.policies import PolicyParameter, PolicySource, PolicyVersion
from apps.compliance.policies import forget_policies
from apps.compliance.policy_changes import Terms, propose_policy, version_of
from apps.compliance.policy_file import FileValue, Matrix

_MATRIX = PolicyVersion.Origin.MATRIX
_ENDED = (PolicyVersion.State.SUPERSEDED, PolicyVersion.State.WITHDRAWN)


class Step(Enum):
    """What happens to a value of the file."""

    PUBLISH = "in force at once: the book of this jurisdiction is empty"
    PROPOSE = "a second person has to publish it"
    DRAFT = "stays off until two people publish it"


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One value that the database does not have yet."""

    value: FileValue
    before: PolicyVersion | None
    """What the file said last, if anything."""
    step: Step


@dataclass(slots=True)
class Difference:
    """What a file says and the database does not, or the other way round."""

    values: list[ValueChange] = field(default_factory=list)
    gone: list[PolicyVersion] = field(default_factory=list)
    """Live versions that came from a file and are no longer in it: people withdraw them."""
    parameters: list[PolicyParameter] = field(default_factory=list)
    sources: list[PolicySource] = field(default_factory=list)
    jurisdictions: list[Jurisdiction] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.values or self.parameters or self.sources or self.jurisdictions)


def difference(matrix: Matrix) -> Difference:
    """Compare a file with the database."""
    found = Difference(
        parameters=_changed(PolicyParameter.objects.all(), _parameters_of(matrix)),
        sources=_changed(PolicySource.objects.all(), _sources_of(matrix)),
        jurisdictions=_missing_places(matrix),
    )
    latest = _latest_of_file()
    modelled = set(PolicyVersion.objects.values_list("jurisdiction_id", flat=True).distinct())
    for value in matrix.values:
        before = latest.pop((value.jurisdiction, value.parameter), None)
        if before is None or before.digest != terms_of_file(value).digest():
            found.values.append(ValueChange(value, before, _step(value, is_empty=value.jurisdiction not in modelled)))
    found.gone = [version for version in latest.values() if version.state not in _ENDED]
    return found


@transaction.atomic
def apply_matrix(matrix: Matrix, *, maker: User | None, now: datetime) -> Difference:
    """
    Bring a file in. Values for an empty book are in force at once; later ones wait for people.

    :param maker: in whose name changes of a live book are proposed; without one they stay drafts
    :return: what was done
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('compliance_load_policies'))")
    found = difference(matrix)
    _upsert(PolicyParameter, found.parameters)
    _upsert(PolicySource, found.sources)
    Jurisdiction.objects.bulk_create(found.jurisdictions)
    fresh, later = _split(found.values)
    PolicyVersion.objects.bulk_create(_brought_in(change, now) for change in fresh)
    for change in later:
        _ask(change, maker, now)
    forget_policies()
    transaction.on_commit(forget_policies)
    return found


def _split(changes: Iterable[ValueChange]) -> tuple[list[ValueChange], list[ValueChange]]:
    later = [change for change in changes if change.step is Step.PROPOSE]
    return [change for change in changes if change.step is not Step.PROPOSE], later


def _brought_in(change: ValueChange, now: datetime) -> PolicyVersion:
    version = version_of(terms_of_file(change.value), origin=_MATRIX, maker=None, now=now, replaces=_replaced(change))
    if change.step is Step.PUBLISH:
        # A row that never was anything else: no transition leads here, the rule stands in the database.
        vars(version).update(state=PolicyVersion.State.PUBLISHED, published_at=now)
    return version


def _ask(change: ValueChange, maker: User | None, now: datetime) -> None:
    version = _brought_in(change, now)
    version.save(force_insert=True)
    if maker is not None:
        propose_policy(version_id=version.pk, maker=maker, reason="The matrix changed", now=now)


def _replaced(change: ValueChange) -> int | None:
    before = change.before
    return before.pk if before is not None and before.state == PolicyVersion.State.PUBLISHED else None


def _step(value: FileValue, *, is_empty: bool) -> Step:
    if not value.is_in_force:
        return Step.DRAFT
    return Step.PUBLISH if is_empty else Step.PROPOSE


def _latest_of_file() -> dict[tuple[str, str], PolicyVersion]:
    rows = PolicyVersion.objects.filter(origin=_MATRIX).order_by("jurisdiction_id", "parameter_id", "-pk")
    latest = rows.distinct("jurisdiction_id", "parameter_id")
    return {(row.jurisdiction_id, row.parameter_id): row for row in latest}


def terms_of_file(value: FileValue) -> Terms:
    """Return what a value of the file says, as a version would."""
    return Terms(
        jurisdiction=value.jurisdiction,
        parameter=value.parameter,
        value=value.value,
        valid_from=value.valid_from,
        valid_to=value.valid_to,
        legal_status=value.legal_status,
        confidence=value.confidence,
        sources=value.sources,
        note=value.note,
    )


def _parameters_of(matrix: Matrix) -> list[PolicyParameter]:
    return [
        PolicyParameter(
            code=each.code,
            value_type=each.value_type,
            unit=each.unit,
            choices=list(each.choices),
            meaning=each.meaning,
            enforce_at=list(each.enforce_at),
            position=each.position,
        )
        for each in matrix.parameters
    ]


def _sources_of(matrix: Matrix) -> list[PolicySource]:
    return [
        PolicySource(
            code=each.code,
            title=each.title,
            publisher=each.publisher,
            kind=each.kind,
            url=each.url,
            also=list(each.also),
            note=each.note,
        )
        for each in matrix.sources
    ]


def _missing_places(matrix: Matrix) -> list[Jurisdiction]:
    known = set(Jurisdiction.objects.values_list("code", flat=True))
    return [
        Jurisdiction(code=each.code, name=each.name, regulator=each.regulator, timezone=each.timezone)
        for each in matrix.places
        if each.code not in known
    ]


def _changed(known: Iterable[Any], wanted: Iterable[Any]) -> list[Any]:
    before: Mapping[Any, Any] = {each.pk: each for each in known}
    return [each for each in wanted if each.pk not in before or _facts(each) != _facts(before[each.pk])]


def _facts(row: models.Model) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if not name.startswith("_")}


def _upsert(model: type[PolicyParameter] | type[PolicySource], rows: list[Any]) -> None:
    fields = [each.attname for each in model._meta.concrete_fields if not each.primary_key]
    model.objects.bulk_create(rows, update_conflicts=True, unique_fields=["code"], update_fields=fields)
