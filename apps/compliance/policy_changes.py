"""Changing policies: drafting, proposing, publishing, withdrawing. Publishing and withdrawing take two people."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet

from apps.compliance.approvals import request_approval
from apps.compliance.models.approvals import ApprovalRequest
from apps.compliance.models.policies import PolicyParameter, PolicySource, PolicyVersion
from apps.compliance.policies import forget_policies, policy
from apps.compliance.strictness import rule_of
from apps.core.errors import DomainError

PROPOSE_PERMISSION = "compliance.propose_policy"
PUBLISH_PERMISSION = "compliance.publish_policy"
PUBLISH_COMMAND = "compliance.publish_policy"
WITHDRAW_COMMAND = "compliance.withdraw_policy"
_State = PolicyVersion.State


class PolicyUnknown(DomainError):
    """There is no such version, or it is not in a state in which this makes sense."""

    code = "policy-unknown"
    title = "No such policy, or not in that state"
    status = 404


class PolicyNotSound(DomainError):
    """The value does not fit its parameter, its days are in the wrong order, or a source does not exist."""

    code = "policy-not-sound"
    title = "The policy can not be kept like that"
    status = 422


class PolicyNotStricter(DomainError):
    """A brand may be stricter than the law that binds it, never laxer."""

    code = "policy-not-stricter"
    title = "A brand's rule has to be stricter than the law"
    status = 422


@dataclass(frozen=True, slots=True)
class Terms:
    """What a version says."""

    jurisdiction: str
    parameter: str
    value: Any
    valid_from: date | None = None
    valid_to: date | None = None
    legal_status: str = PolicyVersion.LegalStatus.IN_FORCE
    confidence: str = "C"
    sources: Sequence[str] = ()
    note: str = ""
    brand_id: int | None = None

    def digest(self) -> str:
        """SHA-256 of the terms, in hex."""
        terms = {
            "jurisdiction": self.jurisdiction,
            "parameter": self.parameter,
            "brand": self.brand_id,
            "value": self.value,
            "from": self.valid_from.isoformat() if self.valid_from else None,
            "to": self.valid_to.isoformat() if self.valid_to else None,
            "status": str(self.legal_status),
            "confidence": self.confidence,
            "sources": list(self.sources),
            "note": self.note,
        }
        return hashlib.sha256(json.dumps(terms, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def version_of(terms: Terms, *, origin: str, maker: User | None, now: datetime, replaces: int | None) -> PolicyVersion:
    """Make an unsaved draft of these terms."""
    return PolicyVersion(
        jurisdiction_id=terms.jurisdiction,
        parameter_id=terms.parameter,
        brand_id=terms.brand_id,
        value=terms.value,
        valid_from=terms.valid_from,
        valid_to=terms.valid_to,
        legal_status=terms.legal_status,
        confidence=terms.confidence,
        sources=list(terms.sources),
        note=terms.note,
        origin=origin,
        maker=maker,
        created_at=now,
        replaces_id=replaces,
        digest=terms.digest(),
    )


@transaction.atomic
def draft_policy(*, terms: Terms, maker: User, now: datetime, replaces_id: int | None = None) -> PolicyVersion:
    """
    Write a version down; it is in force nowhere yet.

    :param replaces_id: a published version of the same question that ends when this one is published
    :raises PermissionDenied: if the maker may not propose policies
    :raises PolicyNotSound: if the terms make no sense
    :raises PolicyNotStricter: if a brand's rule is laxer than the law
    """
    if not maker.has_perm(PROPOSE_PERMISSION):
        raise PermissionDenied
    require_sound(terms)
    if replaces_id is not None:
        _replaceable(terms, replaces_id)
    draft = version_of(terms, origin=PolicyVersion.Origin.STAFF, maker=maker, now=now, replaces=replaces_id)
    draft.save(force_insert=True)
    return draft


@transaction.atomic
def propose_policy(*, version_id: int, maker: User, reason: str, now: datetime) -> ApprovalRequest:
    """
    Ask a colleague to publish a draft. A draft of the file becomes the work of whoever proposes it.

    :raises PermissionDenied: if the maker may not propose policies
    :raises PolicyUnknown: if there is no such draft, or it is a colleague's
    :raises PolicyNotSound: if nothing is established that could be published
    """
    version = _lock(version_id, _State.DRAFT)
    if version.maker_id not in (None, maker.pk):
        raise PolicyUnknown("The draft is a colleague's.")
    version.propose(maker=maker, at=now)
    version.save(update_fields=["state", "maker", "proposed_at"])
    return request_approval(command=PUBLISH_COMMAND, payload=_payload(version), maker=maker, reason=reason, now=now)


@transaction.atomic
def ask_to_withdraw(*, version_id: int, maker: User, reason: str, now: datetime) -> ApprovalRequest:
    """
    Ask a colleague to withdraw a published version.

    :raises PermissionDenied: if the maker may not propose policies
    :raises PolicyUnknown: if there is no such published version
    """
    version = _lock(version_id, _State.PUBLISHED)
    return request_approval(
        command=WITHDRAW_COMMAND,
        payload={**_payload(version), "why": reason.strip()},
        maker=maker,
        reason=reason,
        now=now,
    )


@transaction.atomic
def discard_draft(*, version_id: int, maker: User, reason: str, now: datetime) -> PolicyVersion:
    """
    Put a draft of one's own, or of the file, away. It stays readable.

    :raises PermissionDenied: if the maker may not propose policies
    :raises PolicyUnknown: if there is no such draft, or it is a colleague's
    """
    if not maker.has_perm(PROPOSE_PERMISSION):
        raise PermissionDenied
    version = _lock(version_id, _State.DRAFT)
    if version.maker_id not in (None, maker.pk):
        raise PolicyUnknown("The draft is a colleague's.")
    version.withdraw(at=now, reason=reason.strip()[:300])
    version.save(update_fields=["state", "ended_at", "ended_reason"])
    return version


def publish(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """Carry out an approved publication: the version is in force from now on, what it covers wholly is superseded."""
    version = _lock(payload["version"], _State.PROPOSED)
    if version.maker_id != maker.pk:
        raise PolicyUnknown("The version has another maker.")
    version.publish(checker=checker, at=now)
    version.save(update_fields=["state", "checker", "published_at"])
    ended = end_covered(version, now=now)
    _tell_everybody()
    return {"version": version.pk, "superseded": ended}


def withdraw(*, payload: Mapping[str, Any], maker: User, checker: User, now: datetime) -> dict[str, Any]:
    """Carry out an approved withdrawal."""
    version = _lock(payload["version"], _State.PUBLISHED)
    version.withdraw(at=now, reason=str(payload["why"])[:300])
    version.save(update_fields=["state", "ended_at", "ended_reason"])
    _tell_everybody()
    return {"version": version.pk, "asked_by": maker.get_username(), "agreed_by": checker.get_username()}


def abandon_publication(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the mechanism passes it
    """Make a proposal that nobody published a draft again."""
    version = PolicyVersion.objects.select_for_update(no_key=True).filter(pk=payload["version"]).first()
    if version is not None and version.state == _State.PROPOSED:
        version.send_back()
        version.save(update_fields=["state", "proposed_at"])


def recheck_publication(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - likewise
    """
    Look at a proposal again, when asked for and when approved.

    :raises PolicyUnknown: if it is proposed no more
    :raises PolicyNotSound: if its terms do not hold any more
    :raises PolicyNotStricter: if the law has become stricter than the brand's rule
    """
    version = _lock(payload["version"], _State.PROPOSED)
    if version.digest != payload["digest"]:
        raise PolicyNotSound("The version is not the one that was proposed.")
    require_sound(terms_of(version), to_publish=True)
    if version.replaces_id is not None:
        _replaceable(terms_of(version), version.replaces_id)


def recheck_withdrawal(*, payload: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - likewise
    """
    Look at it again.

    :raises PolicyUnknown: if it is published no more
    """
    _lock(payload["version"], _State.PUBLISHED)


def end_covered(version: PolicyVersion, *, now: datetime) -> list[int]:
    """Supersede published versions that have no day left to speak for, and the one this one says it replaces."""
    rows = _published(terms_of(version)).select_for_update(no_key=True)
    ended = []
    for other in rows.exclude(pk=version.pk).order_by("pk"):
        if other.pk == version.replaces_id or _covers_all_days(version, other):
            other.supersede(at=now, reason=f"by version {version.pk}")
            other.save(update_fields=["state", "ended_at", "ended_reason"])
            ended.append(other.pk)
    return ended


def require_sound(terms: Terms, *, to_publish: bool = False) -> None:
    """
    Check terms against their parameter.

    :raises PolicyNotSound: if they make no sense
    :raises PolicyNotStricter: if a brand's rule is laxer than the law
    """
    parameter = PolicyParameter.objects.filter(pk=terms.parameter).first()
    if parameter is None:
        raise PolicyNotSound(f"There is no parameter {terms.parameter!r}.")
    if terms.valid_from and terms.valid_to and terms.valid_to < terms.valid_from:
        raise PolicyNotSound("The last day comes before the first.")
    if terms.value is None:
        if to_publish:
            raise PolicyNotSound("There is no value that could be published.")
    else:
        require_fitting(parameter, terms.value)
    unknown = set(terms.sources) - set(PolicySource.objects.filter(pk__in=terms.sources).values_list("pk", flat=True))
    if unknown:
        raise PolicyNotSound(f"Unknown sources: {', '.join(sorted(unknown))}.")
    if to_publish and not terms.sources:
        raise PolicyNotSound("A published value names its source.")
    if terms.brand_id is not None:
        _require_stricter(terms)


_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "number": (int, float),
    "bool": (bool,),
    "enum": (str,),
    "list": (list,),
    "object": (dict,),
    "str": (str,),
}


def require_fitting(parameter: PolicyParameter, value: Any) -> None:
    """
    Check that a value has its parameter's type.

    :raises PolicyNotSound: if not
    """
    wanted = _TYPES[parameter.value_type]
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise PolicyNotSound(f"{parameter.code} is of the type {parameter.value_type}, not {value!r}.")
    if parameter.value_type == "enum" and value not in parameter.choices:
        raise PolicyNotSound(f"{parameter.code} is one of {', '.join(parameter.choices)}.")
    if isinstance(value, int | float) and value < 0:
        raise PolicyNotSound(f"{parameter.code} is not below zero.")
    for item in value if isinstance(value, list) else ():
        _require_fitting_item(parameter, item)


def _require_fitting_item(parameter: PolicyParameter, item: Any) -> None:
    if not isinstance(item, dict):
        return
    try:
        begins, ends = (date.fromisoformat(item[key]) if item.get(key) else None for key in ("from", "to"))
    except (TypeError, ValueError):
        raise PolicyNotSound(f"{parameter.code}: an item's days are ISO dates.") from None
    if begins and ends and ends < begins:
        raise PolicyNotSound(f"{parameter.code}: an item ends before it begins.")
    ages = [item[key] for key in ("age_min", "age_max") if item.get(key) is not None]
    if any(not isinstance(age, int) or isinstance(age, bool) for age in ages):
        raise PolicyNotSound(f"{parameter.code}: an item's ages are whole years.")


def terms_of(version: PolicyVersion) -> Terms:
    """Return what a version says."""
    return Terms(
        jurisdiction=version.jurisdiction_id,
        parameter=version.parameter_id,
        value=version.value,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        legal_status=version.legal_status,
        confidence=version.confidence,
        sources=tuple(version.sources),
        note=version.note,
        brand_id=version.brand_id,
    )


def _require_stricter(terms: Terms) -> None:
    rule = rule_of(terms.parameter)
    if not rule.of_brands:
        raise PolicyNotStricter(f"A brand has no rule of its own for {terms.parameter}.")
    forget_policies()
    day = terms.valid_from or date.max
    law = policy(terms.parameter, jurisdiction=terms.jurisdiction, on=day)
    if law.value is not None and not rule.covers(terms.value, law.value):
        raise PolicyNotStricter(f"The law says {law.value!r} from {law.valid_from or 'always'}.")


def _replaceable(terms: Terms, version_id: int) -> None:
    found = _published(terms).filter(pk=version_id)
    if not found.exists():
        raise PolicyUnknown("What it is to replace is not published, or answers another question.")


def _published(terms: Terms) -> QuerySet[PolicyVersion]:
    """What is in force for the same question."""
    of_brand = Q(brand_id=terms.brand_id) if terms.brand_id else Q(brand__isnull=True)
    return PolicyVersion.objects.filter(
        of_brand, jurisdiction_id=terms.jurisdiction, parameter_id=terms.parameter, state=_State.PUBLISHED
    )


def _covers_all_days(new: PolicyVersion, old: PolicyVersion) -> bool:
    begins = new.valid_from is None or (old.valid_from is not None and new.valid_from <= old.valid_from)
    ends = new.valid_to is None or (old.valid_to is not None and new.valid_to >= old.valid_to)
    return begins and ends


def _payload(version: PolicyVersion) -> dict[str, Any]:
    return {"version": version.pk, "digest": version.digest}


def _lock(version_id: int, state: PolicyVersion.State) -> PolicyVersion:
    version = PolicyVersion.objects.select_for_update(no_key=True).filter(pk=version_id).first()
    if version is None or version.state != state:
        raise PolicyUnknown
    return version


def _tell_everybody() -> None:
    """Let this process see it at once; the others see it when their copy is `policies.CACHE_SECONDS` old."""
    forget_policies()
    transaction.on_commit(forget_policies)
