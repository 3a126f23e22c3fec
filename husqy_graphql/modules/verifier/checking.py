"""What an attempt to pass leads to, by the type of the verifier. Source: verifier.md, section 4, table "Handle"."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from enum import Enum, auto

from husqy_graphql.core.errors import BadUserInput, Conflict, ConflictReason, Forbidden
from husqy_graphql.modules.verifier.service import VerifierType


class InteractionKind(Enum):
    """How a member comes to the check; the value is the contract's."""

    COMPONENT = "ComponentInteraction"
    MODAL = "ModalInteraction"
    WEB_LOGIN = "WebLogin"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A member's attempt to pass. `interaction` is the id and the token of what Discord waits to see answered."""

    kind: InteractionKind | None
    interaction: tuple[int, str] | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)


class Step(Enum):
    ASK_PASSPHRASE = auto()
    PASS = auto()


_FITTING = {
    VerifierType.CLICK: {InteractionKind.COMPONENT, None},
    VerifierType.PASSPHRASE: {InteractionKind.COMPONENT, InteractionKind.MODAL, None},
    VerifierType.WEB: {InteractionKind.WEB_LOGIN},
}
_INSTEAD = {
    VerifierType.CLICK: "Press the button of the prompt.",
    VerifierType.PASSPHRASE: "Press the button of the prompt and enter the passphrase.",
    VerifierType.WEB: "Use the link of a new prompt; the team of the server can send one.",
}


def next_step(type: VerifierType, attempt: Attempt, passphrase: str | None) -> Step:
    """What comes next. Raises Conflict for an attempt that does not fit the type, Forbidden for a wrong passphrase,
    BadUserInput for none at all."""
    kind = attempt.kind
    if type is VerifierType.WEB and kind is None:
        raise Forbidden("Members of this server verify on the web, where they sign in.")
    if kind not in _FITTING[type]:
        raise Conflict(f"The server verifies in another way now. {_INSTEAD[type]}", ConflictReason.WRONG_STATE)
    if type is not VerifierType.PASSPHRASE:
        return Step.PASS
    if kind is InteractionKind.COMPONENT:
        return Step.ASK_PASSPHRASE
    if attempt.passphrase is None:
        raise BadUserInput("The passphrase is missing.", {"input.passphrase": "is required for this type"})
    if not hmac.compare_digest(attempt.passphrase.encode(), (passphrase or "").encode()) or not passphrase:
        raise Forbidden("This passphrase is wrong. Press the button to try again.")
    return Step.PASS
