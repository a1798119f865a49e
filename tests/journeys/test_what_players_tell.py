"""What players say by words and deeds becomes facts, and by rules cases: from API and staff site to the desk."""

from threading import Barrier, Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from apps.compliance.contacts import found_words
from apps.compliance.models import Alert, PlayerContact
from apps.core import clock
from apps.integrations.outbox import record_fact
from apps.monitoring.reference import forget
from apps.monitoring.tasks import follow_facts, follow_ledger
from apps.players.models import Player
from apps.safer_play.models import ExclusionVisit
from apps.safer_play.tasks import lapse_exclusion_visits
from apps.safer_play.visits import open_visit
from apps.transactions.models import AccountKind
from apps.transactions.posting import Leg, post, shared_account
from apps.verification.models import IncomeDeclaration, Verification
from apps.verification.tasks import follow_facts as follow_for_verification
from apps.wallets.operations import open_wallet
from tests.factories.cases import colleague
from tests.factories.games import make_player
from tests.factories.identity import connect_identity_vendor
from tests.monitoring.scene import put_live
from tests.safer_play.scene import Frontend, euros, frontend_of, load_policies, player_in

pytestmark = pytest.mark.django_db
CANARY = "zq7canarywords"
# The followers read only what is committed.
committed = pytest.mark.django_db(transaction=True)


def alerts() -> list[tuple[str, str, str]]:
    """Rule, queue and words of every alert that the real tasks make of what has happened so far."""
    follow_facts()
    follow_ledger()
    rows = Alert.objects.order_by("pk").values_list("rule_id", "case__blueprint_code", "explanation")
    return [(rule, queue, words) for rule, queue, words in rows]


@pytest.fixture
def frontend() -> Frontend:
    load_policies()
    return frontend_of(player_in("MT"))


def visit(frontend: Frontend) -> str:
    reply = frontend.call("post", "exclusions/visits")
    assert reply.status_code == 201, reply.content
    return str(reply.json()["id"])


@committed
def test_whoever_goes_to_exclude_himself_and_leaves_three_times_is_looked_after(frontend: Frontend) -> None:
    put_live("RG-04")
    first = visit(frontend)
    assert visit(frontend) == first  # reloading the page is the same visit
    for _ in range(2):
        assert frontend.call("delete", f"exclusions/visits/{first}").status_code == 204
    visit(frontend)
    clock.advance(31 * 60)  # the window was closed: nobody says anything
    assert lapse_exclusion_visits() == 1
    assert alerts() == []
    third = visit(frontend)
    frontend.call("delete", f"exclusions/visits/{third}")
    ((rule, queue, words),) = alerts()
    assert (rule, queue) == ("RG-04", "harm")
    assert words.startswith("3 visits to self-exclusion within 30 days, none of them finished")
    assert list(ExclusionVisit.objects.order_by("pk").values_list("state", flat=True)) == ["left", "lapsed", "left"]


@committed
def test_a_visit_that_ends_in_an_exclusion_is_no_marker_and_nobody_elses(frontend: Frontend) -> None:
    put_live("RG-04")
    mine = visit(frontend)
    other = frontend_of(make_player("bea"))
    assert other.call("delete", f"exclusions/visits/{mine}").status_code == 404
    body = {"kind": "self_exclusion", "months": 12}
    assert frontend.call("post", "exclusions", body).status_code == 201
    clock.advance(3600)
    assert lapse_exclusion_visits() == 0
    assert alerts() == []
    assert ExclusionVisit.objects.get().state == "finished"


def test_a_page_that_opens_itself_again_and_again_is_not_noted_for_ever(frontend: Frontend) -> None:
    replies = [frontend.call("post", "exclusions/visits").status_code for _ in range(21)]
    assert replies == [201] * 20 + [429]
    body = {"kind": "self_exclusion", "months": 12}
    assert frontend.call("post", "exclusions", body).status_code == 201


@committed
def test_of_two_windows_that_open_the_page_at_once_both_are_given_the_same_visit(frontend: Frontend) -> None:
    visit(frontend)
    clock.advance(31 * 60)
    player, both, found = frontend.session.player, Barrier(2), list[object]()

    def open_it() -> None:
        both.wait()
        found.append(open_visit(player_id=player.pk, now=clock.now()).pk)
        connections.close_all()

    windows = [Thread(target=open_it) for _ in range(2)]
    for each in windows:
        each.start()
    for each in windows:
        each.join()
    assert len(found) == 2
    assert len(set(found)) == 1
    assert sorted(ExclusionVisit.objects.values_list("state", flat=True)) == ["lapsed", "open"]


def deposit(player: Player, euros_paid: int) -> None:
    source = shared_account(brand_id=player.brand_id, currency="EUR", kind=AccountKind.PSP)
    legs = [Leg(source, open_wallet(player, "EUR").cash, euros_paid * 1_000_000)]
    post(kind="deposit", brand_id=player.brand_id, currency="EUR", player_id=player.pk, legs=legs, now=clock.now())


@committed
def test_deposits_that_do_not_fit_the_declared_income_become_a_case(frontend: Frontend) -> None:
    put_live("AML-26")
    player = frontend.session.player
    deposit(player, 700)
    assert alerts() == []  # no income is known
    pdf = SimpleUploadedFile("payslip.pdf", b"%PDF-1.4 payslip", content_type="application/pdf")
    upload = {"kind": "source_of_funds", "file": pdf}
    document = frontend.client.post("/api/v1/verification-documents", data=upload).json()["id"]
    body = {"monthly": euros("2000.00"), "main_source": "employment", "document": document}
    told = frontend.call("post", "verifications/income", body)
    assert told.status_code == 201, told.content
    assert {**told.json(), "id": "", "declared_at": ""} == {**body, "id": "", "declared_at": ""}
    assert frontend.call("post", "verifications/income", body).json()["id"] == told.json()["id"]
    ((rule, queue, words),) = alerts()
    assert (rule, queue) == ("AML-26", "aml")
    assert "700.00 EUR" in words.replace("EUR 700.00", "700.00 EUR")
    assert frontend.call("get", "verifications/income").json()[0]["monthly"] == euros("2000.00")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"monthly": {"amount": "-1.00", "currency": "EUR"}, "main_source": "employment"}, 400),
        ({"monthly": {"amount": "2000.00", "currency": "EUR"}, "main_source": "lottery"}, 400),
        ({"monthly": {"amount": "2000.00", "currency": "EUR"}, "main_source": "employment",
          "document": "01890000-0000-7000-8000-000000000000"}, 422),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_not_declared(body: dict[str, Any], code: int, frontend: Frontend) -> None:
    assert frontend.call("post", "verifications/income", body).status_code == code
    assert not IncomeDeclaration.objects.exists()


@pytest.fixture
def player() -> Player:
    return make_player()


def press(role: str, player: Player, button: str, **fields: Any) -> Any:
    """Press a button of the player's page as a role."""
    client = Client()
    client.force_login(User.objects.filter(username=role).first() or colleague(role, role, brand=player.brand))
    return client.post(reverse(f"admin:players_player_{button}", args=[player.pk]), fields)


def contact(player: Player, text: str, role: str = "support", **changes: Any) -> Any:
    fields = {"direction": "received", "channel": "email", "topic": "other", "reference": "T-4711", "text": text,
              "at": f"{clock.now():%Y-%m-%dT%H:%M}"}  # fmt: skip
    return press(role, player, "record-contact", **(fields | changes))


@committed
def test_a_message_with_words_of_concern_is_a_case_within_minutes_and_its_text_is_kept_nowhere(player: Player) -> None:
    put_live("RG-22")
    forget()
    reply = contact(player, f"I lost EVERYTHING and I can’t stop. {CANARY} My rent is due.")
    assert reply.status_code == 302
    kept = PlayerContact.objects.get()
    assert (kept.words, kept.list_number, kept.reference) == (3, 1, "T-4711")
    ((rule, queue, words),) = alerts()
    assert (rule, queue) == ("RG-22", "harm")
    assert words == "A message contains 3 words of the list of concern. Read it now."
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE %s', [f"%{CANARY}%"])  # noqa: S608
            assert cursor.fetchone() == (0,), table


@committed
def test_a_contact_without_such_words_or_by_us_raises_nothing(player: Player) -> None:
    put_live("RG-22")
    forget()
    contact(player, "When does my withdrawal arrive? My parents are waiting.")
    contact(player, "You wrote that you are addicted: shall we talk?", direction="sent", role="rg_officer")
    assert list(PlayerContact.objects.order_by("pk").values_list("words", "list_number")) == [(0, 1), (0, None)]
    assert alerts() == []


def test_a_contact_that_is_sent_twice_is_one_and_another_is_another(player: Player) -> None:
    for _ in range(2):
        contact(player, "Where is my money?", reference="T-1")
    contact(player, "Where is my money?", reference="T-2")
    assert list(PlayerContact.objects.order_by("pk").values_list("reference", flat=True)) == ["T-1", "T-2"]


@pytest.mark.parametrize(
    "changes", [{"reference": "Mr Smith called"}, {"at": "2030-01-01T00:00"}, {"at": "1999-12-31T23:59"}]
)
def test_a_contact_that_makes_no_sense_is_not_recorded(changes: dict[str, str], player: Player) -> None:
    assert contact(player, "", **changes).status_code in (200, 302)
    assert not PlayerContact.objects.exists()


def test_staff_without_the_permission_record_nothing(player: Player) -> None:
    assert contact(player, "", role="payments").status_code == 403
    income = {"amount": "2000.00", "currency": "EUR", "source": "pension"}
    assert press("support", player, "declare-income", **income).status_code == 403
    assert press("kyc_agent", player, "declare-income", **income).status_code == 302
    declared = IncomeDeclaration.objects.get()
    assert (declared.monthly_units, declared.declared_by) == (2_000_000_000, "kyc_agent")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Ich bin SÜCHTIG", 1),
        ("ich bin suchtig", 1),
        ("I cannot  stop\nI can't stop", 2),
        ("My parents, currently", 0),
        ("my 'rent' and _rent_", 1),
        ("I can\N{MODIFIER LETTER APOSTROPHE}t stop", 1),
        ("can`t s\N{SOFT HYPHEN}top", 1),
        ("rent, rent, rent", 1),
        ("", 0),
    ],
)
def test_words_are_found_whole_and_each_once(text: str, count: int) -> None:
    assert found_words(text, ("süchtig", "cannot stop", "can't stop", "rent")) == count


@committed
def test_a_risk_of_money_laundering_that_rises_high_asks_for_enhanced_verification(player: Player) -> None:
    connect_identity_vendor("onfido")

    def risk(before: int, level: int) -> list[tuple[str, str]]:
        record_fact(
            kind="monitoring.aml_risk.changed", brand_code=player.brand.code, player_id=player.pk,
            data={"from": before, "to": level}, now=clock.now(),
        )  # fmt: skip
        follow_for_verification()
        return list(Verification.objects.filter(player=player).values_list("level", "trigger"))

    assert risk(1, 3) == []
    assert risk(3, 4) == [("enhanced", "risk-raised")]
    assert risk(4, 5) == [("enhanced", "risk-raised")]  # asked once
