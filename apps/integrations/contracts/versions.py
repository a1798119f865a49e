"""New versions of the terms with a vendor: who may add them, and from when on they may hold."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models, transaction

from apps.core.admin_base import brand_scope
from apps.core.errors import DomainError
from apps.integrations.contracts.models import VendorContract
from apps.integrations.contracts.reading import TermsNotSound
from apps.integrations.models import Integration

Contract = TypeVar("Contract", bound=VendorContract)


class ContractSecondPerson(DomainError):
    """Whoever proposes terms does not approve them."""

    code = "contract-second-person"
    title = "A second person has to approve the terms"
    status = 403


@dataclass(frozen=True, slots=True)
class Period(Generic[Contract]):
    """When new terms are to hold, and what holds before them. Days or instants, as the contract keeps them."""

    integration_id: int
    valid_from: Any
    valid_to: Any
    last: Contract | None


@dataclass(frozen=True, slots=True)
class ContractKind(Generic[Contract]):
    """
    One kind of contract: with whom it is made, how its terms are read and written, and who may.

    `execute`, `revalidate` and `fingerprint` are what a command that two people agree to is registered with; its
    payload is what `page.payload_of` makes. Who agrees, and how, stands above this row.
    """

    model: type[Contract]
    vendors: str
    """Kind of the integrations with which it is made."""
    command: str
    propose_permission: str
    approve_permission: str
    read: Callable[[Mapping[str, Any]], tuple[dict[str, Any], Iterable[models.Model]]]
    """Terms from JSON values: fields of the contract, and rows that name it as `contract`, not saved yet."""
    write: Callable[[Contract], dict[str, Any]]
    """Terms as JSON values, for `read`."""
    moment: Callable[[str], date]
    """Reads `valid_from` and `valid_to` from ISO text."""
    require_period: Callable[[Period[Contract], datetime], None]
    """What this kind asks of a period, beside what all do; raises `TermsNotSound`."""

    def last(self, integration_id: int) -> Contract | None:
        """The version that begins last."""
        return self._versions(integration_id).order_by("-valid_from").first()

    def execute(self, *, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
        """Add the version that two people agreed to; see `add_version`."""
        made = add_version(self, **_asked(self, payload), terms=payload["terms"], maker=maker, checker=checker, now=now)
        return {"contract": made.pk, "version": made.version}

    def revalidate(self, *, payload: Mapping[str, Any], now: datetime) -> None:
        """
        See that a version that is asked for can still be added.

        :raises TermsNotSound: if it can not
        """
        self.read(payload["terms"])
        require_period(self, **_asked(self, payload), now=now)

    def fingerprint(self, payload: Mapping[str, Any]) -> int:
        """How many versions there are: terms are written with the last one in mind."""
        return self._versions(payload["integration"]).count()

    def _versions(self, integration_id: int) -> models.QuerySet[Contract]:
        return self.model._default_manager.filter(integration_id=integration_id)  # noqa: SLF001 - any model's


@transaction.atomic
def add_version(
    kind: ContractKind[Contract],
    *,
    integration_id: int,
    terms: Mapping[str, Any],
    valid_from: date,
    valid_to: date | None = None,
    maker: User | None,
    checker: User | None,
    now: datetime,
) -> Contract:
    """
    Put new terms in force from a time on; what began before it keeps its own.

    :param terms: JSON values as `kind` reads them; amounts and shares are decimal texts
    :param maker: who proposed them; with `checker` None only by the platform's own set-up
    :raises PermissionDenied: if one of them may not
    :raises ContractSecondPerson: if they are the same person
    :raises TermsNotSound: if the terms or their period are not, or there is no such vendor at a brand they serve
    """
    rows = Integration.objects.select_for_update(no_key=True)
    integration = rows.filter(pk=integration_id, kind=kind.vendors).first()
    if integration is None:
        raise TermsNotSound("There is no such integration.")
    if maker is not None:
        _require(maker, kind.propose_permission, integration)
        if checker is None or checker.pk == maker.pk:
            raise ContractSecondPerson
        _require(checker, kind.approve_permission, integration)
    fields, parts = kind.read(terms)
    last = require_period(kind, integration_id=integration_id, valid_from=valid_from, valid_to=valid_to, now=now)
    made = kind.model._default_manager.create(  # noqa: SLF001 - any model's
        integration=integration,
        version=last.version + 1 if last is not None else 1,
        valid_from=valid_from,
        valid_to=valid_to,
        added_at=now,
        added_by=maker,
        approved_by=checker,
        **fields,
    )
    for part in parts:
        part.contract = made  # type: ignore[attr-defined]
        part.save()
    return made


def require_period(
    kind: ContractKind[Contract], *, integration_id: int, valid_from: date, valid_to: date | None, now: datetime
) -> Contract | None:
    """
    See that terms may begin and end then; returns the version that begins last so far.

    :raises TermsNotSound: unless they begin after the last version, end after they begin, and fit the kind
    """
    last = kind.last(integration_id)
    period = Period(integration_id, valid_from, valid_to, last)
    if last is not None and valid_from <= last.valid_from:
        raise TermsNotSound(f"They begin before version {last.version} does.")
    if valid_to is not None and valid_to <= valid_from:
        raise TermsNotSound("They end before they begin.")
    kind.require_period(period, now)
    return last


def _asked(kind: ContractKind[Contract], payload: Mapping[str, Any]) -> dict[str, Any]:
    valid_to = payload.get("valid_to")
    return {
        "integration_id": payload["integration"],
        "valid_from": kind.moment(payload["valid_from"]),
        "valid_to": kind.moment(valid_to) if valid_to else None,
    }


def _require(user: User, permission: str, integration: Integration) -> None:
    if not user.has_perm(permission):
        raise PermissionDenied
    scope = brand_scope(user)
    if scope is not None and integration.brand_code not in scope.codes:
        raise TermsNotSound("There is no such integration.")
