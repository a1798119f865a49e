"""New versions of the terms with a game provider. Old ones are never altered: invoices name the one they ran under."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from apps.brands.models import StaffScope
from apps.core.errors import DomainError
from apps.integrations.models import Integration
from apps.reporting.invoicing.contract_reading import TermsNotSound, read_terms
from apps.reporting.invoicing.months import first_of_month, month_bounds
from apps.reporting.invoicing.terms import ALL_GAMES, RateGroup, Terms
from apps.reporting.invoicing.tiers import Tier
from apps.reporting.models import Invoice, ProviderContract

PROPOSE_PERMISSION = "reporting.propose_providercontract"
APPROVE_PERMISSION = "reporting.approve_providercontract"
_PPM_OF_PERCENT = 10_000


class ContractSecondPerson(DomainError):
    """Whoever proposes terms does not approve them."""

    code = "provider-contract-second-person"
    title = "A second person has to approve the terms"
    status = 403


@transaction.atomic
def add_contract_version(
    *,
    integration_id: int,
    terms: Mapping[str, Any],
    valid_from: date,
    valid_to: date | None = None,
    maker: User | None,
    checker: User | None,
    now: datetime,
) -> ProviderContract:
    """
    Put new terms in force from a month on.

    :param terms: JSON values, see `read_terms`
    :param maker: who proposed them; with `checker` None only by the platform's own set-up
    :raises PermissionDenied: if one of them may not
    :raises ContractSecondPerson: if they are the same person
    :raises TermsNotSound: if the terms are not, or concern a month that was invoiced under others
    """
    integration = Integration.objects.select_for_update().filter(pk=integration_id).first()
    if integration is None or integration.kind != Integration.Kind.GAMES:
        raise TermsNotSound("There is no such game integration.")
    if maker is not None:
        _require(maker, PROPOSE_PERMISSION, integration)
        if checker is None or checker.pk == maker.pk:
            raise ContractSecondPerson
        _require(checker, APPROVE_PERMISSION, integration)
    contract, rates = read_terms(terms)
    last = ProviderContract.objects.filter(integration=integration).order_by("-valid_from").first()
    require_sound_months(integration_id, valid_from, valid_to)
    made = ProviderContract.objects.create(
        integration=integration,
        version=last.version + 1 if last is not None else 1,
        valid_from=valid_from,
        valid_to=valid_to,
        added_at=now,
        added_by=maker,
        approved_by=checker,
        **contract,
    )
    for rate in rates:
        rate.contract = made
        rate.save()
    return made


def require_sound_months(integration_id: int, valid_from: date, valid_to: date | None) -> None:
    """
    See that terms may begin in a month.

    :raises TermsNotSound: unless they begin with a month, after the last version and after what was invoiced
    """
    if valid_from.day != 1 or (valid_to is not None and valid_to.day != 1):
        raise TermsNotSound("Terms begin and end with a month: name its first day.")
    if valid_to is not None and valid_to <= valid_from:
        raise TermsNotSound("They end before they begin.")
    last = ProviderContract.objects.filter(integration_id=integration_id).order_by("-valid_from").first()
    if last is not None and valid_from <= last.valid_from:
        raise TermsNotSound(f"They begin before version {last.version} does.")
    invoiced = Invoice.objects.filter(integration_id=integration_id, month__gte=valid_from)
    if invoiced.exclude(state=Invoice.State.WITHDRAWN).exists():
        raise TermsNotSound(f"{valid_from:%B %Y} or a later month was invoiced under other terms.")


def contract_in_force(integration_id: int, month: date) -> ProviderContract | None:
    """The version that counts in a month."""
    found = (
        ProviderContract.objects.filter(integration_id=integration_id, valid_from__lte=month)
        .order_by("-valid_from")
        .prefetch_related("rates__studio")
        .first()
    )
    return found if found is not None and (found.valid_to is None or found.valid_to > month) else None


def values_of(contract: ProviderContract) -> Terms:
    """A contract's terms as values to reckon with."""
    groups: dict[tuple[str, str], list[Tier]] = {}
    for rate in contract.rates.all():
        scope = f"studio:{rate.studio.code}" if rate.studio else f"category:{rate.category}"
        key = (scope if rate.studio or rate.category else ALL_GAMES, rate.currency)
        groups.setdefault(key, []).append(Tier(rate.from_units, int(rate.percent * _PPM_OF_PERCENT)))
    return Terms(
        basis=contract.basis,
        tier_mode=contract.tier_mode,
        groups=tuple(
            RateGroup(*key, tuple(sorted(tiers, key=lambda tier: tier.from_units))) for key, tiers in groups.items()
        ),
        invoice_currency=contract.invoice_currency,
        fixed_currency=contract.fixed_currency,
        minimum_units=contract.minimum_units,
        fixed_units=contract.fixed_units,
        bonus_ppm=int(contract.bonus_percent * _PPM_OF_PERCENT),
        deducts_free_rounds=contract.deducts_free_rounds,
        jackpot_ppm=int(contract.jackpot_percent * _PPM_OF_PERCENT),
        deducts_jackpot=contract.deducts_jackpot,
        carries_negative=contract.carries_negative,
        vat_ppm=int(contract.vat_percent * _PPM_OF_PERCENT),
        vat_note=contract.vat_note,
    )


def current_month(contract: ProviderContract, now: datetime) -> date:
    """The month that runs in the contract's zone."""
    return first_of_month(now.astimezone(ZoneInfo(contract.timezone)).date())


def bounds_in(contract: ProviderContract, month: date) -> tuple[datetime, datetime]:
    """From when until when a month lasts in the contract's zone."""
    return month_bounds(month, contract.timezone)


def _require(user: User, permission: str, integration: Integration) -> None:
    if not user.has_perm(permission):
        raise PermissionDenied
    scoped = StaffScope.objects.filter(user=user, brand__code=integration.brand_code)
    if not (user.is_superuser or scoped.exists()):
        raise TermsNotSound("There is no such game integration.")
