"""Four states of a message's signatures, and what each costs.

`verified`: intact under a key that the register pins to its sender, with nothing wrong about it. `intact`: the bytes
are what somebody signed. `failed`: they are not. `none`: there is no signature, or none that can be checked here.
Trust is never taken from the message: a certificate in it proves nothing about who sent it.
"""

from collections.abc import Iterator
from enum import StrEnum

from services.cap.signature import Seal, Signature
from services.intake.case import Case, Rule
from services.intake.findings import Remark


class SignatureState(StrEnum):
    """What the signatures of one message amount to."""

    VERIFIED = "verified"
    INTACT = "intact"
    FAILED = "failed"
    NONE = "none"


def state_of(case: Case) -> SignatureState:
    """The best that any of its signatures proves."""
    if any(_pinned(case, one) and _sound(case, one) for one in case.reading.signatures):
        return SignatureState.VERIFIED
    seals = {one.seal for one in case.reading.signatures}
    if Seal.INTACT in seals:
        return SignatureState.INTACT
    return SignatureState.FAILED if Seal.FAILED in seals else SignatureState.NONE


def _pinned(case: Case, signature: Signature) -> bool:
    return case.publisher is not None and signature.key in case.publisher.keys


def _sound(case: Case, signature: Signature) -> bool:
    good = signature.seal is Seal.INTACT and not signature.weak and not signature.reindented
    return good and _valid_at_sent(case, signature)


def _valid_at_sent(case: Case, signature: Signature) -> bool:
    return signature.valid is None or signature.valid[0] <= case.alert.sent <= signature.valid[1]


def _signatures(case: Case) -> Iterator[Remark]:
    state, signatures = state_of(case), case.reading.signatures
    intact = [one for one in signatures if one.seal is Seal.INTACT]
    if state is SignatureState.FAILED:
        says = "its signature does not hold: the message was changed after it was signed, or was not signed by that key"
        yield Remark("signature-failed", says, "Signature", expected="the bytes exactly as they were signed")
    elif any(one.seal is Seal.FAILED for one in signatures):
        yield Remark("signature-other-failed", "one of its signatures holds, another does not", "Signature")
    if any(one.seal is Seal.UNCHECKED for one in signatures):
        yield Remark("signature-unchecked", "a signature has an algorithm that is not checked here", "Signature")
    if state is SignatureState.INTACT:
        yield from _intact(case, intact)
    yield from _expected(case, state)


def _intact(case: Case, intact: list[Signature]) -> Iterator[Remark]:
    best = min(intact, key=lambda one: (one.reindented, one.weak, not _valid_at_sent(case, one)))
    if best.reindented:
        says = "its signature holds only when blank text is taken away: somebody has re-indented what was signed"
        yield Remark("signature-reindented", says, "Signature", expected="the bytes exactly as they were signed")
    if best.weak:
        yield Remark("signature-weak", "it is signed with SHA-1 or DSA, which can be forged", "Signature")
    if not _valid_at_sent(case, best):
        yield Remark("certificate-not-valid", "its certificate was not valid when it was sent", "Signature")
    says = f"its signature holds, by a key that nobody has registered: {best.key}"
    yield Remark("signature-unknown-key", says, "Signature")


def _expected(case: Case, state: SignatureState) -> Iterator[Remark]:
    """A publisher who signs: what bears its name and is not signed by it is not from it until a person says so."""
    if case.publisher is not None and case.publisher.keys and state is not SignatureState.VERIFIED:
        if state is SignatureState.FAILED:
            yield Remark("pinned-signature-failed", "its sender signs, and this signature does not hold", "Signature")
        else:
            yield Remark("signature-not-pinned", "its sender signs, and this is not signed by its key", "Signature")


def _certificates(case: Case) -> Iterator[Remark]:
    ended = [one for one in case.reading.signatures if one.valid and one.valid[1] < case.now]
    if ended and all(_valid_at_sent(case, one) for one in ended):
        yield Remark(
            "certificate-expired", "its certificate was valid when it was sent, and has expired since", "Signature"
        )


RULES: tuple[Rule, ...] = (_signatures, _certificates)
