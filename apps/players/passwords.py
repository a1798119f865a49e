"""Players' passwords: which are good enough, how they are kept, and how one is checked in even time."""

from functools import cache
from typing import Any, ClassVar

from django.contrib.auth.hashers import check_password, get_hasher, identify_hasher, make_password
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    UserAttributeSimilarityValidator,
)
from django.core.exceptions import ValidationError

from apps.core.errors import DomainError
from apps.players.models import Player

MIN_LENGTH = 8
# Hashing takes time in proportion to the length: a bound, far above what people type.
MAX_LENGTH = 128


class PasswordTooWeak(DomainError):
    """
    The password is too short, too common, or too much like the name or e-mail address beside it.

    `reasons` says which.
    """

    code: ClassVar[str] = "password-too-weak"
    title: ClassVar[str] = "The password is too weak"
    status: ClassVar[int] = 422


@cache
def _validators() -> tuple[Any, ...]:
    # Made at first use: one of them reads a list of 20 000 passwords.
    return (
        MinimumLengthValidator(MIN_LENGTH),
        CommonPasswordValidator(),
        UserAttributeSimilarityValidator(user_attributes=("username", "email", "first_name", "last_name")),
    )


def require_good_password(password: str, *, owner: Player) -> None:
    """
    Refuse a password that is easily guessed.

    :param owner: whose name and e-mail address it must not resemble; need not be saved yet
    :raises PasswordTooWeak: with every reason, in words, in the extension `reasons`
    """
    reasons: list[str] = []
    for validator in _validators():
        try:
            validator.validate(password, owner)
        except ValidationError as error:
            reasons += error.messages
    if reasons:
        raise PasswordTooWeak(" ".join(reasons), extensions={"reasons": reasons})


def password_hash(password: str) -> str:
    """Hash a password to be stored: Argon2id, the first of PASSWORD_HASHERS."""
    return make_password(password)


def is_right_password(password: str, stored_hash: str | None) -> bool:
    """
    Check a password. For somebody unknown (None) it takes as long as for somebody known, and is wrong.

    A hash made by an older recipe stays valid; log-in replaces it.
    """
    if stored_hash is None:
        make_password(password)
        return False
    return check_password(password, stored_hash)


def is_outdated(stored_hash: str) -> bool:
    """Whether a hash was made by another recipe than today's, so that log-in should replace it."""
    today = get_hasher()
    return identify_hasher(stored_hash).algorithm != today.algorithm or today.must_update(stored_hash)
