"""Who may do what with invoices, and the errors that say no."""

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from apps.brands.models import StaffScope
from apps.core.errors import DomainError
from apps.integrations.models import Integration
from apps.reporting.models import Invoice

DRAW_PERMISSION = "reporting.draw_invoice"
CHECK_PERMISSION = "reporting.check_invoice"
APPROVE_PERMISSION = "reporting.approve_invoice"
RATE_PERMISSION = "reporting.enter_monthrate"


class InvoiceUnknown(DomainError):
    """There is no such invoice, or the member of staff does not serve its brand."""

    code = "invoice-unknown"
    title = "Unknown invoice"
    status = 404


class UnableToDraw(DomainError):
    """The month can not be drawn up (yet); the detail says why."""

    code = "invoice-not-drawn"
    title = "The invoice can not be drawn up"
    status = 409


class AlreadyDrawn(UnableToDraw):
    """There is an invoice of the month."""

    code = "invoice-already-drawn"
    title = "The month has been drawn up already"


class LedgerDiffers(UnableToDraw):
    """The projection is not what the provider's account says; nobody is paid before that is explained."""

    code = "invoice-ledger-differs"
    title = "The figures are not those of the ledger"


class InvoiceSecondPerson(DomainError):
    """Whoever checked an invoice does not approve it."""

    code = "invoice-second-person"
    title = "A second person has to approve"
    status = 403


class InvoiceNotSound(DomainError):
    """What was entered makes no sense, or comes too late; the detail says which."""

    code = "invoice-not-sound"
    title = "This can not be entered"
    status = 422


def require(user: User, permission: str, integration: Integration) -> None:
    """
    See that a member of staff may do this for this brand.

    :raises PermissionDenied: without the permission
    :raises InvoiceUnknown: if he does not serve the brand
    """
    if not user.has_perm(permission):
        raise PermissionDenied
    if user.is_superuser or StaffScope.objects.filter(user=user, brand__code=integration.brand_code).exists():
        return
    raise InvoiceUnknown


def locked_invoice(invoice_id: int, actor: User, permission: str) -> Invoice:
    """
    Take an invoice's lock for somebody who may do this.

    :raises InvoiceUnknown: if there is none, or it is of another brand
    """
    invoice = (
        Invoice.objects.select_for_update(no_key=True, of=("self",))
        .select_related("integration", "contract")
        .filter(pk=invoice_id)
        .first()
    )
    if invoice is None:
        raise InvoiceUnknown
    require(actor, permission, invoice.integration)
    return invoice
