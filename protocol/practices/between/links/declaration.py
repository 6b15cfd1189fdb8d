# SPDX-License-Identifier: AGPL-3.0-or-later
"""Links as a practice: the wishes, what is shown, and what is heard of partners."""

from protocol.book.book import CALLED_ABROAD
from protocol.book.declaration import STEWARDS, Act, Create, List, Practice, Show
from protocol.practices.between.links.entries import LinkRecord
from protocol.practices.between.links.offering import OFFER_DECLINED, OFFER_EXPIRED, DeclineLink
from protocol.practices.between.links.records import check, fold
from protocol.practices.between.links.refusals import LINK_REFUSALS
from protocol.practices.between.links.talk import FILLS
from protocol.practices.between.links.terms import (
    plan_accept,
    plan_cap,
    plan_close,
    plan_decline_link,
    plan_freeze,
    plan_give_back,
    plan_propose,
    plan_raise,
    plan_set_rate,
    plan_sign,
)
from protocol.practices.between.links.views import LinkShown, list_links, partner_called, show_link
from protocol.practices.between.links.wishes import (
    AcceptLink,
    CapLink,
    CloseLink,
    FreezeLink,
    GiveBackLink,
    LinksWanted,
    ProposeLink,
    RaiseLink,
    SetLinkRate,
    SignGrant,
)

PRACTICE = Practice(
    name="links",
    entries=(LinkRecord,),
    check=check,
    fold=fold,
    operations=(
        Create("links", ProposeLink, plan=plan_propose, who=STEWARDS,
               example="mutirao links create --partner serra --limit 500 --currency HORA"),
        Act("links", "accept", AcceptLink, plan=plan_accept, who=STEWARDS,
            example="mutirao links accept LINK --limit 500 --currency FLOR --rate 1.5"),
        Act("links", "decline", DeclineLink, plan=plan_decline_link, who=STEWARDS,
            example="mutirao links decline LINK"),
        Act("links", "raise", RaiseLink, plan=plan_raise, who=STEWARDS,
            example="mutirao links raise LINK --limit 800"),
        Act("links", "sign", SignGrant, plan=plan_sign, who=STEWARDS,
            example="mutirao links sign LINK --granted 5000 --signature signed-1 --signature signed-2"),
        Act("links", "give-back", GiveBackLink, plan=plan_give_back, who=STEWARDS,
            example="mutirao links give-back LINK --amount 100"),
        Act("links", "set-rate", SetLinkRate, plan=plan_set_rate, who=STEWARDS,
            example="mutirao links set-rate LINK --rate 1.4"),
        Act("links", "cap", CapLink, plan=plan_cap, who=STEWARDS,
            example="mutirao links cap LINK --holds-percent 100"),
        Act("links", "freeze", FreezeLink, plan=plan_freeze, who=STEWARDS,
            example="mutirao links freeze LINK"),
        Act("links", "close", CloseLink, plan=plan_close, who=STEWARDS,
            example="mutirao links close LINK"),
        Show("links", LinkShown, view=show_link, id_is="the link's id, or its partner's handle where there is one link",
             example="mutirao links show serra"),
        List("links", LinksWanted, LinkShown, view=list_links),
    ),
    fills=(*FILLS, CALLED_ABROAD.by(partner_called)),
    refusals=(*LINK_REFUSALS, OFFER_DECLINED, OFFER_EXPIRED),
)  # fmt: skip
