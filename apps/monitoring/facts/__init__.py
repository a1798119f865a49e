"""Facts that are more than sums of buckets. Importing this package registers them for the rule language."""

from apps.monitoring.facts import links, money, play, sessions

__all__ = ["links", "money", "play", "sessions"]
