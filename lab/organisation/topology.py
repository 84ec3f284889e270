# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published topology: the document that Get-CsTopology -AsXml prints, and what can be read out of it.

The text is the truth. A Topology is an immutable reading of one text.
# source: element tree, roles and ports as in published topology files (SkypeforBusiness_lab_V2/V3, IaC_lab_V4,
# powershell-skype, EIC); namespaces keep the 2008 suffix in all products.
"""

from __future__ import annotations

import codecs
from functools import lru_cache
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from .topology_model import (
    ROLES,
    VERSIONS,
    Cluster,
    Interface,
    Machine,
    Port,
    Service,
    Site,
    SqlInstance,
    Topology,
)

__all__ = [
    "NS",
    "NS_ROLES",
    "ROLES",
    "VERSIONS",
    "Cluster",
    "Interface",
    "Machine",
    "Port",
    "Service",
    "Site",
    "SqlInstance",
    "Topology",
    "TopologyError",
    "decode",
    "parse",
    "root_of",
    "service_key",
    "tag",
    "write",
]

NS = "urn:schema:Microsoft.Rtc.Management.Deploy.Topology.2008"
NS_ROLES = "urn:schema:Microsoft.Rtc.Management.Deploy.ServiceRoles.2008"
NS_BUILDER = "urn:schema:Microsoft.Rtc.Management.Deploy.TopologyBuilder.2008"
MAXIMUM_BYTES = 16_000_000


class TopologyError(Exception):
    """The document cannot be read as a published topology. The text is one sentence."""


def decode(document: bytes | str) -> str:
    """Text of a file. Windows PowerShell's ``>`` writes UTF-16 with a byte order mark."""
    if isinstance(document, str):
        text = document.removeprefix("\ufeff")
    elif document.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = document.decode("utf-16")
    else:
        text = document.decode("utf-8-sig")
    return text


def root_of(text: str) -> ElementTree.Element:
    if len(text) > MAXIMUM_BYTES:
        raise TopologyError("The document is too large.")
    if "<!DOCTYPE" in text:
        raise TopologyError("For security reasons DTD is prohibited in this XML document.")
    try:
        return ElementTree.fromstring(text)  # noqa: S314  no DTD can be in it, so no entity either
    except ElementTree.ParseError as error:
        raise TopologyError(f"The document is not well-formed XML: {error}.") from error


def tag(name: str, namespace: str = NS) -> str:
    return f"{{{namespace}}}{name}"


def _attribute(element: ElementTree.Element, name: str, default: str | None = None) -> str:
    value = element.get(name, default)
    if value is None:
        local = element.tag.rpartition("}")[2]
        raise TopologyError(f"The required attribute '{name}' is missing on an element '{local}'.")
    return value


def _number(element: ElementTree.Element, name: str, default: str | None = None, most: int = 2**31 - 1) -> int:
    value = _attribute(element, name, default)
    if not value.isascii() or not value.isdigit() or int(value) > most:
        raise TopologyError(f"The '{name}' attribute is invalid: the value '{value}' is not a valid number for it.")
    return int(value)


def _flag(element: ElementTree.Element, name: str) -> bool:
    value = _attribute(element, name)
    if value not in ("true", "false", "0", "1"):
        raise TopologyError(f"The '{name}' attribute is invalid: the value '{value}' is not a valid Boolean.")
    return value in ("true", "1")


def _child(element: ElementTree.Element, name: str, namespace: str = NS) -> ElementTree.Element:
    child = element.find(tag(name, namespace))
    if child is None:
        raise TopologyError(f"An element '{element.tag.rpartition('}')[2]}' has no '{name}'.")
    return child


def _cluster_key(element: ElementTree.Element) -> str:
    return f"{_attribute(element, 'SiteId')}:{_number(element, 'Number')}"


def service_key(element: ElementTree.Element) -> str:
    return f"{_attribute(element, 'SiteId')}-{_attribute(element, 'RoleName')}-{_number(element, 'Instance')}"


def _cluster(element: ElementTree.Element) -> Cluster:
    identity = _child(element, "ClusterId")
    machines = tuple(
        Machine(
            _attribute(m, "Fqdn"),
            _number(m, "OrdinalInCluster"),
            tuple(
                Interface(
                    _attribute(i, "InterfaceSide"),
                    _number(i, "InterfaceNumber"),
                    _attribute(i, "IPAddress"),
                    i.get("ConfiguredIPAddress"),
                )
                for i in m.findall(tag("NetInterface"))
            ),
        )
        for m in element.findall(tag("Machine"))
    )
    return Cluster(
        _cluster_key(identity),
        _attribute(identity, "SiteId"),
        _attribute(element, "Fqdn"),
        _flag(element, "RequiresReplication"),
        _flag(element, "RequiresSetup"),
        machines,
    )


def _optional(element: ElementTree.Element, name: str) -> int | None:
    return _number(element, name, most=65535) if element.get(name) is not None else None


def _port(element: ElementTree.Element) -> Port:
    return Port(
        _attribute(element, "Owner").removeprefix("urn:component:"),
        _attribute(element, "Usage"),
        _attribute(element, "InterfaceSide"),
        _number(element, "InterfaceNumber"),
        _number(element, "Port", most=65535),
        _attribute(element, "Protocol"),
        _attribute(element, "UrlPath", "/"),
        _flag(element, "AuthorizesRequests"),
        _optional(element, "Range"),
        _optional(element, "ConfiguredPort"),
        element.get("ConfiguredFqdn"),
    )


def _service(element: ElementTree.Element) -> Service:
    identity = _child(element, "ServiceId")
    depends = tuple(
        service_key(_child(dependency, "ServiceId"))
        for dependency in _child(element, "DependsOn").findall(tag("Dependency"))
    )
    installed = _child(element, "InstalledOn")
    sql = installed.find(tag("SqlInstanceId"))
    cluster = _cluster_key(_child(sql if sql is not None else installed, "ClusterId"))
    ports = _child(element, "Ports", NS_ROLES)
    own = next((e for e in element if e.tag.startswith(f"{{{NS_ROLES}}}") and e is not ports), None)
    details = tuple(own.items()) if own is not None else ()
    for part in ("ExternalSettings", "InternalSettings"):
        web = own.find(tag(part, NS_ROLES)) if own is not None else None
        if web is not None:
            details += tuple((f"{part}.{key}", value) for key, value in web.items())
    return Service(
        service_key(identity),
        _attribute(identity, "SiteId"),
        _attribute(identity, "RoleName"),
        _number(identity, "Instance"),
        _number(element, "RoleVersion"),
        _number(element, "ServiceVersion"),
        cluster,
        f"{cluster}/{_attribute(sql, 'Name', '')}" if sql is not None else None,
        depends,
        tuple(_port(p) for p in ports.findall(tag("Port", NS_ROLES))),
        details,
    )


def _instance(element: ElementTree.Element) -> SqlInstance:
    identity = _child(element, "SqlInstanceId")
    cluster = _cluster_key(_child(identity, "ClusterId"))
    name = _attribute(identity, "Name", "")
    return SqlInstance(f"{cluster}/{name}", cluster, name)


@lru_cache(maxsize=64)
def _read(text: str) -> Topology:
    root = root_of(text)
    if root.tag.startswith(f"{{{NS_BUILDER}}}"):
        raise TopologyError("The document is a Topology Builder file (.tbxml), which cannot be published by a cmdlet.")
    if root.tag != tag("Topology"):
        raise TopologyError(f"The root element '{root.tag.rpartition('}')[2]}' is not the Topology element of {NS}.")
    domains = _child(root, "InternalDomains")
    return Topology(
        text,
        _attribute(root, "Signature"),
        _attribute(domains, "DefaultDomain"),
        tuple(_attribute(d, "Name") for d in domains.findall(tag("InternalDomain"))),
        tuple(
            Site(_attribute(s, "SiteId"), _child(s, "Name").text or "")
            for s in _child(root, "Sites").findall(tag("CentralSite"))
        ),
        tuple(_cluster(c) for c in _child(root, "Clusters").findall(tag("Cluster"))),
        tuple(_instance(i) for i in _child(root, "SqlInstances").findall(tag("SqlInstance"))),
        tuple(_service(s) for s in _child(root, "Services").findall(tag("Service"))),
    )


def parse(document: bytes | str) -> Topology:
    """Read a published topology; TopologyError in one sentence where that cannot be done."""
    try:
        return _read(decode(document))
    except UnicodeDecodeError as error:
        raise TopologyError("The document is not well-formed XML: invalid characters.") from error


def write(root: ElementTree.Element) -> str:
    """The text .NET makes of an XElement: two blanks per level, a default namespace wherever it changes."""
    lines: list[str] = []

    def put(element: ElementTree.Element, outer: str, depth: int) -> None:
        namespace, _sep, name = element.tag[1:].partition("}")
        start = "  " * depth + f"<{name}"
        if namespace != outer:
            start += f" xmlns={quoteattr(namespace)}"
        start += "".join(f" {key}={quoteattr(value)}" for key, value in element.items())
        text = (element.text or "").strip()
        if len(element):
            lines.append(start + ">")
            for child in element:
                put(child, namespace, depth + 1)
            lines.append("  " * depth + f"</{name}>")
        else:
            lines.append(start + (f">{escape(text)}</{name}>" if text else " />"))

    put(root, "", 0)
    return "\r\n".join(lines)
