# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Federation routes of a site, the legacy path that moved users keep, and the partners that servers see.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._engine.calls import UNKNOWN, Change, Cmdlet, Effect, Evidence, Irreversible, Query
from .._engine.coexistence import EDGE_VERSION
from .._engine.collections import ORGANISATION
from .._engine.errors import InvalidInput, NotReady
from .._engine.module import Report, Task
from .._engine.session import quietly
from .._settings.names import domain, fqdn, site_name
from .._settings.names import shown as quoted
from .._users.reading import PROPERTIES, check_fqdns, homes, name, named, sample
from .._xmpp.partner import from_row
from .store_location import read_estate, unseen

Row = Mapping[str, Any]

OCS = "ocs_2007_r2"
_NOT_READ = (
    "No cmdlet reads the Allow list of an Edge of Office Communications Server: that {edge} has {partners} with the gateway "
    "{gateway} there, and the new servers on its Internal tab, is seen only by the pilot users."
)

#: option -> property of Get-CsSite = parameter of Set-CsSite
ROUTES = {"sip_edge_fqdn": "FederationRoute", "xmpp_edge_fqdn": "XmppFederationRoute"}


def checked(check: Callable[[str], str], option: str, value: str) -> str:
    try:
        return check(value)
    except ValueError as exc:
        raise InvalidInput(f"{option}: {exc}") from exc


def service(edge_fqdn: str) -> str:
    return f"EdgeServer:{edge_fqdn}"


def edge_of(route: object) -> str:
    """The Edge pool of a route as Get-CsSite shows it (`EdgeServer:fqdn`); empty where there is none."""
    return str(route or "").partition(":")[2].lower()


def read_site(task: Task, site: str) -> Row:
    identity = f"Site:{checked(site_name, 'site', site)}"
    rows = read_estate(task.session, Query("site", identity))[0]
    if not rows:
        raise InvalidInput(f"There is no site {site}: name a site of the published topology.")
    return rows[0]


def shown(row: Row) -> dict[str, Any]:
    return {
        "identity": row.get("Identity"),
        "federation_route": row.get("FederationRoute") or None,
        "xmpp_federation_route": row.get("XmppFederationRoute") or None,
    }


def set_routes(task: Task) -> Report:
    """Lead the routes of a site to the Edge pools that are asked for, in one call."""
    kept = {checked(fqdn, "keep_routes_to", one) for one in task.params["keep_routes_to"]}
    read = read_site(task, task.params["site"])
    # a dry run on hosts without cmdlets does not know the routes that there are
    unknown = {prop for prop in ROUTES.values() if read.get(prop) is UNKNOWN}
    before = {prop: None if value is UNKNOWN else value for prop, value in read.items()}
    wanted: dict[str, str] = {}
    for option, prop in ROUTES.items():
        if task.params[option] is None:
            continue
        edge, now = checked(fqdn, option, task.params[option]), edge_of(before.get(prop))
        if now != edge and not (option == "sip_edge_fqdn" and now in kept):
            wanted[prop] = service(edge)
    if not wanted:
        return Report(changed=False, value={"site": shown(before)}, before=shown(before), after=shown(before))
    known = {str(row["Identity"]).lower(): row for row in read_estate(task.session, Query("edge_server"))[0]}
    missing = [route for route in wanted.values() if route.lower() not in known]
    if missing:
        raise NotReady(
            f"The published topology has no {', '.join(missing)}: publish the Edge pool before a route leads to it."
        )
    identity = str(before["Identity"])
    bare = identity.partition(":")[2]
    previous = {prop: str(before[prop]) for prop in wanted if before.get(prop)}
    change = Change(
        # On input Set-CsSite wants the bare name of the site; it reads back with its scope.
        Cmdlet("Set-CsSite", {"Identity": bare, **wanted, "Confirm": False}),
        object=f"site {bare}",
        effects=(Effect("site", ORGANISATION, identity, wanted),),
        before={**before, EDGE_VERSION: known[wanted[ROUTES["xmpp_edge_fqdn"]].lower()].get("Version")}
        if ROUTES["xmpp_edge_fqdn"] in wanted
        else dict(before),
        undo=(Cmdlet("Set-CsSite", {"Identity": bare, **previous, "Confirm": False}),)
        if len(previous) == len(wanted)
        else Irreversible(
            "No published parameter of Set-CsSite clears a federation route: clear it in Topology Builder and publish."
        ),
        override=bare if task.params["leave_legacy_edge"] else None,
        conditional=bool(unknown & set(wanted)),
    )
    task.session.change(change)
    after = {**before, **wanted} if task.check_mode else read_site(task, bare)
    task.verify(f"site {bare}", wanted, after)
    return Report(changed=True, value={"site": shown(after)}, before=shown(before), after=shown(after))


def see_legacy_path(task: Task) -> Report:
    """See that users who were moved, or will be, reach the XMPP partners through the legacy Edge and gateway."""
    params = task.params
    check_fqdns(params, "pools", "branch_pools")
    rows = read_estate(task.session, Query("user", properties=PROPERTIES))[0]
    not_listed = unseen(task.session, rows)
    if not not_listed and not homes(rows, params["pools"], params["branch_pools"]).elsewhere:
        return Report(changed=False, value={"needed": False, "tested": []})
    legacy = checked(fqdn, "edge_fqdn", params["edge_fqdn"])
    edge = checked(fqdn, "route_edge_fqdn", params["route_edge_fqdn"]) if params["route_edge_fqdn"] else legacy
    partners = [checked(domain, "partner_domains", one) for one in params["partner_domains"]]
    ocs = params["source"] == OCS
    problems = [
        *(_merge_problems(task, legacy) if ocs else ()),
        *_route_problems(task, legacy, edge),
        *(() if ocs else _allowed_domain_problems(task, partners)),
        *_partner_problems(task),
    ]
    if problems:
        raise NotReady("Users are not moved, because they would lose XMPP: " + " ".join(problems))
    if ocs and not params["pilot_users"]:
        task.warn(_NOT_READ.format(edge=legacy, gateway=params["gateway_fqdn"], partners=", ".join(partners)))
    evidence = [
        Evidence("no_partner", ORGANISATION),
        Evidence("legacy_route", ORGANISATION, value={"edge": edge, "partners": partners}),
    ]
    tested: list[str] = []
    if params["pilot_users"]:
        pilots = [] if not_listed else named(rows, params["pilot_users"])
        here = homes(pilots, params["pools"]).here
        behind = [row for row in pilots if row not in here]
        if behind:
            raise NotReady(
                f"Pilot users are not homed on {', '.join(params['pools'])}, or not enabled: {sample(behind)}. Move them first "
                "(user_move with pilot: true)."
            )
        if params["proof"] == "test" and not task.check_mode:
            tested = _test(task, edge, partners)
        value = {"proof": params["proof"], "pilots": [name(row) for row in pilots]}
        evidence.append(Evidence("pilot_reached_partner", ORGANISATION, value=value))
    return Report(changed=False, value={"needed": True, "tested": tested}, evidence=evidence)


def _merge_problems(task: Task, legacy: str) -> list[str]:
    """An Edge of Office Communications Server is known to the topology only after the merge."""
    known = {str(row.get("PoolFqdn") or "").lower() for row in read_estate(task.session, Query("edge_server"))[0]}
    if legacy in known:
        return []
    return [
        f"The published topology has no Edge {legacy}: merge Office Communications Server into it with that Edge "
        "(legacy_topology)."
    ]


def _route_problems(task: Task, legacy: str, edge: str) -> list[str]:
    problems = []
    wanted = f"the legacy Edge {legacy}" if edge == legacy else f"the Edge {edge} that it was moved to"
    route = edge_of(read_site(task, task.params["site"]).get("FederationRoute"))
    if route != edge:
        problems.append(
            f"The SIP federation route of site {task.params['site']} leads to {route or 'no Edge'}, not to {wanted}."
        )
    registrars = {
        str(row.get("PoolFqdn") or "").lower(): row for row in read_estate(task.session, Query("registrar"))[0]
    }
    for pool in task.params["pools"]:
        row = registrars.get(pool.lower())
        if row is None:
            problems.append(f"The published topology has no Registrar on {pool}.")
        elif edge_of(row.get("EdgeServer")) not in (legacy, edge):
            problems.append(
                f"The pool {pool} is associated with {edge_of(row.get('EdgeServer')) or 'no Edge'}, not with {wanted}."
            )
    return problems


def _allowed_domain_problems(task: Task, partners: Sequence[str]) -> list[str]:
    gateway = checked(fqdn, "gateway_fqdn", task.params["gateway_fqdn"])
    allowed = {
        str(row.get("Domain") or "").lower(): row for row in read_estate(task.session, Query("allowed_domain"))[0]
    }
    problems = []
    for partner in partners:
        row = allowed.get(partner)
        if row is None:
            problems.append(
                f"The partner {partner} is not an allowed domain, so nothing leads to it through the gateway {gateway}."
            )
        elif str(row.get("ProxyFqdn") or "").lower() != gateway:
            problems.append(
                f"The allowed domain {partner} has the proxy {row.get('ProxyFqdn') or '(none)'}, not the gateway {gateway}."
            )
    return problems


def _partner_problems(task: Task) -> list[str]:
    partners = [str(row["Identity"]) for row in read_estate(task.session, "xmpp_partner")[0]]
    if not partners:
        return []
    return [
        f"Lync Server 2013 has the XMPP partners {', '.join(partners)} already, so users who are moved leave the legacy "
        "gateway at once, and those who are not yet moved cannot reach them: remove the partners first (xmpp_partner with "
        "state: absent)."
    ]


def _test(task: Task, edge: str, partners: Sequence[str]) -> list[str]:
    """Every partner is tried, so that one that fails does not hide the others."""
    calls = [
        Cmdlet("Test-CsFederatedPartner", {"TargetFqdn": edge, "Domain": one}, properties=("Result",))
        for one in partners
    ]
    failed = []
    for partner, answer in zip(partners, task.session.call(*calls, seconds=60 * len(calls)), strict=True):
        results = [str(row.get("Result")) for row in answer["rows"]]
        if results != ["Success"]:
            said = results + [one.shown() for one in answer["errors"][:2]]
            failed.append(f"{partner} ({'; '.join(said) or 'no result'})")
    if failed:
        raise NotReady(
            f"Test-CsFederatedPartner through the Edge {edge} did not reach {', '.join(failed)}: no more users are "
            "moved. See to the gateway, or say proof: declared after a pilot user has exchanged messages with each partner."
        )
    return list(partners)


def see_partners(task: Task) -> Report:
    """The partners as the store, or the server's own replica of it, has them."""
    local = task.params["local_store"]
    expected = {checked(domain, "expect", one) for one in task.params["expect"]}
    replicas = _replicas(task)

    where = f"the local store of {task.context.host}" if local else "the Central Management store"

    def read() -> tuple[list[dict[str, Any]]] | None:
        # A dry run may ask a server whose local store is only planned: what is planned for the organisation is there.
        (rows,) = quietly(task.session, "local_xmpp_partner" if local else "xmpp_partner")
        return (rows,) if expected <= {str(row["Identity"]).lower() for row in rows} else None

    found = task.session.wait(
        read, task.params["wait_seconds"], 2, f"That {where} has the XMPP partners {', '.join(sorted(expected))}"
    )
    if found is None:
        raise NotReady(
            f"It is not planned that {where} gets the XMPP partners {', '.join(sorted(expected))}: run the whole playbook in check mode."
        )
    evidence = [Evidence("partner_seen", task.context.host, value=sorted(expected))] if local and expected else []
    if task.params["member"] and expected:
        evidence = [_through_replicas(task, replicas, sorted(expected))]
    return Report(changed=False, value={"partners": [from_row(row) for row in found[0]]}, evidence=evidence)


def _replicas(task: Task) -> list[str]:
    """FQDNs of the member's replicas, where one is named."""
    member, replicas = task.params["member"], [checked(fqdn, "replicas", one) for one in task.params["replicas"]]
    if member and member not in task.context.members("lync_2013_front_ends", "lync_2013_edges"):
        raise InvalidInput(f"member is {quoted(member)}, which is no Front End and no Edge of the inventory.")
    if member and not replicas:
        raise InvalidInput(f"replicas is empty: name the FQDNs of {member}.")
    return replicas


def _through_replicas(task: Task, replicas: Sequence[str], expected: Sequence[str]) -> Evidence:
    """That a server which no session reaches has the partners: its replicas have all that the store had when they were last
    pushed, and that was after the last change of a partner."""
    from .._engine.facts import MISSING, STALE  # the journal's reader is not needed where the server is asked itself

    member = task.params["member"]
    if task.facts.finding("replicated", member, ("xmpp_partner",)).status in (MISSING, STALE):
        raise NotReady(
            f"Since the XMPP partners were last changed the replicas of {member} ({', '.join(replicas)}) were not seen up to date, so "
            "whether it has them is not known: run store_replication with this member first."
        )
    (rows,) = quietly(task.session, "replica")
    current = {str(row.get("ReplicaFqdn")).casefold() for row in rows if row.get("UpToDate") is True}
    late = [one for one in replicas if one.casefold() not in current]
    if late:
        raise NotReady(f"The replica of {', '.join(late)} is not up to date any more: run store_replication again.")
    return Evidence("partner_seen", member, value={"partners": list(expected), "by": "replica", "seen": list(replicas)})
