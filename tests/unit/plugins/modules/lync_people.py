# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An organisation for the tests of modules on users and routes, and the cmdlets that the doubles do not have.

The cmdlets take a user as Lync does: by SIP address, else by display name, which several users may share.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.collections import key
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate, FakeShell, Row, ServerError

OLD, NEW = "pool2010.contoso.test", "pool2013.contoso.test"
EDGE_OLD, EDGE_NEW = "edge2010.contoso.test", "edge2013.contoso.test"
GATEWAY = "xmppgw.contoso.test"


def sip(number: int | str) -> str:
    return f"sip:user{number}@contoso.test"


def user(number: int | str, pool: str | None = OLD, **more: Any) -> Row:
    return {
        "SipAddress": sip(number),
        "Identity": f"CN=User {number},OU=Staff,DC=contoso,DC=test",
        "Guid": f"guid-{number}",
        "DisplayName": f"User {number}",
        "Enabled": True,
        "RegistrarPool": pool,
        "HomeServer": None,
        "HostingProvider": "SRV:",
        "TargetRegistrarPool": None,
        "ExternalAccessPolicy": None,
        **more,
    }


def hybrid(number: int | str) -> Row:
    return user(number, None, HostingProvider="sipfed.online.lync.com")


def registrar(pool: str, edge: str | None) -> Row:
    return {
        "Identity": f"Registrar:{pool}",
        "PoolFqdn": pool,
        "Version": 5 if "2010" in pool else 6,
        "EdgeServer": f"EdgeServer:{edge}" if edge else None,
    }


def edge(fqdn: str, **ports: Any) -> Row:
    none = {"AccessEdgeExternalSipPort": None, "XmppListeningPort": None, "XmppInternalPort": None}
    return {"Identity": f"EdgeServer:{fqdn}", "PoolFqdn": fqdn, "Version": 5 if "2010" in fqdn else 6, **none, **ports}


def estate(*users: Row, **more: Any) -> Estate:
    """The 2013 pool is there and leads through the legacy Edge; nothing has been switched over."""
    rows: dict[str, Any] = {
        "user": users,
        "registrar": [registrar(OLD, EDGE_OLD), registrar(NEW, EDGE_OLD)],
        "edge_server": [edge(EDGE_OLD, AccessEdgeExternalSipPort=5061), edge(EDGE_NEW)],
        "site": [
            {"Identity": "Site:Redmond", "FederationRoute": f"EdgeServer:{EDGE_OLD}", "XmppFederationRoute": None}
        ],
        "pool": [{"Identity": pool, "Fqdn": pool, "Site": "Site:Redmond"} for pool in (OLD, NEW)],
        "allowed_domain": [{"Identity": "fabrikam.test", "Domain": "fabrikam.test", "ProxyFqdn": GATEWAY}],
        **more,
    }
    return Estate(**rows)


class People(Bench):
    def __init__(self, directory: Path, organisation: Estate) -> None:
        super().__init__(directory, organisation)
        #: SIP addresses whose moves and grants the server refuses
        self.stubborn: set[str] = set()
        #: moves and grants that report success and do nothing
        self.lagging: set[str] = set()
        for shell in self.hosts.values():
            shell.handlers.update(
                {
                    "Move-CsUser": self._move,
                    "Move-CsLegacyUser": self._move,
                    "Grant-CsExternalAccessPolicy": self._grant,
                    "Set-CsSite": self._set_site,
                    "Set-CsEdgeServer": self._set_edge,
                }
            )

    @property
    def users(self) -> dict[str, Row]:
        return self.estate.rows["user"]

    def home(self, number: int | str) -> Any:
        return self.users[key(sip(number))]["RegistrarPool"]

    def policy(self, number: int | str) -> Any:
        return self.users[key(sip(number))]["ExternalAccessPolicy"]

    def written(self, name: str, parameter: str = "Identity") -> list[Any]:
        return [parameters.get(parameter) for cmdlet, parameters in self.writes if cmdlet == name]

    # --- cmdlets

    def _meant(self, identity: str) -> list[Row]:
        if key(identity) in self.users:
            return [self.users[key(identity)]]
        return [one for one in self.users.values() if fnmatch.fnmatch(key(one["DisplayName"]), key(identity))]

    def _each(self, identity: str, parameter: str, value: Any) -> None:
        found = self._meant(identity)
        if not found:
            raise ServerError("ManagementObjectNotFound", "ObjectNotFound")
        for row in found:
            if row["SipAddress"] in self.stubborn:
                raise ServerError("ProcessingFailed", message=f"größe: {row['SipAddress']}")
            if row["SipAddress"] not in self.lagging:
                row[parameter] = value

    def _move(self, _shell: FakeShell, parameters: Mapping[str, Any]) -> None:
        self._each(parameters["Identity"], "RegistrarPool", parameters["Target"])

    def _grant(self, _shell: FakeShell, parameters: Mapping[str, Any]) -> None:
        self._each(parameters["Identity"], "ExternalAccessPolicy", parameters.get("PolicyName"))

    def _set_site(self, _shell: FakeShell, parameters: Mapping[str, Any]) -> None:
        row = self.estate.rows["site"].get(f"site:{key(parameters['Identity'])}")
        if row is None:  # with its scope the site is not found
            raise ServerError("NoSuchSite", "ObjectNotFound")
        row.update(
            {name: parameters[name] for name in ("FederationRoute", "XmppFederationRoute") if name in parameters}
        )

    def _set_edge(self, _shell: FakeShell, parameters: Mapping[str, Any]) -> None:
        row = self.estate.rows["edge_server"][key(parameters["Identity"])]
        row.update({name: value for name, value in parameters.items() if name.endswith("Port")})


# --- what a module says that it returns


def documented(module: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(module.RETURN)
    return found


_OF_CORE = {"changed", "diff", "failed", "invocation", "msg", "warnings"}


def undocumented(module: Any, result: Mapping[str, Any]) -> list[str]:
    """What a result has and the documentation has not, or the other way round; keys of dictionaries included."""
    said = documented(module)
    surely = {name for name, one in said.items() if one["returned"] in ("always", _end(result))}
    never = {name for name, one in said.items() if one["returned"] in ("success", "failure")} - surely
    wrong = [f"{name} is not documented" for name in result if name not in {*said, *_OF_CORE} - never and result[name]]
    wrong += [f"{name} is not returned" for name in surely if name not in result]
    for name, one in said.items():
        sample = one.get("sample")
        keys: Any = one.get("contains") or (sample[0] if isinstance(sample, list) and sample else None)
        for row in _rows(result.get(name)) if isinstance(keys, Mapping) else ():
            different = sorted({*row} ^ {*keys})
            wrong += [f"{name}: {', '.join(different)}"] if different else []
    return wrong


def _end(result: Mapping[str, Any]) -> str:
    return "failure" if result.get("failed") else "success"


def _rows(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, Mapping)]
