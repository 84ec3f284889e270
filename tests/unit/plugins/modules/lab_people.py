# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab half-way through a migration, with the persons that a test writes down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import MIDWAY
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench

OLD, NEW = "pool2010.contoso.test", "pool2013.contoso.test"


def person(sip: str = "sip:nine@contoso.test", pool: str | None = OLD, **more: Any) -> dict[str, Any]:
    return {"sip": sip, "pool": pool, **more}


def lab_with(directory: Path, *people: dict[str, Any], **more: Any) -> LabBench:
    """Both pools are there, two users and these persons on the old one."""
    estate: dict[str, Any] = yaml.safe_load(MIDWAY)
    hosts = [{"fqdn": NEW, "inventory": "fe2013", "product": "lync_2013"}]
    estate.update({"hosts": hosts, "users": [{"count": 2, "pool": OLD}, *people], **more})
    directory.mkdir(exist_ok=True)
    path = directory / "estate.yml"
    path.write_text(yaml.safe_dump(estate, allow_unicode=True), encoding="utf-8")
    return LabBench(directory, str(path), users=2 + len(people))
