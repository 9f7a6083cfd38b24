"""The policy engine's own signature, for what policy lets it release alone."""

import secrets
from collections.abc import Callable
from pathlib import Path

from schemas.decision import Decision, Statement
from schemas.words import DecisionWord
from services.approve.proposal import reaches_subscribers
from services.approve.quorum import Case
from services.runtime import verifier
from services.runtime.keyfile import KeyFile
from services.runtime.trust import SigningKey
from services.runtime.trusted import NotTrustedError


class Engine:
    """Signs approvals with approve's key. What it may not release, the verifier refuses, here and everywhere."""

    def __init__(
        self, key: SigningKey | KeyFile | None, nonce: Callable[[], str] = lambda: secrets.token_hex(16)
    ) -> None:
        """Without a `key` nothing is automatic; one in a file may be replaced while this runs."""
        self._source, self._nonce = key, nonce

    def decide(self, case: Case) -> Decision:
        """An approval of the case's digest, or NotTrustedError when there is no key that the bundle knows."""
        key = self._read()
        engine = case.trusted.engine(key.id, "release")
        issued = case.now.replace(microsecond=0)
        statement = Statement(
            realm=case.realm,
            decision=DecisionWord.APPROVE,
            digest=case.digest,
            person=engine.id,
            role=verifier.ENGINE_ROLE,
            issued=issued,
            expires=verifier.may_start_until(case.broadcast, case.trusted.policy, case.rule, issued),
            reach=case.reach if reaches_subscribers(case.broadcast) else None,
            nonce=self._nonce(),
        )
        signature = key.sign("decision", statement)
        return Decision(lineage=case.broadcast.lineage, statement=statement, key=key.id, signature=signature)

    def _read(self) -> SigningKey:
        if self._source is None:
            raise NotTrustedError("key", "approve has no engine key, so nothing is released automatically")
        if isinstance(self._source, SigningKey):
            return self._source
        try:
            return self._source.read()
        except (OSError, ValueError) as error:
            raise NotTrustedError("key", f"approve's engine key cannot be read any more: {error}") from error


def open_engine(path: Path) -> Engine:
    """The engine with the key in `path`, without a key where there is no file. ValueError when it holds none."""
    if not path.exists():
        return Engine(None)
    file = KeyFile(path)
    file.read()
    return Engine(file)
