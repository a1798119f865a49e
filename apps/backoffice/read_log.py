"""The logs of who saw and took what, as chains: checked from end to end, and anchored so that none loses its tail."""

from collections.abc import Mapping
from datetime import datetime

from apps.backoffice.models import ChainCheck, Download, PersonalDataRead, WalledDownload
from apps.core.chains import ChainedRow, chain_breaks, chain_head
from apps.verification.models import EvidenceRead

CHAINS: Mapping[str, type[ChainedRow]] = {
    "Looks at personal data": PersonalDataRead,
    "Looks at documents and comparisons": EvidenceRead,
    "Downloads": Download,
    "Downloads behind the wall": WalledDownload,
}


def check_read_log(*, now: datetime) -> list[str]:
    """
    Seal every chain anew, compare with what earlier checks anchored, and record the check.

    :return: what is wrong, one line each; none if every chain is sound
    """
    return [line for model in CHAINS.values() for line in _check(model, now)]


def _check(model: type[ChainedRow], now: datetime) -> list[str]:
    table = model._meta.db_table
    # The head first: rows that come while the chain is read are the next check's.
    head = chain_head(model)
    breaks = chain_breaks(table) + _lost_anchors(model)
    ChainCheck.objects.create(table=table, head_number=head.number, head_hash=head.hash, breaks=breaks, checked_at=now)
    return breaks


def _lost_anchors(model: type[ChainedRow]) -> list[str]:
    """Say if what was the newest row at the last sound check is gone or another: a tail cut off, a chain re-made."""
    table = model._meta.db_table
    anchor = ChainCheck.objects.filter(table=table, breaks=[], head_number__gt=0).first()
    if anchor is None:
        return []
    there = model.objects.filter(chain_number=anchor.head_number, hash=anchor.head_hash).exists()
    when = f"{anchor.checked_at:%Y-%m-%d %H:%M}"
    return [] if there else [f"{table} row {anchor.head_number}: is not what it was on {when}"]
