"""Demo data: yesterday's deposits, on both sides, with a few differences planted, so that last night has a story."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Q

from apps.brands.models import Brand
from apps.core.money import Money
from apps.core.queue import enqueue_on_commit
from apps.integrations.models import Integration
from apps.payments.models import Attempt, Deposit, PspContract
from apps.payments.operations.postings import post_settled
from apps.payments.operations.reserves import hold_reserve
from apps.players.models import Player
from apps.sandbox.models import SimulatedPayment, SimulatedPsp
from apps.sandbox.psps.adyen import psp_reference
from apps.sandbox.seeding.places import AURORA
from apps.sandbox.vendors.dialects import DIALECTS

_NAMESPACE = UUID("0d5c9f0e-6a57-4f0e-9f53-7f1f6d1c4a10")
_FEEDS = {
    "adyen": {"format": "adyen_settlement", "path": "reports/settlement?day={day}"},
    "trustly": {"format": "trustly_settlement", "path": "reports/settlement?day={day}"},
}
_METHODS = {"adyen": "card", "trustly": "bank_transfer"}
_COUNTS = {"adyen": 14, "trustly": 9}
# Which payment of a provider differs, and how.
_PLANTED = {
    ("adyen", 3): "amount",
    ("adyen", 6): "fee",
    ("adyen", 9): "unsettled",
    ("adyen", 12): "unknown",
    ("trustly", 4): "unknown",
}


@transaction.atomic
def seed_reconciliation(base_url: str, *, now: datetime) -> None:
    """Tell where reports are to be had, and on the first start make yesterday and have it compared."""
    _connect_bank(base_url)
    for slug in (*_FEEDS, *DIALECTS):
        feed = _FEEDS.get(slug, {"format": "game_report", "path": "reports/rounds?day={day}"})
        settings = {"feeds": [feed], "lag_days": 1, "bank_days": 0}
        _configure(slug, settings if slug in _FEEDS else {"feeds": [feed], "game_report": True})
    is_first = False
    for slug, count in _COUNTS.items():
        integration = Integration.objects.get(slug=slug)
        if not SimulatedPayment.objects.filter(psp_id=slug, reference__startswith=SimulatedPayment.SEEDED).exists():
            is_first = True
            for number in range(count):
                _pay(integration, number, now - timedelta(days=1))
    if is_first:
        # The vendors answer once the web server is up; the task waits for it in the queue of a worker not yet started.
        enqueue_on_commit("reconciliation.reconcile_day", day=(now - timedelta(days=1)).date().isoformat())


def _connect_bank(base_url: str) -> None:
    bank, _ = Integration.objects.get_or_create(
        slug="house-bank",
        defaults={
            "name": "House bank (simulated)",
            "vendor": "bank",
            "kind": Integration.Kind.PAYMENTS,
            "brand_code": AURORA,
            "options": {"reconciliation": {"feeds": [{"format": "camt053", "path": "statements?day={day}"}]}},
        },
    )
    if bank.base_url != f"{base_url}/sandbox/vendors/house-bank":
        bank.base_url = f"{base_url}/sandbox/vendors/house-bank"
        bank.save(update_fields=["base_url"])


def _configure(slug: str, settings: dict[str, object]) -> None:
    integration = Integration.objects.filter(~Q(options__has_key="reconciliation"), slug=slug).first()
    if integration is not None:
        integration.options = integration.options | {"reconciliation": settings}
        integration.save(update_fields=["options"])


def _pay(integration: Integration, number: int, around: datetime) -> None:
    """One deposit: in the provider's journal, and, unless planted otherwise, settled here."""
    slug, planted = integration.slug, _PLANTED.get((integration.slug, number), "")
    players = Player.objects.filter(brand__code=AURORA, status=Player.Status.ACTIVE, currency__in=("EUR", "SEK", "GBP"))
    player = players.order_by("pk")[number % players.count()]
    amount = Decimal(20 + 7 * number) if player.currency != "SEK" else Decimal(200 + 70 * number)
    details: dict[str, object] = {"unsettled": True} if planted == "unsettled" else {}
    if planted == "fee":
        details = {"fee": "4.50"}
    payment = SimulatedPayment.objects.create(
        psp=SimulatedPsp.objects.get(pk=slug),
        is_payout=False,
        reference=f"{SimulatedPayment.SEEDED}{slug}-{number}",
        user=str(player.public_id),
        amount=amount - 5 if planted == "amount" else amount,
        currency=player.currency,
        state=SimulatedPayment.State.DONE,
        details=details,
    )
    at = around.replace(hour=9, minute=number, second=0, microsecond=0)
    SimulatedPayment.objects.filter(pk=payment.pk).update(opened_at=at)
    if planted != "unknown":
        _settle(integration, player, payment, Money.from_decimal(amount, player.currency), at)


def _settle(integration: Integration, player: Player, payment: SimulatedPayment, money: Money, at: datetime) -> None:
    reference = psp_reference(payment) if integration.slug == "adyen" else payment.number
    deposit = Deposit(
        public_id=uuid5(_NAMESPACE, payment.reference),
        player=player,
        brand=Brand.objects.get(code=AURORA),
        currency=money.currency,
        amount_units=money.units,
        method_id=_METHODS[integration.slug],
        integration=integration,
        contract=PspContract.objects.filter(integration=integration).first(),
        created_at=at,
        expires_at=at + timedelta(hours=1),
        changed_at=at,
    )
    deposit.settle(units=money.units, at=at)
    deposit.save(force_insert=True)
    Attempt.objects.create(
        deposit=deposit,
        integration=integration,
        number=1,
        key=payment.reference,
        psp_reference=reference,
        state=Attempt.State.DONE,
        started_at=at,
        answered_at=at,
    )
    post_settled(deposit, units=money.units, fee=0, psp_reference=reference, now=at)
    hold_reserve(deposit, now=at)
