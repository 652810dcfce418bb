"""The door before every route, also those that do not exist: the host name and the origin."""

from collections.abc import Awaitable

from litestar import Request
from litestar.types import ASGIApp, Receive, Scope, Send

from ki2api.errors import Forbidden
from ki2api.web.answers import refused
from ki2api.web.gateway import GATEWAY, Gateway
from ki2api.web.reading import AnyRequest, headers_of


class Door:
    """The app, behind the rules that keep web pages out; they need no key, so pages know none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve a request, or refuse it; part of ASGI. Hands on the coroutine of what is inside."""
        gateway: Gateway = scope["state"][GATEWAY]
        app = self._app
        try:
            any_host = not gateway.keys.default_active
            gateway.neighbourhood.check(headers_of(scope), any_host=any_host)
        except Forbidden as error:
            request: AnyRequest = Request(scope, receive, send)
            app = refused(request, error).to_asgi_response(None, request)
        return app(scope, receive, send)
