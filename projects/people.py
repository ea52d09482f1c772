"""Makes accounts and the links that sign people in once."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from projects import audit, tokens
from projects.errors import EmailTaken, OwnAccount, SignInLinkNotUsable
from projects.models import SignInLink, User

LINK_LIFETIME = timedelta(hours=24)


@transaction.atomic
def create_user(
    *, email: str, name: str = "", password: str | None = None, is_owner: bool = False, by: User | None = None
) -> User:
    """Return a new account; without a password the person signs in by link and chooses one."""
    user = User(email=email.strip().lower(), name=name.strip()[:120], is_owner=is_owner)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise EmailTaken from error
    audit.record(action="user.created", subject=user.email, by=by, is_owner=is_owner)
    return user


@transaction.atomic
def sign_in_link(*, user: User, by: User | None = None) -> str:
    """Return the token of a link that signs the user in once within a day."""
    token = tokens.link_token()
    SignInLink.objects.create(user=user, token_hash=tokens.digest(token), expires_at=timezone.now() + LINK_LIFETIME)
    audit.record(action="user.sign_in_link_created", subject=user.email, by=by)
    return token


def owner_of_link(*, token: str) -> User | None:
    """Return whom the link would still sign in."""
    link = _usable(token).select_related("user").first()
    return link.user if link else None


@transaction.atomic
def use_sign_in_link(*, token: str) -> User:
    """Return the user the link belongs to and make the link useless."""
    link = _usable(token).select_related("user").first()
    claimed = _usable(token).update(used_at=timezone.now())
    if link is None or not claimed:
        raise SignInLinkNotUsable
    audit.record(action="user.signed_in_by_link", subject=link.user.email, by=link.user)
    return link.user


@transaction.atomic
def switch_off(*, user: User, by: User) -> None:
    """Keep the person from signing in; their running sessions end with the next request."""
    if user.pk == by.pk:
        raise OwnAccount
    if User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        audit.record(action="user.switched_off", subject=user.email, by=by)


@transaction.atomic
def switch_on(*, user: User, by: User) -> None:
    """Let the person sign in again."""
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        audit.record(action="user.switched_on", subject=user.email, by=by)


def _usable(token: str) -> QuerySet[SignInLink]:
    return SignInLink.objects.filter(
        token_hash=tokens.digest(token), used_at=None, expires_at__gt=timezone.now(), user__is_active=True
    )
