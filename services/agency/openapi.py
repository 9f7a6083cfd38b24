"""The door's OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0)."""

from typing import Any, Final

from schemas.words import AnswerState

_POST: Final = {
    "type": "object",
    "required": ["source", "state", "received", "status"],
    "properties": {
        "source": {"type": "string", "description": "sha256: and the hash of the bytes as posted"},
        "state": {"enum": ["sent", *AnswerState], "description": "sent: intake has not spoken of it yet"},
        "realm": {"enum": ["live", "drill"]},
        "received": {"type": "string", "format": "date-time"},
        "status": {"type": "string", "description": "where to ask again"},
        "says": {"type": "string", "description": "the state in a sentence"},
        "why": {"type": "string", "description": "what a person gave as reason for returning or rejecting it"},
        "page": {"type": "string", "description": "the page of record, once it is released"},
        "identifier": {"type": "string"},
        "lineage": {"type": "string"},
        "version": {"type": "integer"},
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "rule": {"type": "string"},
                    "grade": {"enum": ["accept", "hold", "refuse"]},
                    "element": {"type": "string"},
                    "line": {"type": "integer"},
                    "says": {"type": "string"},
                    "expected": {"type": "string"},
                    "source": {"type": "string", "description": "where the rule is written"},
                },
            },
        },
    },
}


def _answer(says: str) -> dict[str, Any]:
    return {"description": says, "content": {"application/json": {"schema": _POST}}}


_BODY: Final = {kind: {"schema": {"type": "string"}} for kind in ("application/cap+xml", "application/json")}
_SOURCE: Final = {"name": "source", "in": "path", "required": True, "schema": {"type": "string"}}
DOCUMENT: Final[dict[str, Any]] = {
    "openapi": "3.1.0",
    "info": {"title": "Tocsin, the agencies' door", "version": "1.0"},
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "security": [{"key": []}],
    "paths": {
        "/alerts": {
            "post": {
                "summary": "Publish one CAP alert, at most 5 MiB. The same bytes again are the same alert.",
                "requestBody": {"required": True, "content": _BODY},
                "responses": {
                    "201": _answer("intake accepted it"),
                    "202": _answer("a person must look first, or intake has not answered yet"),
                    "403": {"description": "another publisher's sender, or a test key and an alert for people"},
                    "400": {"description": "the body is empty"},
                    "401": {"description": "no such key"},
                    "413": {"description": "too large"},
                    "422": _answer("intake refused it; findings say why and what would be right"),
                    "429": {"description": "too many; Retry-After says when"},
                },
            }
        },
        "/alerts/{source}": {
            "get": {
                "summary": "What became of an alert that you sent, by this door or by Kafka.",
                "parameters": [_SOURCE],
                "responses": {
                    "200": _answer("its state now"),
                    "401": {"description": "no such key"},
                    "404": {"description": "you sent nothing with this hash, or intake has not spoken of it"},
                },
            }
        },
    },
}
