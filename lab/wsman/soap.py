# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WS-Management envelopes: hostile XML in, answers and faults out."""

from __future__ import annotations

import re
import typing as t
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

S = "http://www.w3.org/2003/05/soap-envelope"
A = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
X = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
W = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
RSP = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
FAULT = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
WSMAN_FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
CMD_SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"

MAX_ELEMENTS = 2_000

# Codes: wsmerror.h. Subcodes: answers of real servers that pywinrm, winrm4j and Vagrant publish; where none is known, [inf].
OPERATION_TIMEOUT = 2150858793
UNEXPECTED_SELECTORS = 2150858843
MAX_SHELLS = 2150859173
MAX_OPERATIONS = 2150859174
MAX_COMMANDS = 2150859241
INVALID_RESOURCE = 2150858752
INVALID_ACTION = 2150858753
ENVELOPE_TOO_LARGE = 2150858825
CLIENT_ENVELOPE_TOO_SMALL = 2150858823
SCHEMA_VALIDATION = 2150858817
ACCESS_DENIED = 5
PIPE_CLOSING = 232
ABORTED = 995

SUBCODES = {
    OPERATION_TIMEOUT: "w:TimedOut",
    UNEXPECTED_SELECTORS: "w:InvalidSelectors",
    MAX_SHELLS: "w:QuotaLimit",
    MAX_OPERATIONS: "w:InternalError",
    MAX_COMMANDS: "w:QuotaLimit",
    INVALID_RESOURCE: "a:DestinationUnreachable",
    INVALID_ACTION: "a:ActionNotSupported",
    ENVELOPE_TOO_LARGE: "w:EncodingLimit",
    CLIENT_ENVELOPE_TOO_SMALL: "w:EncodingLimit",
    SCHEMA_VALIDATION: "w:SchemaValidationError",
    ACCESS_DENIED: "w:AccessDenied",
    PIPE_CLOSING: "w:InternalError",
    ABORTED: "w:InternalError",
}
RECEIVER = frozenset({OPERATION_TIMEOUT, MAX_OPERATIONS, PIPE_CLOSING, ABORTED})


class BadEnvelope(ValueError):
    """What came is no envelope that this endpoint reads."""


class WsmanFault(Exception):
    """An answer that is a fault."""

    def __init__(self, code: int, message: str, subcode: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.subcode = subcode or SUBCODES.get(code, "w:InternalError")


@dataclass
class Request:
    """One request: the headers that matter here, and the body."""

    action: str
    message_id: str
    resource: str
    selectors: dict[str, str]
    options: dict[str, str]
    timeout: float
    max_envelope: int
    body: ET.Element
    size: int = 0
    children: dict[str, ET.Element] = field(default_factory=dict)

    @property
    def operation(self) -> str:
        """create, command, send, receive, signal, delete, identify, or the action's last part."""
        return self.action.rpartition("/")[2].casefold()


def parse(data: bytes) -> Request:
    """Reads an envelope. No DOCTYPE, no encoding but UTF-8, a bounded number of elements."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise BadEnvelope("the envelope is no UTF-8") from exc
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BadEnvelope("an envelope has no document type")
    if text.count("<") > 2 * MAX_ELEMENTS:
        raise BadEnvelope("the envelope has too many elements")
    try:
        # As text: then no encoding that the document declares counts. The two checks above are what defusedxml would do.
        root = ET.fromstring(text)  # noqa: S314
    except (ET.ParseError, ValueError) as exc:
        raise BadEnvelope("the envelope is no XML") from exc
    header, body = root.find(f"{{{S}}}Header"), root.find(f"{{{S}}}Body")
    if root.tag != f"{{{S}}}Envelope" or body is None:
        raise BadEnvelope("the document is no SOAP envelope")
    if header is None:
        header = ET.Element("none")
    children = {child.tag: child for child in body}
    action = _text(header, A, "Action") or ("identify" if f"{{{IDENTITY}}}Identify" in children else "")
    return Request(
        action=action,
        message_id=_text(header, A, "MessageID"),
        resource=_text(header, W, "ResourceURI"),
        selectors=_named(header, f"{{{W}}}SelectorSet/{{{W}}}Selector"),
        options=_named(header, f"{{{W}}}OptionSet/{{{W}}}Option"),
        timeout=seconds(_text(header, W, "OperationTimeout")),
        max_envelope=_number(_text(header, W, "MaxEnvelopeSize")),
        body=body,
        size=len(data),
        children=children,
    )


def _text(parent: ET.Element, namespace: str, name: str) -> str:
    return (parent.findtext(f"{{{namespace}}}{name}") or "").strip()


def _named(header: ET.Element, path: str) -> dict[str, str]:
    return {element.get("Name", ""): (element.text or "").strip() for element in header.iterfind(path)}


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def seconds(duration: str) -> float:
    """An xs:duration of days, hours, minutes and seconds; 0 where there is none."""
    found = re.fullmatch(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?", duration)
    if not found:
        return 0.0
    days, hours, minutes, secs = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + secs


# --- answers


_HEAD = (
    f'<s:Envelope xml:lang="en-US" xmlns:s="{S}" xmlns:a="{A}" xmlns:x="{X}" xmlns:w="{W}" xmlns:rsp="{RSP}"'
    ' xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"><s:Header>'
)


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    related = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
    return (
        f"{_HEAD}<a:Action>{action}</a:Action><a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        f"<a:To>{ANONYMOUS}</a:To>{related}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def answer(request: Request, body: str = "") -> bytes:
    return _envelope(escape(request.action) + "Response", request.message_id, body)


def fault(exc: WsmanFault, relates_to: str, machine: str) -> bytes:
    sender = "s:Receiver" if exc.code in RECEIVER else "s:Sender"
    return _envelope(
        FAULT,
        relates_to,
        f"<s:Fault><s:Code><s:Value>{sender}</s:Value><s:Subcode><s:Value>{escape(exc.subcode)}</s:Value></s:Subcode>"
        f'</s:Code><s:Reason><s:Text xml:lang="en-US">{escape(exc.message)}</s:Text></s:Reason><s:Detail>'
        f'<f:WSManFault xmlns:f="{WSMAN_FAULT}" Code="{exc.code}" Machine={quoteattr(machine)}>'
        f"<f:Message>{escape(exc.message)}</f:Message></f:WSManFault></s:Detail></s:Fault>",
    )


def identify(windows: str) -> bytes:
    """What an Identify request is answered with."""
    return (
        f'<s:Envelope xmlns:s="{S}"><s:Header/><s:Body><i:IdentifyResponse xmlns:i="{IDENTITY}">'
        f"<i:ProtocolVersion>{W}</i:ProtocolVersion><i:ProductVendor>Microsoft Corporation</i:ProductVendor>"
        f"<i:ProductVersion>OS: {escape(windows)} SP: 0.0 Stack: 3.0</i:ProductVersion>"
        "</i:IdentifyResponse></s:Body></s:Envelope>"
    ).encode()


def created(request: Request, shell_id: str, user: str, idle_timeout: float) -> bytes:
    reference = (
        f"<x:ResourceCreated><a:Address>http://localhost/wsman</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{CMD_SHELL}</w:ResourceURI><w:SelectorSet>"
        f'<w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>'
    )
    shell = (
        f"<rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId><rsp:ResourceUri>{CMD_SHELL}</rsp:ResourceUri>"
        f"<rsp:Owner>{escape(user)}</rsp:Owner><rsp:IdleTimeOut>PT{idle_timeout:.3f}S</rsp:IdleTimeOut>"
        "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
    )
    return answer(request, reference + shell)


def received(
    request: Request, command_id: str, streams: t.Iterable[tuple[str, str, bool]], exit_code: int | None
) -> bytes:
    """``streams``: name, base64 text, and whether it ends."""
    parts = [
        f'<rsp:Stream Name="{name}" CommandId="{command_id}"{" End=" + quoteattr("true") if end else ""}>{text}</rsp:Stream>'
        for name, text, end in streams
    ]
    state = "Running" if exit_code is None else "Done"
    code = "" if exit_code is None else f"<rsp:ExitCode>{exit_code}</rsp:ExitCode>"
    parts.append(
        f'<rsp:CommandState CommandId="{command_id}" State="{RSP}/CommandState/{state}">{code}</rsp:CommandState>'
    )
    return answer(request, f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>")
