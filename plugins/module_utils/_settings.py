# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dictionary lync_migration, validated as a whole before anything is read from a server.

All problems are found at once, each is one sentence: which object, what is wanted, what was found, what to do.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._errors import InvalidInput
from ._names import (
    BadName,
    address,
    domain,
    fqdn,
    free_text,
    policy_identity,
    same,
    shown,
    sip_uri,
    site_name,
)
from ._negotiation import LEVELS, REQUIRED, check_triple
from ._schema import Either, Key, Problems, boolean, each, name, number, one_of, table, text

ROOT = "lync_migration"

#: What the whole migration needs; a role that is used alone needs less.
NEEDED = (
    "name", "source", "pool", "edge", "legacy", "sip_domains", "topology_source", "partners", "users", "access_policy", "certificates", "dns",
)  # fmt: skip

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


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


def _plain_name(value: object) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise BadName(
        f"A short name of letters, digits, '-' and '_' is wanted (a directory is called after it), but {shown(value)} "
        "is none."
    )


_file = text("A file on the controller")
_fqdn, _domain, _address, _sip = name(fqdn), name(domain), name(address), name(sip_uri)
_authority = {"certificate": Key(_file, True), "key": Key(_file, True), "days": Key(number(1, 825))}
_certificate = table(
    {
        "source": Key(one_of("private_ca", "imported")),
        "certificate": Key(_file),
        "key": Key(_file),
        "days": Key(number(1, 825)),
        "names": Key(each(_domain, unique=True)),
    }
)
_machine = {
    "fqdn": Key(_fqdn, True),
    "internal_address": Key(_address, True),
    "external_address": Key(_address, True),
    "public_address": Key(_address, empty=True),
}
_partner = {
    "domain": Key(_domain, True),
    "additional_domains": Key(each(_domain, unique=True), empty=True),
    "partner_type": Key(one_of("Federated", "PublicVerified", "PublicUnverified")),
    "tls_negotiation": Key(one_of(*LEVELS)),
    "sasl_negotiation": Key(one_of(*LEVELS)),
    "support_dialback_negotiation": Key(boolean),
    "enable_keep_alive": Key(boolean),
    "connection_limit": Key(number(1, 1_000_000), empty=True),
    "proxy_fqdn": Key(_fqdn, empty=True),
    "description": Key(name(free_text), empty=True),
}
_gateway = {
    "connection_limit": Key(number(1, 1_000_000)),
    "partner_connection_limit": Key(number(1, 1_000_000)),
    "keep_alive_interval": Key(number(0, 86_400)),
    "stream_establishment_timeout": Key(number(0, 86_400)),
    "stream_inactivity_timeout": Key(number(0, 86_400)),
    "subscription_refresh_interval": Key(number(0, 31_536_000)),
    "enable_logging_all_message_bodies": Key(boolean),
}

SCHEMA = table(
    {
        "name": Key(name(_plain_name), True),
        "source": Key(one_of("lync_2010", "ocs_2007_r2")),
        "pool": Key(
            table(
                {
                    "fqdn": Key(_fqdn, True),
                    "kind": Key(one_of("standard", "enterprise"), True),
                    "site": Key(name(site_name), True),
                    "conferencing": Key(boolean),
                    "file_share": Key(text("The name of a file share", 80)),
                    "external_web_fqdn": Key(_fqdn, empty=True),
                }
            )
        ),
        "edge": Key(
            table(
                {
                    "fqdn": Key(_fqdn, True),
                    "access_fqdn": Key(_fqdn, True),
                    "web_conferencing_fqdn": Key(_fqdn, True),
                    "av_fqdn": Key(_fqdn, True),
                    "internal_address": Key(_address),
                    "external_address": Key(_address),
                    "public_address": Key(_address, empty=True),
                    "machines": Key(each(table(_machine), least=1, most=20)),
                }
            )
        ),
        "legacy": Key(
            table(
                {
                    "pool_fqdn": Key(_fqdn, True),
                    "edge_fqdn": Key(_fqdn, True),
                    "gateway_fqdn": Key(_fqdn, True),
                }
            )
        ),
        "sip_domains": Key(each(_domain, least=1, unique=True)),
        "xmpp_domains": Key(each(_domain, least=1, unique=True)),
        "topology_source": Key(one_of("builder", "declared")),
        "sip_federation_route": Key(one_of("keep", "with_cutover", "already_moved")),
        "edge_access": Key(one_of("session", "manual")),
        "partners": Key(each(table(_partner), least=1)),
        "gateway": Key(table(_gateway)),
        "users": Key(
            table(
                {
                    "pilot": Key(each(_sip, unique=True)),
                    "pilot_proof": Key(one_of("test", "declared")),
                    "move_conference_data": Key(boolean),
                }
            )
        ),
        "access_policy": Key(
            table(
                {
                    "identity": Key(name(policy_identity), True),
                    "copy_from": Key(name(policy_identity)),
                    "grant_to": Key(Either(one_of("all"), each(_sip, unique=True))),
                    "accepted_losses": Key(each(_sip, unique=True)),
                }
            )
        ),
        "certificates": Key(
            table(
                {
                    "authority": Key(table(_authority)),
                    "edge_external": Key(_certificate),
                    "edge_xmpp": Key(_certificate),
                    "edge_internal": Key(_certificate),
                    "front_end": Key(_certificate),
                }
            )
        ),
        "dns": Key(
            table(
                {
                    "servers": Key(each(table({"address": Key(_address, True), "port": Key(number(1, 65535))}), least=1)),
                    "zones": Key(each(_domain, least=1, unique=True)),
                    "method": Key(one_of("rfc2136", "microsoft", "manual")),
                    "tsig_key_name": Key(text("The name of a TSIG key", 253), empty=True),
                    "tsig_algorithm": Key(one_of("hmac-sha256", "hmac-sha384", "hmac-sha512")),
                    "ttl_window": Key(number(0, 86_400)),
                    "ttl_final": Key(number(1, 604_800)),
                    "probe_allow_private": Key(boolean),
                }
            )
        ),
    }
)  # fmt: skip


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
    _partners(clean, problems, warnings)
    _people(clean, problems)
    _rest(clean, problems)
    _not_yet(clean, problems)
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
    if _get(settings, "pool", "kind") == "enterprise" and settings.get("topology_source") == "declared":
        problems.add(
            f"{ROOT}.topology_source",
            "declared adds a Standard Edition pool only: publish an Enterprise pool from Topology Builder and set builder.",
        )


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
    lists = (("users", "pilot"), ("access_policy", "grant_to"), ("access_policy", "accepted_losses"))
    for path in lists:
        value = _get(settings, *path)
        for one in value if isinstance(value, list) else ():
            if own and one.partition("@")[2] not in own:
                problems.add(
                    f"{ROOT}.{'.'.join(path)}", f"{one} is in none of sip_domains: only own users are named here."
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


#: What the design has a place for and the roles of this version do not do: said at once, not half-way.
_NOT_YET = {
    ("source",): "ocs_2007_r2",
    ("pool", "kind"): "enterprise",
    ("edge_access",): "manual",
    ("dns", "method"): "microsoft",
}


def _not_yet(settings: Mapping[str, Any], problems: Problems) -> None:
    for path, value in _NOT_YET.items():
        if _get(settings, *path) == value:
            problems.add(
                f"{ROOT}.{'.'.join(path)}", f"{value} is not done by the roles of this version: see the README."
            )
    if _get(settings, "edge", "machines"):
        problems.add(f"{ROOT}.edge.machines", "The roles of this version deploy one Edge: give its two addresses.")


def _rest(settings: Mapping[str, Any], problems: Problems) -> None:
    certificates = settings.get("certificates") or {}
    authority = certificates.get("authority")
    for key, one in certificates.items():
        if key == "authority" or not isinstance(one, Mapping):
            continue
        where = f"{ROOT}.certificates.{key}"
        own = {"certificate", "key"} & set(one)
        if len(own) == 1:
            problems.add(where, "certificate and key of the authority belong together: give both, or neither.")
        if one.get("source") == "private_ca" and not own and not authority:
            problems.add(
                where, "private_ca wants certificate and key of the authority, here or in certificates.authority."
            )
        if one.get("source") == "imported" and own:
            problems.add(
                where, "imported means that the certificate is on the server already: certificate and key are too much."
            )
    dns = settings.get("dns") or {}
    if dns.get("method", "rfc2136") == "rfc2136" and dns and not dns.get("servers"):
        problems.add(f"{ROOT}.dns", "rfc2136 wants servers, the name servers of the zones, but has none.")
    if dns.get("method") in ("microsoft", "manual") and dns.get("tsig_key_name"):
        problems.add(f"{ROOT}.dns.tsig_key_name", f"a TSIG key is for rfc2136, and the method is {dns['method']}.")
    window, final = dns.get("ttl_window"), dns.get("ttl_final")
    if window is not None and final is not None and window > final:
        problems.add(
            f"{ROOT}.dns", f"ttl_window {window} is longer than ttl_final {final}: the window wants the short one."
        )
