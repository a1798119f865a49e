"""Fills a database with cases and one very busy player, lets many claim at once, and opens the busy player's case."""

import threading
import time
from datetime import timedelta
from statistics import quantiles
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.backoffice.roles import sync_roles
from apps.brands.models import StaffScope
from apps.compliance.alerts import raise_alert
from apps.compliance.cases.claims import claim_next
from apps.compliance.linked_people import collect_traces
from apps.compliance.money_picture import follow_money
from apps.core import clock
from apps.core.admin_base import brand_scope
from apps.players.models import Player

_PAGES = 40
_DESK = "/admin/compliance/desk/"
_CONNECTIONS = 24
"""As many as a web process holds; two hundred people share them."""

_PLAYERS = """
INSERT INTO players_player (public_id, brand_id, jurisdiction_id, username, email, password, first_name,
                            last_name, birth_date, country, phone, street, city, postcode, language, currency, status,
                            restrictions, is_test, registered_at)
SELECT gen_random_uuid(), p.brand_id, p.jurisdiction_id, 'case' || n, 'case' || n || '@example.com', '!', 'C', 'N',
       p.birth_date, p.country, '', '', '', '', 'en', p.currency, 'active', '{}', true, p.registered_at
  FROM generate_series(1, %s) n, (SELECT * FROM players_player ORDER BY id LIMIT 1) p
"""
_CASES = """
INSERT INTO compliance_case (blueprint_id, blueprint_code, player_id, brand_id, title, state, stage, resolution,
                             reason_codes, narrative, severity, severity_rank, hit_count, last_hit_at, checklist,
                             sla_minutes, clock_started_at, due_at, urgency, awaiting_what, opened_at, changed_at)
SELECT b.id, b.code, p.id, p.brand_id, 'Bench', 'open', 'triage', '', '{}', '',
       (ARRAY['low', 'medium', 'high', 'critical'])[1 + p.id %% 4], 1 + p.id %% 4, 1 + p.id %% 7, now(), '{}', 600,
       now(), now() + interval '1 day', p.id %% 4, '', now(), now()
  FROM players_player p CROSS JOIN compliance_blueprint b
 WHERE p.username LIKE 'case%%' AND b.version = 1 AND b.code IN ('aml', 'fraud', 'screening', 'payment')
"""
_LEDGER = """
WITH made AS MATERIALIZED (
    SELECT uuidv7(make_interval(secs => -n * 2)) AS id, n FROM generate_series(1, %(count)s) n
), t AS (
    INSERT INTO transactions_transaction (id, kind, brand_id, currency, player_id, external_id, created_at)
    SELECT id, CASE WHEN n %% 500 = 0 THEN 'deposit' WHEN n %% 2 = 0 THEN 'bet' ELSE 'win' END, %(brand)s, 'EUR',
           %(player)s, '', now() - make_interval(secs => n * 2) FROM made
)
INSERT INTO transactions_transfer (transaction_id, number, debit_account_id, credit_account_id, amount, player_id,
                                   debit_version, credit_version)
SELECT id, 1, %(cash)s, %(house)s, 1000000, %(player)s,
       CASE WHEN n %% 2 = 0 AND n %% 500 <> 0 THEN n END, CASE WHEN n %% 2 = 1 OR n %% 500 = 0 THEN n END FROM made
"""
# What else a busy player leaves behind on the case's timeline: log-ins, and facts such as limits and payments.
_SESSIONS = """
INSERT INTO players_playersession (public_id, player_id, token_digest, remote_address, user_agent, device,
                                   revoked_reason, created_at, last_seen_at, expires_at)
SELECT gen_random_uuid(), %(player)s, sha256(n::text::bytea), '198.51.100.7', '', 'bench-' || n %% 3, '',
       now() - make_interval(mins => n), now() - make_interval(mins => n), now() - make_interval(mins => n - 30)
  FROM generate_series(1, %(count)s) n
"""
_FACTS = """
INSERT INTO integrations_fact (id, kind, brand_code, player_id, subject, data, request_id, at)
SELECT uuidv7(make_interval(secs => -n * 20)), 'payments.deposit.settled', 'bench', %(player)s, '',
       '{"amount_units": 10000000, "currency": "EUR"}', NULL, now() - make_interval(secs => n * 20)
  FROM generate_series(1, %(count)s) n
"""
_LEFT_BEHIND = 20_000


def run(*, claimers: int, cases: int, transactions: int, rounds: int) -> dict[str, Any]:
    """Return lists of figures, one value a round where it is repeated."""
    _execute(_PLAYERS, [cases // 4])
    _execute(_CASES)
    _execute("ANALYZE compliance_case")
    people = _people(claimers)
    given: list[int] = []
    paced, burst = [], []
    for _ in range(rounds):
        paced.append(_p95(_claims(people, given, times=5, pause=1.0)))
        burst.append(_p95(_claims(people, given, times=1, pause=0.0)))
    pages = _pages(people[0], transactions, rounds)
    return {
        "paced_p95_ms": paced, "burst_p95_ms": burst, "given": [float(len(given))],
        "doubles": [float(len(given) - len(set(given)))], **pages,
    }  # fmt: skip


def _people(count: int) -> list[User]:
    """Officers of one brand, whose permissions are known as after a log-in."""
    sync_roles()
    group = Group.objects.get(name="mlro")
    brand = Player.objects.order_by("pk").values_list("brand_id", flat=True)[0]
    people = [User.objects.create_user(f"bench{number}", is_staff=True) for number in range(count)]
    group.user_set.add(*people)
    StaffScope.objects.bulk_create(StaffScope(user=person, brand_id=brand) for person in people)
    for person in people:
        person.get_all_permissions()
        brand_scope(person)
    return people


def _claims(people: list[User], given: list[int], *, times: int, pause: float) -> list[float]:
    """Let everybody claim; milliseconds of each claim, waiting for a connection included."""
    barrier = threading.Barrier(len(people))
    door = threading.BoundedSemaphore(_CONNECTIONS)
    took: list[float] = []

    def work(number: int, person: User) -> None:
        barrier.wait()
        if pause:
            time.sleep(pause * number / len(people))
        for _ in range(times):
            began = time.perf_counter()
            with door:
                case_id = claim_next(actor=person, now=clock.now())
                connections.close_all()  # back to the pool
            took.append(1000 * (time.perf_counter() - began))
            if case_id is not None:
                given.append(case_id)
            time.sleep(pause)

    threads = [threading.Thread(target=work, args=each) for each in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def _pages(person: User, transactions: int, rounds: int) -> dict[str, list[float]]:
    """Give one player a long history and a case; open that case, and the lists in which it stands, again and again."""
    player = Player.objects.order_by("pk")[0]
    _give_history(player, transactions)
    began = time.perf_counter()
    follow_money()
    follow_seconds = time.perf_counter() - began
    collect_traces(since=clock.now() - timedelta(days=365), player_ids=[player.pk])
    case_id = 0
    for number in range(8):
        case_id = raise_alert(
            player_id=player.pk, blueprint="aml", source="bench", dedupe_key=f"R-{number}", severity="high",
            title="Bench", explanation="As in the benchmark", evidence={"value": "9", "threshold": "2"},
            now=clock.now() - timedelta(minutes=number),
        ).case_id  # fmt: skip
    client = Client(SERVER_NAME="127.0.0.1")  # a host that the settings of a development machine allow
    client.force_login(person)
    page = f"/admin/compliance/case/{case_id}/change/"
    addresses = {"page": page, "ledger": f"{page}?show=transactions", "list": "/admin/compliance/case/", "desk": _DESK}
    found = {f"{name}_p95_ms": [_opened(client, each) for _ in range(rounds)] for name, each in addresses.items()}
    queries = {f"{name}_queries": [_queries(client, each)] for name, each in addresses.items()}
    return {"follow_seconds": [follow_seconds], **found, **queries}


def _give_history(player: Player, transactions: int) -> None:
    accounts = _rows("SELECT id FROM transactions_account WHERE player_id = %s AND kind = 'cash'", [player.pk])
    house = _rows("SELECT id FROM transactions_account WHERE player_id IS NULL LIMIT 1")
    terms = {"brand": player.brand_id, "player": player.pk, "cash": accounts[0], "house": house[0]}
    _execute(_LEDGER, {**terms, "count": transactions})
    _execute(_SESSIONS, {**terms, "count": _LEFT_BEHIND})
    _execute(_FACTS, {**terms, "count": _LEFT_BEHIND})
    for table in ("transactions_transaction", "players_playersession", "integrations_fact"):
        _execute(f"ANALYZE {table}")


def _opened(client: Client, address: str) -> float:
    """Open a page many times; the 95th percentile in milliseconds, from the request to the last byte of HTML."""
    client.get(address)
    took = []
    for _ in range(_PAGES):
        began = time.perf_counter()
        reply = client.get(address)
        took.append(1000 * (time.perf_counter() - began))
        assert reply.status_code == 200  # noqa: PLR2004 - HTTP
    return _p95(took)


def _queries(client: Client, address: str) -> float:
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return float(len([each for each in captured if "core_clockoffset" not in each["sql"]]))


def _p95(took: list[float]) -> float:
    return round(quantiles(took, n=20)[18], 2)


def _execute(query: str, terms: Any = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query, terms)


def _rows(query: str, terms: Any = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, terms)
        return [row[0] for row in cursor.fetchall()]
