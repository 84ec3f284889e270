# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is homed on pools beside users: contacts of phones, devices, rooms and numbers, and response groups. They are read only.

# rule: homed-objects
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..powershell.values import Psobj
from . import Call, cmdlet
from .shared import need_directory, need_store
from .users import AD, TYPE, policy_object

#: Kinds of an estate's homed_objects that are contacts in Active Directory: cmdlet, class of the object.
CONTACTS = {
    "common_area_phone": ("Get-CsCommonAreaPhone", "OCSADCommonAreaPhoneContact"),
    "analog_device": ("Get-CsAnalogDevice", "OCSADAnalogDeviceContact"),
    "exchange_um_contact": ("Get-CsExUmContact", "OCSADExUmContact"),
    "meeting_room": ("Get-CsMeetingRoom", "OCSADMeetingRoom"),
}
RESPONSE_GROUPS = {
    "response_group_workflow": ("Get-CsRgsWorkflow", "Workflow"),
    "response_group_queue": ("Get-CsRgsQueue", "Queue"),
    "response_group_agents": ("Get-CsRgsAgentGroup", "AgentGroup"),
}
ACCESS_NUMBER = "access_number"


def _of(call: Call, kind: str) -> Iterator[tuple[int, Any]]:
    return ((number, one) for number, one in enumerate(call.world.estate.homed_objects, 1) if one.kind == kind)


def _dn(call: Call, number: int) -> str:
    """A contact goes by a GUID in its name. # source: C:Get-CsCommonAreaPhone"""
    return f"CN={{00000000-0000-4000-8000-{number:012d}}},OU=Devices,{call.world.ad.base}"


def _contacts(kind: str, type_name: str) -> Any:
    def get(call: Call) -> Iterator[Psobj]:
        need_directory(call)
        for number, one in _of(call, kind):
            yield Psobj(
                TYPE + type_name, _dn(call, number),
                {"Identity": _dn(call, number), "RegistrarPool": policy_object("RegistrarPool", one.pool),
                 "SipAddress": f"sip:contact{number}@{call.world.estate.sip_domains[0]}", "DisplayName": one.name,
                 "LineURI": one.number, "HostingProvider": "SRV:"},
            )  # fmt: skip

    get.__qualname__ = f"get_{kind}"
    return get


def _response_groups(kind: str, type_name: str) -> Any:
    def get(call: Call) -> Iterator[Psobj]:
        """# source: C:Get-CsRgsWorkflow (the identity: that of the service, and a GUID)"""
        need_store(call)
        for number, one in _of(call, kind):
            service = f"service:ApplicationServer:{one.pool}"
            yield Psobj(
                f"Microsoft.Rtc.Rgs.Management.WritableSettings.{type_name}", one.name,
                {"Identity": f"{service}/00000000-0000-4000-8000-{number:012d}", "Name": one.name},
            )  # fmt: skip

    get.__qualname__ = f"get_{kind}"
    return get


for _kind, (_name, _type) in CONTACTS.items():
    cmdlet(_name, module="Lync", class_name=f"{AD}{_name.replace('-', '')}Cmdlet")(_contacts(_kind, _type))
for _kind, (_name, _type) in RESPONSE_GROUPS.items():
    cmdlet(_name, module="Lync", class_name=f"Microsoft.Rtc.Rgs.Management.{_name.replace('-', '')}Cmdlet")(
        _response_groups(_kind, _type)
    )


@cmdlet(
    "Get-CsDialInConferencingAccessNumber",
    module="Lync",
    class_name="Microsoft.Rtc.Management.Xds.GetAccessNumberCmdlet",
)
def get_access_number(call: Call) -> Iterator[Psobj]:
    need_directory(call)
    for number, one in _of(call, ACCESS_NUMBER):
        yield Psobj(
            "Microsoft.Rtc.Management.Xds.AccessNumber", _dn(call, number),
            {"Identity": _dn(call, number), "PrimaryUri": f"sip:number{number}@{call.world.estate.sip_domains[0]}",
             "DisplayName": one.name, "DisplayNumber": one.number, "LineUri": one.number, "Pool": one.pool},
        )  # fmt: skip
