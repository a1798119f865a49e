"""Which terms with a game provider hold in a month, as values to reckon with, and from when new ones may."""

from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from apps.integrations.contracts.reading import TermsNotSound
from apps.integrations.contracts.versions import ContractKind, Period, add_version
from apps.integrations.models import Integration
from apps.reporting.invoicing.contract_reading import read_terms, terms_of
from apps.reporting.invoicing.months import first_of_month, month_bounds, next_month
from apps.reporting.invoicing.terms import ALL_GAMES, RateGroup, Terms
from apps.reporting.invoicing.tiers import Tier
from apps.reporting.models import Invoice, ProviderContract

PROPOSE_PERMISSION = "reporting.propose_providercontract"
_PPM_OF_PERCENT = 10_000


def _require_months(period: Period[ProviderContract], now: datetime) -> None:  # noqa: ARG001 - every kind is asked alike
    """Terms hold for whole months, and not for one that was invoiced under others."""
    valid_from, valid_to = period.valid_from, period.valid_to
    if valid_from.day != 1 or (valid_to is not None and valid_to.day != 1):
        raise TermsNotSound("Terms begin and end with a month: name its first day.")
    invoiced = Invoice.objects.filter(integration_id=period.integration_id, month__gte=valid_from)
    if invoiced.exclude(state=Invoice.State.WITHDRAWN).exists():
        raise TermsNotSound(f"{valid_from:%B %Y} or a later month was invoiced under other terms.")


PROVIDER_CONTRACTS = ContractKind(
    model=ProviderContract,
    vendors=Integration.Kind.GAMES,
    command="reporting.add_contract_version",
    propose_permission=PROPOSE_PERMISSION,
    approve_permission="reporting.approve_providercontract",
    read=read_terms,
    write=terms_of,
    moment=date.fromisoformat,
    require_period=_require_months,
)
add_contract_version = partial(add_version, PROVIDER_CONTRACTS)
"""Put new terms with a game provider in force from a month on; see `add_version`."""


def contract_in_force(integration_id: int, month: date) -> ProviderContract | None:
    """The version that counts in a month."""
    found = (
        ProviderContract.objects.filter(integration_id=integration_id, valid_from__lte=month)
        .order_by("-valid_from")
        .prefetch_related("rates__studio")
        .first()
    )
    return found if found is not None and (found.valid_to is None or found.valid_to > month) else None


def month_after(integration_id: int, month: date) -> date:
    """The month to be invoiced after one: the next one, or the first with terms again where they had run out."""
    following = next_month(month)
    if contract_in_force(integration_id, following) is not None:
        return following
    later = ProviderContract.objects.filter(integration_id=integration_id, valid_from__gt=following)
    return later.order_by("valid_from").values_list("valid_from", flat=True).first() or following


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
