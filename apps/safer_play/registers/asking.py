"""Asking a national register: fail-closed, with a circuit breaker, every question logged; in no transaction."""

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache

from apps.core.request_context import current_request_id
from apps.integrations.connections import Connection, connection
from apps.integrations.models import Integration
from apps.integrations.outbound import VendorResponse, VendorSwitchedOff, VendorTimeout, VendorUnreachable
from apps.players.models import Player, PlayerSession
from apps.safer_play.models import RegisterQuery
from apps.safer_play.policies import Answer, policy_in
from apps.safer_play.registers.contract import RegisterAdapter, Reply, Subject, UnusableAnswer
from apps.safer_play.registers.registry import ADAPTERS

log = structlog.get_logger(__name__)

_EVERYWHERE = ("register", "login")
"""When a register is asked where its law is known, but not the occasions."""
# After so many failures in a row it is not asked for a while: who stands at the door need not wait to hear the same.
_FAILURES_TO_OPEN = 5
_OPEN_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Register:
    """A register that a jurisdiction's law wants asked, and the connection to it, if there is one."""

    name: str
    jurisdiction: str
    purposes: tuple[str, ...]
    version_id: int | None
    connection: Connection | None


def register_of(jurisdiction: str, *, brand_code: str, on: date) -> Register | None:
    """The register of a jurisdiction on a day; None where its law knows none. One without a connection still bars."""
    answer: Answer = policy_in(jurisdiction, "national_register", on=on)
    if not answer.is_own or not answer.value:
        return None
    value: dict[str, Any] = answer.value
    return Register(
        name=str(value.get("name", "register"))[:40],
        jurisdiction=jurisdiction,
        purposes=tuple(value.get("check_at") or _EVERYWHERE),
        version_id=answer.version_id,
        connection=_connection(jurisdiction, brand_code),
    )


def ask_register(
    register: Register,
    subject: Subject,
    *,
    purpose: str,
    now: datetime,
    player: Player | None = None,
    session: PlayerSession | None = None,
) -> str:
    """
    Ask about one person and log it; returns a `RegisterQuery.Answer`. Whatever goes wrong is `unknown`.

    :param player: where there is an account already
    :param session: the log-in that it is about
    """
    began = time.perf_counter()
    reply = _ask(register, lambda adapter, to: adapter.ask(to, subject, purpose=purpose), lambda a, r: a.read(r))
    RegisterQuery.objects.create(
        **_row(register, subject, purpose, reply, now),
        player=player,
        player_session=session,
        latency_ms=round((time.perf_counter() - began) * 1000),
    )
    return reply.answer


def ask_about_many(
    register: Register, subjects: Sequence[tuple[Player, Subject]], *, purpose: str, now: datetime
) -> list[str]:
    """Ask about several people, in as few questions as the register takes; answers in their order."""
    adapter = _adapter(register)
    size = adapter.largest_batch if adapter else max(len(subjects), 1)
    answers: list[str] = []
    for start in range(0, len(subjects), size):
        part = subjects[start : start + size]
        people = [subject for _, subject in part]
        began = time.perf_counter()
        said: list[str] = []

        def read(
            adapter: RegisterAdapter, response: VendorResponse, people: list[Subject] = people, said: list[str] = said
        ) -> str:
            said.extend(adapter.read_batch(response, people))
            return RegisterQuery.Answer.CLEAR

        reply = _ask(register, lambda a, to, people=people: a.ask_batch(to, people, purpose=purpose), read)  # type: ignore[misc]
        latency = round((time.perf_counter() - began) * 1000)
        each = said if len(said) == len(part) else [str(RegisterQuery.Answer.UNKNOWN)] * len(part)
        RegisterQuery.objects.bulk_create(
            RegisterQuery(
                **{**_row(register, subject, purpose, reply, now), "answer": answer}, player=player, latency_ms=latency
            )
            for (player, subject), answer in zip(part, each, strict=True)
        )
        answers += each
    return answers


def subject_of(player: Player) -> Subject:
    """A player as registers know people."""
    return Subject(
        first_name=player.first_name,
        last_name=player.last_name,
        birth_date=player.birth_date,
        email=player.email,
        postcode=player.postcode,
        phone=player.phone,
        reference=str(player.public_id),
    )


def subject_digest(subject: Subject) -> str:
    """The person, for the log: the same person gives the same digest, and nobody without our key can try names."""
    names = f"{subject.first_name.casefold()}|{subject.last_name.casefold()}"
    text = f"{names}|{subject.birth_date.isoformat()}|{subject.email.casefold()}"
    return hmac.new(settings.SECRET_KEY.encode(), f"safer-play|{text}".encode(), hashlib.sha256).hexdigest()


def _ask(
    register: Register,
    ask: Callable[[RegisterAdapter, Connection], VendorResponse],
    read: Callable[[RegisterAdapter, VendorResponse], str],
) -> Reply:
    adapter = _adapter(register)
    if adapter is None or register.connection is None:
        return _unknown(register, "not connected")
    breaker = f"safer-play:register:{register.connection.slug}"
    if (cache.get(breaker) or 0) >= _FAILURES_TO_OPEN:
        return Reply(RegisterQuery.Answer.UNKNOWN, "not asked: the last answers failed")
    response = None
    try:
        response = ask(adapter, register.connection)
        answer = read(adapter, response)
    except (VendorSwitchedOff, VendorUnreachable, VendorTimeout, UnusableAnswer) as failure:
        _count_failure(breaker)
        return _unknown(register, f"{type(failure).__name__}: {failure}", response)
    cache.delete(breaker)
    return Reply(answer, exchange_id=response.exchange_id)


def _count_failure(breaker: str) -> None:
    cache.add(breaker, 0, timeout=_OPEN_SECONDS)
    try:
        cache.incr(breaker)
    except ValueError:
        # It has expired between the two: this is the first failure again.
        cache.set(breaker, 1, timeout=_OPEN_SECONDS)


def _unknown(register: Register, error: str, response: VendorResponse | None = None) -> Reply:
    log.error("safer_play.register_failed", register=register.name, jurisdiction=register.jurisdiction, error=error)
    return Reply(RegisterQuery.Answer.UNKNOWN, error[:200], response.exchange_id if response else None)


def _adapter(register: Register) -> RegisterAdapter | None:
    return ADAPTERS.get(register.connection.vendor) if register.connection else None


def _connection(jurisdiction: str, brand_code: str) -> Connection | None:
    """The brand's own access to the register of the jurisdiction."""
    slugs = Integration.objects.filter(
        vendor__in=ADAPTERS, brand_code=brand_code, options__jurisdiction=jurisdiction
    ).values_list("slug", flat=True)
    slug = slugs.order_by("pk").first()
    return connection(slug) if slug else None


def _row(register: Register, subject: Subject, purpose: str, reply: Reply, now: datetime) -> dict[str, Any]:
    return {
        "register": register.name,
        "jurisdiction": register.jurisdiction,
        "purpose": purpose,
        "subject_digest": subject_digest(subject),
        "answer": reply.answer,
        "error": reply.error,
        "policy_version_id": register.version_id,
        "exchange_id": reply.exchange_id,
        "request_id": current_request_id(),
        "asked_at": now,
    }
