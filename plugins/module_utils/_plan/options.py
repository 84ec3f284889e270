# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say what is looked at beside the session's host: other servers, domains, name servers.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._dns.options import check_servers, servers_of
from .._dns.servers import Server
from .._engine.errors import InvalidInput
from .._settings.names import BadName, domain, shown

Looked = tuple[list[str], list[Server], list[str]]
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?")


def looked_at(params: Mapping[str, Any]) -> Looked:
    """Inventory names, name servers and domains, each seen to be one."""
    for one in params["hosts"]:
        if not _HOST.fullmatch(one):
            raise InvalidInput(f"hosts: an inventory name is wanted, but {shown(one)} is none.")
    try:
        domains = [domain(one) for one in params["domains"]]
    except BadName as exc:
        raise InvalidInput(f"domains: {exc}") from exc
    servers = servers_of(params["dns_servers"])
    if servers:
        try:
            check_servers(servers)
        except InvalidInput as exc:
            raise InvalidInput(f"dns_servers: {exc.text}") from exc
    return list(params["hosts"]), servers, domains
