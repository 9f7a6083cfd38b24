"""From deploy/policy.yaml and a people file to the statement that two administrators sign. Pure, but for its input."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import yaml
from pydantic import ValidationError

from schemas.trust import BundleStatement, Policy
from schemas.words import Realm, Severity
from services.runtime import trust, trusted

_SPAN = re.compile(r"(\d{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_ADMINISTRATORS = 2
#: Keys of policy.yaml that hold a time, in one rule and in the policy.
_RULE_TIMES, _POLICY_TIMES = ("deadline", "valid"), ("take_back",)


class SourceError(Exception):
    """What is wrong in a source file, in sentences."""


def compile_statement(
    policy_text: str, people_text: str, realm: Realm, serial: int, issued: datetime
) -> BundleStatement:
    """The bundle that the two sources make. SourceError names every mistake that was found."""
    policy = _read("the policy file", policy_text)
    people = _read("the people file", people_text)
    _times(policy, _POLICY_TIMES, "the policy")
    for name, rule in _mapping(policy.get("severities"), "severities").items():
        _times(_mapping(rule, str(name)), _RULE_TIMES, str(name))
    fields = {
        "realm": realm,
        "serial": serial,
        "issued": issued,
        "policy": policy,
        "administrators": [_with_keys(item) for item in _list(people, "administrators")],
        "people": [_with_keys(item) for item in _list(people, "people")],
        "engines": [_with_keys(item) for item in _list(people, "engines")],
    }
    try:
        statement = BundleStatement.model_validate(fields)
    except ValidationError as error:
        raise SourceError("; ".join(_sentence(item) for item in error.errors())) from None
    if mistakes := list(find_mistakes(statement)):
        raise SourceError("; ".join(mistakes))
    return statement


def find_mistakes(statement: BundleStatement) -> Iterator[str]:
    """A sentence for everything that would leave an alert waiting for somebody who does not exist."""
    try:
        trusted.check_shape(statement)
    except trusted.NotTrustedError as error:
        yield str(error)
    holders: tuple[trusted.Holder, ...] = (*statement.administrators, *statement.people, *statement.engines)
    for holder in holders:
        if not holder.keys:
            yield f"{holder.id} has no key: run `tocsin keys new {holder.id} --out FILE` and enter the line it prints"
    active = [person for person in statement.administrators if person.active]
    if len(active) < _ADMINISTRATORS:
        yield "two active administrators are needed, for two sign each bundle"
    if not any(engine.use == "batch" for engine in statement.engines):
        yield "no engine signs batches: nobody could be texted"
    yield from _missing_severities(statement.policy)
    yield from _empty_roles(statement)
    yield from _impossible_rules(statement)


def _missing_severities(policy: Policy) -> Iterator[str]:
    for severity in Severity:
        if severity not in policy.severities:
            yield f"the policy has no rule for {severity}"


def _empty_roles(statement: BundleStatement) -> Iterator[str]:
    held = {role for person in statement.people if person.active for role in person.roles}
    policy = statement.policy
    named = {*policy.override_roles, *policy.withdraw_roles, *policy.recompose_roles}
    for rule in policy.severities.values():
        named |= {*rule.roles, *rule.escalate_to}
    for role in sorted(named - held):
        yield f"nobody active has the role {role}, which the policy names"
    if not policy.withdraw_roles:
        yield "withdraw_roles is empty: nobody could take an alert back"


def _impossible_rules(statement: BundleStatement) -> Iterator[str]:
    ceilings = [e.ceiling.gravity for e in statement.engines if e.use == "release" and e.ceiling]
    for severity, rule in statement.policy.severities.items():
        able = [p for p in statement.people if p.active and {*p.roles} & {*rule.roles, *rule.escalate_to}]
        if len(able) < max(1, rule.quorum):
            yield f"{severity} needs {max(1, rule.quorum)} different people and {len(able)} could approve it"
        automatic = rule.quorum == 0 or rule.at_deadline == "release"
        if automatic and not any(severity.gravity >= ceiling for ceiling in ceilings):
            yield f"{severity} is to be released by the engine, but no engine's ceiling reaches it"


def _read(what: str, text: str) -> dict[str, Any]:
    try:
        return dict(_mapping(yaml.safe_load(text), what))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise SourceError(f"{what} is no YAML" + (f", line {mark.line + 1}" if mark else "")) from None


def _mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SourceError(f"{what} must be a mapping of names to values")
    return value


def _list(mapping: dict[str, Any], name: str) -> list[object]:
    found = mapping.get(name) or []
    if not isinstance(found, list):
        raise SourceError(f"{name} must be a list")
    return found


def _times(mapping: dict[str, Any], names: tuple[str, ...], where: str) -> None:
    """Turn `deadline: 5m` into `deadline_s: 300`, in place."""
    for name in names:
        if name in mapping:
            found = _SPAN.fullmatch(str(mapping.pop(name)))
            if found is None:
                raise SourceError(f"{where}: {name} must be a time such as 90s, 15m, 4h or 1d")
            mapping[f"{name}_s"] = int(found[1]) * _SECONDS[found[2]]


def _with_keys(item: object) -> dict[str, Any]:
    """One holder as the file writes it: keys are public halves, and their ids are made of them."""
    holder = dict(_mapping(item, "each person and engine"))
    holder["keys"] = [_key(text, str(holder.get("id"))) for text in _list(holder, "keys")]
    if "use" not in holder:
        holder.setdefault("roles", [])
    return holder


def _key(text: object, owner: str) -> dict[str, str]:
    try:
        raw = trust.decode(str(text))
    except ValueError:
        raw = b""
    if len(raw) != trust.PUBLIC_BYTES:
        raise SourceError(f"a key of {owner} is no public half as `tocsin keys new` prints it")
    return {"id": trust.key_id(raw), "public": str(text)}


def _sentence(error: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
