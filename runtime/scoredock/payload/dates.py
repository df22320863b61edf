"""Text that says a date, a moment or a time of day in one way only.

ISO 8601 (RFC 3339's profile and its shorter forms), the year first in other spellings, months by name, and days before
or after months where only one of both can be the month. ``03/04/2024``, ``08:00`` or ``now`` are none of it: what they
mean depends on the reader's country or clock.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?"
)
_MOMENT = re.compile(
    rf"""
    (?:
      (?P<year>\d{{4}}) (?: (?P<mark>[-/.]) (?P<month>\d{{1,2}}) (?: (?P=mark) (?P<day>\d{{1,2}}) )? )?
    | (?P<basic>\d{{8}})
    | (?P<one>\d{{1,2}}) (?P<between>[-/.]) (?P<two>\d{{1,2}}) (?P=between) (?P<year_last>\d{{4}})
    | (?: (?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+ )?
      (?: (?P<day_first>\d{{1,2}})(?:st|nd|rd|th)? [\s-]+ (?P<named>{_MONTH})\.? [\s-]+
        | (?P<named_first>{_MONTH})\.? \s+ (?P<day_second>\d{{1,2}})(?:st|nd|rd|th)? ,?\s+ )
      (?P<year_named>\d{{4}})
    )
    (?:
      (?: (?P<iso>T) | \s+ | ,\s+ )
      (?P<hour>\d{{1,2}})
      (?: :?(?P<minute>\d{{2}}) (?: :?(?P<second>\d{{2}}) (?: [.,](?P<fraction>\d{{1,9}}) )? )? )?
      (?: \s*(?P<half>[ap])\.?m\.? )?
      (?P<zone> \s*(?: Z | UTC | GMT | [+-](?: [01]\d | 2[0-3] )(?: :?[0-5]\d )? ) )?
    )?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_TIME_OF_DAY = re.compile(r"\d:\d\d|\d\s*[ap]\.?m\b", re.IGNORECASE | re.ASCII)
_NO_DATE = frozenset(("", "nat", "nan"))


class Moment(NamedTuple):
    """What a text says: in ISO 8601, without its zone; whether it has a zone, and a day."""

    iso: str
    zoned: bool
    whole: bool


def moment(text: str) -> Moment | None:
    """The date or moment that ``text`` says; None when it says none, or may be read in more than one way."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return None
    part = found.groupdict()
    day = _day(part)
    if day is None or (day[0] < "0100" and part["mark"] != "-"):  # some readers take 0099 for 1999
        return None
    year, month, number = day
    iso = "-".join(one for one in (year, month and month.zfill(2), number and number.zfill(2)) if one)
    if part["hour"] is None:
        return Moment(iso, False, number is not None)
    hour = int(part["hour"])
    if number is None or (part["half"] and not 1 <= hour <= 12):
        return None
    if part["half"]:
        hour = hour % 12 + (12 if part["half"] in "pP" else 0)
    elif part["minute"] is None and part["iso"] is None:
        return None  # a bare number behind a date
    iso += f"T{hour:02}:{part['minute'] or '00'}"
    if part["second"]:
        iso += f":{part['second']}" + (f".{part['fraction']}" if part["fraction"] else "")
    return Moment(iso, part["zone"] is not None, True)


def _day(part: dict[str, str | None]) -> tuple[str, str | None, str | None] | None:
    """Year, month and day, as far as the text has them; None where it may mean several."""
    if part["basic"]:
        year, month, day = part["basic"][:4], part["basic"][4:6], part["basic"][6:]
    elif part["year_last"] and part["one"] and part["two"]:
        one, two = int(part["one"]), int(part["two"])
        if one <= 12 and two <= 12 and one != two:
            return None
        year = part["year_last"]
        month, day = (part["two"], part["one"]) if one > 12 else (part["one"], part["two"])
    elif part["year_named"]:
        name = part["named"] or part["named_first"] or ""
        year, month = part["year_named"], str(_MONTHS.index(name[:3].lower()) + 1)
        day = part["day_first"] or part["day_second"] or ""
    else:
        if part["month"] and not part["day"] and part["mark"] != "-":
            return None  # 2024.05 is a number
        return (part["year"] or "", part["month"], part["day"]) if int(part["month"] or 1) <= 12 else None
    return (year, month, day) if 1 <= int(month) <= 12 else None


def says_no_date(text: str) -> bool:
    """Whether ``text`` stands for a missing date: empty, ``NaT`` or ``NaN``."""
    return text.strip().lower() in _NO_DATE


def is_time_of_day(text: str) -> bool:
    """Whether ``text`` says a time of day, with minutes or ``am`` and ``pm``."""
    return _TIME_OF_DAY.search(text) is not None
