"""HTTP Basic authentication of a provider's callbacks against every active user name and password."""

import base64
import binascii
import hmac

from apps.integrations.connections import Connection
from apps.integrations.models import Credential


def basic_auth_verified_by(connection: Connection, header: str) -> str | None:
    """Return the kid of the password that matches; None when none does, or none is set up."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, separator, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    purpose = Credential.Purpose.VERIFY_INBOUND
    # Every comparison is made, so that time does not tell a known user from an unknown one.
    users = [hmac.compare_digest(key.secret, user) for key in connection.keys_for(purpose, "username")]
    kids = [key.kid for key in connection.keys_for(purpose, "password") if hmac.compare_digest(key.secret, password)]
    return kids[0] if separator and any(users) and kids else None


def basic_auth_header(user: bytes, password: bytes) -> str:
    """Make the header's value."""
    return "Basic " + base64.b64encode(user + b":" + password).decode()
