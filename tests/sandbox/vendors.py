"""The vendors' own OpenAPI documents, and a check of one exchange against them.

Where a vendor's live service departs from its document, or the document is silent, the departure is written here as a
schema with its source, and the exchange is checked against document and departure together.
"""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

DOCUMENTS = Path(__file__).parents[2].parent / "shared" / "data" / "channels" / "derived"

PROBLEM = "application/problem+json"

ABOUT_BLANK = {
    "type": "object",
    "required": ["title", "detail", "type", "status"],
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string"},
        "detail": {"type": "string"},
        "type": {"type": "string", "enum": ["about:blank"]},
        "status": {"type": "integer"},
    },
}
"""X's 401, 403 and 429: https://github.com/akrherz/iembot/issues/163."""

CREDITS = {
    "type": "object",
    "required": ["title", "detail", "type"],
    "properties": {
        "title": {"type": "string", "enum": ["CreditsDepleted"]},
        "detail": {"type": "string"},
        "type": {"type": "string", "enum": ["https://api.x.com/2/problems/credits"]},
    },
}
"""X's 402: https://github.com/tryethernal/ethernal/issues/1324."""

TWILIO_ERROR = {
    "type": "object",
    "required": ["code", "message", "more_info", "status"],
    "additionalProperties": False,
    "properties": {
        "code": {"type": "integer"},
        "message": {"type": "string"},
        "more_info": {"type": "string", "pattern": "^https://www.twilio.com/docs/errors/[0-9]+$"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
"""Twilio's document describes no error: https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions."""


PAGES = ("first_page_uri", "next_page_uri", "previous_page_uri", "uri")
"""The document calls them `uri`; they are paths: https://www.twilio.com/docs/usage/twilios-response#pagination."""


def _document(name: str) -> dict[str, Any]:
    path = DOCUMENTS / f"{name}.openapi.json"
    if not path.exists():
        pytest.skip(f"the vendor's document is not here: {path}")
    read: dict[str, Any] = json.loads(path.read_text())
    return read


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for path in document["paths"].values() for part in path.values() if "responses" in part]


def _schemas_with(part: Any, name: str) -> list[dict[str, Any]]:
    """The `properties` that have this one."""
    inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    here = [part] if isinstance(part, dict) and isinstance(part.get(name), dict) else []
    return here + [found for each in inside for found in _schemas_with(each, name)]


@cache
def x_document() -> OpenAPI:
    document = copy.deepcopy(_document("x_posts"))
    for operation in _operations(document):
        json_error = operation["responses"]["default"]["content"]["application/json"]
        json_error["schema"] = {"anyOf": [json_error["schema"], ABOUT_BLANK, CREDITS]}
    return OpenAPI.from_dict(document, config=Config(extra_media_type_deserializers={PROBLEM: json.loads}))


@cache
def twilio_document() -> OpenAPI:
    document = copy.deepcopy(_document("twilio_messages"))
    for operation in _operations(document):
        content = {"application/json": {"schema": TWILIO_ERROR}}
        operation["responses"]["default"] = {"description": "any error", "content": content}
    for listed in _schemas_with(document, "first_page_uri"):
        for name in PAGES:
            listed[name]["format"] = "uri-reference"
    return OpenAPI.from_dict(document)


class Exchange:
    """One request and its answer, as openapi-core takes them."""

    def __init__(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        self.method, self.target, self.headers, self.body = method, target, headers, body
        path, _, query = target.partition("?")
        host = "https://api.x.com" if path.startswith("/2/") else "https://api.twilio.com"
        self.request = MockRequest(
            host, method, path,
            args=dict(parse_qsl(query)),
            headers=headers,
            data=body,
            content_type=headers.get("Content-Type", "application/json").partition(";")[0],
        )  # fmt: skip

    def check_request(self, document: OpenAPI) -> None:
        document.validate_request(self.request)

    def check_answer(self, document: OpenAPI, status: int, content_type: str, body: bytes) -> None:
        document.validate_response(self.request, MockResponse(body, status, content_type=content_type))
