# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of people in many scripts, so that nothing downstream may assume ASCII, left to right, or one code unit."""

from __future__ import annotations

#: script -> (given names, family names, family name first)
SCRIPTS: dict[str, tuple[tuple[str, ...], tuple[str, ...], bool]] = {
    "latin": (
        ("Ken", "Pilar", "Zoë", "André", "Łukasz", "Siobhán", "Þóra", "Nguyễn", "Ğülşen", "Aljaž", "Ñusta"),
        ("Myer", "Ackerman", "O'Neill", "Müller-Lüdenscheidt", "Żółć", "Ångström", "D\u2019Arcy", "de la Cruz", "Šimůnek"),
        False,
    ),
    "cyrillic": (
        ("Анна", "Сергей", "Ольга", "Дмитрий", "Їжак", "Ђорђе", "Ыкылас"),
        ("Иванова", "Кузнецов", "Щербакова", "Шевченко", "Йовановић"),
        False,
    ),
    "greek": (("Ελένη", "Γιώργος", "Ἀθηνᾶ", "Σοφία"), ("Παπαδόπουλος", "Οικονόμου", "Ξενάκης"), False),
    "hebrew": (("דוד", "שרה", "יעל"), ("כהן", "לוי", "בן־דוד"), False),
    "arabic": (("محمد", "فاطمة", "نور"), ("الأنصاري", "بن علي", "العربي"), False),
    "devanagari": (("आरव", "प्रिया", "क्षितिज"), ("शर्मा", "श्रीवास्तव"), False),
    "thai": (("สมชาย", "กัญญา"), ("ศรีสุข", "ใจดี"), False),
    "chinese": (("伟", "芳", "小明", "𠮷"), ("王", "李", "欧阳", "张"), True),
    "japanese": (("太郎", "花子", "ケイコ", "さくら"), ("佐藤", "髙橋", "渡邉", "鈴木"), True),
    "korean": (("민수", "지혜", "서연"), ("김", "이", "남궁"), True),
    "emoji": (("Ana 🌻", "Bo 👩‍💻", "Cy 🇫🇮"), ("Río", "Straße", "İnce"), False),
}


def name(script: str, number: int) -> tuple[str, str, str]:
    """Given name, family name and display name of a numbered person: always the same ones."""
    given, family, family_first = SCRIPTS[script]
    first = given[number % len(given)]
    last = family[(number // len(given) + number) % len(family)]
    return first, last, f"{last} {first}" if family_first else f"{first} {last}"
