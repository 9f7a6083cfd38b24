"""Reading a phone number: one spelling for each (E.164), or why not and what to do. Never repeats the number.

The gate comes first, because the library alone is too kind: it takes `whatsapp:+14155238886` and `… ext. 5`.
"""

import re

import phonenumbers

#: ITU-T E.164 (https://www.itu.int/rec/T-REC-E.164): a country code that never starts with 0, 15 digits at most.
GATE = re.compile(r"\+[1-9][0-9]{6,14}")
BARE = re.compile(r"[1-9][0-9]{6,14}")
SCIENTIFIC = re.compile(r"\+?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
DECIMAL = re.compile(r"\+?[0-9]+[.,]0+")
#: What people put between digits, and the direction marks that address books copy along.
SEPARATORS = re.compile(r"[\s().\-/\u00a0\u2007\u2010-\u2015\u202f]")
MARKS = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
#: Set aside for fiction, so that they reach nobody, but not "valid" in every area code: North America's 555-0100 to
#: 555-0199 (https://www.nanpa.com/numbering/555-line-numbers), the United Kingdom's 07700 900000 to 900999
#: (https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama). Demos and drills use them.
FICTIONAL = re.compile(r"\+1[2-9][0-9]{2}55501[0-9]{2}|\+447700900[0-9]{3}")

TEXT_COLUMN = "give the column the format Text in the spreadsheet, put the numbers in again from their source, export"


class NumberError(ValueError):
    """Why this is no number that can be texted (`why`), and what to do about it (`cure`)."""

    def __init__(self, why: str, cure: str) -> None:
        super().__init__(f"{why}; {cure}")
        self.why, self.cure = why, cure


def canonical(written: str) -> str:
    """The number in E.164, for example +14155550123.

    Raises:
        NumberError: it cannot be read without guessing, or no such number can exist.
    """
    tidy = MARKS.sub("", written).strip()
    if DECIMAL.fullmatch(tidy) or SCIENTIFIC.fullmatch(tidy):
        raise _spoilt(tidy)
    if tidy.startswith("+"):
        tidy = SEPARATORS.sub("", tidy)
    if not GATE.fullmatch(tidy):
        raise _spoilt(tidy)
    try:
        parsed = phonenumbers.parse(tidy)
    except phonenumbers.NumberParseException as error:
        raise NumberError("no country has this country code", "correct the digits after the +") from error
    known = phonenumbers.is_valid_number(parsed) or (
        phonenumbers.is_possible_number(parsed) and FICTIONAL.fullmatch(tidy) is not None
    )
    if not known:
        raise NumberError(
            "there is no such number in its country's plan",
            "look for a missing or doubled digit; write + and the country code, then the number without a leading 0",
        )
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _spoilt(tidy: str) -> NumberError:
    if not tidy:
        return NumberError("the number is missing", "fill it in, or delete the row")
    if SCIENTIFIC.fullmatch(tidy):
        return NumberError("a spreadsheet turned the number into 1.2E+10 and lost its last digits", TEXT_COLUMN)
    if DECIMAL.fullmatch(tidy):
        return NumberError("the number was exported with decimals (….0)", TEXT_COLUMN)
    if BARE.fullmatch(tidy):
        return NumberError("the leading + is missing, so the country is unknown", f"write the + again; {TEXT_COLUMN}")
    if tidy.startswith("00"):
        return NumberError("the number starts with 00", "write + in place of 00")
    return NumberError(
        "this is no international number", "write + and 7 to 15 digits, country code first, and nothing else"
    )
