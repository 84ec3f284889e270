# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Active Directory was prepared for, stage by stage, and the groups that the preparation makes.

source: C:Install-CsAdServerSchema, C:Enable-CsAdForest, C:Enable-CsAdDomain (order, rights, states) and
L:lync-server-2013-verifying-schema-replication (each stage has to be replicated before the next one).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

#: Products in the order in which they extend the directory. # [inf] the numbers go on from ServiceVersion 5 to 8.
PRODUCTS = {"none": 0, "ocs_2007_r2": 4, "lync_2010": 5, "lync_2013": 6, "sfb_2015": 7, "sfb_2019": 8}
STAGES = ("schema", "forest", "domain")
EDITIONS = {"L10": 5, "L13": 6, "S15": 7, "S19": 8}

#: source: L:lync-server-2013-administrative-permissions... as far as group-membership-requirements names them;
#: [inf] which of them Office Communications Server had made already.
GROUPS = {
    4: (
        "RTCUniversalServerAdmins", "RTCUniversalUserAdmins", "RTCUniversalReadOnlyAdmins",
        "RTCUniversalGlobalWriteGroup", "RTCUniversalGlobalReadOnlyGroup", "RTCComponentUniversalServices",
        "RTCHSUniversalServices", "RTCProxyUniversalServices", "RTCArchivingUniversalServices",
    ),
    5: (
        "RTCUniversalConfigReplicator", "RTCSBAUniversalServices", "CsAdministrator", "CsServerAdministrator",
        "CsUserAdministrator", "CsViewOnlyAdministrator", "CsVoiceAdministrator", "CsHelpDesk",
        "CsArchivingAdministrator", "CsResponseGroupAdministrator", "CsLocationAdministrator",
    ),
    6: ("CsPersistentChatAdministrator", "CsResponseGroupManager"),
}  # fmt: skip
#: Groups that every forest has.
BUILT_IN = ("Schema Admins", "Enterprise Admins", "Domain Admins", "Domain Users")


@dataclass
class Stage:
    """``version`` was written where the stage was run; everybody sees it from ``seen_at`` on."""

    version: int = 0
    before: int = 0
    seen_at: datetime | None = None

    def seen(self, at: datetime) -> int:
        return self.version if self.seen_at is None or at >= self.seen_at else self.before


@dataclass
class Preparation:
    delay: float = 0.0  # seconds of lab time until every domain controller has a change
    schema: Stage = field(default_factory=Stage)
    forest: Stage = field(default_factory=Stage)
    domain: Stage = field(default_factory=Stage)
    in_system_container: bool = False  # the global settings of Office Communications Server never left it

    @classmethod
    def of(cls, version: int, delay: float = 0.0, in_system_container: bool = False) -> Preparation:
        return cls(delay, Stage(version), Stage(version), Stage(version), in_system_container)

    def stage(self, name: str) -> Stage:
        found: Stage = getattr(self, name)
        return found

    def run(self, name: str, version: int, at: datetime) -> bool:
        """Write a stage. False: it was there already, and nothing is written."""
        stage = self.stage(name)
        if stage.version >= version:
            return False
        stage.before, stage.version = stage.seen(at), version
        stage.seen_at = at + timedelta(seconds=self.delay) if self.delay else None
        return True

    def ready(self, version: int, at: datetime) -> bool:
        """Whether servers of this version can be installed, as everybody sees it."""
        return all(self.stage(name).seen(at) >= version for name in STAGES)

    def absent(self) -> frozenset[str]:
        """Groups that a preparation to come will make."""
        return frozenset(name for names in GROUPS.values() for name in names) - set(self.groups())

    def groups(self) -> tuple[str, ...]:
        """Groups that there are: they come with the forest's preparation, where it was run."""
        made = [name for version, names in GROUPS.items() if version <= self.forest.version for name in names]
        return (*BUILT_IN, *made)


def product(version: int) -> str:
    return next((name for name, number in PRODUCTS.items() if number == version), "none")


def bare(account: str) -> str:
    r"""A logon name without its domain: DOMAIN\name or name@domain."""
    return account.rpartition("\\")[2].partition("@")[0].casefold()
