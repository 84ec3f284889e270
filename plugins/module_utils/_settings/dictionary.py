# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dictionary lync_migration, validated as a whole before anything is read from a server.

All problems are found at once, each is one sentence: which object, what is wanted, what was found, what to do.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._engine.errors import InvalidInput
from .._xmpp.negotiation import REQUIRED, check_triple
from .keys import SCHEMA
from .names import same
from .schema import Problems

ROOT = "lync_migration"

#: What the whole migration needs; a role that is used alone needs less.
NEEDED = (
    "name", "source", "pool", "edge", "legacy", "sip_domains", "topology_source", "partners", "users", "access_policy", "certificates", "dns",
)  # fmt: skip


class InvalidSettings(InvalidInput):
    """`problems` lists all that is wrong."""

    kind = "invalid_settings"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = f"{len(problems)} problems" if len(problems) != 1 else "one problem"
        super().__init__(f"{ROOT} and the inventory have {count}; nothing was changed. " + " ".join(self.problems))

    def facts(self) -> dict[str, Any]:
        return {"problems": list(self.problems)}

    @classmethod
    def rebuild(cls, data: Mapping[str, Any]) -> InvalidSettings:
        problems = data.get("problems")
        return cls([str(one) for one in problems] if isinstance(problems, list) else [str(data.get("text", ""))])


@dataclass(frozen=True)
class Checked:
    settings: Mapping[str, Any]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def check(settings: object, needed: Iterable[str] = NEEDED) -> Checked:
    """The settings in the form that is compared, with every problem and every warning."""
    problems = Problems()
    clean = SCHEMA(ROOT, settings, problems)
    if isinstance(settings, Mapping):
        for key in needed:
            if key not in settings and key != "name":
                problems.add(ROOT, f"The key {key!r} is wanted by this playbook, but is missing.")
    warnings: list[str] = []
    _servers(clean, problems)
    _sources(clean, problems)
    _partners(clean, problems, warnings)
    _people(clean, problems)
    _rest(clean, problems)
    _dns(clean, problems)
    return Checked(clean, tuple(problems.sentences), tuple(warnings))


def check_groups(required: Iterable[str], groups: Mapping[str, Sequence[str]]) -> list[str]:
    """Groups that a playbook needs and that have no member: an empty group would be a skipped play."""
    return [
        f"The inventory group {group} has no member, so its plays would be skipped without a word: put the hosts of "
        "that kind into it."
        for group in required
        if not groups.get(group)
    ]


def _get(settings: Mapping[str, Any], *path: str) -> Any:
    value: Any = settings
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _servers(settings: Mapping[str, Any], problems: Problems) -> None:
    computers = (("pool", "fqdn"), ("edge", "fqdn"), ("legacy", "pool_fqdn"), ("legacy", "edge_fqdn"),
                 ("legacy", "gateway_fqdn"))  # fmt: skip
    known: dict[str, str] = {}
    for path in computers:
        value = _get(settings, *path)
        where = ".".join(path)
        if value and value in known:
            problems.add(f"{ROOT}.{where}", f"{value} is the FQDN of {known[value]} already: side by side means two.")
        elif value:
            known[value] = where
    for key in ("access_fqdn", "web_conferencing_fqdn", "av_fqdn"):
        value = _get(settings, "edge", key)
        if value and value in known:
            problems.add(f"{ROOT}.edge.{key}", f"{value} is the FQDN of {known[value]}: an external name is wanted.")
    edge = settings.get("edge") or {}
    if edge.get("machines") and (edge.get("internal_address") or edge.get("external_address")):
        problems.add(
            f"{ROOT}.edge", "machines has the addresses, so internal_address and external_address are too much."
        )
    elif edge and not edge.get("machines") and not (edge.get("internal_address") and edge.get("external_address")):
        problems.add(f"{ROOT}.edge", "internal_address and external_address are wanted (or machines), but are missing.")
    for where, machine in (
        ("edge", edge),
        *((f"edge.machines[{i}]", m) for i, m in enumerate(edge.get("machines") or ())),
    ):
        inside, outside = machine.get("internal_address"), machine.get("external_address")
        if inside and inside == outside:
            problems.add(f"{ROOT}.{where}", f"{inside} is both the internal and the external address: an Edge has two.")
    _pool(settings, known, problems)
    _edge_pool(edge, known, problems)
    _topology(settings, problems)


def _topology(settings: Mapping[str, Any], problems: Problems) -> None:
    declared = settings.get("topology_source") == "declared" and settings.get("source") == "lync_2010"
    if declared and "simple_urls_dropped" not in (settings.get("topology_accepts") or ()):
        problems.add(
            f"{ROOT}.topology_accepts",
            "A declared topology on a store of Lync Server 2010 drops the simple URLs of the whole organisation until the "
            "same task has put them back: accept that with [simple_urls_dropped], or set topology_source to builder.",
        )


def _pool(settings: Mapping[str, Any], known: Mapping[str, str], problems: Problems) -> None:
    pool = settings.get("pool") or {}
    own = ("machines", "sql", "file_store")
    if pool.get("kind") == "enterprise":
        for key in own:
            if not pool.get(key):
                problems.add(f"{ROOT}.pool", f"An Enterprise pool wants {key}, but it is missing.")
        if not pool.get("internal_web_fqdn"):
            problems.add(
                f"{ROOT}.pool",
                "An Enterprise pool wants internal_web_fqdn, the name under which the load balancer answers, but it is missing.",
            )
    elif pool.get("kind") == "standard":
        for key in own:
            if pool.get(key):
                problems.add(
                    f"{ROOT}.pool.{key}",
                    "A Standard Edition pool is one server with its own SQL Server and share: take it out.",
                )
    for index, machine in enumerate(pool.get("machines") or ()):
        _other_computer(f"{ROOT}.pool.machines[{index}]", machine.get("fqdn"), known, problems)
    store = _get(settings, "pool", "sql", "server_fqdn")
    if store and store in known:
        problems.add(
            f"{ROOT}.pool.sql.server_fqdn",
            f"{store} is the FQDN of {known[store]} already: the databases are on a server of their own.",
        )


def _edge_pool(edge: Mapping[str, Any], known: Mapping[str, str], problems: Problems) -> None:
    machines = edge.get("machines") or ()
    for index, machine in enumerate(machines):
        name = machine.get("fqdn")
        if len(machines) == 1 and name == edge.get("fqdn"):
            continue
        _other_computer(f"{ROOT}.edge.machines[{index}]", name, known, problems)


def _other_computer(where: str, name: Any, known: Mapping[str, str], problems: Problems) -> None:
    if name and name in known:
        problems.add(where, f"{name} is the FQDN of {known[name]} already: a machine of a pool has a name of its own.")


def _sources(settings: Mapping[str, Any], problems: Problems) -> None:
    """What only one of the two sources has."""
    source, ocs = settings.get("source"), settings.get("ocs")
    if source == "ocs_2007_r2" and not ocs:
        problems.add(
            ROOT,
            "The key 'ocs' is wanted for the source ocs_2007_r2: its Edge Servers are not in Active Directory, so the merge of the "
            "topology has to be told of them.",
        )
    if source == "lync_2010" and ocs:
        problems.add(f"{ROOT}.ocs", "It is for the source ocs_2007_r2, and the source is lync_2010: take it out.")


def _partners(settings: Mapping[str, Any], problems: Problems, warnings: list[str]) -> None:
    own = set(settings.get("sip_domains") or ())
    for one in settings.get("xmpp_domains") or ():
        if own and one not in own:
            problems.add(f"{ROOT}.xmpp_domains", f"{one} is not among sip_domains: only own SIP domains have users.")
    seen: dict[str, int] = {}
    for index, partner in enumerate(settings.get("partners") or ()):
        where = f"{ROOT}.partners[{index}]"
        if partner.get("domain"):
            where += f" ({partner['domain']})"
        for one in (partner.get("domain"), *(partner.get("additional_domains") or ())):
            if not one:
                continue
            if one in own:
                problems.add(where, f"{one} is an own SIP domain, and a partner is somebody else: take it out of one.")
            if one in seen:
                problems.add(where, f"{one} stands in partners[{seen[one]}] already: name each domain once.")
            seen.setdefault(one, index)
        _negotiation(where, partner, problems, warnings)
    for one in settings.get("partners_dropped") or ():
        if one in seen:
            problems.add(f"{ROOT}.partners_dropped", f"{one} stands in partners[{seen[one]}] too: take it out of one.")
    known = {*seen, *(settings.get("partners_dropped") or ())}
    for one in _get(settings, "legacy", "gateway_allow_list") or ():
        if seen and one not in known:
            problems.add(
                f"{ROOT}.legacy.gateway_allow_list",
                f"{one} is no domain of a partner, so it would be lost at the cutover: add it to partners, or accept that by name in partners_dropped.",
            )
    for one in _get(settings, "legacy", "entries_retired_in_window") or ():
        if seen and one not in seen:
            problems.add(
                f"{ROOT}.legacy.entries_retired_in_window",
                f"{one} is no domain of a partner: only their entries are retired.",
            )


def _negotiation(where: str, partner: Mapping[str, Any], problems: Problems, warnings: list[str]) -> None:
    keys = ("tls_negotiation", "sasl_negotiation", "support_dialback_negotiation")
    if any(partner.get(key, True) is None for key in keys):
        return  # said already
    # what is left out takes the cmdlet's default
    tls, sasl, dialback = (
        partner.get(key, default) for key, default in zip(keys, (REQUIRED, REQUIRED, True), strict=True)
    )
    verdict = check_triple(tls, sasl, dialback)
    found = f"tls_negotiation {tls}, sasl_negotiation {sasl}, support_dialback_negotiation {str(dialback).lower()}"
    if not verdict.valid:
        problems.add(where, f"{found} is not a valid combination: {verdict.reason}")
    warnings += [f"{where}: {found}. {warning}" for warning in verdict.warnings]
    if partner.get("partner_type") == "PublicVerified":
        warnings.append(f"{where}: Microsoft does not recommend the partner type PublicVerified.")


def _people(settings: Mapping[str, Any], problems: Problems) -> None:
    own = settings.get("sip_domains") or ()
    lists = (
        ("users", "pilot"),
        ("users", "first_users"),
        ("access_policy", "grant_to"),
        ("access_policy", "accepted_losses"),
    )
    for path in lists:
        value = _get(settings, *path)
        for one in value if isinstance(value, list) else ():
            if own and one.partition("@")[2] not in own:
                problems.add(
                    f"{ROOT}.{'.'.join(path)}", f"{one} is in none of sip_domains: only own users are named here."
                )
    if _get(settings, "users", "wait_for_hours") and not _get(settings, "users", "hours"):
        problems.add(
            f"{ROOT}.users.wait_for_hours", "There is nothing to wait for without users.hours: set both, or none."
        )
    identity, grant = _get(settings, "access_policy", "identity"), _get(settings, "access_policy", "grant_to")
    if identity and grant and not identity.startswith("tag:"):
        problems.add(
            f"{ROOT}.access_policy.grant_to",
            f"{identity} applies by itself and is granted to nobody: leave grant_to out, or name a policy for users.",
        )
    copied = _get(settings, "access_policy", "copy_from")
    if identity and same(identity, copied):
        problems.add(f"{ROOT}.access_policy.copy_from", f"{copied} is the policy itself: name another one.")
    _policies(settings.get("access_policy"), problems)


def _policies(policy: Any, problems: Problems) -> None:
    """One policy for all, or one for each that users have."""
    if not isinstance(policy, Mapping):
        return
    where, one, each = f"{ROOT}.access_policy", policy.get("identity"), policy.get("copies") or policy.get("copy_name")
    if not one and not each:
        problems.add(where, "Either identity is wanted, or copies and copy_name: say which policy users get for XMPP.")
    if each and (one or policy.get("copy_from")):
        problems.add(
            where,
            "identity and copy_from make one policy for all, copies and copy_name one for each: leave one of them out.",
        )
    if "copy_name" in policy and str(policy["copy_name"]).count("{name}") != 1:
        problems.add(f"{where}.copy_name", "A text with {name} in it is wanted, for example '{name} XMPP'.")


def _rest(settings: Mapping[str, Any], problems: Problems) -> None:
    certificates = settings.get("certificates") or {}
    for key, one in certificates.items():
        if key != "authority" and isinstance(one, Mapping):
            _certificate(f"{ROOT}.certificates.{key}", one, certificates.get("authority"), problems)


#: What each source of a certificate takes, and what it cannot do without.
_TAKES = {
    "private_ca": {"authority"}, "online_ca": {"ca", "template"}, "offline": {"directory", "chain"}, "pfx": {"file", "chain"},
    "legacy_edge": set(), "imported": set(),
}  # fmt: skip
_NEEDS = {"online_ca": ("ca", "HOST\\NAME of the authority"), "pfx": ("file", "the PFX file on the controller")}


def _certificate(where: str, one: Mapping[str, Any], authority: Any, problems: Problems) -> None:
    source = one.get("source") or ("private_ca" if one.get("authority") or authority else "imported")
    takes = _TAKES.get(str(source))
    if takes is None:
        return  # said already
    if source == "private_ca" and not one.get("authority") and not authority:
        problems.add(where, "private_ca wants certificate and key of the authority, here or in certificates.authority.")
    needed, what = _NEEDS.get(source, ("", ""))
    if needed and not one.get(needed):
        problems.add(where, f"{source} wants {needed}, {what}, but it is missing.")
    for name in sorted(set(one) - takes - {"source", "names"}):
        others = " or ".join(other for other, known in _TAKES.items() if name in known)
        problems.add(
            f"{where}.{name}",
            f"{name} is for {others}, and the source is {source}: leave it out, or choose another source.",
        )
    if source == "legacy_edge" and not where.endswith(".edge_external"):
        problems.add(
            where, "legacy_edge is for the external certificate of the Edge alone, where the Access Edge FQDN is kept."
        )


def _dns(settings: Mapping[str, Any], problems: Problems) -> None:
    dns = settings.get("dns") or {}
    method = dns.get("method", "rfc2136")
    if method != "microsoft" and dns and not dns.get("servers"):
        problems.add(f"{ROOT}.dns", f"{method} wants servers, the name servers of the zones, but has none.")
    if method == "microsoft" and not dns.get("server_host"):
        problems.add(f"{ROOT}.dns", "microsoft wants server_host, the inventory name of a DNS server, but has none.")
    for key, what in (("tsig_key_name", "a TSIG key"), ("gss_tsig", "GSS-TSIG")):
        if method != "rfc2136" and dns.get(key):
            problems.add(f"{ROOT}.dns.{key}", f"{what} is for rfc2136, and the method is {method}.")
    if dns.get("gss_tsig"):
        if not dns.get("kerberos_server_name"):
            problems.add(
                f"{ROOT}.dns", "gss_tsig wants kerberos_server_name, the full name of the first server, but has none."
            )
        if dns.get("tsig_key_name"):
            problems.add(f"{ROOT}.dns", "An update is signed by gss_tsig or with a TSIG key: give one of them.")
    if dns.get("kerberos_keytab") and (dns.get("kerberos_cache") or not dns.get("kerberos_principal")):
        problems.add(f"{ROOT}.dns.kerberos_keytab", "It wants kerberos_principal beside it, and no kerberos_cache.")
    window, final = dns.get("ttl_window"), dns.get("ttl_final")
    if window is not None and final is not None and window > final:
        problems.add(
            f"{ROOT}.dns", f"ttl_window {window} is longer than ttl_final {final}: the window wants the short one."
        )
