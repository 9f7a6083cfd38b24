"""Twilio's error codes in our words (https://www.twilio.com/docs/api/errors)."""

from schemas.words import Reason

RATE = frozenset({20429, 14107, 21611})

REASONS: dict[int, Reason] = {
    **dict.fromkeys((21211, 21214, 21217, 21401, 21407, 21612, 21614, 21635, 30003, 30004, 30005, 30006),
                    Reason.PERMANENT_RECIPIENT),
    21610: Reason.OPTED_OUT,
    **dict.fromkeys((20003, 20404, 30002), Reason.AUTH),
    **dict.fromkeys((21602, 21617, 21658, 30007), Reason.PERMANENT_CONTENT),
    **dict.fromkeys((21408, 30034), Reason.FORBIDDEN_CAPABILITY),
    **dict.fromkeys((30001, 30022, 30023), Reason.RATE_LIMITED),
    20005: Reason.PAYMENT,
    30036: Reason.EXPIRED,
    30008: Reason.TRANSIENT,
}  # fmt: skip

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, PAYMENT = 401, 403, 404, 402


def reason(code: int | None, status: int | None = None) -> Reason:
    """Why Twilio refused or gave up; the HTTP status speaks where the code is not one that we know."""
    if code in REASONS:
        return REASONS[code]
    if status in {UNAUTHORIZED, NOT_FOUND}:
        return Reason.AUTH
    if status == PAYMENT:
        return Reason.PAYMENT
    if status == FORBIDDEN:
        return Reason.FORBIDDEN_CAPABILITY
    return Reason.PERMANENT_CONTENT
