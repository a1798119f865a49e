"""What may become of a provider's event."""

from enum import StrEnum


class Applied(StrEnum):
    """An event that has been dealt with."""

    APPLIED = "applied"
    NO_OP = "no_op"
    """Known already, or overtaken by what came before it."""


class EventParked(Exception):
    """The event came before what it belongs to: the payment's row, or an earlier event. Try again later."""


class EventUnhandled(Exception):
    """The adapter does not know the word. It is kept, and somebody is told."""


class EventNotSound(Exception):
    """The event contradicts what is known of its payment; people have to look."""
