# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the report reads from the servers themselves: certificates in use, and DNS as each name server has it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from .._dns.servers import Server, ask
from .._engine.calls import Query
from .._engine.errors import MigrationError
from .._engine.module import Task


def certificates(task: Task, hosts: Sequence[str], now: datetime) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for host in hosts:
        try:
            rows = task.session_for(host).read(Query("certificate_use"))[0]
        except MigrationError as exc:
            found.append({"host": host, "unread": exc.text})
            continue
        found += [
            {
                "host": host,
                "use": row["Use"],
                "subject": row["Subject"],
                "thumbprint": row["Thumbprint"],
                "until": row["NotAfter"],
                "days_left": days_left(row["NotAfter"], now),
                "names": list(row["AlternativeNames"] or ()),
            }
            for row in rows
        ]
    return found


def days_left(until: object, now: datetime) -> int | None:
    try:
        moment = datetime.fromisoformat(str(until).replace("Z", "+00:00"))
    except ValueError:
        return None
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).days


def records(servers: Sequence[Server], domains: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for domain in domains:
        name = f"_xmpp-server._tcp.{domain}"
        for server in servers:
            row: dict[str, Any] = {"name": name, "server": server.shown}
            try:
                record = ask(server, domain, name, "SRV").record
                row |= {"values": list(record.values) if record else [], "ttl": record.ttl if record else None}
            except MigrationError as exc:
                row["unread"] = exc.text
            found.append(row)
    return found
