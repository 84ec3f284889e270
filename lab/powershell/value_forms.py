# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Lync itself wants a value to look like, after PowerShell has bound it: binding's second stage.

``check`` goes by the table of forms; the parsers below serve handlers. What the forms are known from stands in
``lab/rules.yml``; a value that is well formed and names nothing is the handler's business.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from functools import lru_cache

from ..organisation.rules import rules
from .conversion import ListModifier, is_list
from .errors import PSError
from .signatures import Edition, signature

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})+", re.IGNORECASE | re.ASCII)
_SIP = re.compile(r"sip:([^\s@:;,<>\"]{1,256})@([^@]+)", re.IGNORECASE)
_LABEL_OF_SCOPE = re.compile(r"(site|tag|service):(.+)", re.IGNORECASE | re.DOTALL)


# --- parsers


def is_domain(value: str) -> bool:
    """A domain name of two labels or more, in ASCII, and no IPv4 address."""
    return _DOMAIN.fullmatch(value) is not None and not value.rpartition(".")[2].isdigit()


def sip_address(value: str) -> tuple[str, str] | None:
    """The user and the domain of ``sip:user@domain``; None where it is no SIP address."""
    found = _SIP.fullmatch(value)
    if found is None or not is_domain(found[2]):
        return None
    return found[1], found[2]


def service_identity(value: str) -> tuple[str, str] | None:
    """The role and the pool of ``EdgeServer:edge.contoso.test``."""
    role, colon, fqdn = value.partition(":")
    return (role, fqdn) if colon and role.isascii() and role.isalpha() and is_domain(fqdn) else None


def scope_identity(value: str) -> str | None:
    """A scope in its printed form: Global, Site:name, Service:Role:fqdn or Tag:name (which a bare name means, too)."""
    if value.lower() == "global":
        return "Global"
    found = _LABEL_OF_SCOPE.fullmatch(value)
    if found:
        return f"{found[1].capitalize()}:{found[2]}"
    return f"Tag:{value}" if value and ":" not in value else None


# --- forms


@dataclass(frozen=True)
class Form:
    """``accepts`` judges one text. ``wants`` names, for the message, what is accepted."""

    rule: str
    accepts: t.Callable[[str], bool]
    wants: str = ""
    empty: bool = False  # an empty text clears the property


def service(*roles: str, empty: bool = False) -> Form:
    folded = {role.lower() for role in roles}

    def accepts(value: str) -> bool:
        parsed = service_identity(value)
        return parsed is not None and (not folded or parsed[0].lower() in folded)

    return Form("form-service", accepts, ", ".join(roles), empty)


def scope(*kinds: str) -> Form:
    """``kinds`` of Global, Site, Service, Tag."""

    def accepts(value: str) -> bool:
        parsed = scope_identity(value)
        return parsed is not None and parsed.partition(":")[0] in kinds

    shown = {"Global": "Global", "Site": "site:<name>", "Service": "service:<role>:<fqdn>", "Tag": "tag:<name>"}
    return Form("form-scope", accepts, ", ".join(shown[kind] for kind in kinds))


def _user(value: str) -> bool:
    return bool(value.strip()) and (not value.lower().startswith("sip:") or sip_address(value) is not None)


FQDN = Form("form-fqdn", is_domain)
FQDN_OR_NONE = Form("form-fqdn", is_domain, empty=True)
DOMAIN = Form("form-domain", is_domain)
SIP_ADDRESS = Form("form-sip-address", lambda value: sip_address(value) is not None)
USER = Form("form-user", _user)
SITE_NAME = Form("form-site-name", lambda value: bool(value) and ":" not in value)
THUMBPRINT = Form("form-thumbprint", lambda value: re.fullmatch(r"[0-9a-f]{40}", value, re.IGNORECASE) is not None)

#: Uses that exist for Microsoft's own online services only, and those that came with Lync Server 2013.
ONLINE_USES = frozenset(
    {"picwebservice", "provisionservice", "smpdnswebservice", "tenantadmin", "upgradeengineservice"}
)
USES_SINCE_2013 = frozenset({"xmppserver", "oauthtokenissuer", "logretentionservice"})

GLOBAL = scope("Global")
POLICY = scope("Global", "Site", "Tag")
SITE_CONFIGURATION = scope("Global", "Site")

#: By type, whatever the cmdlet.
BY_TYPE: dict[str, Form] = {"Fqdn": FQDN, "UserIdParameter": USER}
#: By cmdlet (a pattern) and parameter. The first that fits decides.
BY_NAME: tuple[tuple[str, dict[str, Form]], ...] = (
    (
        "Set-CsSite",
        {
            "Identity": SITE_NAME,
            "FederationRoute": service("EdgeServer", "Director", empty=True),
            "XmppFederationRoute": service("EdgeServer", empty=True),
        },
    ),
    ("Set-CsEdgeServer", {"Identity": service("EdgeServer"), "Registrar": service("Registrar", "Director")}),
    (
        "Set-CsRegistrar",
        {
            "Identity": service("Registrar"),
            "EdgeServer": service("EdgeServer", empty=True),
            "BackupRegistrar": service("Registrar", empty=True),
            "UserServer": service("UserServer"),
            "WebServer": service("WebServer"),
        },
    ),
    ("Get-CsService", {"Identity": service()}),
    ("(?:get|new|set|remove)-CsExternalAccessPolicy", {"Identity": POLICY}),
    ("[a-z]+-CsAccessEdgeConfiguration", {"Identity": GLOBAL}),
    ("[a-z]+-CsXmppGatewayConfiguration", {"Identity": GLOBAL}),
    ("[a-z]+-CsSimpleUrlConfiguration", {"Identity": SITE_CONFIGURATION}),
    (
        "[a-z]+-CsXmppAllowedPartner",
        {"Identity": DOMAIN, "Domain": DOMAIN, "AdditionalDomains": DOMAIN, "ProxyFqdn": FQDN_OR_NONE},
    ),
    ("[a-z]+-CsAllowedDomain", {"Identity": DOMAIN, "Domain": DOMAIN, "ProxyFqdn": FQDN_OR_NONE}),
    ("[a-z]+-CsSipDomain", {"Identity": DOMAIN}),
    ("(?:enable|set)-CsUser", {"SipAddress": SIP_ADDRESS}),
    ("(?:set|remove)-CsCertificate", {"Thumbprint": THUMBPRINT}),
)


@lru_cache(maxsize=4096)
def forms(cmdlet: str, edition: Edition) -> dict[str, Form]:
    """The forms that a cmdlet's parameters have beyond their types."""
    known = signature(cmdlet, edition)
    if known is None or known.module != "Lync":
        return {}
    found = {
        parameter.name: BY_TYPE[parameter.type.name]
        for parameter in known.parameters.values()
        if parameter.type.name in BY_TYPE
    }
    for pattern, by_parameter in BY_NAME:
        if re.fullmatch(pattern, cmdlet, re.IGNORECASE):
            return {**found, **by_parameter}
    return found


def check(cmdlet: str, parameters: t.Mapping[str, t.Any], edition: Edition, language: str = "en") -> None:
    """Raises the PSError with which Lync refuses a bound value's form."""
    wanted = forms(cmdlet, edition)
    for name, value in parameters.items():
        form = wanted.get(name)
        if form is not None:
            for text in _texts(value):
                if not (form.accepts(text) or (form.empty and not text)):
                    raise _refusal(form.rule, text, name, form.wants, language)
    if cmdlet.lower().endswith("-cscertificate"):
        for use in parameters.get("Type") or ():
            if not has_use(str(use), edition):
                raise _refusal("form-certificate-type", str(use), "Type", "", language)


def has_use(use: str, edition: Edition) -> bool:
    """Whether a certificate can have this use in the product."""
    folded = use.lower()
    return folded not in ONLINE_USES and (edition.lync != "L10" or folded not in USES_SINCE_2013)


def _texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, ListModifier):
        for action in ("Add", "Replace"):
            yield from _texts(value.get(action, ()))
    elif is_list(value):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def _refusal(rule: str, text: str, parameter: str, wants: str, language: str) -> PSError:
    known = rules()[rule]
    message = known.text.get(language, known.text["en"]).format(target=text, parameter=parameter, role=wants)
    return PSError(known.error["id"], known.error["category"], known.error["type"], message, text)
