"""Tables of monitoring: rules and their versions, counters, decisions, risk."""

from apps.monitoring.models.counters import Counter, Link, Observation, PeerFigure
from apps.monitoring.models.decisions import DeadLetter, Decision, RuleState, RuleTally
from apps.monitoring.models.reference import ReferenceList, ReferenceRate
from apps.monitoring.models.risk import RiskAssessment, RiskKind, RiskOverride, RiskState
from apps.monitoring.models.rules import Backtest, Rule, RuleVersion

__all__ = [
    "Backtest",
    "Counter",
    "DeadLetter",
    "Decision",
    "Link",
    "Observation",
    "PeerFigure",
    "ReferenceList",
    "ReferenceRate",
    "RiskAssessment",
    "RiskKind",
    "RiskOverride",
    "RiskState",
    "Rule",
    "RuleState",
    "RuleTally",
    "RuleVersion",
]
