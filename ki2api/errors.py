"""What can go wrong with a request, one class for each thing that somebody can do differently.

GatewayError                     retry   happens when
├─ CallerError                           the call itself is at fault
│  ├─ Unauthenticated            no      there is no key, or not a right one
│  ├─ Forbidden                  no      a web page or a foreign host name asks
│  ├─ InvalidRequest             no      something in the body cannot be served; names the path
│  │  ├─ ThreadNotFound          no      the call goes on from a reply that nobody kept
│  │  ├─ BodyRefused             no      Kiro finds the body invalid; extra fields may be why
│  │  └─ ThoughtsRefused         no      Kiro does not know the signature of earlier thoughts
│  ├─ RequestTooLarge            no      the body is over a limit of ours
│  ├─ HeadTooLarge               no      the target and the header fields are
│  ├─ TooSlow                    no      the request does not come in time
│  ├─ UnsupportedMedia           no      the body is not JSON by its headers
│  ├─ ContextTooLong             no      the conversation does not fit into the model
│  ├─ UnknownRoute               no      nothing is served at this path
│  ├─ WrongMethod                no      the path is served, but not by this method
│  ├─ NoWebSocket                no      the client wants a WebSocket, and none is served
│  ├─ UnknownResponse            no      no reply is kept by this id for this caller
│  ├─ UnknownAccount             no      no account has the name that the query gives
│  └─ UnknownModel               no      no such model here
│     └─ ModelNotOffered         other   Kiro does not offer the model to this account
├─ AccountError                          one account cannot serve; another may
│  ├─ TokenExpired               other   Kiro refuses the access token
│  ├─ RateLimited                other   the account must pause
│  ├─ QuotaSpent                 other   the account has used up its plan
│  ├─ AccountSuspended           once    Kiro suspended the account or suspects it
│  └─ AccountRefused             other   no permission, login needed
│     └─ ProfileRefused          other   Kiro wants another profile than the one that was named
├─ UpstreamError                         Kiro, or the way there, is at fault
│  ├─ UpstreamUnavailable        any     no connection, or a 5xx answer
│  ├─ ModelOverloaded            any     the model has no capacity just now
│  ├─ UpstreamTimeout            any     nothing came in time
│  ├─ UpstreamDisconnected       any     the stream broke off
│  ├─ UpstreamUntrusted          no      the certificate of the host is not to be trusted
│  ├─ EmptyReply                 once    a reply without any content
│  ├─ InvalidReply               no      a reply that is not what was asked for, also when told so
│  ├─ CallsSpent                 no      one request has called Kiro as often as it may
│  └─ UpstreamGarbled            no      bytes that no Kiro would send
│     └─ UnknownOperation        no      the host does not serve this call; another may
├─ NoAccountLeft                 wait    no account can serve now; says when one returns
│  ├─ NoSignIn                   wait    no account gets a token: its sign-in service fails
│  └─ NoAccount                  no      none will ever, until a person does something
├─ Overloaded                    no      this gateway has too much to do, or is shutting down
├─ NotReady                      no      a request would not be served now, as /health/ready says
└─ Bug                           no      a mistake of ours

`retry` says whether a new attempt makes sense: `no`; `other` account only; `any` account; `once`
more in the life of the request; `wait` for `retry_after`. Only an error that reaches the client is
shown, and each client dialect has one table from these classes to its own words.
"""

from typing import ClassVar, Literal, TypeAlias

Retry: TypeAlias = Literal["no", "other", "any", "once", "wait"]


class GatewayError(Exception):
    """The root; never raised itself.

    `detail` is a sentence for the caller and holds no secret and no text of the upstream that was
    not cleaned. `path` is the place in the caller's own JSON. `retry_after` is in seconds.
    `rule` is the id of a rule of Kiro's that was checked here (docs/rules.md).
    """

    retry: ClassVar[Retry] = "no"
    code: ClassVar[str]
    """A stable word for programs, such as `upstream_timeout`."""

    def __init__(
        self,
        detail: str,
        *,
        path: str | None = None,
        retry_after: float | None = None,
        rule: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.path = path
        self.retry_after = retry_after
        self.rule = rule

    @property
    def message(self) -> str:
        """The sentence with its place in front and its rule behind, as callers see it."""
        said = f"{self.path}: {self.detail}" if self.path else self.detail
        if not self.rule:
            return said
        stop = "." if said.endswith(".") else ""
        return f"{said.removesuffix('.')} (rule {self.rule}){stop}"


class CallerError(GatewayError):
    """The call itself is at fault."""


class Unauthenticated(CallerError):
    """There is no key, or not a right one."""

    code = "invalid_api_key"


class Forbidden(CallerError):
    """A web page of another origin, or a foreign host name, asks."""

    code = "forbidden"


class InvalidRequest(CallerError):
    """Something in the body cannot be served."""

    code = "invalid_request"


class ThreadNotFound(InvalidRequest):
    """The call goes on from an earlier reply that is not kept here."""

    code = "thread_not_found"


class BodyRefused(InvalidRequest):
    """Kiro finds the body invalid: the endpoint asks once more without extra fields."""


class ThoughtsRefused(InvalidRequest):
    """Kiro refuses a signature: the endpoint asks once more without earlier thoughts."""


class RequestTooLarge(CallerError):
    """The body is over a limit of this gateway."""

    code = "request_too_large"


class HeadTooLarge(CallerError):
    """The target and the header fields are over a limit of this gateway."""

    code = "headers_too_large"


class TooSlow(CallerError):
    """The request does not come in time."""

    code = "request_timeout"


class UnsupportedMedia(CallerError):
    """The body is not JSON by its headers, or is compressed."""

    code = "unsupported_media_type"


class ContextTooLong(CallerError):
    """The conversation does not fit into the model's context window."""

    code = "context_length_exceeded"
    tokens: int | None = None
    """How many it has, where that is known."""
    most: int | None = None
    """How many are possible."""


class UnknownRoute(CallerError):
    """Nothing is served at this path."""

    code = "unknown_route"


class WrongMethod(CallerError):
    """The path is served, but not by this method."""

    code = "method_not_allowed"

    def __init__(self, detail: str, *, allow: str) -> None:
        super().__init__(detail)
        self.allow = allow


class NoWebSocket(CallerError):
    """The client wants a WebSocket, and none is served."""

    code = "websocket_not_supported"


class UnknownResponse(CallerError):
    """No reply is kept by this id for this caller."""

    code = "response_not_found"


class UnknownAccount(CallerError):
    """No account has the name that the query gives."""

    code = "account_not_found"


class UnknownModel(CallerError):
    """No model of this name is known."""

    code = "model_not_found"


class ModelNotOffered(UnknownModel):
    """Kiro does not offer the model to this account: plan and region decide, so another may."""

    retry = "other"


class AccountError(GatewayError):
    """One account cannot serve; another may."""

    retry: ClassVar[Retry] = "other"


class TokenExpired(AccountError):
    """Kiro refuses the access token."""

    code = "upstream_auth"


class RateLimited(AccountError):
    """The account must pause, for `retry_after` seconds where Kiro said so."""

    code = "rate_limit_exceeded"


class QuotaSpent(AccountError):
    """The account has used up what its plan gives until the next reset."""

    code = "insufficient_quota"


class AccountSuspended(AccountError):
    """Kiro suspended the account (`retry_after` is None) or suspects it (seconds to stay away)."""

    retry = "once"
    code = "account_suspended"


class AccountRefused(AccountError):
    """The account has no permission, a wrong profile, or needs a new login."""

    code = "upstream_auth"


class ProfileRefused(AccountRefused):
    """Kiro wants another profile than the one that was named, or one where none was named."""


class UpstreamError(GatewayError):
    """Kiro, or the way there, is at fault; never the account."""

    retry: ClassVar[Retry] = "any"


class UpstreamUnavailable(UpstreamError):
    """There was no connection, or a 5xx answer."""

    code = "upstream_unreachable"


class ModelOverloaded(UpstreamError):
    """The model, or the whole service, has no capacity just now."""

    code = "server_is_overloaded"


class UpstreamTimeout(UpstreamError):
    """Nothing came in time."""

    code = "upstream_timeout"


class UpstreamDisconnected(UpstreamError):
    """The stream broke off before its end."""

    code = "upstream_disconnected"


class UpstreamUntrusted(UpstreamError):
    """The host did not prove by TLS who it is; never tried again, never without TLS."""

    retry = "no"
    code = "upstream_tls"


class EmptyReply(UpstreamError):
    """A reply came without any content; seen at about 1 % (docs/kiro.md §4.6)."""

    retry = "once"
    code = "upstream_empty"


class InvalidReply(UpstreamError):
    """The model does not keep what was asked of its reply, such as a form or a call of a tool."""

    retry = "no"
    code = "invalid_reply"


class CallsSpent(UpstreamError):
    """One request has called Kiro as often as it may, and is not answered yet."""

    retry = "no"
    code = "upstream_calls_spent"


class UpstreamGarbled(UpstreamError):
    """Bytes came that no Kiro would send: a bad checksum, an impossible frame, a redirect."""

    retry = "no"
    code = "upstream_protocol"


class UnknownOperation(UpstreamGarbled):
    """The host does not serve this call, or not in this region; another host may."""


class NoAccountLeft(GatewayError):
    """No account can serve now; `retry_after` says when the first one returns, if any does.

    `usable_in` says when one returns that the same request may still use, in seconds.
    """

    retry: ClassVar[Retry] = "wait"
    code = "no_account_left"

    def __init__(
        self, detail: str, *, retry_after: float | None = None, usable_in: float | None = None
    ) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.usable_in = usable_in


class NoSignIn(NoAccountLeft):
    """No account can serve, and none is to blame: the services that renew their tokens fail."""

    code = "upstream_unreachable"


class NoAccount(NoAccountLeft):
    """There is no account, or none that could serve again without a person doing something."""

    retry = "no"
    code = "no_account"


class Overloaded(GatewayError):
    """The gateway itself has too much to do, or is shutting down."""

    code = "server_is_overloaded"


class NotReady(GatewayError):
    """A request would not be served now."""

    code = "not_ready"


class Bug(GatewayError):
    """A mistake of ours; the log has the traceback under the id that the message names."""

    code = "internal_error"
