"""Four eyes: who may ask, who may decide, and that what was asked for happens once or not at all."""

from datetime import UTC, datetime

import pytest

from apps.compliance.approvals import ApprovalSecondPerson, decide_approval
from apps.compliance.models import PolicyVersion
from apps.compliance.policies import policy
from apps.compliance.policy_changes import propose_policy
from tests.factories.policies import load_matrix
from tests.factories.staff import make_staff

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_a_value_of_general_knowledge_is_off_until_two_people_publish_it() -> None:
    load_matrix()
    author = make_staff("author", "compliance.propose_policy", "compliance.publish_policy")
    approver = make_staff("approver", "compliance.publish_policy")
    draft = PolicyVersion.objects.get(jurisdiction="GB", parameter="min_age")
    assert policy("min_age", jurisdiction="GB", on=NOW.date()).jurisdiction == "CA-ON"

    request = propose_policy(version_id=draft.pk, maker=author, reason="Gambling Act 2005, section 45", now=NOW)
    with pytest.raises(ApprovalSecondPerson):
        decide_approval(request_id=request.pk, checker=author, approve=True, reason="", now=NOW)
    decided = decide_approval(request_id=request.pk, checker=approver, approve=True, reason="read it", now=NOW)

    assert (decided.state, decided.result) == ("executed", {"version": draft.pk, "superseded": []})
    assert policy("min_age", jurisdiction="GB", on=NOW.date()).value == 18
    draft = PolicyVersion.objects.get(pk=draft.pk)
    assert (draft.state, draft.maker, draft.checker) == ("published", author, approver)
