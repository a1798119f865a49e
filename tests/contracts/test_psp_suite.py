"""One suite over all four providers: each order of each story, each field altered, and what goes wrong on the way."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from apps.core import clock
from apps.core.money import Money
from apps.integrations.connections import forget_connections
from apps.integrations.credentials import add_credential, revoke_credential
from apps.integrations.models import Credential, InboundEvent, Integration
from apps.payments.models import Attempt, Deposit, PaymentStep
from apps.payments.operations.expiry import expire_deposit
from apps.transactions.models import Transaction
from tests.contracts.psp_stories import STORIES
from tests.contracts.psps import MAKERS, Message, Psp
from tests.factories.payments import connect_psp

PROVEN_BY = {
    "trustly": (
        "method", "uuid", "signature", "added", "missing", "null", "notificationid", "messageid", "orderid", "amount",
        "currency", "enduserid", "timestamp",
    ),
    "adyen": (
        "pspReference", "originalReference", "merchantAccountCode", "merchantReference", "value", "currency",
        "eventCode", "success", "signature", "no signature", "password",
    ),
    "cryptoprocessing": (
        "id", "type", "crypto_address", "currency_sent", "currency_received", "transactions", "fees", "error", "status",
        "space", "key", "signature",
    ),
    "paymentiq": ("username", "password", "both"),
}  # fmt: skip
"""What proves a callback; PaymentIQ's is proven by its sender alone."""
NOT_PROVEN = {
    "trustly": ("order of keys", "params", "spaces", "result", "id"),
    "adyen": (
        "live", "operations", "reason", "eventDate", "paymentMethod", "disputeStatus", "chargebackReasonCode",
        "defensePeriodEndsAt", "recurring.recurringDetailReference", "authorisedAmountValue",
    ),
    "cryptoprocessing": ("X-Forwarded-For", "X-Request-Id", "User-Agent"),
    "paymentiq": (
        "txTypeId", "provider", "pspService", "pspStatusMessage", "pspRefId", "accountHolder", "maskedAccount",
        "attributes", "merchantTxId",
    ),
}  # fmt: skip
SECRET_NAMES = {"trustly": "", "adyen": "hmac_key_hex", "cryptoprocessing": "secret", "paymentiq": "password"}


@pytest.fixture(params=MAKERS)
def psp(request: pytest.FixtureRequest, db: None, client: Client) -> Psp:
    """Each provider in turn, with a player who has 1000.00."""
    return MAKERS[request.param](request.param, client)


@pytest.fixture
def named(db: None, client: Client) -> Any:
    """Make one provider by name."""
    return lambda name: MAKERS[name](name, client)


def each(table: Mapping[str, Iterable[str]]) -> pytest.MarkDecorator:
    """A case for every provider and each of its names."""
    rows = [pytest.param(vendor, name, id=f"{vendor}-{name}") for vendor, names in table.items() for name in names]
    return pytest.mark.parametrize(("vendor", "name"), rows)


@each(STORIES)
def test_every_order_of_a_story_ends_the_same_however_often_it_is_told(named: Any, vendor: str, name: str) -> None:
    psp, story = named(vendor), STORIES[vendor][name]
    length = len(story.tell(psp, psp.deposit("1") if story.is_deposit else psp.withdrawal("1")))
    for order in permutations(range(length)):
        payment = psp.deposit("100") if story.is_deposit else psp.withdrawal("100")
        cash = Money.parse(psp.balances()[0], "EUR") + Money.parse("0" if story.is_deposit else "100", "EUR")
        told = story.tell(psp, payment)
        psp.tell(*(told[place] for place in order), told[order[0]], told[order[-1]])
        psp.work()
        wanted = cash.units + story.change * Money.parse("1", "EUR").units
        assert (psp.state(payment), psp.balances()[0]) == (story.state, Money(wanted, "EUR").format()), order
        assert psp.balances()[1] in {"0.00", "1.00"}  # the one whose story was only counted may be open
    assert not InboundEvent.objects.exclude(state="processed").exists()


@each(PROVEN_BY)
def test_nothing_is_taken_of_which_this_was_changed(named: Any, vendor: str, name: str) -> None:
    psp = named(vendor)
    deposit = psp.deposit("100")
    altered = psp.altered(psp.paid_in(deposit)[-1], name)
    assert psp.send(altered).status_code in {400, 401}
    assert (InboundEvent.objects.count(), psp.state(deposit), psp.balances()[0]) == (0, "initiated", "1000.00")


@each(NOT_PROVEN)
def test_no_money_hangs_on_what_is_not_proven(named: Any, vendor: str, name: str) -> None:
    psp = named(vendor)
    deposit = psp.deposit("100")
    told = psp.paid_in(deposit)
    altered = [psp.unsigned(message, name) for message in told]
    assert altered != told
    psp.tell(*altered, *told)
    assert (psp.state(deposit), psp.balances()) == ("settled", ("1100.00", "0.00"))
    assert Transaction.objects.filter(kind="deposit").count() == 1


@pytest.mark.parametrize(("amount", "cash"), [("40.50", "1040.50"), ("0.01", "1000.01"), ("250", "1250.00")])
def test_what_came_counts_and_not_what_was_asked_for(psp: Psp, amount: str, cash: str) -> None:
    deposit = psp.deposit("100")
    psp.tell(*psp.paid_in(deposit, amount))
    assert (psp.state(deposit), psp.balances()) == ("settled", (cash, "0.00"))


def test_an_expired_deposit_that_comes_after_all_is_booked_and_noticed(psp: Psp) -> None:
    deposit = psp.deposit("100")
    expire_deposit(deposit_id=deposit.pk, now=clock.now() + timedelta(days=2))
    assert psp.state(deposit) == "expired"
    psp.tell(*psp.paid_in(deposit))
    assert (psp.state(deposit), psp.balances()) == ("settled", ("1100.00", "0.00"))
    assert PaymentStep.objects.filter(deposit=deposit, is_incident=True).count() == 1


def test_after_a_time_out_its_callback_decides(psp: Psp) -> None:
    deposit, withdrawal = psp.deposit("100"), psp.withdrawal("100")
    Attempt.objects.filter(deposit=deposit).update(state="unknown")
    if psp.vendor != "paymentiq":  # which is never sent anything
        withdrawal.mark_unknown(at=clock.now())
        withdrawal.save(update_fields=["state", "changed_at"])
        Attempt.objects.filter(withdrawal=withdrawal).update(state="unknown")
    psp.tell(*psp.paid_in(deposit), *psp.paid_out(withdrawal))
    assert (psp.state(deposit), psp.state(withdrawal), psp.balances()) == ("settled", "paid", ("1000.00", "0.00"))
    assert set(Attempt.objects.values_list("state", "next_query_at")) == {("done", None)}


def test_a_second_payment_under_one_reference_is_a_payment_of_its_own(psp: Psp) -> None:
    deposit = psp.deposit("100")
    second = psp.again(deposit, "100.00")
    psp.tell(*psp.paid_in(deposit), second, second)
    assert psp.balances() == ("1200.00", "0.00")
    if psp.vendor == "paymentiq":  # whose own id makes it another payment from the first
        assert Deposit.objects.filter(state="settled").count() == 2
        return
    beside = Deposit.objects.exclude(pk=deposit.pk).get()
    assert (beside.state, beside.settled_units) == ("settled", deposit.amount_units)
    assert PaymentStep.objects.filter(deposit=beside, is_incident=True).count() == 1
    assert Deposit.objects.get(pk=deposit.pk).settled_units == deposit.amount_units


def test_another_currency_than_the_payments_is_for_people(psp: Psp) -> None:
    deposit = psp.deposit("100")
    response = psp.send(psp.in_currency(deposit, "JPY" if psp.vendor != "cryptoprocessing" else "BTC"))
    states = psp.work()
    assert psp.is_refused(response) or states == ["failed"]
    assert (psp.state(deposit), psp.balances()[0]) == ("initiated", "1000.00")


def test_another_integration_of_the_same_vendor_is_somebody_else(psp: Psp) -> None:
    deposit = psp.deposit("100")
    other = connect_psp(psp.vendor, slug="other")
    story = psp.paid_in(deposit)
    psp.slug = "other"
    psp.tell(*story)
    psp.slug = psp.vendor
    # The same keys open its door, and still its events are not about payments of this one.
    assert (psp.state(deposit), other.pk != psp.integration.pk) == ("initiated", True)
    psp.tell(*story)
    assert psp.state(deposit) == "settled"


def test_a_kill_switch_does_not_close_the_door_to_what_has_happened(psp: Psp) -> None:
    deposit = psp.deposit("100")
    Integration.objects.filter(pk=psp.integration.pk).update(switch="off")
    forget_connections()
    psp.tell(*psp.paid_in(deposit))
    assert (psp.state(deposit), psp.balances()) == ("settled", ("1100.00", "0.00"))


def test_keys_are_rotated_without_a_gap(psp: Psp) -> None:
    name = SECRET_NAMES[psp.vendor]
    rows = Credential.objects.filter(integration=psp.integration, purpose=Credential.Purpose.VERIFY_INBOUND, name=name)
    old = rows.get()
    given, fresh = new_secret(psp.vendor)
    add_credential(
        integration=psp.integration, purpose=old.purpose, name=name, secret=given, actor=None, now=clock.now()
    )
    forget_connections()
    first, second = psp.deposit("1"), psp.deposit("2")
    psp.tell(*psp.paid_in(first), *(psp.resigned(message, fresh) for message in psp.paid_in(second)))
    assert {psp.state(first), psp.state(second)} == {"settled"}
    revoke_credential(credential_id=old.pk, reason="rotated", actor=None, now=clock.now())
    forget_connections()
    third = psp.deposit("3")
    assert psp.send(psp.paid_in(third)[-1]).status_code == 401
    psp.tell(*(psp.resigned(message, fresh) for message in psp.paid_in(third)))
    assert (psp.state(third), psp.balances()[0]) == ("settled", "1006.00")


def new_secret(vendor: str) -> tuple[bytes, str]:
    """What we are given of a new key, and what its owner signs with."""
    if vendor != "trustly":
        return b"cd" * 32, "cd" * 32
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = made.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    private = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return public, private.decode()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"\xff\xfe", b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":' * 60, b"a=1&b=2"]
)
def test_what_can_not_be_read_moves_nothing(psp: Psp, body: bytes) -> None:
    good = psp.paid_in(psp.deposit("1"))[-1]
    assert psp.is_refused(psp.send(Message(good.path, body, good.headers)))
    assert (InboundEvent.objects.count(), psp.balances()[0]) == (0, "1000.00")


def test_a_body_larger_than_the_limit_is_refused_before_it_is_read(psp: Psp) -> None:
    good = psp.paid_in(psp.deposit("1"))[-1]
    response = psp.send(Message(good.path, good.body + b" " * (600 * 1024), good.headers))
    assert response.status_code == 413
    assert InboundEvent.objects.count() == 0


def test_an_unknown_word_moves_nothing_and_is_not_taken_for_processed(psp: Psp) -> None:
    response = psp.send(psp.unknown_word())
    if psp.vendor == "paymentiq":  # the cashier keeps what is refused, and says it again
        assert response.json()["success"] is False
        return
    assert (response.status_code, psp.work()) == (200, ["unhandled"])


@pytest.mark.parametrize("vendor", ["adyen", "cryptoprocessing"])
def test_a_payout_told_as_a_deposit_is_for_people(named: Any, vendor: str) -> None:
    """Trustly's words mean what the direction of the reference says; a cashier's id is a conflict, told there."""
    psp = named(vendor)
    withdrawal = psp.withdrawal("100")
    for message in psp.paid_in(withdrawal):
        assert psp.send(message).status_code == 200
    assert set(psp.work()) == {"failed"}
    assert (psp.balances(), psp.state(withdrawal)) == (("900.00", "100.00"), "submitted")
    assert not Transaction.objects.filter(kind="deposit").exists()
