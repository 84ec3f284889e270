# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that PowerShell reads as numbers, durations and dates; a ValueError for a text that it refuses."""

from __future__ import annotations

import datetime as dt
import re

MULTIPLIERS = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40, "pb": 1 << 50}

_NUMBER = re.compile(
    r"([+-]?)(?:0x([0-9a-f]+)|(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d{1,3})?)[ld]?(kb|mb|gb|tb|pb)?", re.IGNORECASE | re.ASCII
)
_GROUPED = re.compile(r"[+-]?\d[\d,]*(\.\d*)?(e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII)


def number(text: str) -> int | float:
    """As PowerShell's own literals, blanks around them and digit groups included; an empty text is nought."""
    if not text:
        return 0
    text = text.strip()
    found = _NUMBER.fullmatch(text)
    if found is None:
        if not _GROUPED.fullmatch(text):
            raise ValueError("Input string was not in a correct format.")
        return float(text.replace(",", ""))
    sign, hexadecimal, decimal, exponent, multiplier = found.groups()
    value: int | float
    if hexadecimal:
        value = int(hexadecimal, 16)
    elif exponent or "." in decimal:
        value = float(decimal + (exponent or ""))
    else:
        value = int(decimal)
    return (-value if sign == "-" else value) * MULTIPLIERS.get((multiplier or "").lower(), 1)


_SPAN = re.compile(
    r"\s*(-?)(?:(\d{1,8})|(?:(\d{1,8})(?:\.|:(?=\d+:\d+:)))?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?)\s*",
    re.ASCII,
)
# TimeSpan.MaxValue and MinValue, without the ticks that a timedelta does not hold.
_LONGEST = dt.timedelta(microseconds=(2**63 - 1) // 10)


def span(text: str) -> dt.timedelta:
    """``[-][d.]hh:mm[:ss[.fffffff]]``, or days alone: "300" is three hundred days."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError("String was not recognized as a valid TimeSpan.")
    sign, only_days, days, hours, minutes, seconds, fraction = found.groups()
    if int(hours or 0) > 23 or int(minutes or 0) > 59 or int(seconds or 0) > 59:
        raise ValueError(
            "The TimeSpan could not be parsed because at least one of the numeric components is out of range."
        )
    value = dt.timedelta(
        days=int(only_days or days or 0),
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=int(seconds or 0),
        microseconds=int((fraction or "0").ljust(7, "0")) // 10,
    )
    if value > _LONGEST:
        raise ValueError("The TimeSpan is too long.")
    return -value if sign else value


_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)
_CULTURED = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})\.?(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(AM|PM)?)?",
    re.ASCII | re.IGNORECASE,
)
# The order of day, month and year by language; what is not listed writes day.month.year.
_ORDERS = {"en-US": "mdy", "": "mdy", "ja": "ymd", "zh": "ymd", "ko": "ymd", "hu": "ymd", "lt": "ymd", "sv": "ymd"}


def order(culture: str) -> str:
    return _ORDERS.get(culture) or _ORDERS.get(culture.partition("-")[0]) or "dmy"


def date(text: str, culture: str = "en-US") -> dt.datetime:
    """ISO 8601 in every culture; otherwise in the order of the server's. The lab's hosts keep UTC."""
    text = text.strip()
    found = _ISO.fullmatch(text)
    if found:
        year, month, day, hours, minutes, seconds, fraction, zone = found.groups()
        value = _date(int(year), int(month), int(day), int(hours or 0), int(minutes or 0), int(seconds or 0))
        value += dt.timedelta(microseconds=int((fraction or "0").ljust(7, "0")) // 10)
        return value - _offset(zone)
    found = _CULTURED.fullmatch(text)
    if found is None:
        raise ValueError("String was not recognized as a valid DateTime.")
    first, _separator, second, third, hours, minutes, seconds, half = found.groups()
    parts = (first, second, third)
    # A year of four digits at the front is a year whatever the culture's order.
    places = "ymd" if len(first) > 2 else order(culture)
    by_place = dict(zip(places, parts, strict=True))
    if len(by_place["m"]) > 2 or len(by_place["d"]) > 2:
        raise ValueError("String was not recognized as a valid DateTime.")
    year_number = int(by_place["y"])
    if len(by_place["y"]) <= 2:
        year_number += 2000 if year_number < 50 else 1900
    hour = int(hours or 0)
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("String was not recognized as a valid DateTime.")
        hour = hour % 12 + (12 if half.upper() == "PM" else 0)
    return _date(year_number, int(by_place["m"]), int(by_place["d"]), hour, int(minutes or 0), int(seconds or 0))


def _date(year: int, month: int, day: int, hour: int, minute: int, second: int) -> dt.datetime:
    return dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)


def _offset(zone: str | None) -> dt.timedelta:
    if not zone or zone in "Zz":
        return dt.timedelta(0)
    digits = zone[1:].replace(":", "")
    offset = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone[0] == "-" else offset
