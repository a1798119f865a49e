"""One suite over every provider that tells us afterwards: through the door, the inbox and the task, to the books."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, TestCase

from apps.core import clock
from apps.core.redis_client import redis_client
from apps.integrations import inbox
from apps.integrations.models import InboundEvent, IntegrationEvent
from apps.payments import inbox_tasks
from apps.payments.inbox_tasks import PROCESS_EVENT, process_event, process_inbox, sweep_inbox
from apps.payments.operations import deposit_gates
from apps.transactions.models import Transaction
from tests.contracts.psps import EVENT_VENDORS, MAKERS, Message, Psp
from tests.harness.queries import captured_queries

captured_commits: Any = TestCase.captureOnCommitCallbacks

# Of the one event that settles a deposit of a known player; the posting itself goes past Django's cursor.
STATEMENTS = {"adyen": 18, "trustly": 18, "cryptoprocessing": 21}


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


def messages() -> int:
    """How many messages wait for a worker."""
    found: Any = redis_client().llen(settings.CELERY_TASK_DEFAULT_QUEUE)
    return int(found)


def test_one_message_brings_a_worker_however_much_arrives(psp: Psp) -> None:
    deposits = [psp.deposit(amount) for amount in ("10", "20", "30")]
    with captured_commits(execute=True):
        for deposit in deposits:
            for message in psp.paid_in(deposit):
                psp.send(message)
    assert messages() == 1
    assert process_inbox() == InboundEvent.objects.count()
    assert ({psp.state(deposit) for deposit in deposits}, psp.balances()[0]) == ({"settled"}, "1060.00")
    assert process_inbox() == 0
    # Whoever was called has looked: what arrives from now on calls again.
    with captured_commits(execute=True):
        psp.send(psp.paid_in(psp.deposit("40"))[-1])
    assert messages() == 2


def test_a_worker_that_has_worked_long_enough_leaves_the_rest_as_it_found_it(
    psp: Psp, monkeypatch: pytest.MonkeyPatch
) -> None:
    psp.send(psp.paid_in(psp.deposit("10"))[-1])
    with monkeypatch.context() as patched:
        patched.setattr(inbox_tasks, "_LONGEST_SECONDS", -1)
        assert process_inbox() == 0
    assert InboundEvent.objects.values_list("attempts", "claimed_until").get() == (0, None)
    assert process_inbox() == 1


@pytest.mark.django_db(transaction=True)
def test_threads_of_a_worker_apply_each_event_once(client: Client, settings: Any) -> None:
    settings.INBOX_THREADS = 3
    psp = MAKERS["adyen"]("adyen", client)
    deposits = [psp.deposit(f"{number}") for number in range(1, 26)]
    for deposit in deposits:
        psp.send(psp.paid_in(deposit)[-1])
    assert process_inbox() == 25
    assert ({psp.state(deposit) for deposit in deposits}, psp.balances()[0]) == ({"settled"}, "1325.00")
    assert Transaction.objects.filter(kind="deposit").count() == 25


def test_what_another_worker_holds_is_not_taken(psp: Psp) -> None:
    psp.send(psp.paid_in(psp.deposit("10"))[-1])
    now = clock.now()
    (held,) = inbox.claim_next(kind="payments", most=5, now=now)
    assert (process_inbox(), process_event(row_id=str(held.pk))) == (0, "")
    assert inbox.claim(held.pk, now=now + inbox.LEASE) is not None


def test_a_settled_deposit_costs_few_statements(psp: Psp) -> None:
    psp.tell(*psp.paid_in(psp.deposit("10")))
    deposit = psp.deposit("20")
    deposit_gates.begun(deposit, now=clock.now())
    story = psp.paid_in(deposit)
    psp.tell(*story[:-1])
    psp.send(story[-1])
    with captured_queries() as statements:
        assert process_inbox() == 1
    assert psp.balances()[0] == "1030.00"
    assert len(statements) == STATEMENTS[psp.vendor], "\n".join(statements)


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
