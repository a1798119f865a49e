"""Policies in force: the shipped matrix, or one value."""

from datetime import UTC, date, datetime
from typing import Any

from django.contrib.auth.models import User

from apps.brands.models import Jurisdiction
from apps.compliance.models import PolicyParameter, PolicySource, PolicyVersion
from apps.compliance.policies import forget_policies
from apps.compliance.policy_changes import Terms, version_of
from apps.compliance.policy_file import PLACES, read_matrix
from apps.compliance.policy_loading import apply_matrix
from tests.factories.staff import make_staff

LOADED_AT = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def load_matrix() -> None:
    """Fill the book with the matrix shipped with the platform, as `load_policies --apply` does."""
    apply_matrix(read_matrix(), maker=None, now=LOADED_AT)


def put_in_force(
    jurisdiction: str,
    parameter: str,
    value: Any,
    *,
    valid_from: date | None = None,
    valid_to: date | None = None,
    confidence: str = "C",
    brand_id: int | None = None,
    at: datetime = LOADED_AT,
) -> PolicyVersion:
    """Put one value in force, as two people would have; what it is about is made where it is missing."""
    name, zone = PLACES.get(jurisdiction, (jurisdiction, "UTC"))
    Jurisdiction.objects.get_or_create(code=jurisdiction, defaults={"name": name, "timezone": zone})
    shipped = next((each for each in read_matrix().parameters if each.code == parameter), None)
    facts = {"value_type": shipped.value_type, "choices": list(shipped.choices)} if shipped else {"value_type": "str"}
    PolicyParameter.objects.get_or_create(code=parameter, defaults=facts)
    PolicySource.objects.get_or_create(code="TEST", defaults={"title": "Test", "kind": "regulator"})
    maker = User.objects.filter(username="author").first() or make_staff("author", "compliance.propose_policy")
    checker = User.objects.filter(username="approver").first() or make_staff("approver", "compliance.publish_policy")
    terms = Terms(
        jurisdiction=jurisdiction,
        parameter=parameter,
        value=value,
        valid_from=valid_from,
        valid_to=valid_to,
        confidence=confidence,
        sources=("TEST",),
        brand_id=brand_id,
    )
    version = version_of(terms, origin=PolicyVersion.Origin.STAFF, maker=maker, now=at, replaces=None)
    vars(version).update(state=PolicyVersion.State.PUBLISHED, checker_id=checker.pk, proposed_at=at, published_at=at)
    version.save(force_insert=True)
    forget_policies()
    return version
