# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names a certificate stands for: RFC 9525, and the further rules of public authorities. Pure, without any library.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_address

from .._settings.names import BadName, domain

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")

#: Second levels that registries of countries sell names below. The list of all public suffixes is long and changes
#: monthly; these few are what a wildcard is seen over by mistake.
_SECOND_LEVELS = frozenset(
    "ac co com edu gen go gob gouv gov gv id info ltd me mil muni ne net nhs nic nom or org plc police sch web".split()
)
#: Domains whose owners give out what is below them.
_GIVEN_OUT = frozenset(
    "amazonaws.com s3.amazonaws.com appspot.com azurewebsites.net blogspot.com cloudapp.net cloudfront.net fastly.net "
    "firebaseapp.com github.io gitlab.io herokuapp.com netlify.app pages.dev vercel.app web.app workers.dev".split()
)


def reference(name: str) -> str:
    """A name to look for as it stands in certificates: lower-case, A-labels, without the dot of the root."""
    text = name.strip().lower()
    text = text.removesuffix(".")
    if text.isascii():
        return text
    try:
        return domain(text)
    except BadName:
        return text


@lru_cache(maxsize=4096)  # of a probe of many domains each name is asked for several times
def address_of(name: str) -> str:
    """The address that a name is, as it is written by RFC 5952; empty for other names."""
    try:
        return str(ip_address(name.strip().removeprefix("[").removesuffix("]")))
    except ValueError:
        return ""


def is_name(text: str) -> bool:
    """Labels of letters, digits, hyphens and underscores; no empty one, and not the dot of the root."""
    return 0 < len(text) <= 253 and all(_LABEL.fullmatch(label) for label in text.lower().split("."))


def public_suffix(name: str) -> bool:
    """Whether strangers have names right below this one, as far as the short lists here know."""
    labels = name.lower().split(".")
    if len(labels) == 1 or name.lower() in _GIVEN_OUT:
        return True
    return len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _SECOND_LEVELS


def covers(presented: str, wanted: str) -> bool:
    """A DNS name of a certificate covers the wanted name: letter for letter without regard to case; a wildcard only as
    the whole left-most label, for exactly one label, and not over a public suffix."""
    presented, wanted = presented.lower(), reference(wanted)
    wildcard = presented.startswith("*.")
    rest = presented[2:] if wildcard else presented
    if rest != (wanted.partition(".")[2] if wildcard else wanted):
        return False
    return is_name(wanted) and not address_of(wanted) and not (wildcard and public_suffix(rest))


def wildcard_fault(presented: str) -> str:
    """Why a wildcard is none that anybody has to take; empty where nothing is wrong with it."""
    if "*" not in presented:
        return ""
    if not presented.startswith("*.") or "*" in presented[1:]:
        return f"{presented} has its wildcard elsewhere than as the whole left-most label"
    if public_suffix(presented[2:]):
        return f"{presented} is a wildcard over a public suffix"
    return ""


def subject_fault(common_name: str, names: Sequence[str], addresses: Iterable[str]) -> str:
    """Where the common name claims a name that the alternative names do not have letter for letter; empty otherwise.

    A name of another kind than the alternative ones claims nothing, and the domain of a wildcard is taken for it."""
    known = {*names, *addresses}
    if not common_name or common_name in known or f"*.{common_name}" in known:
        return ""
    kind = "an address" if _like_an_address(common_name) else "a name" if _like_a_name(common_name) else ""
    if kind == "a name" and not names:
        return ""
    return (
        f"its common name {common_name} is {kind} that is not among its alternative names as it is written"
        if kind
        else ""
    )


def _like_an_address(text: str) -> bool:
    if address_of(text):
        return True
    try:
        socket.inet_aton(text)  # also 0xC0A80101 and 192.168.001.001
    except (OSError, ValueError, UnicodeError):
        return False
    return not text.isalpha() and " " not in text


def _like_a_name(text: str) -> bool:
    """Of several labels; which letters they have does not matter."""
    return "." in text and " " not in text and all(text.split("."))
