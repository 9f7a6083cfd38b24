"""X's refusals as X writes them.

Problems whose `type` the OpenAPI document lists go out as it says (application/problem+json). X itself departs from
that document: rate limits, duplicates and authentication come as `about:blank` in plain application/json
(https://github.com/plhery/node-twitter-api-v2/issues/469 shows the headers, https://github.com/akrherz/iembot/issues/163
the body), and an account without credit as 402 in plain JSON (https://github.com/tryethernal/ethernal/issues/1324).
"""

import json
from typing import Any, Final

from aiohttp import web

PROBLEMS: Final = "https://api.x.com/2/problems"
TOO_LONG: Final = (
    "Your Tweet text is too long. For more information on how Twitter determines text length "
    "see https://github.com/twitter/twitter-text."
)
"""Seen in https://github.com/gundogan8/FotBot/issues/22, with status 400."""
DUPLICATE: Final = "You are not allowed to create a Tweet with duplicate content."
REPLY_TO_NOTHING: Final = "You attempted to reply to a Tweet that is deleted or not visible to you."
CREDITS: Final = "Your enrolled account does not have any credits to fulfill this request."


def ok(body: dict[str, Any], status: int = 200) -> web.Response:
    """A true answer."""
    return web.Response(text=json.dumps(body), status=status, content_type="application/json")


def plain(status: int, title: str, detail: str) -> web.Response:
    """A refusal of the kind that X's document does not know."""
    return ok({"title": title, "detail": detail, "type": "about:blank", "status": status}, status)


def forbidden(detail: str) -> web.Response:
    """403: understood and refused."""
    return plain(403, "Forbidden", detail)


def unauthorized() -> web.Response:
    """401: no account could be told from the request."""
    return plain(401, "Unauthorized", "Unauthorized")


def too_many(reset_s: int) -> web.Response:
    """429; the window ends at `reset_s` (seconds since 1970)."""
    answer = plain(429, "Too Many Requests", "Too Many Requests")
    answer.headers.update({"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(reset_s)})
    return answer


def out_of_credit() -> web.Response:
    """402: the account has nothing left to pay with."""
    return ok({"title": "CreditsDepleted", "detail": CREDITS, "type": "https://api.x.com/2/problems/credits"}, 402)


def invalid(message: str, parameters: dict[str, list[str]] | None = None) -> web.Response:
    """400: one sentence, and the parameters that it is about."""
    return _problem(
        400,
        "invalid-request",
        title="Invalid Request",
        detail="One or more parameters to your request was invalid.",
        errors=[{"message": message, "parameters": parameters or {}}],
    )


def not_found(resource_id: str) -> web.Response:
    """404: no such post, or no longer."""
    return _problem(404, "resource-not-found", **missing(resource_id))


def missing(resource_id: str) -> dict[str, str]:
    """What X says of a post that is not there, alone or among the `errors` of a look-up."""
    return {
        "value": resource_id,
        "detail": f"Could not find tweet with id: [{resource_id}].",
        "title": "Not Found Error",
        "resource_type": "tweet",
        "parameter": "id",
        "resource_id": resource_id,
        "type": f"{PROBLEMS}/resource-not-found",
    }


def broken(status: int) -> web.Response:
    """A server error; X's document knows one kind."""
    return _problem(status, "internal-error", title="Internal Error", detail="Something is broken. Try again.")


def _problem(status: int, kind: str, **fields: object) -> web.Response:
    body = {"type": f"{PROBLEMS}/{kind}", "status": status, **fields}
    return web.Response(text=json.dumps(body), status=status, content_type="application/problem+json")
