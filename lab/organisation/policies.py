# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which policy a user really has: his own, else his site's, else the global one."""

from __future__ import annotations

from typing import Any

from .directory import User
from .store import Row, Snapshot

EXTERNAL_ACCESS = "ExternalAccessPolicy"
KIND = "external_access_policy"


def site_of(snapshot: Snapshot, user: User) -> str | None:
    """Name of the site of the user's pool."""
    cluster = snapshot.topology.pool(user.registrar_pool) if user.registrar_pool else None
    site = snapshot.topology.site_of(cluster) if cluster is not None else None
    return site.name if site is not None else None


def effective(snapshot: Snapshot, user: User, own: str | None = None) -> tuple[str, Row]:
    """Identity and row of the external access policy that counts. ``own``: as if this one were granted."""
    # rule: policy-precedence
    name = own if own is not None else user.policies.get(EXTERNAL_ACCESS)
    site = site_of(snapshot, user)
    for identity in (f"Tag:{name}" if name else None, f"Site:{site}" if site else None):
        if identity is not None:
            row = snapshot.row(KIND, identity)
            if row is not None:
                return snapshot.key(KIND, identity) or identity, row
    return "Global", snapshot.row(KIND, "Global") or {}


def flags(row: Row) -> dict[str, Any]:
    return {key: bool(value) for key, value in row.items() if key.startswith("Enable")}
