#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes lab/data/*.json.xz from the published signatures.

Usage: scripts/build_signatures.py DIRECTORY

DIRECTORY holds cmdlets.json, enums.json and windows_cmdlets.json, extracted from the public sources that
lab/data/README.md names. The result has what the binder needs and nothing else, and is the same for the same input.
"""

from __future__ import annotations

import json
import lzma
import sys
import typing as t
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "lab" / "data"

Json = dict[str, t.Any]


def short_type(name: str | None) -> str:
    """``Microsoft.Rtc.X+Kind`` is ``Kind``; what a page misprints of SwitchParameter is a switch."""
    name = (name or "").split("`")[0].rpartition("+")[2].rpartition(".")[2]
    return "SwitchParameter" if name == "witchParameter" else name


def published_2013(page: Json, current: Json) -> Json:
    """The Lync Server 2013 edition of a page."""
    sets = [[item.get("m", []), item.get("o", [])] for item in page["sets"]]
    everywhere = page.get("o_all", [])
    listed = {name for mandatory, optional in sets for name in (*mandatory, *optional)} | set(everywhere)
    result: Json = {
        "sets": sets,
        "types": {name: short_type(info.get("type")) for name, info in page["params"].items() if name in listed},
    }
    if everywhere:
        result["all"] = everywhere
    limits = {name: info["values"] for name, info in page["params"].items() if name in listed and "values" in info}
    if limits:
        result["values"] = limits
    default = matching_set(sets, current)
    if default is not None:
        result["default"] = default
    return result


def matching_set(sets: list[list[list[str]]], current: Json) -> int | None:
    """Which 2013 set another edition's default is: the one with the same mandatory parameters and most in common."""
    name = current.get("default_set") or current.get("v2017", {}).get("default_set")
    if len(sets) < 2 or name not in current.get("sets", {}):
        return None
    wanted = current["sets"][name]
    mandatory = {parameter for parameter, flags in wanted.items() if flags.get("m")}
    scores = [(len(set(item[1]) & set(wanted)), -index) for index, item in enumerate(sets) if set(item[0]) == mandatory]
    if not scores:
        return None
    best = max(scores)
    ties = [score for score in scores if score[0] == best[0]]
    return -best[1] if len(ties) == 1 else None


def published_now(page: Json) -> Json:
    """The current edition of a page, with the products that each parameter belongs to."""
    sets = {
        name: [
            [parameter for parameter, flags in parameters.items() if flags.get("m")],
            [parameter for parameter, flags in parameters.items() if not flags.get("m")],
        ]
        for name, parameters in page["sets"].items()
    }
    types: dict[str, str] = {}
    for parameters in page["sets"].values():
        for parameter, flags in parameters.items():
            documented = page["params"].get(parameter, {}).get("type")
            types[parameter] = "SwitchParameter" if flags.get("s") else short_type(flags.get("t") or documented)
    result: Json = {"sets": sets, "types": types}
    products = {
        name: " ".join(info["prod"]) for name, info in page["params"].items() if name in types and "prod" in info
    }
    if products:
        result["prod"] = products
    if page.get("default_set") in sets:
        result["default"] = page["default_set"]
    return result


def aliases(page: Json) -> dict[str, str]:
    """Alias -> parameter. The 2013 pages print none; the same cmdlets' later pages do."""
    names = {name.lower() for name in page["params"]}
    return {
        alias: name
        for name, info in page["params"].items()
        for alias in info.get("alias", [])
        if alias.lower() not in names
    }


def lync(source: Json) -> Json:
    result: Json = {}
    for name, page in source["cmdlets"].items():
        entry: Json = {"prod": " ".join(page["prod"]), "now": published_now(page)}
        if "l13" in page:
            entry["2013"] = published_2013(page["l13"], page)
        known_aliases = aliases(page)
        if known_aliases:
            entry["alias"] = known_aliases
        result[name] = entry
    for name, page in source["l13_only"].items():
        result[name] = {"prod": "L13", "2013": published_2013(page, {})}
    return result


def enums(source: Json, cmdlets: Json) -> Json:
    """Type -> values of any product, and those on Lync Server 2013 pages in their order."""
    result: Json = {
        name: {"all": info["union"]} for name, info in source["types"].items() if not name.startswith("free-typed:")
    }
    for name in sorted(cmdlets):
        page = cmdlets[name].get("2013", {})
        for parameter, values in page.get("values", {}).items():
            kind = page["types"][parameter]
            if kind in result:
                known = result[kind].setdefault("2013", [])
                known.extend(value for value in values if value not in known)
    return result


def windows(source: Json) -> Json:
    """As it is, without the positions: every parameter is named in a call."""
    result: Json = {}
    for name, entry in source["cmdlets"].items():
        editions = {
            edition: sets
            if isinstance(sets, str)
            else [{key: value for key, value in item.items() if key != "p"} for item in sets]
            for edition, sets in entry["in"].items()
        }
        result[name] = {"module": entry["module"], "in": editions}
    return result


def write(name: str, value: Json) -> None:
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=False)
    packed = lzma.compress(text.encode(), format=lzma.FORMAT_XZ, preset=9 | lzma.PRESET_EXTREME)
    (TARGET / name).write_bytes(packed)
    print(f"{name}: {len(text)} bytes, packed {len(packed)}")


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    directory = Path(arguments[0])
    published, values, shipped = (
        json.loads((directory / name).read_text(encoding="utf-8"))
        for name in ("cmdlets.json", "enums.json", "windows_cmdlets.json")
    )
    cmdlets = lync(published)
    write("lync_cmdlets.json.xz", {"cmdlets": cmdlets, "enums": enums(values, cmdlets)})
    write("windows_cmdlets.json.xz", {"cmdlets": windows(shipped)})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
