"""Puts requests, answers, postings and staff acts into one story, in the order of real time. Reads, shows nothing."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from apps.core.admin_display import amount_text, duration_text, level_of
from apps.core.ids import uuid7_time
from apps.core.shown_bodies import shown_body, shown_text
from apps.integrations.models import Exchange, Integration
from apps.providers.models import GameSession, RoundEvent
from apps.transactions.models import PLAYER_KINDS, Account, Command, Transaction, Transfer

_SUCCESS_BELOW = 400


@dataclass(frozen=True, slots=True)
class Posting:
    """One transfer, as the trace shows it."""

    out_of: str
    into: str
    amount: str
    balances: tuple[str, ...]


@dataclass(slots=True)
class Step:
    """One thing that happened. `at` is real time; `business_at` is given where the business clock differs."""

    at: datetime
    kind: str
    title: str
    level: str = "plain"
    outcome: str = ""
    facts: list[tuple[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    exchange: Exchange | None = None
    request_body: str = ""
    reply_body: str = ""
    transaction: Transaction | None = None
    postings: list[Posting] = field(default_factory=list)
    business_at: datetime | None = None
    summary: str = ""
    """The most telling facts in a few words."""

    @property
    def moved_clock(self) -> datetime | None:
        """Business time, where the sandbox has moved that clock; elsewhere both are the same."""
        differs = self.business_at is not None and abs(self.business_at - self.at) > timedelta(minutes=1)
        return self.business_at if differs else None

    @property
    def outcome_text(self) -> str:
        """The outcome in words."""
        return self.outcome.replace("_", " ")


@dataclass(slots=True)
class Sources:
    """What a story is told from."""

    exchanges: list[Exchange] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    sessions: list[GameSession] = field(default_factory=list)
    round_events: list[RoundEvent] = field(default_factory=list)
    tombstones: list[Command] = field(default_factory=list)


def story(sources: Sources, *, with_bodies: bool) -> list[Step]:
    """
    Tell it, oldest first. A transaction stands with the request that made it.

    :param with_bodies: whether the reader may see what was on the wire
    """
    slugs = dict(
        Integration.objects.filter(
            pk__in={each.integration_id for each in sources.exchanges if each.integration_id}
        ).values_list("pk", "slug")
    )
    postings = _postings(sources.transfers, {one.pk: one.currency for one in sources.transactions})
    by_request = {one.request_id: one for one in sources.transactions if one.request_id}
    told: set[UUID] = set()
    steps = [_launch_step(session) for session in sources.sessions]
    for exchange in sources.exchanges:
        step = _exchange_step(exchange, slugs, with_bodies=with_bodies)
        made = by_request.get(exchange.pk)
        if made is not None:
            told.add(made.pk)
            _add_transaction(step, made, postings)
        elif exchange.transaction_id and exchange.direction == Exchange.Direction.INBOUND:
            step.notes.append("Sent before: the stored answer was given again, nothing was posted a second time.")
        steps.append(step)
    steps += [_transaction_step(one, postings) for one in sources.transactions if one.pk not in told]
    steps += [_staff_step(event) for event in sources.round_events]
    steps += [_tombstone_step(command) for command in sources.tombstones]
    return sorted(steps, key=lambda step: step.at)


def _launch_step(session: GameSession) -> Step:
    who = f"{session.player.username} launches" if session.player else "Somebody tries"
    facts: list[tuple[str, Any]] = [
        ("Mode", session.get_mode_display()),
        ("Platform", session.platform),
        ("Address", session.remote_address or "unknown"),
        ("Session", session.public_id),
    ]
    if session.ended_at:
        facts.append(("Ended", f"{session.ended_at:%Y-%m-%d %H:%M:%S} UTC ({session.end_reason or 'no reason given'})"))
    # The public id is made in real time; created_at is business time.
    return Step(
        at=uuid7_time(session.public_id),
        business_at=session.created_at,
        kind="player",
        title=f"{who} {session.game.title}",
        facts=facts,
    )


def _exchange_step(exchange: Exchange, slugs: dict[int, str], *, with_bodies: bool) -> Step:
    reply = getattr(exchange, "reply", None)
    vendor = slugs.get(exchange.integration_id or 0, "an unknown vendor")
    call = (
        (reply.verb if reply else "")
        or exchange.path.partition("?")[0].rstrip("/").rpartition("/")[2]
        or exchange.method
    )
    inbound = exchange.direction == Exchange.Direction.INBOUND
    outcome = (reply.outcome if reply else "") or exchange.outcome
    step = Step(
        at=exchange.started_at,
        kind="inbound" if inbound else "outbound",
        title=f"{vendor} asks: {call}" if inbound else f"We ask {vendor}: {call}",
        outcome=outcome,
        level=_level(outcome, reply.status if reply else None),
        exchange=exchange,
    )
    step.facts = [
        ("Request id", exchange.pk),
        ("Call", f"{exchange.method} {shown_text(exchange.path)}"),
        ("Verified by key" if inbound else "Signed by key", exchange.verified_by or "none"),
        ("Answered", _answered(reply)),
    ]
    if exchange.verified_by:
        step.summary = f"{'verified' if inbound else 'signed'} by {exchange.verified_by} · "
    step.summary += _answered(reply)
    if exchange.remote_address:
        step.facts.append(("Address", exchange.remote_address))
    if reply is not None and reply.error:
        step.notes.append(reply.error)
    if with_bodies:
        step.request_body = shown_body(exchange.body)
        step.reply_body = shown_body(reply.body) if reply else ""
    return step


def _answered(reply: Any) -> str:
    if reply is None:
        return "not recorded yet"
    status = f"HTTP {reply.status}" if reply.status else "no answer"
    return f"{status} after {duration_text(reply.duration_us)}"


def _level(outcome: str, status: int | None) -> str:
    known = level_of(outcome)
    if known != "plain":
        return known
    if outcome or status is None:
        return "warning"
    return "good" if status < _SUCCESS_BELOW else "bad"


def _add_transaction(step: Step, made: Transaction, postings: dict[UUID, list[Posting]]) -> None:
    step.transaction = made
    step.postings = postings.get(made.pk, [])
    step.business_at = made.created_at
    if not step.postings:
        step.notes.append("Nothing moved: the amount is zero.")


def _transaction_step(made: Transaction, postings: dict[UUID, list[Posting]]) -> Step:
    step = Step(
        at=uuid7_time(made.pk),
        kind="posting",
        title=made.get_kind_display(),
        level="good",
        outcome="posted",
        facts=[("External id", made.external_id or "none"), ("Request id", made.request_id or "none")],
    )
    _add_transaction(step, made, postings)
    if made.details:
        step.facts += [(str(name).replace("_", " ").capitalize(), value) for name, value in made.details.items()]
    return step


def _staff_step(event: RoundEvent) -> Step:
    named = (("Policy", event.policy_id), ("Approval", event.approval_id), ("Vendor's reference", event.reference))
    return Step(
        at=uuid7_time(event.request_id) if event.request_id else event.occurred_at,
        business_at=event.occurred_at,
        kind="staff",
        title=event.get_kind_display(),
        level="warning",
        facts=[("By", event.actor), ("Reason", event.reason), *((name, value) for name, value in named if value)],
    )


def _tombstone_step(command: Command) -> Step:
    return Step(
        at=uuid7_time(command.request_id),
        business_at=command.created_at,
        kind="posting",
        title=f"Tombstone for {command.key}",
        level="warning",
        notes=["It was rolled back before it was known. Should it arrive after all, it is refused."],
    )


def _postings(transfers: Iterable[Transfer], currencies: dict[UUID, str]) -> dict[UUID, list[Posting]]:
    """Show transfers by transaction; a player's account with its balance after it."""
    listed: dict[UUID, list[Posting]] = defaultdict(list)
    for transfer in transfers:
        currency = currencies.get(transfer.transaction_id, transfer.debit_account.currency)
        balances = [
            f"{account.get_kind_display()} now {amount_text(balance, currency)}"
            for account, balance in (
                (transfer.debit_account, transfer.debit_balance),
                (transfer.credit_account, transfer.credit_balance),
            )
            if balance is not None
        ]
        listed[transfer.transaction_id].append(
            Posting(
                out_of=account_name(transfer.debit_account),
                into=account_name(transfer.credit_account),
                amount=amount_text(transfer.amount, currency),
                balances=tuple(balances),
            )
        )
    return listed


def account_name(account: Account) -> str:
    """Name an account for a person."""
    name = account.get_kind_display()
    return f"player's {name.lower()}" if account.kind in PLAYER_KINDS else f"{name} #{account.pk}"
