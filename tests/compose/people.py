"""A trust bundle of made-up people, with the keys to sign for them."""

from datetime import UTC, datetime

from schemas.decision import Recompose, RecomposeStatement
from schemas.trust import Bundle, BundleStatement, Key, Person, Policy, SeverityRule, Sign
from schemas.words import Realm, Severity
from services.runtime import trust

ISSUED = datetime(2026, 11, 1, tzinfo=UTC)
WRITER, STRANGER = trust.new_key(), trust.new_key()
_ADMINISTRATORS = {"ada": trust.new_key(), "bea": trust.new_key()}


def _person(name: str, key: trust.SigningKey, *roles: str) -> Person:
    return Person(id=name, roles=roles, keys=(Key(id=key.id, public=key.public),))


def bundle(deadline_s: int = 300) -> Bundle:
    """Ben may recompose; everything needs one approver within `deadline_s` seconds."""
    rule = SeverityRule(quorum=1, roles=("officer",), deadline_s=deadline_s, at_deadline="withhold", valid_s=3600)
    statement = BundleStatement(
        realm=Realm.LIVE, serial=1, issued=ISSUED,
        administrators=tuple(_person(name, key, "administrator") for name, key in _ADMINISTRATORS.items()),
        people=(_person("ben", WRITER, "writer"),), engines=(),
        policy=Policy(
            severities=dict.fromkeys(Severity, rule), override_roles=(), withdraw_roles=(), recompose_roles=("writer",)
        ),
    )  # fmt: skip
    return signed(statement)


def signed(statement: BundleStatement) -> Bundle:
    """The statement with both administrators' signatures."""
    signs = (
        Sign(person=name, key=key.id, signature=key.sign("bundle", statement)) for name, key in _ADMINISTRATORS.items()
    )
    return Bundle(statement=statement, signatures=tuple(signs))


def wish(
    lineage: str, *, version: int = 1, nonce: int = 1, key: trust.SigningKey = WRITER, **wishes: object
) -> Recompose:
    """Ben's wish, signed with `key`."""
    statement = RecomposeStatement.model_validate(
        {
            "realm": "live", "lineage": lineage, "version": version, "person": "ben", "role": "writer",
            "issued": ISSUED, "nonce": f"{nonce:032x}", **wishes,
        }
    )  # fmt: skip
    return Recompose(
        lineage=lineage, statement=statement, key=key.id, signature=key.sign("recompose", statement)
    )  # fmt: skip
