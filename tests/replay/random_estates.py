# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Estates at random, each from a number: what an organisation may be beside what its inventory and its variables say.

All of them have the inventory and the variables of the estate that they are made from, so its recording is theirs too.
What is changed: users, their names, who is disabled, in the cloud or has never been enabled, policies, other allowed domains,
simple URLs, lifetimes of DNS records, how slow copies of the store are, and Windows on the new servers.
"""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.lync.xmpp_migration.lab.estate import DIRECTORY, Estate, loads

BASES = ("lync2010-standard", "ocs2007r2-standard", "lync2010-enterprise", "ocs2007r2-enterprise")
SCRIPTS = (
    "latin",
    "cyrillic",
    "greek",
    "hebrew",
    "arabic",
    "devanagari",
    "thai",
    "chinese",
    "japanese",
    "korean",
    "emoji",
)
NAMES = (
    "O'Neil \"Bob\" `whoami`", "$(Remove-Item C:\\)", "a;b|c&d", "*", "Ann {{ 7 * 7 }}", "(cn=*)(|", "\u202eEvil", "Łódź Żółć", "x" * 60,
)  # fmt: skip
#: What a user may be for whom no move is wanted, and who may not be touched.
OTHERS: tuple[dict[str, Any], ...] = (
    {"enabled": False},
    {"ad_only": True, "pool": None},
    {"hosting_provider": "sipfed.online.lync.com", "pool": None},
)


def base_of(seed: int) -> str:
    """The estates that it may be made from come in turn."""
    return BASES[seed % len(BASES)]


def random_estate(seed: int, base: str | None = None, most: int = 500) -> Estate:
    name = base or base_of(seed)
    document = yaml.safe_load((DIRECTORY / f"{name}.yml").read_text(encoding="utf-8"))
    return loads(
        yaml.safe_dump(changed(document, random.Random(f"{name} {seed}"), most), allow_unicode=True),
        f"{name}-{seed}.yml",
    )


def write(seed: int, directory: Path, base: str | None = None, most: int = 500) -> Path:
    """The same as a file, for a lab of its own."""
    name = base or base_of(seed)
    document = yaml.safe_load((DIRECTORY / f"{name}.yml").read_text(encoding="utf-8"))
    file = directory / f"{name}-{seed}.yml"
    file.write_text(
        yaml.safe_dump(changed(document, random.Random(f"{name} {seed}"), most), allow_unicode=True), encoding="utf-8"
    )
    return file


def changed(document: dict[str, Any], chance: random.Random, most: int) -> dict[str, Any]:
    made = copy.deepcopy(document)
    made["seed"] = chance.randrange(1, 10_000)
    _users(made, chance, most)
    _policies(made, chance)
    _federation(made, chance)
    for zone in made["zones"]:
        zone["ttl"] = chance.choice((2, 4, 6))  # with a longer one the run ends, to be run again when it has run out
    made["replication"] = {"lag": chance.choice((0, 1, 5)), "directory": chance.choice((0, 4, 9))}
    for host in made["hosts"]:
        if host.get("bare"):
            _new_server(host, chance)
    return made


def _users(made: dict[str, Any], chance: random.Random, most: int) -> None:
    """The pilot of the variables is always there; beside the pilot nobody, a few dozen, or as many as there may be."""
    group = next(one for one in made["users"] if "count" in one)
    pool, domains = group["pool"], sorted(made["sip_domains"])
    few = 1 + min(most - 1, int(chance.expovariate(1 / 25)))
    group["count"] = chance.choices((1, few, chance.randint(most // 2, most)), weights=(1, 8, 1))[0]
    group["scripts"] = chance.sample(SCRIPTS, chance.randrange(1, len(SCRIPTS) + 1))
    group["disabled_every"] = chance.choice((0, 2, 7, 60))
    for number, text in enumerate(chance.sample(NAMES, chance.randrange(len(NAMES)))):
        address = f"sip:odd{number:02d}@{chance.choice(domains)}"
        # with the policies of the others, so that nobody gains or loses anything by the common one
        policies = {"policies": group["policies"]} if group.get("policies") else {}
        made["users"].append({"sip": address, "display_name": text, "pool": pool, **policies})
    for number in range(chance.randrange(4)):
        other = {
            "sip": f"sip:other{number:02d}@{domains[0]}",
            "display_name": f"Other {number}",
            "pool": pool,
            **chance.choice(OTHERS),
        }
        made["users"].append({name: value for name, value in other.items() if value is not None})


def _policies(made: dict[str, Any], chance: random.Random) -> None:
    flags = ("EnablePublicCloudAccess", "EnablePublicCloudAudioVideoAccess", "EnableOutsideAccess")
    policies = made.get("policies") or (made.get("ocs") or {}).get("policies") or {}
    if "Global" in policies:
        policies["Global"] |= {one: chance.random() < 0.5 for one in flags}


def _federation(made: dict[str, Any], chance: random.Random) -> None:
    if "allowed_domains" in made:
        for number in range(chance.randrange(4)):
            made["allowed_domains"].append({"domain": f"sip{number}.example.test", "comment": chance.choice(NAMES)})
    if made.get("simple_urls") and chance.random() < 0.5:
        made["simple_urls"]["Cscp"] = ["https://admin.contoso.test"]


def _new_server(host: dict[str, Any], chance: random.Random) -> None:
    """Windows Server 2012 or 2012 R2, with or without updates that wait for a restart."""
    host["windows"], host["powershell"] = chance.choice((("6.2", "3.0"), ("6.2", "4.0"), ("6.3", "4.0")))
    host["restart_pending"] = chance.choice(([], [], ["windows_update"], ["file_rename"]))
    host["free_gb"] = chance.choice((40.0, 60.0, 500.0))
