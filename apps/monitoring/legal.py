"""Figures of rules that are the law's: taken from the policies in force, not from the rule."""

from collections.abc import Mapping
from typing import Any

from apps.compliance.policies import policy
from apps.monitoring.definitions import Definition
from apps.monitoring.expressions.parsing import kind_of_param
from apps.monitoring.points import Point


def legal_params(
    definition: Definition, point: Point, params: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, int]]:
    """
    Say which parameters the law of the player's jurisdiction sets on the local day of the event, at his age.

    Where it says nothing, or something of another kind (a window in words), the rule's own figure stays.

    :param params: what the rule has of its own, by which kinds are compared
    :return: the parameters, and the published versions they come from, by name of the policy
    """
    found: dict[str, Any] = {}
    versions: dict[str, int] = {}
    for each in definition.data.get("policies", ()):
        person = point.person
        answer = policy(
            each["parameter"],
            jurisdiction=person.jurisdiction,
            on=point.at.astimezone(person.zone).date(),
            age=point.age,
            brand_id=person.brand_id,
        )
        value = _chosen(answer.value, each.get("where", {}))
        if value is None or answer.version_id is None:
            continue
        found |= {
            name: value[said]
            for name, said in each["take"].items()
            if said in value and kind_of_param(value[said]) is kind_of_param(params[name])
        }
        versions[each["parameter"]] = answer.version_id
    return found, versions


def _chosen(value: Any, where: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The item of a policy that a rule is about; of several the one with the lowest amount."""
    items = value if isinstance(value, list) else [value]
    fitting = [
        item
        for item in items
        if isinstance(item, Mapping) and all(item.get(name) == wanted for name, wanted in where.items())
    ]
    return min(fitting, key=lambda item: item.get("amount", 0), default=None)
