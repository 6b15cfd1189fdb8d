# SPDX-License-Identifier: AGPL-3.0-or-later
"""What pages say: words in a person's language, amounts, numbers and dates as people write them there (CLDR).

Whole sentences stand in the catalogues under PAGE_TEXT, names of nouns, fields, verbs and states under PAGE_LABEL, what
a declaration says of a form or a field under PAGE_HELP; a sentence has its figures in braces, so that nothing is put
together from pieces.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import cached_property

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_decimal

from node.languages.catalogues import catalogue_of, decimal_mark, wording
from protocol.book.money import Amount
from protocol.book.timezones import MINUTE_MS, TimeZone
from protocol.practices import OPERATIONS

PAGE_TEXT, PAGE_LABEL, PAGE_HELP, ERRAND_TEXT = "page", "label", "help", "errand"
MINUS = "\u2212"
LOCALES = {"en": "en_GB", "es": "es_ES", "fr": "fr_FR", "pt": "pt_BR"}
"""Whose writing of numbers and dates is meant by each language."""


@dataclass(frozen=True)
class PageWords:
    """The words of one reader: a language, and the time zone of the group."""

    language: str
    zone: TimeZone

    @cached_property
    def locale(self) -> Locale:
        return Locale.parse(LOCALES[self.language])

    @cached_property
    def decimal_mark(self) -> str:
        """What stands before decimals."""
        return decimal_mark(self.language)

    def say(self, english: str, **figures: object) -> str:
        """Return a sentence of the pages with its figures."""
        told = wording(self.language, english, PAGE_TEXT)
        return told.format(**figures) if figures else told

    def label(self, name: str) -> str:
        """Return what a noun, a field, a verb or a state is called; where a catalogue lacks it, its own name."""
        plain = plain_label(name)
        told = wording(self.language, plain, PAGE_LABEL)
        return told[:1].upper() + told[1:]

    def help(self, english: str) -> str:
        """Return what a declaration says of a form, a record or a field."""
        return wording(self.language, english, PAGE_HELP)

    def verb(self, noun: str, verb: str) -> str:
        """Return what a verb of a noun is called: one of its own, such as "pay" for payments, or the verb's."""
        own = own_verb(noun, verb)
        return self.label(verb) if own is None else self.label(own)

    def heading(self, noun: str, verb: str) -> str:
        """Return the heading of the page on which something is done."""
        own = own_verb(noun, verb)
        if own is not None:
            return self.label(own)
        return self.say("{noun}: {verb}", noun=self.label(noun), verb=self.label(verb))

    def told(self, text: str) -> str:
        """Return what a page shows of a text: of an id or a digest its first characters, a motion's own name in words.

        A motion that has no title of its own is named by what it would do: "funds.fill 01a2...".
        """
        if event := _EVENT.fullmatch(text):
            return event[1]
        if _ID.fullmatch(text) or _DIGEST.fullmatch(text):
            return text[:SHORT_CHARS]
        operation, _, subject = text.partition(" ")
        noun, _, verb = operation.partition(".")
        if operation in OPERATIONS:
            return f"{self.heading(noun, verb)} {self.told(subject)}".rstrip()
        return text

    def errand(self, sentence: str, english: str, **figures: object) -> str:
        """Return what an errand says: its sentence in this language, or the English of the practice itself."""
        told = wording(self.language, sentence, ERRAND_TEXT)
        return english if told == sentence else told.format(**figures)

    def amount(self, amount: Amount) -> str:
        """Return the figure of an amount, its unit left out: 1.204,25, with a true minus."""
        scale = amount.asset_scale
        if amount.asset_code is None and not amount.value:
            return "0"
        digits = format_decimal(
            Decimal(abs(amount.value)).scaleb(-scale),
            format="#,##0" + (f".{'0' * scale}" if scale else ""),
            locale=self.locale,
            decimal_quantization=False,
        )
        return f"{MINUS}{digits}" if amount.value < 0 else digits

    def amount_of(self, amount: Amount) -> str:
        """Return the figure of an amount without its sign, where a sentence has it."""
        return self.amount(replace(amount, value=abs(amount.value)))

    def decimal(self, figure: Decimal) -> str:
        """Return a figure as people write it, without decimals that say nothing: 15,350 and 46.89."""
        told = format_decimal(figure, format="#,##0.####", locale=self.locale, decimal_quantization=False)
        return told.replace("-", MINUS)

    def number(self, number: int) -> str:
        """Return a whole number as people write it."""
        return format_decimal(number, locale=self.locale).replace("-", MINUS)

    def moment(self, at_ms: int) -> str:
        """Return a day and its hour by the group's clocks."""
        return format_datetime(self._local(at_ms), "d MMM y, HH:mm", locale=self.locale)

    def short_day(self, at_ms: int) -> str:
        """Return a day and its month by the group's clocks."""
        return format_skeleton("MMMd", self._local(at_ms), locale=self.locale)

    def month(self, year: int, month: int) -> str:
        """Return the name of a month, with its year."""
        told = format_skeleton("yMMMM", datetime(year, month, 1, tzinfo=UTC), locale=self.locale)
        return told[:1].upper() + told[1:]

    def day(self, at_ms: int) -> str:
        """Return a day by the group's clocks, with its weekday."""
        return format_date(self._local(at_ms), "full", locale=self.locale)

    def _local(self, at_ms: int) -> datetime:
        offset = timezone(timedelta(minutes=self.zone.offset(at_ms)))
        return datetime.fromtimestamp(min(at_ms, _LATEST_MS) / 1000, UTC).astimezone(offset)


_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Z2-7]{16}\.[A-Z]{1,12}|[a-z2-7]{52}", re.ASCII)
"""A UUID, the id of an account, the id of a network: no name that people read."""
_DIGEST = re.compile(r"[0-9a-f]{40,}|[\w-]{43}=?|[\w-]{86}(==)?", re.ASCII)
"""A digest, a key or a signature as it is stored."""
_EVENT = re.compile(r"ni:///sha-256;([0-9a-f]{8})[0-9a-f]{56}\?ver=CBV[0-9.]+", re.ASCII)
"""The id of an event of a delivery: its hash."""
SHORT_CHARS = 8
_LATEST_MS = 253_370_764_800_000 - 24 * 60 * MINUTE_MS
"""A day before the year 9999: the last that a calendar can write."""


def own_verb(noun: str, verb: str) -> str | None:
    """Return the name under which catalogues have a verb of one noun, None where the verb alone says it."""
    own = plain_label(f"{noun} {verb}")
    return own if catalogue_of("en").get(own, PAGE_LABEL) is not None else None


def plain_label(name: str) -> str:
    """Return a name as words: payment-requests and not_after as "payment requests" and "not after"."""
    return name.replace("-", " ").replace("_", " ").replace(".", " ").strip().lower()
