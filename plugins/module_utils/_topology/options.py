# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the module topology, checked and as values: pools and Edge pools as they are to be.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .._settings.names import BadName, address, fqdn, shown, site_name
from .document import TopologyError
from .edit import EdgeMachine, EdgePool
from .front_end import EnterprisePool, StandardPool

Options = Mapping[str, Any]

#: What an Edge pool needs to be made; an Edge that exists is known by its FQDN alone.
_EDGE_TO_MAKE = ("site", "next_hop_fqdn", "access_fqdn", "web_conferencing_fqdn", "av_fqdn")
_POOL_TO_MAKE = ("machines", "sql_server_fqdn", "sql_instance", "file_server_fqdn", "file_share")
_POOL_NAMES = ("edge_fqdn", "sql_server_fqdn", "file_server_fqdn", "internal_web_fqdn", "external_web_fqdn")
_EDGE_NAMES = ("fqdn", "next_hop_fqdn", "access_fqdn", "web_conferencing_fqdn", "av_fqdn")
_ADDRESSES = ("internal_address", "external_address", "public_address")
_SHARE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.$-]{0,79}")
_INSTANCE = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,15}")
#: The name of the default instance of SQL Server; a document has no name for it.
DEFAULT_INSTANCE = "MSSQLSERVER"


def check(pool: Options | None, edge: Options | None, registrar_edge: Options | None) -> None:
    """Every name that was given, also where the pool is there already and nothing is made of it."""
    for option, part in (("pool", pool), ("edge", edge)):
        _checked(site_name, f"{option}.site", (part or {}).get("site"))
    for key in ("pool_fqdn", "edge_fqdn"):
        _checked(fqdn, f"registrar_edge.{key}", (registrar_edge or {}).get(key))
    for one in (edge or {}, *((edge or {}).get("machines") or ())):
        for key in _EDGE_NAMES:
            _checked(fqdn, f"edge.{key}", one.get(key))
        for key in _ADDRESSES:
            _checked(address, f"edge.{key}", one.get(key))
    if pool:
        _check_pool(pool)
    _check_both(pool or {}, edge or {})


def _checked(rule: Callable[[object], str], option: str, value: object) -> None:
    try:
        if value:
            rule(value)
    except BadName as exc:
        raise TopologyError(f"{option}: {exc}") from exc


def _check_pool(pool: Options) -> None:
    for key in ("fqdn", *_POOL_NAMES):
        _checked(fqdn, f"pool.{key}", pool.get(key))
    for number, one in enumerate(pool.get("machines") or ()):
        _checked(fqdn, f"pool.machines[{number}]", one)
    share, instance = pool.get("file_share"), pool.get("sql_instance")
    if share and not _SHARE.fullmatch(share):
        raise TopologyError(
            f"pool.file_share: the name of a file share such as LyncShare is wanted, but {shown(share)} is none."
        )
    if instance and not _INSTANCE.fullmatch(instance):
        raise TopologyError(
            f"pool.sql_instance: the name of a SQL Server instance such as RTC is wanted, but {shown(instance)} is none."
        )
    if pool.get("kind") != "enterprise":
        own = [f"pool.{key}" for key in ("machines", "sql_server_fqdn", "sql_instance", "file_server_fqdn",
                                         "internal_web_fqdn") if pool.get(key)]  # fmt: skip
        if own:
            raise TopologyError(
                f"{', '.join(own)}: only an Enterprise pool has that; a Standard Edition server has all of its own. Set "
                "pool.kind to enterprise, or leave it out."
            )


def _check_both(pool: Options, edge: Options) -> None:
    """One computer is in one pool."""
    fronts = [fqdn(one) for one in (pool.get("fqdn"), *(pool.get("machines") or ())) if one]
    edges = [fqdn(one) for one in (edge.get("fqdn"), *(m.get("fqdn") for m in edge.get("machines") or ())) if one]
    twice = sorted(set(fronts) & set(edges))
    if twice:
        raise TopologyError(
            f"{twice[0]} is wanted both in the Front End pool {pool['fqdn']} and in the Edge pool {edge['fqdn']}: a "
            "computer is in one pool only."
        )
    machines = [fqdn(one) for one in pool.get("machines") or ()]
    repeated = sorted({one for one in machines if machines.count(one) > 1})
    if repeated:
        raise TopologyError(f"pool.machines has {repeated[0]} twice.")


def instance_of(pool: Options) -> str:
    """The name of the instance as documents have it."""
    name = str(pool["sql_instance"])
    return "" if name.upper() == DEFAULT_INSTANCE else name


def new_pool(name: str, pool: Options, central_management: bool) -> StandardPool | EnterprisePool:
    """The pool that is to be made; TopologyError where the options do not say enough for that."""
    site = site_name(pool["site"])
    edge, external = (fqdn(pool[key]) if pool.get(key) else None for key in ("edge_fqdn", "external_web_fqdn"))
    conferencing = pool.get("conferencing") is not False
    if pool.get("kind") != "enterprise":
        share = pool.get("file_share") or "LyncShare"
        return StandardPool(name, site, edge, conferencing, share, external, central_management)
    lacking = [f"pool.{key}" for key in _POOL_TO_MAKE if not pool.get(key)]
    if lacking:
        raise TopologyError(
            f"The Enterprise pool {name} is not in the topology yet, and making it needs {', '.join(lacking)}."
        )
    return EnterprisePool(
        name,
        site,
        tuple(fqdn(one) for one in pool["machines"]),
        fqdn(pool["sql_server_fqdn"]),
        instance_of(pool),
        fqdn(pool["file_server_fqdn"]),
        pool["file_share"],
        edge,
        conferencing,
        external,
        central_management,
    )


def machines_of(name: str, edge: Options) -> tuple[EdgeMachine, ...]:
    listed = edge.get("machines") or [{**edge, "fqdn": name}]
    machines = []
    for one in listed:
        for key in ("internal_address", "external_address"):
            if not one.get(key):
                raise TopologyError(f"The Edge pool {name} is not in the topology yet, and making it needs edge.{key}.")
        public = address(one["public_address"]) if one.get("public_address") else None
        inside, outside = address(one["internal_address"]), address(one["external_address"])
        machines.append(EdgeMachine(fqdn(one["fqdn"]), inside, outside, public))
    return tuple(machines)


def new_edge(name: str, edge: Options) -> EdgePool:
    """The Edge pool that is to be made; TopologyError where the options do not say enough for that."""
    lacking = [f"edge.{key}" for key in _EDGE_TO_MAKE if not edge.get(key)]
    if lacking:
        raise TopologyError(
            f"The Edge pool {name} is not in the topology yet, and making it needs {', '.join(lacking)}."
        )
    return EdgePool(
        name,
        site_name(edge["site"]),
        fqdn(edge["next_hop_fqdn"]),
        machines_of(name, edge),
        fqdn(edge["access_fqdn"]),
        fqdn(edge["web_conferencing_fqdn"]),
        fqdn(edge["av_fqdn"]),
        **{key: edge[key] for key in ("access_port", "web_conferencing_port", "av_port") if edge.get(key)},
    )
