"""Does the way in which money came, was played and goes look like laundering, fraud or a mistake?"""

from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum

from apps.core.admin_display import amount_text
from apps.payments.checks.answer import Answer, passed, review
from apps.payments.models import ApprovalPolicy, Deposit, Dispute, Withdrawal
from apps.transactions.models import Transaction, TransactionKind

SAME_WITHIN = timedelta(minutes=10)
PLAY_WITHIN = timedelta(days=7)
CONTESTED_WITHIN = timedelta(days=180)
LARGE_WITHOUT_PLAY_UNITS = 1_000_000_000  # 1 000 of a fiat currency
_DEAD = (Withdrawal.State.CANCELLED, Withdrawal.State.REJECTED, Withdrawal.State.FAILED)


def play(withdrawal: Withdrawal, now: datetime) -> Answer:
    """Deposit and withdrawal without play in between is what laundering looks like."""
    since = now - PLAY_WITHIN
    player, currency = withdrawal.player_id, withdrawal.currency
    deposited = Deposit.objects.filter(
        player_id=player, currency=currency, state=Deposit.State.SETTLED, settled_at__gte=since
    ).aggregate(units=Sum("settled_units"))["units"]
    if not deposited:
        return passed("Nothing was deposited in the last 7 days.")
    evidence = {"deposited_in_7_days": amount_text(deposited, currency)}
    played = Transaction.objects.filter(
        player_id=player, currency=currency, kind=TransactionKind.BET, created_at__gte=since
    )
    large = withdrawal.amount_units > LARGE_WITHOUT_PLAY_UNITS
    if large and not played.exists():
        return review("Deposited and withdrawn without play.", **evidence)
    return passed("", **evidence)


def chargeback_exposure(withdrawal: Withdrawal, now: datetime) -> Answer:
    """A player whose deposits are or were contested may take out what somebody else paid in."""
    recent = Dispute.objects.filter(deposit__player_id=withdrawal.player_id, opened_at__gte=now - CONTESTED_WITHIN)
    found = recent.aggregate(
        open=Count("pk", filter=Q(status__in=Dispute.OPEN)),
        lost=Count("pk", filter=Q(status__in=(Dispute.Status.LOST, Dispute.Status.ACCEPTED, Dispute.Status.EXPIRED))),
        owed=Sum("owed_units", filter=Q(deposit__currency=withdrawal.currency), default=0),
    )
    evidence = {
        "open_disputes": found["open"],
        "lost_in_180_days": found["lost"],
        "owed": amount_text(found["owed"], withdrawal.currency),
    }
    if found["owed"]:
        return review("The player owes for a deposit that was taken back.", **evidence)
    if found["open"]:
        return review("A deposit of the player is contested.", **evidence)
    if found["lost"]:
        return review("A contested deposit of the player was lost in the last 180 days.", **evidence)
    return passed("", **evidence)


def daily_limit(withdrawal: Withdrawal, now: datetime) -> Answer:
    """Many small withdrawals are one large: together they must not go out unseen either."""
    policy = ApprovalPolicy.objects.filter(brand_id=withdrawal.brand_id, currency=withdrawal.currency).first()
    if policy is None or policy.daily_units is None:
        return passed("No limit is set for this brand and currency.")
    others = Withdrawal.objects.filter(
        player_id=withdrawal.player_id, currency=withdrawal.currency, requested_at__gt=now - timedelta(hours=24)
    ).exclude(pk=withdrawal.pk)
    units = others.exclude(state__in=_DEAD).aggregate(units=Sum("amount_units", default=0))["units"]
    total = int(units) + withdrawal.amount_units
    evidence = {
        "in_24_hours": amount_text(total, withdrawal.currency),
        "limit": amount_text(policy.daily_units, withdrawal.currency),
    }
    if total > policy.daily_units:
        return review("More than the day's limit goes out in 24 hours.", **evidence)
    return passed("", **evidence)


def duplicate(withdrawal: Withdrawal, now: datetime) -> Answer:
    """The same amount to the same place a few minutes ago may be a mistake."""
    same = Withdrawal.objects.filter(
        player_id=withdrawal.player_id,
        amount_units=withdrawal.amount_units,
        currency=withdrawal.currency,
        instrument=withdrawal.instrument,
        requested_at__gte=now - SAME_WITHIN,
        pk__lt=withdrawal.pk,
    ).exclude(state__in=_DEAD)
    others = same.count()
    if others:
        return review("The same was asked for a few minutes ago.", others=others)
    return passed()
