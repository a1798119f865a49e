"""Compares what the simulated vendors know with the ledger: accepted if and only if posted, once, with that amount."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from apps.sandbox.models import SimulatedRound, SimulatedTransaction
from apps.sandbox.vendors.rounds import ROUND_PREFIX

# What the journal says, beside what the ledger holds under the same integration and external id.
_FINDINGS = """
WITH journal AS (
    SELECT t.id::text AS id, i.id AS integration_id, p.id AS player_id, t.kind, t.state, t.target::text AS target,
           t.amount * power(10, c.ledger_exponent - 5)::bigint AS units
      FROM sandbox_simulatedtransaction t
      JOIN sandbox_simulatedround r ON r.reference = t.round_id
      JOIN sandbox_simulatedsession s ON s.token = r.session_id
      JOIN integrations_integration i ON i.slug = t.vendor_id
      JOIN players_player p ON p.public_id::text = s.user
      JOIN brands_currency c ON c.code = s.currency
), posted AS (
    SELECT t.id, t.integration_id, coalesce(t.details->>'call_id', t.external_id) AS external_id, t.kind,
           t.reverses_id, t.round_id, t.player_id,
           (SELECT coalesce(sum(x.amount), 0) FROM transactions_transfer x WHERE x.transaction_id = t.id) AS units
      FROM transactions_transaction t
     WHERE t.player_id IN (SELECT player_id FROM journal) AND t.integration_id IN (SELECT integration_id FROM journal)
), held AS (
    SELECT integration_id, external_id, count(*) AS times, min(units) AS units, min(kind) AS kind,
           (array_agg(id))[1] AS id, (array_agg(reverses_id))[1] AS reverses_id
      FROM posted GROUP BY integration_id, external_id
), beside AS (
    SELECT j.*, coalesce(h.times, 0) AS times, h.units AS held_units, h.kind AS held_kind, h.reverses_id,
           bet.id AS bet_id
      FROM journal j
      LEFT JOIN held h ON h.integration_id = j.integration_id AND h.external_id = j.id
      LEFT JOIN held bet ON bet.integration_id = j.integration_id AND bet.external_id = j.target
)
SELECT 'doubled', id, format('%%s posted %%s times', kind, times) FROM beside WHERE times > 1
UNION ALL
SELECT 'missing', id, format('%%s accepted, not posted', kind) FROM beside
 WHERE state = 'accepted' AND times = 0 AND (kind <> 'rollback' OR bet_id IS NOT NULL)
UNION ALL
SELECT 'refused but posted', id, kind FROM beside WHERE state = 'refused' AND times > 0
UNION ALL
SELECT 'other terms', id, format('%%s of %%s, posted as %%s of %%s', kind, units, held_kind, held_units) FROM beside
 WHERE times = 1 AND (kind <> held_kind OR (kind <> 'rollback' AND units <> held_units)
                      OR (kind = 'rollback' AND reverses_id IS DISTINCT FROM bet_id))
UNION ALL
SELECT 'not journalled', p.external_id, p.kind FROM posted p
  JOIN providers_round r ON r.player_id = p.player_id AND r.id = p.round_id
 WHERE r.external_id LIKE %(rounds)s
   AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.integration_id = p.integration_id AND j.id = p.external_id)
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement; `external_id` is the vendor's transaction id."""

    kind: str
    external_id: str
    detail: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared, and every disagreement."""

    transactions: int
    accepted: int
    undecided: int
    """Of rounds still open, without a usable answer yet: they may or may not be posted."""
    findings: Sequence[Finding]
    unexpected: Sequence[Finding]
    """Answers that the protocol does not allow, as the vendors noted them."""

    @property
    def agrees(self) -> bool:
        """Nothing is missing, doubled, wrong, or answered against the protocol."""
        return not self.findings and not self.unexpected


def compare_with_ledger() -> Comparison:
    """Compare the whole journal of the simulated vendors with the ledger."""
    journal = SimulatedTransaction.objects.filter(round__session__demo_balance__isnull=True)
    with connection.cursor() as cursor:
        cursor.execute(_FINDINGS, {"rounds": f"{ROUND_PREFIX}%"})
        findings = [Finding(*row) for row in cursor.fetchall()]
    noted = journal.exclude(unexpected="").values_list("pk", "unexpected")
    return Comparison(
        transactions=journal.count(),
        accepted=journal.filter(state=SimulatedTransaction.State.ACCEPTED).count(),
        undecided=journal.filter(
            state=SimulatedTransaction.State.UNKNOWN, round__state=SimulatedRound.State.OPEN
        ).count(),
        findings=findings,
        unexpected=[Finding("unexpected answer", str(pk), text) for pk, text in noted],
    )
