# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the account of a session may do, by its token as whoami.exe shows it, and whether it comes further than the host.

A group that was joined after the logon is in the directory but not in the token, so the directory is not asked. Windows'
own groups are known by their SIDs, which are the same in every language; those of Lync Server by their names.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .._engine.calls import Call, Executable, Query
from .._engine.collections import reading
from .findings import ERROR, Finding, Look, not_known

WHOAMI = Executable(r"C:\Windows\System32\whoami.exe", ("/groups", "/fo", "csv", "/nh"), seconds=60)
POLICY = "LocalAccountTokenFilterPolicy"
_POLICY_KEY = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
_SID = re.compile(r"S-1-\d+(?:-\d+)+")
_ADMINISTRATORS = "S-1-5-32-544"
_LABEL = re.compile(r"S-1-16-(\d+)")
_HIGH = 12288
_DOMAIN_GROUP = re.compile(r"S-1-5-21(?:-\d+){3}-(\d+)")
#: Groups of Active Directory by the last number of their SID.
_NAMES = {512: "Domain Admins", 518: "Schema Admins", 519: "Enterprise Admins"}
SERVER_ADMINS, CS_ADMINISTRATOR = "RTCUniversalServerAdmins", "CsAdministrator"
#: The stages of Active Directory's preparation: the state that says it is done, and who may do it.
STAGES = {
    "schema": ("SCHEMA_VERSION_STATE_CURRENT", 518),
    "forest": ("LC_FORESTSETTINGS_STATE_READY", 519),
    "domain": ("LC_DOMAINSETTINGS_STATE_READY", 512),
}
HOP = (
    "set ansible_winrm_transport to credssp for this host (or to kerberos, with ansible_winrm_kerberos_delegation: true "
    "and an account that may be delegated)"
)
RENEW = "then open a new logon (session, state: renewed, reason: group_membership), because a token never changes"


@dataclass(frozen=True)
class Token:
    """The groups of a logon: by SID, and by name without the domain."""

    sids: frozenset[str]
    names: frozenset[str]

    @property
    def administrator(self) -> bool:
        """A member of the local Administrators whose rights are not filtered away."""
        levels = [int(found.group(1)) for one in self.sids if (found := _LABEL.fullmatch(one))]
        return _ADMINISTRATORS in self.sids and (not levels or max(levels) >= _HIGH)

    @property
    def filtered(self) -> bool:
        return _ADMINISTRATORS in self.sids and not self.administrator

    def has_domain_group(self, number: int) -> bool:
        found = (_DOMAIN_GROUP.fullmatch(one) for one in self.sids)
        return any(one is not None and int(one.group(1)) == number for one in found)

    def has(self, name: str) -> bool:
        return name.casefold() in self.names


def token(text: str) -> Token | None:
    """The lines of `whoami /groups /fo csv /nh`; None where there is no group in them."""
    sids: set[str] = set()
    names: set[str] = set()
    for fields in csv.reader(text.splitlines()):
        sid = next((one for one in fields if _SID.fullmatch(one)), None)
        if sid is not None:
            sids.add(sid)
            names.add(fields[0].rpartition("\\")[2].casefold())
    return Token(frozenset(sids), frozenset(names)) if sids else None


def calls(front_end: bool, domain: str) -> dict[str, Call]:
    """What is asked: the token everywhere, the directory and SQL Server from a Front End Server only."""
    asked: dict[str, Call] = {
        "token": WHOAMI,
        "policy": reading(Query("registry", _POLICY_KEY, properties=(POLICY,))),
    }
    if front_end:
        for stage in STAGES:
            asked[stage] = reading(Query(f"ad_{stage}"))
        asked["store"] = reading(Query("store_location"))
        asked["sites"] = reading(Query("site", properties=("Identity",)))
        if domain:
            asked["sysvol"] = reading(Query("file", rf"\\{domain}\SYSVOL", properties=("FullName",)))
    return asked


@dataclass(frozen=True)
class Account:
    """Whose session it is: `COMPUTER\\user` is an account of the host itself."""

    user: str
    computer: str

    @property
    def local(self) -> bool:
        return bool(self.user) and self.user.partition("\\")[0].casefold() == self.computer.casefold()


def findings(host: str, account: Account, looks: Mapping[str, Look], front_end: bool, source: str) -> Iterator[Finding]:
    seen = looks["token"]
    held = token(seen.output) if seen.known else None
    who = f"The logon of {account.user or 'the account'} on {host}"
    if held is None:
        why = seen.why or "whoami.exe shows no group"
        yield not_known("administrator", who, "that of a local administrator", why)
    else:
        yield from _administrator(host, who, account, held, looks["policy"])
    if not front_end:
        return
    if account.local:
        yield Finding(
            "account", ERROR, f"The account of the session on {host}", "one of the domain",
            f"{account.user}, an account of the host itself",
            "set ansible_user to an account of the domain, because Active Directory and SQL Server know no other",
        )  # fmt: skip
    if held is not None:
        yield from _stages(who, held, looks)
        yield from _lync_groups(who, held, looks["forest"], source)
    yield from _hops(host, held, looks)


def _administrator(host: str, who: str, account: Account, held: Token, policy: Look) -> Iterator[Finding]:
    if held.administrator:
        return
    if held.filtered and account.local:
        value = policy.first(POLICY)
        if value != 1:
            shown = "not set" if value is None else str(value)
            found = f"{shown}, so that {account.user} has no administrator's rights over WinRM"
            yield Finding(
                "token_filter", ERROR, f"{POLICY} on {host}", "1", found,
                rf"as an administrator at its console run: New-ItemProperty '{_POLICY_KEY}' -Name {POLICY} -Value 1 "
                "-PropertyType DWord -Force (or use the built-in Administrator), then begin again",
            )  # fmt: skip
            return
    found = "one with the rights of an administrator filtered away" if held.filtered else "one without that group"
    yield Finding(
        "administrator", ERROR, who, f"that of a local administrator ({_ADMINISTRATORS})", found,
        f"add the account to the local group Administrators of {host}, {RENEW}",
    )  # fmt: skip


def _stages(who: str, held: Token, looks: Mapping[str, Look]) -> Iterator[Finding]:
    """Domain, Enterprise and Schema Admins are needed where their stage is still to be done, and not afterwards."""
    for stage, (done, number) in STAGES.items():
        state = looks[stage]
        if held.has_domain_group(number) or (state.known and state.first(".") == done):
            continue
        name, wanted = f"{stage}_admin", f"one with {_NAMES[number]} for the preparation of the {stage}"
        if not state.known:
            yield not_known(
                name, who, wanted, f"whether that is still to be done: {state.why}; the token is without the group",
                f"where it is still to be done, have somebody of {_NAMES[number]} do it, or join that group",
            )  # fmt: skip
            continue
        yield Finding(
            name, ERROR, who, wanted, f"without that group, and the {stage} is {state.first('.') or 'not prepared'}",
            f"add the account to {_NAMES[number]} until the stage is done, {RENEW}",
        )  # fmt: skip


def _lync_groups(who: str, held: Token, forest: Look, source: str) -> Iterator[Finding]:
    """The groups come with the preparation of the forest; RTCUniversalServerAdmins is as old as Office Communications
    Server, CsAdministrator as Lync Server 2010."""
    ready = forest.known and forest.first(".") == STAGES["forest"][0]
    for group, since in ((SERVER_ADMINS, ("ocs_2007_r2", "lync_2010")), (CS_ADMINISTRATOR, ("lync_2010",))):
        if held.has(group):
            continue
        name, wanted = f"token_{group.lower()}", f"one with the group {group}"
        if ready or source in since:
            yield Finding(
                name, ERROR, who, wanted, "without it", f"add the account to {group} in Active Directory, {RENEW}"
            )
        elif not forest.known:
            yield not_known(name, who, wanted, f"whether the group exists already: {forest.why}")


def _hops(host: str, held: Token | None, looks: Mapping[str, Look]) -> Iterator[Finding]:
    """The reads that need the account's own rights on another server: where they are refused, delegation is missing."""
    store, sites = looks["store"], looks["sites"]
    yield from _directory(host, store, looks.get("sysvol"))
    what = f"SQL Server with the Central Management store, asked from within the session on {host},"
    server = store.first("BackEndServer")
    without_groups = held is not None and not (held.has(SERVER_ADMINS) and held.has(CS_ADMINISTRATOR))
    if not store.known:
        yield not_known("second_hop_sql", what, "readable", store.why)
    elif not server:
        yield not_known("second_hop_sql", what, "readable", "the forest has no Central Management store yet")
    elif not sites.known and without_groups and all(one.category == "PermissionDenied" for one in sites.errors):
        yield not_known("second_hop_sql", what, "readable", "the account is without the groups that may read it")
    elif not sites.known:
        do = f"{HOP}; where it is, see that SQL Server runs on {server} and is not behind a firewall"
        yield Finding("second_hop_sql", ERROR, what, "readable", f"out of reach on {server} ({sites.why})", do)


def _directory(host: str, store: Look, sysvol: Look | None) -> Iterator[Finding]:
    """SYSVOL is on a domain controller: an account that opens it from here has its own rights there. A cmdlet can fail
    for other reasons too, because the forest is not prepared for example."""
    what = f"Active Directory, asked from within the session on {host},"
    if store.known or (sysvol is not None and sysvol.known):
        return
    denied = sysvol is not None and any(one.category == "PermissionDenied" for one in sysvol.errors)
    if denied or (store.asked and not store.no_cmdlet):
        why = sysvol.why if sysvol is not None and denied else store.why
        yield Finding("second_hop_ad", ERROR, what, "readable", f"out of reach ({why})", HOP)
    else:
        yield not_known("second_hop_ad", what, "readable", store.why if sysvol is None else sysvol.why)
