# SPDX-License-Identifier: AGPL-3.0-or-later
"""The first words between two nodes: for whom each speaks, and by which key events it proves that."""

from collections.abc import Callable

from protocol.book.declaration import Desk, Plan, Slot
from protocol.events import Forget, Store
from protocol.lanes.entry import IDENTITY, EntryFault, parse
from protocol.lanes.growing import recovery_of
from protocol.peers.home import Home
from protocol.peers.messages import Entries, Hello, NodeRole, PeerFault, Wanted
from protocol.peers.news import PartnerMet
from protocol.peers.sessions import Session
from protocol.peers.taking import parsed
from protocol.wire.codec import CodecFault

ADMITS: Slot[Callable[[Desk, bytes, bytes | None], Plan | None]] = Slot(
    "lets the node with a transport key, and the code that it shows, in as a replica of ours: returns what is written"
)


class Greeting:
    """What one node says first, and whom it lets in."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.identity: list[bytes] = []
        """Our own key events, in order."""
        self._let_in: dict[str, tuple[bytes, bytes | None]] = {}
        """Replicas that were let in while nothing was signed: by peer, libp2p key and the code that each has shown."""

    def note(self, told: Store | Forget) -> None:
        """Know a key event of our own that is stored, or dropped."""
        network = self.home.network
        match told:
            case Forget(of, lane, after) if (of, lane) == (network, IDENTITY):
                del self.identity[after + 1 :]
            case Store(entry) if (entry.network, entry.header.lane) == (network, IDENTITY):
                if self.home.journal.directory.networks[network].identity.has(entry):
                    self.identity.append(entry.wire)
            case _:
                pass

    def greet(self, peer: str, transport: bytes, *, chosen: bool) -> None:
        """Say who we are to a peer that is connected, by our own choice or by its."""
        session = Session(peer, transport, self.home.now, chosen)
        self.home.out += self.home.gossip.sessions.greet(session, self.identity)

    def hear(self, session: Session, hello: Hello) -> None:
        """Let a peer in that shows for whom it speaks; raises PeerFault where it does not."""
        home, gossip = self.home, self.home.gossip
        if home.keyring is not None and hello.network == home.network and self._shows_loss(hello):
            home.standing.fall_back()
        asked = gossip.taking.hear_identity(session, hello, home.calendar)
        home.out += asked
        session.hello = hello if asked else None
        home.standing.mind_succession()
        if hello.role is NodeRole.HOME:
            known = home.journal.directory.networks.get(hello.network)
            if known is not None and self._claims_home(session, hello):
                # It may have slept through it: it shall hear that it is not the home, and stays a stranger.
                home.out += gossip.compare.show_rotation(session, hello.network)
                return
            if known is None or known.identity.transport != session.transport:
                if session.hello is None:
                    raise PeerFault("a node that its network has not certified")
                return  # What goes before its newest key events is on its way.
        elif not self._lets_in(session, hello):
            raise PeerFault("a replica that nobody invited")
        session.hello = None
        gossip.sessions.admit(session, hello.network, hello.role)
        session.knows = hello.knows or ()
        if hello.role is NodeRole.HOME and home.keyring is not None:
            home.hear(PartnerMet(session, hello.network))

    def hear_more(self, session: Session, message: object) -> None:
        """Hear the rest of the key events of a peer whose hello could not hold all; nothing else of it counts yet.

        Raises PeerFault.
        """
        gossip, hello = self.home.gossip, session.hello
        assert hello is not None, "it has said hello"
        match message:
            case Hello():
                raise PeerFault("hello is said once")
            case Entries():
                entries = [parsed(wire) for wire in message.entries]
                its = [one for one in entries if (one.network, one.header.lane) == (hello.network, IDENTITY)]
                if its:
                    self.home.out += gossip.taking.hear_entries(session, its, self.home.calendar, speaks=True)
                    self.hear(session, hello)
            case Wanted(ranges):
                gossip.sessions.count(session, self.home.now)
                ours = tuple(one for one in ranges if (one.network, one.lane) == (self.home.network, IDENTITY))
                self.home.out += gossip.compare.hear_wanted(session, Wanted(ours))
            case _:
                gossip.sessions.count(session, self.home.now)

    def _shows_loss(self, hello: Hello) -> bool:
        """Tell whether a node of our own network knows of a key event that we have signed and lost."""
        try:
            return any(self.home.standing.has_lost(parse(wire)) for wire in hello.identity)
        except (CodecFault, EntryFault) as fault:
            raise PeerFault(str(fault)) from fault

    def _claims_home(self, session: Session, hello: Hello) -> bool:
        """Tell whether a peer was its network's home once, or is it by a recovery that does not count, or not yet."""
        identity = self.home.journal.directory.networks[hello.network].identity
        if identity.transport == session.transport:
            return False
        try:
            recovered = any(recovery_of(parse(wire)) is not None for wire in hello.identity)
        except (CodecFault, EntryFault) as fault:
            raise PeerFault(str(fault)) from fault
        return recovered or identity.had_home(session.transport)

    def _lets_in(self, session: Session, hello: Hello) -> bool:
        home = self.home
        if hello.network != home.network:
            return False
        for admits in home.book.fillings(ADMITS):
            plan = admits(home.desk(), session.transport, hello.invitation)
            if plan is not None:
                home.carry_out(plan)
                if home.standing.silent is not None and home.keyring is not None:
                    self._let_in[session.peer] = session.transport, hello.invitation
                return True
        return False

    def write_down(self) -> None:
        """Write who was let in while nothing was signed, and is here still."""
        home, let_in, self._let_in = self.home, self._let_in, {}
        for peer, (transport, code) in let_in.items():
            if peer in home.gossip.sessions.by_peer:
                plans = (admits(home.desk(), transport, code) for admits in home.book.fillings(ADMITS))
                for plan in plans:
                    if plan is not None:
                        home.carry_out(plan)
