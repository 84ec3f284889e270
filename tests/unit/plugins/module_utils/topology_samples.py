# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A published Lync Server 2010 topology, and what the migration adds to it."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology import edit

TEXT = (Path(__file__).parent / "data" / "topology_2010.xml").read_text(encoding="utf-8")
POOL = edit.StandardPool("pool2013.contoso.test", "Redmond", "edge2010.contoso.test")
EDGE = edit.EdgePool(
    "edge2013.contoso.test",
    "Redmond",
    "pool2013.contoso.test",
    (edit.EdgeMachine("edge2013.contoso.test", "10.0.1.40", "203.0.113.40"),),
    "access.contoso.test",
    "webcon.contoso.test",
    "av.contoso.test",
)
