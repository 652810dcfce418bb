"""What the document says before and beside its routes."""

import ki2api
from ki2api.web.openapi.operation import JSONObject

DESCRIPTION = """\
Your own Kiro subscription as the two APIs that every AI tool speaks. Unofficial: not made, \
endorsed or supported by AWS or Kiro.

Every route but `/` and those of `/health` wants the key, as `Authorization: Bearer` or as \
`x-api-key`. Errors come in the shape of the API that is called; where both are possible, the \
header `anthropic-version` decides. A path that is not served is answered 404.

HEAD is answered wherever GET is. A path with `/v1` doubled or missing, or with a slash too many, \
is served all the same."""
TAGS = {
    "OpenAI": "OpenAI-compatible inference.",
    "Anthropic": "Anthropic-compatible inference.",
    "Models": "What can be asked, in the shape that the caller speaks.",
    "Gateway": "For whoever runs the gateway.",
}
HEADERS = {
    "x-request-id": "The id of this request, as the log has it; also sent as `request-id`.",
    "x-ki2api-warning": "`default-api-key` while the documented default key opens the door.",
    "x-ki2api-hint": "What is wrong with the path that was asked, and was served all the same.",
    "retry-after": "After how many seconds to try again.",
    "x-should-retry": "`false` where trying again is of no use.",
    "allow": "The methods that the path is served by.",
}


def front() -> JSONObject:
    """Return the document without its paths and schemas."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ki2API",
            "version": ki2api.__version__,
            "summary": "Your own Kiro subscription as an OpenAI- and Anthropic-compatible API.",
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"x-api-key": []}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
    }


def fixed_components() -> JSONObject:
    """Return the components that are no schemas."""
    return {
        "headers": {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in HEADERS.items()
        },
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
        },
    }
