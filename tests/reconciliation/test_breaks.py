"""What people do about breaks: postings only, two people for what costs money, and nothing done twice."""

import threading

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connections, transaction

from apps.compliance.approval_access import visible_to
from apps.compliance.approvals import (
    ApprovalDecided,
    ApprovalSecondPerson,
    ApprovalStale,
    ApprovalUnknown,
    decide_approval,
)
from apps.compliance.models import ApprovalRequest
from apps.integrations.models import Integration
from apps.reconciliation.models import Break, Resolution
from apps.reconciliation.operations import breaks
from apps.transactions.models import Account
from apps.transactions.rollup import shared_balance
from tests.reconciliation.files import adyen_file, settled
from tests.reconciliation.scene import (
    DAY,
    EURO,
    NOW,
    bring,
    connect,
    contract,
    days_later,
    open_breaks,
    posting,
    reconcile,
)

pytestmark = pytest.mark.django_db(transaction=True)
WHY = "the provider confirmed it by mail"


def staff(name: str, *permissions: str) -> User:
    user = User.objects.create_superuser(name) if not permissions else User.objects.create_user(name)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


@pytest.fixture
def psp() -> Integration:
    """A deposit of ten of which the provider settled nine."""
    psp = connect()
    contract(psp, lag=1)
    posting(psp, 1)
    bring(psp, adyen_file([settled(1, "9.00")]), "adyen_settlement", business_date=DAY)
    reconcile(psp)
    return psp


def balance(kind: str, psp: Integration | None = None) -> int:
    found = Account.objects.filter(kind=kind, integration_id=psp.pk if psp else None).first()
    return shared_balance(found.pk) if found else 0


def test_posting_to_suspense_brings_the_providers_account_to_what_he_says(psp: Integration) -> None:
    found, ann = Break.objects.get(), staff("ann")
    assert (balance("psp", psp), balance("suspense")) == (-10 * EURO, 10 * EURO)
    breaks.post_break(break_id=found.pk, remaining_units=-EURO, note=WHY, actor=ann, now=NOW)
    # He owes us nine; the claim on him of one stands in suspense.
    assert (balance("psp", psp), balance("suspense")) == (-9 * EURO, 9 * EURO)
    found = Break.objects.get()
    assert (found.state, found.resolved_by, found.remaining_units) == ("resolved", "posting", 0)
    # It is found again, and stays resolved.
    reconcile(psp, days_later(1))
    assert open_breaks() == []
    with pytest.raises(breaks.BreakNotOpen):
        breaks.post_break(break_id=found.pk, remaining_units=0, note=WHY, actor=ann, now=NOW)
    assert Resolution.objects.count() == 1


def test_a_posting_that_a_later_file_makes_wrong_has_to_be_taken_back(psp: Integration) -> None:
    found, ann = Break.objects.get(), staff("ann")
    breaks.post_break(break_id=found.pk, remaining_units=-EURO, note=WHY, actor=ann, now=NOW)
    bring(psp, adyen_file([settled(1, "1.00")], batch=2), "adyen_settlement", business_date=days_later(1))
    reconcile(psp, days_later(1))
    assert open_breaks() == [("amount", "deposit:PSP1", EURO)]
    breaks.post_break(break_id=found.pk, remaining_units=EURO, note=WHY, actor=ann, now=NOW)
    assert (balance("psp", psp), open_breaks()) == (-10 * EURO, [])


def decide(request: ApprovalRequest, by: User, *, approve: bool = True) -> ApprovalRequest:
    return decide_approval(request_id=request.pk, checker=by, approve=approve, reason=WHY, now=NOW)


def test_a_write_off_takes_two_people(psp: Integration) -> None:
    found, ann, ben = Break.objects.get(), staff("ann"), staff("ben")
    request = breaks.propose_write_off(break_id=found.pk, account="adjustment", note=WHY, actor=ann, now=NOW)
    assert request.summary == (
        "1.00 EUR of adyen (deposit:PSP1) becomes a cost under adjustments; the break is resolved by that."
    )
    with pytest.raises(ApprovalSecondPerson):
        decide(request, ann)
    with pytest.raises(breaks.WriteOffWaits):
        breaks.post_break(break_id=found.pk, remaining_units=-EURO, note=WHY, actor=ben, now=NOW)
    with pytest.raises(breaks.WriteOffWaits):
        breaks.propose_write_off(break_id=found.pk, account="fee", note=WHY, actor=ben, now=NOW)
    assert balance("adjustment") == 0
    decide(request, ben)
    assert (balance("adjustment"), balance("psp", psp)) == (-EURO, -9 * EURO)
    made = Resolution.objects.get()
    assert (made.posted_by, made.approved_by, made.units, made.account) == (ann, ben, -EURO, "adjustment")
    found = Break.objects.get()
    assert (found.state, found.resolved_by) == ("resolved", "write_off")
    with pytest.raises(ApprovalDecided):
        decide(request, ben)


def test_a_write_off_that_is_rejected_leaves_the_break_open(psp: Integration) -> None:
    found, ann, ben = Break.objects.get(), staff("ann"), staff("ben")
    decide(breaks.propose_write_off(break_id=found.pk, account="fee", note=WHY, actor=ann, now=NOW), ben, approve=False)
    assert (balance("fee"), Break.objects.get().state) == (0, "open")
    assert [each.kind for each in found.events.order_by("pk")][-2:] == ["proposed", "rejected"]
    assert breaks.waiting_for(found) is None


def test_the_database_itself_refuses_one_person_in_both_parts(psp: Integration) -> None:
    found, ann = Break.objects.get(), staff("ann")
    with pytest.raises(IntegrityError, match="reconciliation_resolution_two_people"), transaction.atomic():
        Resolution.objects.create(
            of_break=found,
            transaction_id=found.public_id,
            units=1,
            account="fee",
            posted_by=ann,
            approved_by=ann,
            posted_at=NOW,
        )


def test_a_proposal_about_what_has_changed_since_is_refused_for_good(psp: Integration) -> None:
    found, ann, ben = Break.objects.get(), staff("ann"), staff("ben")
    request = breaks.propose_write_off(break_id=found.pk, account="adjustment", note=WHY, actor=ann, now=NOW)
    bring(psp, adyen_file([settled(1, "0.40")], batch=2), "adyen_settlement", business_date=days_later(1))
    reconcile(psp, days_later(1))
    with pytest.raises(ApprovalStale):
        decide(request, ben)
    assert (balance("adjustment"), open_breaks()) == (0, [("amount", "deposit:PSP1", -600_000)])
    assert ApprovalRequest.objects.get().state == "refused"


def test_a_write_off_of_a_brand_is_decided_by_those_who_serve_it(psp: Integration) -> None:
    found = Break.objects.get()
    request = breaks.propose_write_off(break_id=found.pk, account="fee", note=WHY, actor=staff("ann"), now=NOW)
    stranger = staff("carl", "approve_writeoff")
    User.objects.filter(pk=stranger.pk).update(is_staff=True)
    with pytest.raises(ApprovalUnknown):
        decide(request, stranger)
    assert list(visible_to(stranger, ApprovalRequest.objects.all())) == []


def test_who_may_not_does_not_and_other_brands_breaks_do_not_exist(psp: Integration) -> None:
    found = Break.objects.get()
    with pytest.raises(PermissionDenied):
        breaks.claim_break(break_id=found.pk, actor=staff("carl", "view_break"), now=NOW)
    with pytest.raises(breaks.BreakUnknown):
        breaks.claim_break(break_id=found.pk, actor=staff("dora", "work_break"), now=NOW)
    assert not Resolution.objects.exists()


def test_two_who_post_the_same_break_at_once_post_it_once(psp: Integration) -> None:
    found = Break.objects.get()
    people, barrier, outcomes = [staff("ann"), staff("ben")], threading.Barrier(2), []

    def try_it(actor: User) -> None:
        barrier.wait(timeout=10)
        try:
            breaks.post_break(break_id=found.pk, remaining_units=-EURO, note=WHY, actor=actor, now=NOW)
            outcomes.append("posted")
        except breaks.BreakNotOpen:
            outcomes.append("too late")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=try_it, args=(actor,)) for actor in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["posted", "too late"]
    assert balance("psp", psp) == -9 * EURO
