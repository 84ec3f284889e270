# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab writes for Ansible: the inventory with its fixed groups, credentials, and the migration's variables."""

from __future__ import annotations

import typing as t
from pathlib import Path

import yaml

from .place import Place
from .wsman.auth import Account
from .wsman.endpoint import Endpoint

TRANSPORTS = ("basic", "ntlm", "kerberos", "credssp")


class Host(t.NamedTuple):
    name: str  # in the inventory
    fqdn: str
    groups: tuple[str, ...]
    account: Account
    endpoint: Endpoint | None  # None: nothing listens
    joined: bool
    suffix: str  # that it goes by now


def write(
    place: Place, hosts: t.Sequence[Host], variables: t.Mapping[str, t.Any], transport: str, ca: Path
) -> tuple[Path, Path]:
    """inventory.yml with host_vars and group_vars beside it; gives its path and that of the variables."""
    groups: dict[str, t.Any] = {}
    listed: dict[str, t.Any] = {}
    for host in hosts:
        listed[host.name] = _host_variables(host, transport, ca)
        for group in host.groups:
            groups.setdefault(group, {"hosts": {}})["hosts"][host.name] = None
        credentials = {"ansible_user": _user(host, transport), "ansible_password": host.account.password}
        _yaml(place, f"host_vars/{host.name}/credentials.yml", credentials)
    inventory: dict[str, t.Any] = {"all": {"hosts": listed, "children": groups}}
    values = _yaml(place, "group_vars/all/lab.yml", dict(variables))
    return _yaml(place, "inventory.yml", inventory), values


def _host_variables(host: Host, transport: str, ca: Path) -> dict[str, t.Any]:
    transport = _transport(host, transport)
    scheme = "https" if transport == "basic" else "http"
    port = 0
    if host.endpoint is not None:
        port = host.endpoint.https_port if scheme == "https" else host.endpoint.http_port
    variables = {
        "ansible_connection": "winrm",
        "ansible_host": "127.0.0.1",
        "ansible_port": port or 9,  # discard: nothing listens there
        "ansible_winrm_scheme": scheme,
        "ansible_winrm_transport": transport,
        # without a primary DNS suffix a computer has its own name only
        "expected_computer_name": host.fqdn if host.suffix else host.fqdn.partition(".")[0],
    }
    if scheme == "https":
        variables["ansible_winrm_ca_trust_path"] = str(ca)
    if transport == "kerberos":
        variables["ansible_winrm_kerberos_hostname_override"] = host.fqdn
        variables["ansible_winrm_kinit_env_vars"] = ["KRB5_CONFIG"]
    return variables


def _transport(host: Host, transport: str) -> str:
    """A computer in a workgroup has no Kerberos."""
    return "ntlm" if transport == "kerberos" and not host.joined else transport


def _user(host: Host, transport: str) -> str:
    if _transport(host, transport) == "kerberos":
        return f"{host.account.user}@{host.account.domain.upper()}"
    return host.account.name


def _yaml(place: Place, name: str, value: t.Any) -> Path:
    return place.write(name, yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=120))


def merge(base: t.Mapping[str, t.Any], over: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """``over`` into ``base``: mappings are merged, all else replaced."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        result[key] = merge(old, value) if isinstance(old, t.Mapping) and isinstance(value, t.Mapping) else value
    return result
