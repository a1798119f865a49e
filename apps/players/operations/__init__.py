"""What may be done to players and their sessions. One module a subject; import the operations from here."""

from apps.players.operations.login import LoggedIn, log_in, unlock_login
from apps.players.operations.profile import change_contact
from apps.players.operations.registration import Registration, admit_registration, register_player
from apps.players.operations.sessions import end_sessions, log_out, note_use, revoke_session
from apps.players.operations.status import change_status, lock_player

__all__ = [
    "LoggedIn",
    "Registration",
    "admit_registration",
    "change_contact",
    "change_status",
    "end_sessions",
    "lock_player",
    "log_in",
    "log_out",
    "note_use",
    "register_player",
    "revoke_session",
    "unlock_login",
]
