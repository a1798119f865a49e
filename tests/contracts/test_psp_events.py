"""One suite over every provider that tells us afterwards: through the door, the inbox and the task, to the books."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.test import Client

from apps.core import clock
from apps.integrations import inbox
from apps.integrations.models import InboundEvent, IntegrationEvent
from apps.payments.inbox_tasks import PROCESS_EVENT, process_event, sweep_inbox
from apps.transactions.models import Transaction
from tests.contracts.psps import EVENT_VENDORS, MAKERS, Message, Psp


@pytest.fixture(params=EVENT_VENDORS)
def psp(request: pytest.FixtureRequest, db: None, client: Client) -> Psp:
    """Each provider in turn, with a player who has 1000.00."""
    return MAKERS[request.param](request.param, client)


def states() -> list[str]:
    return list(InboundEvent.objects.order_by("id").values_list("state", flat=True))


def test_a_deposit_settles_once_however_often_it_is_told(psp: Psp) -> None:
    deposit = psp.deposit("100")
    story = psp.paid_in(deposit)
    psp.tell(*story, *story, *reversed(story))
    assert (psp.state(deposit), psp.balances()) == ("settled", ("1100.00", "0.00"))
    assert Transaction.objects.filter(kind="deposit").count() == 1
    assert list(InboundEvent.objects.values_list("state", "deliveries")) == [("processed", 3)] * len(story)


def test_a_deposit_settles_with_what_came(psp: Psp) -> None:
    deposit = psp.deposit("100")
    psp.tell(*psp.paid_in(deposit, "40.50"))
    assert (psp.state(deposit), psp.balances()) == ("settled", ("1040.50", "0.00"))


def test_a_failed_deposit_moves_nothing_and_late_success_is_taken(psp: Psp) -> None:
    deposit = psp.deposit("100")
    psp.tell(*psp.not_paid_in(deposit))
    assert (psp.state(deposit), psp.balances()) == ("failed", ("1000.00", "0.00"))
    psp.tell(psp.paid_in(deposit)[-1])
    assert (psp.state(deposit), psp.balances()) == ("settled", ("1100.00", "0.00"))


def test_every_order_of_a_deposits_events_ends_the_same(psp: Psp) -> None:
    for order in permutations(range(len(psp.paid_in(psp.deposit("1"))))):
        deposit = psp.deposit("100")
        before = psp.balances()[0]
        story = psp.paid_in(deposit)
        psp.tell(*(story[place] for place in order))
        assert psp.state(deposit) == "settled"
        assert float(psp.balances()[0]) - float(before) == 100


def test_a_payout_is_paid_once(psp: Psp) -> None:
    withdrawal = psp.withdrawal("300")
    assert psp.balances() == ("700.00", "300.00")
    story = psp.paid_out(withdrawal)
    psp.tell(*story, *story)
    assert (psp.state(withdrawal), psp.balances()) == ("paid", ("700.00", "0.00"))


def test_a_failed_payout_gives_the_money_back_once(psp: Psp) -> None:
    withdrawal = psp.withdrawal("300")
    story = psp.not_paid_out(withdrawal)
    psp.tell(*story, *story)
    assert (psp.state(withdrawal), psp.balances()) == ("failed", ("1000.00", "0.00"))


def test_a_payout_may_come_back_after_it_was_paid(psp: Psp) -> None:
    withdrawal = psp.withdrawal("300")
    story = psp.returned(withdrawal)
    if not story:
        return
    psp.tell(*psp.paid_out(withdrawal), *story, *story)
    assert (psp.state(withdrawal), psp.balances()) == ("returned", ("1000.00", "0.00"))


def test_a_return_that_overtakes_the_confirmation_ends_the_same(psp: Psp) -> None:
    withdrawal = psp.withdrawal("300")
    story = psp.returned(withdrawal)
    if not story:
        return
    psp.tell(*story, *psp.paid_out(withdrawal))
    assert (psp.state(withdrawal), psp.balances()) == ("returned", ("1000.00", "0.00"))


def test_nothing_that_was_altered_is_taken(psp: Psp) -> None:
    deposit, withdrawal = psp.deposit("100"), psp.withdrawal("100")
    for message in (*psp.paid_in(deposit), *psp.paid_out(withdrawal)):
        for altered in psp.tampered(message):
            assert psp.send(altered).status_code == 401, altered
    assert (InboundEvent.objects.count(), psp.balances()) == (0, ("900.00", "100.00"))


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b"\xff", b'{"a":' * 50, b"a=1", b'{"notificationItems":[]}']
)
def test_what_cannot_be_read_is_refused(psp: Psp, body: bytes) -> None:
    good = psp.paid_in(psp.deposit("1"))[0]
    assert psp.send(Message(good.path, body, good.headers)).status_code in {400, 401}
    assert InboundEvent.objects.count() == 0


def test_an_unknown_word_is_kept_and_never_taken_for_processed(psp: Psp) -> None:
    assert psp.send(psp.unknown_word()).status_code == 200
    assert psp.work() == ["unhandled"]
    sweep_inbox()
    assert states() == ["unhandled"]


def test_an_orphan_waits_for_its_payment(psp: Psp) -> None:
    deposit = psp.deposit("100")
    attempt = deposit.attempts.get()
    story = psp.paid_in(deposit)
    attempt.delete()
    psp.tell(*story)
    assert set(states()) == {"parked"}
    attempt.save(force_insert=True)
    inbox.wake(integration_id=psp.integration.pk, references=(attempt.key,))
    assert len(inbox.take_due(kind="payments", now=clock.now())) == len(story)
    psp.work()
    assert (psp.state(deposit), set(states())) == ("settled", {"processed"})


def test_replaying_everything_changes_nothing(psp: Psp) -> None:
    deposit, withdrawal = psp.deposit("100"), psp.withdrawal("50")
    psp.tell(*psp.paid_in(deposit), *psp.paid_out(withdrawal), psp.unknown_word())
    postings, before = Transaction.objects.count(), (psp.balances(), sorted(states()))
    for row in InboundEvent.objects.all():
        inbox.replay(row_id=row.pk, task=PROCESS_EVENT, reason="to be sure", actor=None, now=clock.now())
        process_event(row_id=str(row.pk))
    assert (Transaction.objects.count(), (psp.balances(), sorted(states()))) == (postings, before)
    assert IntegrationEvent.objects.filter(action="event_replayed").count() == InboundEvent.objects.count()


def test_a_lost_task_is_found_by_the_sweeper(psp: Psp) -> None:
    deposit = psp.deposit("100")
    for message in psp.paid_in(deposit):
        psp.send(message)
    assert sweep_inbox() == 0  # their own tasks may still be under way
    later = clock.now() + timedelta(minutes=1)
    assert len(inbox.take_due(kind="payments", now=later)) == InboundEvent.objects.count()
    # Handed out, they are not handed out again for a while; after that they are.
    assert inbox.take_due(kind="payments", now=later) == []
    assert len(inbox.take_due(kind="payments", now=later + inbox.LEASE)) == InboundEvent.objects.count()


def test_a_killed_worker_does_not_keep_an_event(psp: Psp) -> None:
    psp.send(psp.paid_in(psp.deposit("100"))[-1])
    row = InboundEvent.objects.get()
    now = clock.now()
    assert inbox.claim(row.pk, now=now) is not None
    assert process_event(row_id=str(row.pk)) == ""  # in another's hands
    assert inbox.claim(row.pk, now=now + inbox.LEASE) is not None


def test_the_same_id_with_other_terms_is_for_people(psp: Psp) -> None:
    deposit, other = psp.deposit("100"), psp.deposit("900")
    (first,) = psp.paid_in(deposit)[-1:]
    psp.tell(first)
    row = InboundEvent.objects.get()
    InboundEvent.objects.filter(pk=row.pk).update(terms_digest="of another telling")
    psp.tell(first, first)
    assert sorted(states()) == ["processed", "unhandled"]
    assert (psp.balances()[0], psp.state(other)) == ("1100.00", "initiated")


def test_what_came_is_kept_byte_for_byte(psp: Psp) -> None:
    message = psp.paid_in(psp.deposit("100"))[-1]
    psp.tell(message)
    row = InboundEvent.objects.get()
    assert bytes(row.body) == message.body
    assert all("password" not in str(value) for value in row.headers.values())
    assert row.exchange_id is not None


def test_the_door_knows_its_paths(psp: Psp) -> None:
    good = psp.paid_in(psp.deposit("1"))[0]
    assert psp.send(Message("nothing", good.body, good.headers)).status_code == 404
    assert psp.client.get(f"/psp/{psp.slug}/{good.path}").status_code == 405
    psp.slug = "nobody"
    assert psp.send(good).status_code == 404
