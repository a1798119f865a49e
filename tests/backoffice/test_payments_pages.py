"""The pages of payments: who sees what, who may press what, and that what is pressed is done by the operations."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from apps.backoffice.roles import ROLES
from apps.brands.models import StaffScope
from apps.core import clock
from apps.core.admin_display import amount_text
from apps.core.ids import uuid7
from apps.integrations.models import InboundEvent, Integration, IntegrationEvent
from apps.payments.contract import EventKind
from apps.payments.models import Deposit, Instrument, Withdrawal
from apps.payments.operations.contract_versions import add_contract_version
from apps.payments.operations.decisions import digest_of, hold_withdrawal
from apps.payments.operations.deposits import request_deposit
from apps.payments.owed import Owed, owed_by
from apps.players.models import Player
from tests.backoffice.conftest import Login
from tests.backoffice.payment_pages import event, in_review, page, press, said
from tests.factories.integrations import make_brand
from tests.harness.queries import statements_of
from tests.payments.conftest import _bank_protocol, bank, instrument, integration, player
from tests.payments.play import euro, sent, tell

# Fixtures: a bank instead of a game vendor.
__all__ = ["_bank_protocol", "bank", "instrument", "integration", "player"]

PAGES = {
    "payments_withdrawal": Withdrawal,
    "payments_deposit": Deposit,
    "payments_instrument": Instrument,
    "integrations_inboundevent": InboundEvent,
}
LISTS = {
    "payments_withdrawal": "?queue=all",
    "payments_deposit": "",
    "payments_instrument": "",
    "payments_capability": "",
    "payments_dispute": "?queue=all",
    "payments_pspcontract": "",
    "payments_reservehold": "",
    "payments_routedrill": "",
    "payments_routingrule": "",
    "integrations_inboundevent": "",
}


def settled(player: Player, amount: str = "50") -> Deposit:
    deposit, _ = request_deposit(
        player=player,
        money=euro(amount),
        method="bank",
        slug="",
        remote_address="203.0.113.7",
        client_key=str(uuid7()),
        now=clock.now(),
    )
    tell(deposit, EventKind.DEPOSIT_SETTLED, amount=euro(amount))
    return deposit


def agree(integration: Integration) -> None:
    """One more version of the terms."""
    begins = clock.now()
    terms = {"merchant_of_record": "We", "reserve": [{"currency": "EUR", "percent": "5", "days": 180}]}
    add_contract_version(
        integration_id=integration.pk, terms=terms, valid_from=begins, maker=None, checker=None, now=begins
    )


@pytest.mark.parametrize("role", [*(role.name for role in ROLES), "superuser"])
def test_every_role_gets_a_page_or_a_refusal(
    role: str, login: Login, player: Player, instrument: Instrument, integration: Integration
) -> None:
    withdrawal = in_review(player, instrument)
    sent(player, instrument)
    event(integration, references=(str(withdrawal.public_id),))
    settled(player)
    client = login(role)
    allowed = {
        "payments": set(LISTS), "auditor": set(LISTS), "superuser": set(LISTS),
        "support": {"payments_withdrawal", "payments_deposit"},
    }.get(role, set())  # fmt: skip
    for name, query in LISTS.items():
        status = 200 if name in allowed else 403
        asked = "" if role == "support" else query
        assert client.get(reverse(f"admin:{name}_changelist") + asked).status_code == status, name
        assert client.get(reverse(f"admin:{name}_add")).status_code == 403
    for name, model in PAGES.items():
        row = model._default_manager.first()
        assert client.get(page(name, row)).status_code == (200 if name in allowed else 403), name
        assert client.post(page(name, row), {"state": "paid"}).status_code == 403


def test_support_learns_nothing_of_a_hold(login: Login, player: Player, instrument: Instrument) -> None:
    withdrawal = in_review(player, instrument)
    root = User.objects.create_superuser("root")
    hold_withdrawal(
        withdrawal_id=withdrawal.pk, reason_code="aml-review", note="Smurfing?", actor=root, now=clock.now()
    )
    client = login("support")
    listed = reverse("admin:payments_withdrawal_changelist")
    for address in (listed, page("payments_withdrawal", withdrawal), f"/admin/search/?s={player.username}"):
        text = client.get(address, follow=True).content.decode()
        for word in ("aml-review", "Smurfing", "on_hold", "On hold", "in_review", "In review", "instrument-age"):
            assert word not in text, (address, word)
    assert "processing" in client.get(page("payments_withdrawal", withdrawal)).content.decode()
    # Nor by asking which rows are left.
    for query in ("state__exact=on_hold", "state=on_hold", "reason_code__startswith=a", "needs_override__exact=0"):
        assert client.get(f"{listed}?{query}").status_code == 400, query
    for queue in ("on_hold", "in_review"):
        reply = client.get(f"{listed}?queue={queue}")
        assert reply.status_code == 400
    assert client.get("/admin/live/").json()["attention"] == []


def test_what_a_step_moved_is_told_as_an_amount(login: Login, player: Player) -> None:
    deposit = settled(player)
    shown = login("payments").get(page("payments_deposit", deposit)).content.decode()
    assert '<span class="quiet">Amount:</span> 50.00 EUR' in shown
    assert "50000000" not in shown


def test_tokens_and_holders_are_shown_to_nobody(login: Login, player: Player, instrument: Instrument) -> None:
    Instrument.objects.update(holder="Zebedee Quux")
    client = login("superuser")
    listed = reverse("admin:payments_instrument_changelist")
    for address in (listed, page("payments_instrument", instrument)):
        text = client.get(address).content.decode()
        assert "MT84…" in text
        assert "MT84MALT" not in text
        assert "Zebedee" not in text
    for query in ("token__startswith=MT84M", "holder__startswith=Z", "player__email__startswith=a"):
        assert client.get(f"{listed}?{query}").status_code == 400, query


def test_an_event_is_shown_without_secrets_and_replayed(login: Login, integration: Integration) -> None:
    told = event(integration)
    client = login("payments")
    text = client.get(page("integrations_inboundevent", told)).content.decode()
    assert "1.50" in text
    assert "hush-hush" not in text
    assert "ValueError: odd amount" in text
    reply = press(client, "integrations_inboundevent", told, "replay", reason="The adapter is fixed")
    assert said(reply)[0].startswith(f"Event {told.event_id} is queued")
    told.refresh_from_db()
    assert told.state == "received"
    record = IntegrationEvent.objects.get(action="event_replayed")
    assert (record.actor.username, record.reason) == ("payments", "The adapter is fixed")  # type: ignore[union-attr]


def test_another_brands_payments_do_not_exist(
    login: Login, player: Player, instrument: Instrument, integration: Integration
) -> None:
    withdrawal = in_review(player, instrument)
    settled(player)
    event(integration)
    client = login("payments", scoped=False)
    StaffScope.objects.create(user=User.objects.get(username="payments"), brand=make_brand("nordlys"))
    for name, query in LISTS.items():
        listed = client.get(reverse(f"admin:{name}_changelist") + query)
        assert list(listed.context["cl"].result_list) == [], name
    for name, model in PAGES.items():
        assert client.get(page(name, model._default_manager.first())).status_code == 302, name
    terms = {"digest": digest_of(withdrawal), "note": "Looked at it."}
    address = reverse("admin:payments_withdrawal_approve", args=[withdrawal.pk])
    assert client.post(address, terms).status_code == 404
    assert client.get("/admin/live/").json()["attention"] == []
    assert client.get(reverse("admin:payments_capability_changelist")).context["alone"] == []


def test_home_says_what_waits(login: Login, player: Player, instrument: Instrument, integration: Integration) -> None:
    in_review(player, instrument)
    late = in_review(player, instrument, "310")
    Withdrawal.objects.filter(pk=late.pk).update(due_at=clock.now())
    for state in ("parked", "failed", "unhandled", "processed"):
        event(integration, state)
    client = login("payments")
    items = client.get("/admin/live/").json()["attention"]
    assert {item["text"] for item in items} >= {
        "Overdue withdrawals: 1",
        "Withdrawals to be decided: 1",
        "Vendors' events that failed: 1",
        "Vendors' events that nobody understands: 1",
        "Vendors' events about payments not known yet: 1",
    }
    for item in items:
        assert client.get(item["url"]).status_code == 200
    overdue = next(item["url"] for item in items if item["text"].startswith("Overdue"))
    assert [row.pk for row in client.get(overdue).context["cl"].result_list] == [late.pk]


def test_the_queue_shows_what_is_due_first(login: Login, player: Player, instrument: Instrument) -> None:
    first, second = in_review(player, instrument), in_review(player, instrument, "310")
    Withdrawal.objects.filter(pk=second.pk).update(due_at=first.requested_at)
    sent(player, instrument)
    client = login("payments")
    listed = client.get(reverse("admin:payments_withdrawal_changelist"))
    assert [row.pk for row in listed.context["cl"].result_list] == [second.pk, first.pk]


def test_one_route_is_reported(login: Login, integration: Integration) -> None:
    reply = login("payments").get(reverse("admin:payments_capability_changelist"))
    found = {(row["market"], row["direction"], row["method"], row["only"]) for row in reply.context["alone"]}
    markets = set(integration_markets())
    assert found == {(market, way, "Bank transfer", "bank") for market in markets for way in ("deposit", "withdrawal")}
    assert {tuple(row["currencies"]) for row in reply.context["alone"]} == {("EUR",)}


def integration_markets() -> list[str]:
    """Jurisdictions in which the test brand is open."""
    return list(make_brand().markets.values_list("jurisdiction_id", flat=True))


def test_queries_do_not_grow_with_rows(
    login: Login, player: Player, instrument: Instrument, integration: Integration
) -> None:
    def more() -> None:
        in_review(player, instrument, "300")
        deposit = settled(player)
        attempt = deposit.attempts.get()
        tell(deposit, EventKind.CHARGEBACK, dispute_reference=str(deposit.pk), dispute_status="opened")
        agree(integration)
        event(integration, references=(attempt.key,))

    more()
    withdrawal, deposit = Withdrawal.objects.get(), Deposit.objects.get()
    client = login("auditor")
    addresses = [reverse(f"admin:{name}_changelist") + query for name, query in LISTS.items()]
    addresses += [page("payments_withdrawal", withdrawal), page("payments_deposit", deposit)]
    for address in addresses:  # what is kept in memory for some seconds is read now
        client.get(address)
    before = {address: len(statements_of(client, address)) for address in addresses}
    for _ in range(4):
        more()
    assert {address: len(statements_of(client, address)) for address in addresses} == before
    assert max(before.values()) <= 25, before


def test_what_providers_owe_stands_on_their_page(
    login: Login, player: Player, instrument: Instrument, integration: Integration
) -> None:
    client = login("payments")
    address = reverse("admin:payments_providers")
    few = len(statements_of(client, address))
    # The instrument's player has been paid for; fifty come, and the provider owes them.
    (before,) = owed_by([integration.pk]).get(integration.pk, [Owed("EUR", 0, 0)])
    settled(player)
    assert owed_by([integration.pk]) == {integration.pk: [Owed("EUR", before.units + 50_000_000, 0)]}
    page = client.get(address).content.decode()
    assert "Owes us" in page
    assert amount_text(before.units + 50_000_000, "EUR") in page
    assert len(statements_of(client, address)) <= few + 1  # balances are asked for once there is an account
