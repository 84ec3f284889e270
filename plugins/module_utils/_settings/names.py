# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names as Lync Server takes them: FQDNs, domains, SIP addresses, sites, policies, distinguished names.

Each function returns the name in the one form that the rest of the collection compares, or raises BadName with a
sentence that says what was wanted and what was found. Texts are values here: nothing in them is ever looked up,
expanded or run, and what a server could take for a pattern or a piece of code is refused.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable

try:
    import idna
except ImportError:  # requests brings it; without it only ASCII names can be taken
    idna = None  # type: ignore[assignment]


class BadName(ValueError):
    """A text that cannot be the name it was given as; the message is a whole sentence."""


_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# RFC 3261's user part without what PowerShell, OPath or a shell could take for more than a letter. The apostrophe
# between two letters stays: people are called O'Brien, and the address travels as data.
_SIP_USER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+=&/~!-]|(?<=[A-Za-z0-9])'(?=[A-Za-z0-9]))*")
_RDN = re.compile(r"[A-Za-z][A-Za-z0-9-]*=(?:\\[,+\"\\<>;=# ]|\\[0-9A-Fa-f]{2}|[^,+\"\\<>;\x00-\x1f*?])+")
_THUMBPRINT = re.compile(r"[0-9A-F]{40}")
_WINDOWS_PATH = re.compile(r"[A-Za-z]:\\(?:[^\\/:*?\"<>|\x00-\x1f]+\\)*[^\\/:*?\"<>|\x00-\x1f]*")
_SERVICE_ROLE = re.compile(r"[A-Za-z]{2,40}")

_QUOTES = "\"'\u2018\u2019\u201a\u201b\u201c\u201d\u201e"  # PowerShell takes the curly ones for quotes too
_CODE = ("$(", "${", "@(", "@{", "{{", "{%", "{#", "`", "%(", "&&", "||", ">>")


def shown(value: object, limit: int = 80) -> str:
    """The value as a sentence can carry it: quoted, on one line, not longer than a line."""
    if not isinstance(value, str):
        return f"{type(value).__name__} {value!r}"[:limit]
    text = "".join(c if c.isprintable() and unicodedata.category(c) != "Cf" else f"\\u{ord(c):04x}" for c in value)
    return "'" + (text if len(text) <= limit else text[: limit - 1] + "…") + "'"


def forbidden(text: str, *, wildcards: bool = True, quotes: bool = True) -> str | None:
    """What in a text a server or a template could take for more than letters, or None."""
    for character in text:
        if character == "\x00":
            return "a NUL character"
        if character in "\r\n\u0085\u2028\u2029":
            return "a line end"
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn"):
            return f"an invisible character (U+{ord(character):04X})"
    for code in _CODE:
        if code in text:
            return f"'{code}', which reads as code"
    if quotes:
        for character in text:
            if character in _QUOTES:
                return f"a quotation mark ({character})"
    if wildcards:
        for character in text:
            if character in "*?[]":
                return f"a wildcard ({character})"
    return None


def _checked(value: object, wanted: str, limit: int, *, wildcards: bool = True, quotes: bool = True) -> str:
    if not isinstance(value, str):
        raise BadName(f"{wanted} is wanted, but {shown(value)} is not a text.")
    if not value:
        raise BadName(f"{wanted} is wanted, but the text is empty.")
    if value != value.strip():
        raise BadName(f"{wanted} is wanted, but {shown(value)} begins or ends with a blank.")
    if len(value) > limit:
        raise BadName(f"{wanted} is wanted, but {shown(value)} has {len(value)} characters, more than {limit}.")
    bad = forbidden(value, wildcards=wildcards, quotes=quotes)
    if bad:
        raise BadName(f"{wanted} is wanted, but {shown(value)} contains {bad}.")
    return value


def _hostname(text: str, wanted: str, original: str) -> str:
    if text.endswith("."):
        raise BadName(f"{wanted} is wanted, but {shown(original)} ends with a dot: leave the last dot out.")
    if _is_address(text):
        raise BadName(f"{wanted} is wanted, but {shown(original)} is an IP address.")
    labels = text.split(".")
    if len(labels) < 2:
        raise BadName(f"{wanted} is wanted, but {shown(original)} has no dot in it.")
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise BadName(
                f"{wanted} is wanted, but in {shown(original)} the part {shown(label)} is not made of 1 to 63 "
                "letters, digits and hyphens (no hyphen first or last)."
            )
    if labels[-1].isdigit():
        raise BadName(f"{wanted} is wanted, but {shown(original)} ends with a number.")
    if len(text) > 253:
        raise BadName(f"{wanted} is wanted, but {shown(original)} has {len(text)} characters, more than 253.")
    return text


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def fqdn(value: object, wanted: str = "A fully qualified domain name such as pool.contoso.com") -> str:
    """The name of a computer, a pool or an interface, lower-case."""
    text = _checked(value, wanted, 253)
    if not text.isascii():
        raise BadName(f"{wanted} is wanted, but {shown(text)} has letters outside ASCII: computers have ASCII names.")
    return _hostname(text.lower(), wanted, text)


def domain(value: object, wanted: str = "A domain such as contoso.com") -> str:
    """A SIP or XMPP domain as it stands in DNS and certificates: lower-case, letters outside ASCII as an A-label."""
    text = _checked(value, wanted, 253)
    if text.isascii() and "xn--" not in text.lower():
        return _hostname(text.lower(), wanted, text)
    if idna is None:
        raise BadName(
            f"{wanted} is wanted, but {shown(text)} has letters outside ASCII and the Python package 'idna' is not "
            "installed: write the domain as it stands in DNS (xn--...), or install idna."
        )
    try:
        encoded = idna.encode(text, uts46=True).decode("ascii")
        if idna.encode(idna.decode(encoded)).decode("ascii") != encoded:  # an A-label that nobody would register
            raise BadName(f"{wanted} is wanted, but {shown(text)} is not a valid internationalised domain name.")
    except (idna.IDNAError, UnicodeError) as exc:
        raise BadName(
            f"{wanted} is wanted, but {shown(text)} is not an internationalised domain name ({exc})."
        ) from exc
    return _hostname(encoded.lower(), wanted, text)


def sip_uri(value: object, wanted: str = "A SIP address such as sip:ken@contoso.com") -> str:
    """sip:user@domain with the scheme and the domain in lower case."""
    text = _checked(value, wanted, 454, quotes=False)
    if text[:4].lower() != "sip:":
        raise BadName(f"{wanted} is wanted, but {shown(text)} does not begin with 'sip:'.")
    user, at, host = text[4:].partition("@")
    if not at or not host:
        raise BadName(f"{wanted} is wanted, but {shown(text)} has no '@' and domain.")
    if not _SIP_USER.fullmatch(user):
        raise BadName(f"{wanted} is wanted, but in {shown(text)} the part before '@' is not a user name of SIP.")
    return f"sip:{user}@{domain(host, wanted)}"


def site_name(value: object, wanted: str = "The name of a Lync site such as Redmond") -> str:
    """The bare name: Set-CsSite takes it without the 'Site:' that Get-CsSite prints."""
    text = _checked(value, wanted, 128)
    if text[:5].lower() == "site:":
        text = _checked(text[5:], wanted, 128)
    if ":" in text or text.lower() == "global":
        raise BadName(f"{wanted} is wanted, but {shown(value)} is the identity of something else.")
    return text


def policy_identity(value: object, wanted: str = "A policy identity: Global, site:Name or tag:Name") -> str:
    """'Global', 'site:Name' or 'tag:Name'; a bare name is that of a per-user policy."""
    text = _checked(value, wanted, 128)
    if text.lower() == "global":
        return "Global"
    scope, colon, name = text.partition(":")
    if not colon:
        return f"tag:{text}"
    if scope.lower() not in ("site", "tag") or not name.strip() or ":" in name or name != name.strip():
        raise BadName(f"{wanted} is wanted, but {shown(text)} is none of these.")
    if name.lower() == "global":
        raise BadName(f"{wanted} is wanted, but {shown(text)} names a policy 'Global' that is not the global one.")
    return f"{scope.lower()}:{name}"


def policy_parameter(identity: str) -> str:
    """A policy identity as New-, Set- and Grant- cmdlets take it: a per-user policy goes by its bare name."""
    return identity[4:] if identity[:4].lower() == "tag:" else identity


def same(one: object, other: object) -> bool:
    """Identities, domains and FQDNs are compared without regard to case throughout Lync."""
    return isinstance(one, str) and isinstance(other, str) and one.casefold() == other.casefold()


def dn(value: object, wanted: str = "A distinguished name such as CN=Ken Myer,OU=Sales,DC=contoso,DC=com") -> str:
    """A distinguished name of Active Directory, as it is: only its form is checked (RFC 4514)."""
    text = _checked(value, wanted, 2048, quotes=False)
    rest = text
    while True:
        match = _RDN.match(rest)
        if not match:
            raise BadName(f"{wanted} is wanted, but {shown(text)} is not of that form.")
        rest = rest[match.end() :]
        if not rest:
            return text
        if rest[0] not in ",+":
            raise BadName(f"{wanted} is wanted, but {shown(text)} is not of that form.")
        rest = rest[1:].lstrip(" ")


def address(value: object, wanted: str = "An IP address such as 10.0.0.10") -> str:
    """An IPv4 or IPv6 address in its canonical form."""
    text = _checked(value, wanted, 64)
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise BadName(f"{wanted} is wanted, but {shown(text)} is not one.") from None


def thumbprint(value: object, wanted: str = "The thumbprint of a certificate (40 hexadecimal digits)") -> str:
    """Upper-case hexadecimal without separators, as Get-CsCertificate prints it."""
    text = _checked(value, wanted, 80).replace(" ", "").upper()
    if not _THUMBPRINT.fullmatch(text):
        raise BadName(f"{wanted} is wanted, but {shown(value)} is not one.")
    return text


def windows_path(value: object, wanted: str = "A full path on the server such as C:\\Lync\\file.xml") -> str:
    """A full path with a drive letter: no wildcard, no '..', no device, no share."""
    text = _checked(value, wanted, 240)
    if not _WINDOWS_PATH.fullmatch(text) or any(
        part in (".", "..") or part.endswith((" ", ".")) for part in _parts(text)
    ):
        raise BadName(f"{wanted} is wanted, but {shown(text)} is not one.")
    return text


def _parts(path: str) -> list[str]:
    return [part for part in path.split("\\")[1:] if part]


def free_text(value: object, wanted: str = "A text", limit: int = 1024) -> str:
    """A description: any printable text on one line. It travels as data, so quotes and stars are letters."""
    if isinstance(value, str) and not value:
        return value
    return _checked(value, wanted, limit, wildcards=False, quotes=False)


def plain_text(value: object, wanted: str = "A name", limit: int = 255) -> str:
    """A name that people have given: begins with a letter or digit, without what reads as a pattern or as code."""
    text = _checked(value, wanted, limit)
    if not text[0].isalnum() or "$" in text:
        raise BadName(
            f"{wanted} is wanted, but {shown(text)} {'contains a $' if '$' in text else 'does not begin with a letter or digit'}."
        )
    return text


def distinct(values: Iterable[str]) -> list[str]:
    """The values in their order, each once, compared without regard to case."""
    seen: set[str] = set()
    kept = []
    for value in values:
        if value.casefold() not in seen:
            seen.add(value.casefold())
            kept.append(value)
    return kept
