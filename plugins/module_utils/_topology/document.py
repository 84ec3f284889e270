# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published topology document: safe parsing into a tree that knows where in the text each element stands.

The text is never written anew. Additions are inserted at known places of it, so that whatever this collection does
not know about a document stays as it was, to the letter.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

NS = "urn:schema:Microsoft.Rtc.Management.Deploy.Topology.2008"
NS_ROLES = "urn:schema:Microsoft.Rtc.Management.Deploy.ServiceRoles.2008"
NS_WEB = "urn:schema:Microsoft.Rtc.Management.Deploy.WebServices.2011"
NS_BASE = "urn:schema:Microsoft.Rtc.Management.BaseTypes.2008"
NS_BUILDER = "urn:schema:Microsoft.Rtc.Management.Deploy.TopologyBuilder.2008"

MAXIMUM_BYTES = 8_000_000
MAXIMUM_DEPTH = 40

_NAME = re.compile(rb"<([^\s/>]+)")
_TAG = re.compile(rb"""(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")


class TopologyError(ValueError):
    """The document, or what was asked of it, cannot be; the message is one sentence."""


@dataclass
class Node:
    """An element of the document. Positions count bytes of the UTF-8 text."""

    namespace: str
    name: str
    attributes: dict[str, str]
    start: int
    inside: int = 0  # after the start tag
    outside: int = 0  # at the end tag; equal to `inside` where there is none
    end: int = 0
    default_namespace: str = ""  # what an element without a prefix means inside
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, name: str, namespace: str = NS) -> list[Node]:
        return [child for child in self.children if child.name == name and child.namespace == namespace]

    def one(self, name: str, namespace: str = NS) -> Node:
        found = self.all(name, namespace)
        if len(found) != 1:
            raise TopologyError(
                f"The topology document has {len(found)} elements {name} in {self.name}, where there has to be one."
            )
        return found[0]

    def get(self, name: str) -> str:
        try:
            return self.attributes[name]
        except KeyError:
            raise TopologyError(
                f"The topology document has an element {self.name} without the attribute {name}."
            ) from None

    def number(self, name: str) -> int:
        value = self.get(name)
        if not value.isascii() or not value.isdigit() or len(value) > 9:
            raise TopologyError(
                f"The topology document has {name}={value[:40]!r} in {self.name}, which is not a number."
            )
        return int(value)

    def canonical(self) -> tuple[Any, ...]:
        """What the element says, whatever its prefixes, blanks and order of attributes."""
        text = self.text.strip()
        return (
            self.namespace,
            self.name,
            tuple(sorted(self.attributes.items())),
            text,
            tuple(child.canonical() for child in self.children),
        )


class _Builder:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.stack: list[Node] = []
        self.defaults = [""]
        self.root: Node | None = None
        self.parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartNamespaceDeclHandler = self._namespace
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.declared: str | None = None

    def _doctype(self, *_arguments: object) -> None:
        raise TopologyError("The topology document has a DOCTYPE, which no published topology has: it is refused.")

    def _namespace(self, prefix: str | None, uri: str | None) -> None:
        if prefix is None:
            self.declared = uri or ""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.stack) >= MAXIMUM_DEPTH:
            raise TopologyError(f"The topology document is nested deeper than {MAXIMUM_DEPTH} elements: it is refused.")
        namespace, _blank, local = name.rpartition(" ")
        default = self.defaults[-1] if self.declared is None else self.declared
        self.declared = None
        start = self.parser.CurrentByteIndex
        node = Node(namespace, local, attributes, start, _after_tag(self.data, start), default_namespace=default)
        self.defaults.append(default)
        if self.stack:
            self.stack[-1].children.append(node)
        else:
            self.root = node
        self.stack.append(node)

    def _end(self, _name: str) -> None:
        node = self.stack.pop()
        self.defaults.pop()
        if self.data[node.inside - 2 : node.inside] == b"/>":
            node.outside = node.end = node.inside
        else:
            node.outside = self.parser.CurrentByteIndex
            node.end = _after_tag(self.data, node.outside)

    def _text(self, text: str) -> None:
        if self.stack:
            self.stack[-1].text += text


def _after_tag(data: bytes, position: int) -> int:
    match = _TAG.match(data, position)
    if match is None:
        raise TopologyError("The topology document has a tag without an end.")
    return match.end()


def decode(document: bytes | str) -> str:
    """The text of a document. Windows PowerShell's '>' writes UTF-16 with a byte order mark."""
    if isinstance(document, str):
        return document.removeprefix("\ufeff")
    if len(document) > 2 * MAXIMUM_BYTES:
        raise TopologyError(f"The topology document is larger than {MAXIMUM_BYTES} bytes: it is refused.")
    try:
        if document.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return document.decode("utf-16")
        return document.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise TopologyError("The topology document is neither UTF-8 nor UTF-16 text.") from None


def read(text: str) -> tuple[Node, bytes]:
    """The root of a published topology, and the bytes that positions refer to."""
    if len(text) > MAXIMUM_BYTES:
        raise TopologyError(f"The topology document is larger than {MAXIMUM_BYTES} bytes: it is refused.")
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise TopologyError("The topology document contains characters that are no text.") from None
    if len(data) > MAXIMUM_BYTES:
        raise TopologyError(f"The topology document is larger than {MAXIMUM_BYTES} bytes: it is refused.")
    builder = _Builder(data)
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as exc:
        raise TopologyError(f"The topology document is not well-formed XML ({exc}).") from None
    root = builder.root
    if root is None:
        raise TopologyError("The topology document is empty.")
    if root.namespace == NS_BUILDER or root.name in ("TopologyBuilder", "PartialTopology"):
        raise TopologyError(
            "The document is a working file of Topology Builder (.tbxml), which cannot be published by a cmdlet: "
            "use the document of Get-CsTopology -AsXml."
        )
    if (root.namespace, root.name) != (NS, "Topology"):
        raise TopologyError(f"The document is not a published topology: its root element is {root.name[:60]}.")
    return root, data


# --- additions


@dataclass(frozen=True)
class Element:
    """An element to be written; without a namespace of its own it is in that of its parent."""

    name: str
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple[Element, ...] = ()
    namespace: str | None = None
    text: str = ""

    def render(self, indent: str, newline: str, outer: str, inherited: str) -> str:
        """As .NET writes it: two blanks a level, a default namespace wherever it changes.

        `outer` is the default namespace of the place, `inherited` the namespace of the parent element."""
        namespace = inherited if self.namespace is None else self.namespace
        tag = indent + "<" + self.name
        if namespace != outer:
            tag += f" xmlns={quoteattr(namespace)}"
        tag += "".join(f" {name}={quoteattr(value)}" for name, value in self.attributes)
        if not self.children:
            return tag + (f">{escape(self.text)}</{self.name}>" if self.text else " />")
        inner = [child.render(indent + "  ", newline, namespace, namespace) for child in self.children]
        return newline.join([tag + ">", *inner, f"{indent}</{self.name}>"])


class Additions:
    """Insertions into one text, applied together."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._newline = "\r\n" if b"\r\n" in data else "\n"
        self._edits: list[tuple[int, int, int, bytes]] = []
        self._appended: dict[int, list[str]] = {}
        self._parents: dict[int, Node] = {}

    def append(self, parent: Node, element: Element) -> None:
        """Insert the element as the last child."""
        indent = self._indent(parent.children[0].start) if parent.children else self._indent(parent.start) + "  "
        text = element.render(indent, self._newline, parent.default_namespace, parent.namespace)
        self._appended.setdefault(parent.start, []).append(text)
        self._parents[parent.start] = parent

    def set_attribute(self, node: Node, name: str, value: str) -> None:
        """Change the value of an attribute that the element has."""
        tag = self._data[node.start : node.inside]
        match = re.search(rb"\s" + re.escape(name.encode()) + rb"\s*=\s*(\"[^\"]*\"|'[^']*')", tag)
        if match is None:
            raise TopologyError(f"The topology document has an element {node.name} without the attribute {name}.")
        start, end = node.start + match.start(1), node.start + match.end(1)
        self._edits.append((start, end, 1, quoteattr(value).encode()))

    def _indent(self, position: int) -> str:
        line = self._data[self._data.rfind(b"\n", 0, position) + 1 : position]
        return line.decode() if not line.strip() else ""

    def _placed(self) -> Iterator[tuple[int, int, int, bytes]]:
        for start, texts in self._appended.items():
            parent = self._parents[start]
            block = "".join(self._newline + text for text in texts)
            closing = self._newline + self._indent(parent.start)
            if parent.children:
                last = parent.children[-1].end
                yield last, last, 0, block.encode()
            elif parent.end == parent.inside:  # <DependsOn />
                match = _NAME.match(self._data, parent.start)
                name = match.group(1).decode() if match else parent.name
                tag = self._data[parent.start : parent.inside].decode().removesuffix("/>").rstrip() + ">"
                yield parent.start, parent.end, 0, (tag + block + closing + f"</{name}>").encode()
            elif self._data[parent.inside : parent.outside].strip():  # a comment, say
                yield parent.outside, parent.outside, 0, (block + closing).encode()
            else:
                yield parent.inside, parent.outside, 0, (block + closing).encode()

    def apply(self) -> str:
        """The text with everything inserted."""
        data = self._data
        for start, end, _order, replacement in sorted([*self._edits, *self._placed()], reverse=True):
            data = data[:start] + replacement + data[end:]
        return data.decode("utf-8")
