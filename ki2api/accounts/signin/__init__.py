"""Signing in: new access tokens for refresh tokens, and new logins, for every kind of account."""

from ki2api.accounts.signin.exchange import NeedsLogin, RefreshFailed, Tokens
from ki2api.accounts.signin.refresher import Refresher

__all__ = ["NeedsLogin", "RefreshFailed", "Refresher", "Tokens"]
