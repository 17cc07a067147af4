"""What the pages on networks and runway show: the engine's answers in rows. No queries here."""

from dataclasses import dataclass

from partners.scoring.network_types import Member, Network, Proposal, Shape
from partners.scoring.runway import Runway, RunwayRow
from partners.scoring.types import Group, PartnerResult, RuleResult

SHAPES = {
    Shape.SITE: "One site",
    Shape.PARTNER: "Sites of one partner",
    Shape.NETWORK: "Several partners",
}


@dataclass(frozen=True)
class NetworkRow:
    """One proposed network; `members` grouped by site in the order of the needs."""

    network: Network
    shape: str
    members: list[tuple[str, str, str, list[Member]]]  # partner, slug, site, parts

    @property
    def open_musts(self) -> list[tuple[str, str]]:
        """(site, must) pairs that nobody has verified yet."""
        pairs = ((m.site, rule.label) for m in self.network.members for rule in m.open_musts)
        return list(dict.fromkeys(pairs))


def network_rows(proposal: Proposal) -> list[NetworkRow]:
    rows = []
    for network in proposal.networks:
        by_site: dict[int, list[Member]] = {}
        for member in network.members:
            by_site.setdefault(member.site_id, []).append(member)
        grouped = [(g[0].partner, g[0].slug, g[0].site, g) for g in by_site.values()]
        rows.append(NetworkRow(network, SHAPES[network.shape], grouped))
    return rows


@dataclass(frozen=True)
class RunwayLine:
    """One partner's line; places in words."""

    row: RunwayRow
    now: str
    later: str

    @property
    def let_pass(self) -> list[RuleResult]:
        return let_pass(self.row)


def let_pass(row: RunwayRow) -> list[RuleResult]:
    """The failed musts that were let pass now or would be at the next stage, each once."""
    found = {rule.need_id: rule for rule in (*row.later.overridden, *row.now.overridden)}
    return list(found.values())


def runway_rows(found: Runway, group: Group = Group.RANKED) -> list[RunwayLine]:
    """One group's partners in today's order; a knocked-out one has no runway."""
    return [RunwayLine(r, place(r.now), place(r.later)) for r in found.rows if r.now.group is group]


def place(result: PartnerResult) -> str:
    if result.rank is not None:
        return f"rank {result.rank}"
    return "knocked out" if result.group is Group.KNOCKED_OUT else "insufficient data"
