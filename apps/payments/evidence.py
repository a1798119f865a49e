"""What goes into an evidence pack: sections that turn what we know into files. Apps above this one may add theirs."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from apps.core.money import Money
from apps.core.shown_bodies import shown_body
from apps.integrations.search import find_exchanges
from apps.payments.models import Dispute
from apps.payments.plain_pdf import pdf_of
from apps.players.models import LoginAttempt, PlayerSession
from apps.transactions.models import Account, Transaction, Transfer

Files = Iterable[tuple[str, bytes]]
Section = Callable[[Dispute, datetime], Files]

# What a payer did around the payment is what an issuer asks for.
BEFORE, AFTER = timedelta(days=30), timedelta(days=30)
MOST_ROWS = 5000
_MOST_EXCHANGES = 50
_MOST_LINES = 400
STATEMENT = "statement.pdf"

_sections: dict[str, Section] = {}


def register_section(name: str, section: Section) -> None:
    """Add a section; for apps above this one, in `AppConfig.ready`. A name given again replaces the section."""
    _sections[name] = section


def sections() -> list[tuple[str, Section]]:
    """Every section, ours first."""
    return [*_OWN.items(), *((name, each) for name, each in sorted(_sections.items()) if name not in _OWN)]


def span_of(dispute: Dispute) -> tuple[datetime, datetime]:
    """The time that a pack is about: a month around the payment."""
    deposit = dispute.deposit
    return deposit.created_at - BEFORE, (deposit.settled_at or deposit.created_at) + AFTER


def csv_file(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Write a CSV file; what a spreadsheet would take for a formula is written as text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])
    return out.getvalue().encode()


def json_file(value: Any) -> bytes:
    """Write a JSON file for people to read."""
    return (json.dumps(value, indent=2, ensure_ascii=False, default=str, sort_keys=True) + "\n").encode()


def _plain(cell: object) -> str:
    text = "" if cell is None else str(cell)
    is_formula = text[:1] in ("=", "@", "\t", "\r") or (text[:1] in ("+", "-") and not text[1:2].isdigit())
    return f"'{text}" if is_formula else text


def _summary(dispute: Dispute, now: datetime) -> Files:
    deposit, player = dispute.deposit, dispute.deposit.player
    contract = dispute.contract
    yield "summary.json", json_file(
        {
            "made_at": now,
            "dispute": {
                "reference": dispute.reference, "stage": dispute.stage, "status": dispute.status,
                "reason": dispute.reason, "reason_code": dispute.reason_code, "opened_at": dispute.opened_at,
                "respond_by": dispute.respond_by,
                "taken_back": Money(dispute.debited_units, deposit.currency).to_json(),
            },
            "merchant": {
                "merchant_of_record": contract.merchant_of_record, "merchant_id": contract.merchant_id,
                "descriptor": contract.descriptor, "category_code": contract.category_code,
                "contract_version": contract.version,
            } if contract else None,
            "payment": {
                "id": deposit.public_id, "amount": Money(deposit.settled_units, deposit.currency).to_json(),
                "method": deposit.method_id, "created_at": deposit.created_at, "settled_at": deposit.settled_at,
                "remote_address": deposit.remote_address,
                "instrument": deposit.instrument.masked if deposit.instrument else None,
                "holder": deposit.instrument.holder if deposit.instrument else None,
                "name_score": deposit.instrument.name_score if deposit.instrument else None,
                "provider_references": [each.psp_reference for each in deposit.attempts.all() if each.psp_reference],
            },
            "player": {
                "id": player.public_id, "name": f"{player.first_name} {player.last_name}", "email": player.email,
                "birth_date": player.birth_date, "country": player.country, "registered_at": player.registered_at,
                "street": player.street, "city": player.city, "postcode": player.postcode, "phone": player.phone,
            },
        }
    )  # fmt: skip


def _statement(dispute: Dispute, now: datetime) -> Files:
    """The story in one document, for a provider that takes PDF only."""
    deposit, player = dispute.deposit, dispute.deposit.player
    money = Money(deposit.settled_units, deposit.currency)
    lines = [
        f"Statement on dispute {dispute.reference}",
        f"Made at {now:%Y-%m-%d %H:%M} UTC",
        "",
        f"Payment        {deposit.public_id}",
        f"Amount         {money.format()} {money.currency} by {deposit.method_id}",
        f"Begun          {deposit.created_at:%Y-%m-%d %H:%M:%S} UTC from {deposit.remote_address or 'unknown'}",
        f"Settled        {deposit.settled_at:%Y-%m-%d %H:%M:%S} UTC" if deposit.settled_at else "Settled        no",
        f"Paid with      {deposit.instrument.masked if deposit.instrument else 'not named by the provider'}",
        f"Holder         {deposit.instrument.holder if deposit.instrument else ''}",
        f"Account holder {player.first_name} {player.last_name}, registered {player.registered_at:%Y-%m-%d}",
        f"               {player.email} {player.phone}",
        f"               {player.street} {player.postcode} {player.city} {player.country}",
        "",
        "Log-ins around the payment (UTC)",
    ]
    since, until = span_of(dispute)
    sessions = PlayerSession.objects.filter(player_id=player.pk, created_at__gte=since, created_at__lt=until)
    lines += [
        f"  {each.created_at:%Y-%m-%d %H:%M:%S}  {each.remote_address}  {each.device}"
        for each in sessions[:_MOST_LINES]
    ]
    lines += ["", "What was done with the money (UTC, amount, balance after)"]
    rows = [row for row in _ledger_rows(dispute) if row[5] == "cash"]
    lines += [f"  {row[0]}  {row[2]:<12} {row[6]:>14} {row[7]:>14} {row[8]}" for row in rows[:_MOST_LINES]]
    yield STATEMENT, pdf_of(lines)


def _history(dispute: Dispute, now: datetime) -> Files:  # noqa: ARG001 - every section is asked alike
    steps = dispute.deposit.steps.select_related("actor")
    yield (
        "payment-steps.csv",
        csv_file(
            ("at", "what", "from", "to", "by", "event", "ledger transaction"),
            (
                (
                    s.at.isoformat(),
                    s.name,
                    s.from_state,
                    s.to_state,
                    s.actor or "platform",
                    s.event_id,
                    s.transaction_id,
                )
                for s in steps
            ),
        ),
    )
    yield "dispute-events.csv", csv_file(
        ("at", "word", "stage", "status", "amount", "fee", "currency", "ledger transaction"),
        (
            (
                e.at.isoformat(), e.word, e.stage, e.status, Money(e.units, dispute.deposit.currency).format(),
                Money(e.fee_units, dispute.deposit.currency).format(), dispute.deposit.currency, e.transaction_id,
            )
            for e in dispute.events.all()
        ),
    )  # fmt: skip


def _ledger(dispute: Dispute, now: datetime) -> Files:  # noqa: ARG001
    """Every posting to the player's accounts around the payment, with what the account held afterwards."""
    yield (
        "ledger.csv",
        csv_file(
            ("at", "transaction", "kind", "vendor's id", "round", "bucket", "amount", "balance after", "currency"),
            _ledger_rows(dispute),
        ),
    )


def _ledger_rows(dispute: Dispute) -> Iterator[Sequence[object]]:
    deposit, (since, until) = dispute.deposit, span_of(dispute)
    accounts = dict(
        Account.objects.filter(player_id=deposit.player_id, currency=deposit.currency).values_list("pk", "kind")
    )
    made = Transaction.objects.filter(
        player_id=deposit.player_id, currency=deposit.currency, created_at__gte=since, created_at__lt=until
    ).order_by("pk")[:MOST_ROWS]
    rows = {each.pk: each for each in made}
    for transfer in Transfer.objects.filter(transaction_id__in=list(rows)).order_by("transaction_id", "number"):
        of = rows[transfer.transaction_id]
        for account, sign, after in (
            (transfer.debit_account_id, -1, transfer.debit_balance),
            (transfer.credit_account_id, 1, transfer.credit_balance),
        ):
            if account in accounts:
                yield (
                    of.created_at.isoformat(), of.pk, of.kind, of.external_id, of.round_id or "", accounts[account],
                    Money(sign * transfer.amount, deposit.currency).format(),
                    Money(after or 0, deposit.currency).format(), deposit.currency,
                )  # fmt: skip


def _sessions(dispute: Dispute, now: datetime) -> Files:  # noqa: ARG001
    since, until = span_of(dispute)
    player = dispute.deposit.player_id
    sessions = PlayerSession.objects.filter(player_id=player, created_at__gte=since, created_at__lt=until)
    yield (
        "sessions.csv",
        csv_file(
            ("logged in", "last seen", "address", "device", "browser"),
            (
                (s.created_at.isoformat(), s.last_seen_at.isoformat(), s.remote_address, s.device, s.user_agent)
                for s in sessions.order_by("pk")[:MOST_ROWS]
            ),
        ),
    )
    attempts = LoginAttempt.objects.filter(player_id=player, attempted_at__gte=since, attempted_at__lt=until)
    yield (
        "log-ins.csv",
        csv_file(
            ("at", "outcome", "address", "browser"),
            (
                (a.attempted_at.isoformat(), a.outcome, a.remote_address, a.user_agent)
                for a in attempts.order_by("pk")[:MOST_ROWS]
            ),
        ),
    )


def _exchanges(dispute: Dispute, now: datetime) -> Files:  # noqa: ARG001
    """What we and the provider sent each other about the payment, without secrets."""
    names = [dispute.reference]
    for attempt in dispute.deposit.attempts.all():
        names += [attempt.key, *filter(None, [attempt.psp_reference])]
    found = {each.pk: each for name in names for each in find_exchanges(name, limit=_MOST_EXCHANGES)}
    for number, (_, exchange) in enumerate(sorted(found.items())[:_MOST_EXCHANGES], start=1):
        reply = getattr(exchange, "reply", None)
        yield f"exchanges/{number:03d}-{exchange.direction}.json", json_file(
            {
                "id": exchange.pk, "at": exchange.started_at, "direction": exchange.direction,
                "method": exchange.method, "path": exchange.path, "verified_by": exchange.verified_by,
                "request": shown_body(exchange.body), "status": reply.status if reply else None,
                "answer": shown_body(reply.body) if reply else None,
            }
        )  # fmt: skip


_OWN: dict[str, Section] = {
    "summary": _summary,
    "statement": _statement,
    "history": _history,
    "ledger": _ledger,
    "sessions": _sessions,
    "exchanges": _exchanges,
}
