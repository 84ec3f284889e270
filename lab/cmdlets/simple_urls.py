# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simple URLs: Meet, Dialin and Cscp. A publish by cmdlet loses them, because no published document contains them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ..powershell.conversion import ListModifier
from ..powershell.values import Psobj
from . import Call, cmdlet
from .shared import INTERNAL, fail, instance_identity, matching, need_store, snapshot, stored_object

KIND = "simple_url_configuration"
TYPE = "Microsoft.Rtc.Management.WritableConfig.Settings.SimpleUrl."


def url_object(row: Mapping[str, Any]) -> Psobj:
    entries = [entry_object(url) for url in row["SimpleUrlEntry"]]
    text = f"Component={row['Component']};Domain={row['Domain']};ActiveUrl={row['ActiveUrl']}"
    return Psobj(
        TYPE + "SimpleUrl", text,
        {
            "SimpleUrlEntry": entries, "Component": row["Component"], "Domain": row["Domain"],
            "ActiveUrl": row["ActiveUrl"],
        },
    )


def entry_object(url: str) -> Psobj:
    return Psobj(TYPE + "SimpleUrlEntry", url, {"Url": url})


def url_row(call: Call, value: Any) -> Mapping[str, Any]:
    """A row of the store from an object that New-CsSimpleUrl made or Get-CsSimpleUrlConfiguration printed."""
    if not isinstance(value, Psobj) or value.name_of("Component") is None:
        raise fail(call, "setter-refused", "SimpleUrl", reason=str(value))
    entries = tuple(str(entry.get("Url")) for entry in value.get("SimpleUrlEntry") or ())
    return MappingProxyType(
        {
            "Component": str(value.get("Component")), "Domain": str(value.get("Domain")), "SimpleUrlEntry": entries,
            "ActiveUrl": str(value.get("ActiveUrl")),
        }
    )


@cmdlet("New-CsSimpleUrlEntry", module="Lync", class_name=INTERNAL + "NewSimpleUrlEntryCmdlet")
def new_entry(call: Call) -> Iterator[Psobj]:
    url = str(call.p["Url"])
    if not url.casefold().startswith(("https://", "http://")):
        raise fail(call, "setter-refused", "Url", reason=url)
    yield entry_object(url)


@cmdlet("New-CsSimpleUrl", module="Lync", class_name=INTERNAL + "NewSimpleUrlCmdlet")
def new_url(call: Call) -> Iterator[Psobj]:
    """Made in memory only; Set-CsSimpleUrlConfiguration puts it into the store."""
    modifier = call.p.get("SimpleUrlEntry")
    items = modifier.apply(()) if isinstance(modifier, ListModifier) else list(modifier or ())
    urls = [str(item.get("Url")) if isinstance(item, Psobj) else str(item) for item in items]
    active = str(call.p.get("ActiveUrl") or (urls[0] if urls else ""))
    if urls and active.casefold() not in (url.casefold() for url in urls):
        raise fail(call, "setter-refused", "ActiveUrl", reason=active)
    yield url_object(
        {
            "Component": str(call.p["Component"]), "Domain": str(call.p["Domain"]), "SimpleUrlEntry": urls,
            "ActiveUrl": active,
        }
    )


def configuration(identity: str, row: Mapping[str, Any]) -> Psobj:
    made = stored_object(TYPE + "SimpleUrlConfiguration", identity, {})
    made.properties = {"Identity": identity, "SimpleUrl": [url_object(url) for url in row["SimpleUrl"]], **made.properties}
    return made


@cmdlet("Get-CsSimpleUrlConfiguration", module="Lync", class_name=INTERNAL + "GetSimpleUrlConfigurationCmdlet")
def get_configuration(call: Call) -> Iterator[Psobj]:
    rows = snapshot(call).rows(KIND)
    if "Identity" in call.p:
        key = snapshot(call).key(KIND, str(call.p["Identity"]))
        if key is None:
            raise fail(call, "item-not-found", str(call.p["Identity"]))
        yield configuration(key, rows[key])
        return
    for identity in matching(str(call.p.get("Filter", "*")), rows):
        yield configuration(identity, rows[identity])


@cmdlet("Set-CsSimpleUrlConfiguration", writes=True, module="Lync", class_name=INTERNAL + "SetSimpleUrlConfigurationCmdlet")
def set_configuration(call: Call) -> None:
    need_store(call)
    identity = instance_identity(call, "Global")
    key = call.world.cms.current.key(KIND, identity)
    if key is None:
        raise fail(call, "item-not-found", identity)
    rows = list(call.world.cms.rows(KIND)[key]["SimpleUrl"])
    modifier = call.p.get("SimpleUrl")
    if isinstance(modifier, ListModifier):
        if "Replace" in modifier:
            rows = [url_row(call, value) for value in modifier["Replace"]]
        gone = [_name(url_row(call, value)) for value in modifier.get("Remove", ())]
        rows = [row for row in rows if _name(row) not in gone]
        rows += [url_row(call, value) for value in modifier.get("Add", ())]
    names = [_name(row) for row in rows]
    if len(set(names)) != len(names):
        raise fail(call, "item-exists", next(name for name in names if names.count(name) > 1)[0])
    if call.should_process(key, impact="Medium"):
        call.world.put(KIND, key, {"SimpleUrl": tuple(rows)})


def _name(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["Component"]).casefold(), str(row["Domain"]).casefold()
