# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members sign, and the ledger says, of consents to set their debts off."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.declaration import Doc, Moment, OwnId, Ref, Uuid
from protocol.book.money import Amount
from protocol.book.signed import Id16, Signed, Time
from protocol.practices.money.payments.entries import PAYEE_ADDRESS_CHARS_MAX
from protocol.wire.shape import AtMost

CONSENTED_REQUESTS_MAX = 40
"""So many ids go into what a member signs, beside the rest."""


@dataclass(frozen=True, slots=True)
class GiveConsent:
    """Let what you owe be set off against what you are owed, and your balance fall for it as far as you say.

    It takes the place of your consent before in this currency.
    """

    not_after: Annotated[Time, Moment, Doc("until when")]
    account: Annotated[
        str | None,
        AtMost(PAYEE_ADDRESS_CHARS_MAX),
        Ref("accounts"),
        Doc("whose account; default: your own. A signed wish names it by id"),
    ] = None
    currency: Annotated[str | None, AtMost(64), Doc("in which currency, if there are several accounts")] = None
    requests: Annotated[
        tuple[Annotated[Id16, Uuid], ...],
        AtMost(CONSENTED_REQUESTS_MAX),
        Doc("which payment requests you owe and let be set off; default: none"),
    ] = ()
    draw: Annotated[Amount | None, Doc("how far the balance may fall for it in all; default: not at all")] = None
    consent: Annotated[Id16 | None, Uuid, OwnId, Doc("a UUID of your own for the consent")] = None


@dataclass(frozen=True, slots=True)
class Consented:
    """What an account owes may be set off: by signed consent, or by word of mouth (custodial)."""

    KIND: ClassVar[str] = "obligations/consented"
    OPERATION: ClassVar[str] = "set-off-consents.create"
    WISH: ClassVar[type[GiveConsent]] = GiveConsent
    signed: Signed | None
    word: GiveConsent | None


@dataclass(frozen=True, slots=True)
class ConsentRevoked:
    """A consent is taken back."""

    KIND: ClassVar[str] = "obligations/revoked"
    consent: Id16
