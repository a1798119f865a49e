"""From draft to paid: checked by one, approved by another, posted, settled; disputed or withdrawn with a reason."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django_fsm import TransitionNotAllowed

from apps.brands.models import Brand
from apps.reporting.invoicing.access import (
    APPROVE_PERMISSION,
    CHECK_PERMISSION,
    InvoiceNotSound,
    InvoiceSecondPerson,
    locked_invoice,
)
from apps.reporting.models import Invoice, VendorLine
from apps.transactions.models import AccountKind, TransactionKind
from apps.transactions.posting import Leg, post, shared_account

_ENDED = ("state", "ended_by", "ended_at", "reason", "paid_reference")


def agreed_totals(invoice: Invoice) -> dict[str, int]:
    """What is owed, by currency, in ledger units: our lines, and the vendor's figures where these were accepted."""
    sums: dict[str, int] = {}
    for line in invoice.lines.all():
        sums[line.currency] = sums.get(line.currency, 0) + line.amount_units
    for theirs in invoice.vendor_lines.all():
        if theirs.verdict == VendorLine.Verdict.ACCEPTED:
            sums[theirs.currency] = sums.get(theirs.currency, 0) + theirs.difference_units
    return dict(sorted(sums.items()))


@transaction.atomic
def check_invoice(*, invoice_id: int, actor: User, now: datetime) -> Invoice:
    """
    Say that an invoice is right, so that somebody else can approve it.

    :raises InvoiceNotSound: if a difference to the vendor's figures waits for a decision, or its state forbids it
    """
    invoice = locked_invoice(invoice_id, actor, CHECK_PERMISSION)
    if invoice.is_posted:
        raise InvoiceNotSound("It is owed already: settle it.")
    if invoice.vendor_lines.filter(verdict=VendorLine.Verdict.OPEN).exists():
        raise InvoiceNotSound("Accept or dispute every difference to the vendor's figures first.")
    _move(lambda: invoice.check_figures(by=actor, at=now))
    invoice.save(update_fields=["state", "checked_by", "checked_at"])
    return invoice


@transaction.atomic
def approve_invoice(*, invoice_id: int, actor: User, now: datetime) -> Invoice:
    """
    Owe what a colleague checked: the fee is posted to what is owed to the provider.

    :raises InvoiceSecondPerson: if the actor checked it
    :raises InvoiceNotSound: unless it is checked
    """
    invoice = locked_invoice(invoice_id, actor, APPROVE_PERMISSION)
    if invoice.checked_by_id == actor.pk:
        raise InvoiceSecondPerson
    _move(lambda: invoice.approve(by=actor, at=now))
    invoice.save(update_fields=["state", "approved_by", "approved_at"])
    for currency, units in agreed_totals(invoice).items():
        if units:
            _post(invoice, "owed", currency, units, AccountKind.FEE, AccountKind.PAYABLE, now)
    return invoice


@transaction.atomic
def settle_invoice(*, invoice_id: int, reference: str, actor: User, now: datetime) -> Invoice:
    """
    Say that what was owed has been paid.

    :param reference: of the bank transfer
    :raises InvoiceNotSound: unless it was approved
    """
    invoice = locked_invoice(invoice_id, actor, APPROVE_PERMISSION)
    if not invoice.is_posted:
        raise InvoiceNotSound("Only what was approved can be paid.")
    _move(lambda: invoice.settle(by=actor, at=now, reference=reference.strip()[:80]))
    invoice.save(update_fields=_ENDED)
    for currency, units in agreed_totals(invoice).items():
        if units:
            _post(invoice, "paid", currency, units, AccountKind.PAYABLE, AccountKind.HOUSE, now)
    return invoice


@transaction.atomic
def dispute_invoice(*, invoice_id: int, reason: str, actor: User, now: datetime) -> Invoice:
    """
    Say that the vendor and we do not agree.

    :raises InvoiceNotSound: if its state forbids it
    """
    invoice = locked_invoice(invoice_id, actor, CHECK_PERMISSION)
    _move(lambda: invoice.dispute(by=actor, at=now, reason=reason.strip()[:300]))
    invoice.save(update_fields=_ENDED)
    return invoice


@transaction.atomic
def withdraw_invoice(*, invoice_id: int, reason: str, actor: User, now: datetime) -> Invoice:
    """
    Make room for another of the same month, e.g. after a rate or contract was put right.

    :raises InvoiceNotSound: if it is owed, or a later month was drawn up on it
    """
    invoice = locked_invoice(invoice_id, actor, CHECK_PERMISSION)
    later = Invoice.objects.filter(integration=invoice.integration, month__gt=invoice.month)
    if invoice.is_posted:
        raise InvoiceNotSound("It is owed: what was wrong is corrected on the next one.")
    if later.exclude(state=Invoice.State.WITHDRAWN).exists():
        raise InvoiceNotSound("A later month was drawn up on it: withdraw that first.")
    _move(lambda: invoice.withdraw(by=actor, at=now, reason=reason.strip()[:300]))
    invoice.save(update_fields=_ENDED)
    return invoice


def _move(transition: Callable[[], None]) -> None:
    try:
        transition()
    except TransitionNotAllowed as error:
        raise InvoiceNotSound("Its state does not allow that any more: somebody may have been faster.") from error


def _post(invoice: Invoice, name: str, currency: str, units: int, source: str, target: str, now: datetime) -> UUID:
    """Move an amount between two shared accounts; below zero (a credit note) the other way."""
    integration = invoice.integration
    brand_id = Brand.objects.values_list("pk", flat=True).get(code=integration.brand_code)
    of_vendor = {AccountKind.FEE: integration.pk, AccountKind.PAYABLE: integration.pk}
    debit, credit = (
        shared_account(brand_id=brand_id, currency=currency, kind=kind, integration_id=of_vendor.get(AccountKind(kind)))
        for kind in (source, target)
    )
    return post(
        kind=TransactionKind.INVOICE,
        brand_id=brand_id,
        currency=currency,
        integration_id=integration.pk,
        external_id=f"{invoice.number}/{name}/{currency}",
        legs=[Leg(debit, credit, units) if units > 0 else Leg(credit, debit, -units)],
        details={"invoice": str(invoice.public_id), "sha256": invoice.sha256},
        now=now,
    )
