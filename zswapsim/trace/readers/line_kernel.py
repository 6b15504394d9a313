# SPDX-License-Identifier: GPL-2.0-only
"""The one loop that reads lines of text, whatever their columns mean; formats describe them.

A line is fields between separators. What each field is to the reader, how its characters count and
what operations are called is in a LinePattern, made by lines.py of a Shape. In the machine's
manner: one source, interpreted over bytes and compiled over a uint8 array, integers only. Data end
with a line end, so that no scan needs to look for their end.

A number is below 2**60 or is taken apart into two halves of 32 bits: nothing leaves int64.
"""

from typing import NamedTuple

from zswapsim.engine.byte_arrays import Bytes
from zswapsim.engine.simulated import Ints, simulated
from zswapsim.units import NUMBER_BITS, PAGE_SHIFT

# Kinds of characters. Padding belongs to a field, but not at its ends.
TOKEN, PADDING, BLANK, DELIMITER, END = range(5)

# Roles of fields. Where a WANTED field is something else the line is not for us, where a FIXED one
# is it is bad.
IGNORED, COUNTER, WANTED, FIXED, OPERATION, ADDRESS, OBJECT, SIZE, SPACE = range(9)

# Meanings of operations; of several characters the greatest counts.
NEUTRAL, READ, WRITE, FETCH, OTHER = range(5)

# Outcomes of a line. Those below NOT_A_LINE are counted in state, at their own number.
ACCESS, NOTHING, UNWANTED = 0, 1, 2
NOT_A_LINE, NO_OPERATION, NO_ADDRESS, NO_SIZE, TOO_FAR, TOO_MANY_SPACES = range(5, 11)

# Outcomes of a call.
DONE, FULL, BAD, TOO_LONG = range(4)

# state: counters 0..4, then what the line at hand is, then where the reader is.
HIGH, LOW, BYTES, WRITTEN, NAME, FIRST_PAGE, PAGES, PLACE, AT, LINES, COUNT, REASON = range(5, 17)
STATE_LENGTH = 17

# characters
DIGITS, LETTERS, STARTS = 256, 512, 768

# settings
BASE, AFTER, ABSENT, INDENT, UNIT_SHIFT, SIZE_SHIFT, BY_LETTER, FOLDED, QUOTE = range(9)
SETTINGS_LENGTH = 9
AUTOMATIC = 0
"""A base: 16 after 0x, else 10."""

MOST_SPACES = 1 << 11
MOST_BYTES = 1 << 30
MOST_PAGES = (MOST_BYTES >> PAGE_SHIFT) + 1
MOST_LINE_BYTES = 1 << 16
NO_DIGIT = 255
LONGER = 1 << 56
NOT_A_NUMBER = -1
WIDE = -2


class LinePattern(NamedTuple):
    """What lines look like.

    characters: (1024,) of each character its kind; from DIGITS on its value, or NO_DIGIT; from
    LETTERS on its meaning in an operation; from STARTS on 1 if a comment may start with it.
    roles, wanted: (fields,) role, packed text. words: (3 * words,) of each operation its packed
    word, which bits of that count, what it means. comments: (2 * comments,) starts, packed, then
    which bits count. settings: see BASE and following.
    """

    characters: Ints
    roles: Ints
    wanted: Ints
    words: Ints
    comments: Ints
    settings: Ints


@simulated
def skip_blanks(kind: Ints, data: Bytes, at: int) -> int:
    """Return where the next character is that is not blank."""
    while PADDING <= kind[data[at]] <= BLANK:
        at += 1
    return at


@simulated
def field_end(pattern: LinePattern, data: Bytes, at: int) -> int:
    """Return the end of the field that starts here, its padding left out; a quote is inside."""
    kind = pattern.characters
    quote = pattern.settings[QUOTE]
    if quote != 0 and data[at] == quote:
        end = at + 1
        while data[end] != quote and kind[data[end]] != END:
            end += 1
        return end
    end = at
    while kind[data[end]] <= PADDING:
        end += 1
    while end > at and kind[data[end - 1]] == PADDING:
        end -= 1
    return end


@simulated
def next_field(pattern: LinePattern, data: Bytes, at: int) -> int:
    """Return where the field after this one starts; the line's end if there is none."""
    kind = pattern.characters
    quote = pattern.settings[QUOTE]
    if quote != 0 and data[at] == quote:
        while kind[data[at]] <= PADDING:
            at += 1
    at = skip_blanks(kind, data, at)
    if kind[data[at]] == DELIMITER:
        at = skip_blanks(kind, data, at + 1)
    return at


@simulated
def packed(data: Bytes, at: int, end: int, folded: int) -> int:
    """Return up to seven characters as one number, the first lowest; LONGER tells of more.

    folded: 1 to take capitals as small letters.
    """
    word = 0
    shift = 0
    while at < end and shift < 56:
        character = data[at]
        if folded != 0 and 65 <= character <= 90:
            character += 32
        word |= character << shift
        shift += 8
        at += 1
    if at < end:
        word |= 1 << 56
    return word


@simulated
def is_comment(pattern: LinePattern, data: Bytes, at: int) -> bool:
    """Say whether a line that starts here is a comment."""
    if pattern.characters[STARTS + data[at]] == 0:
        return False
    end = at
    while end < at + 7 and pattern.characters[data[end]] != END:
        end += 1
    start = packed(data, at, end, 0)
    comments = len(pattern.comments) >> 1
    for index in range(comments):
        if start & pattern.comments[comments + index] == pattern.comments[index]:
            return True
    return False


@simulated
def meaning_of(pattern: LinePattern, data: Bytes, at: int, end: int) -> int:
    """Return what an operation means, or NO_OPERATION if it is none."""
    if at == end:
        return NO_OPERATION
    if pattern.settings[BY_LETTER] != 0:
        meaning = 0
        while at < end:
            meaning = max(meaning, pattern.characters[LETTERS + data[at]])
            at += 1
        return OTHER if meaning == NEUTRAL else meaning
    word = packed(data, at, end, pattern.settings[FOLDED])
    for index in range(0, len(pattern.words), 3):
        if word & pattern.words[index + 1] == pattern.words[index]:
            return pattern.words[index + 2]
    return NO_OPERATION


@simulated
def after_prefix(data: Bytes, at: int, end: int) -> int:
    """Return where a number's digits start: behind 0x, if it has that."""
    if end - at > 2 and data[at] == 48 and (data[at + 1] == 120 or data[at + 1] == 88):
        return at + 2
    return at


@simulated
def number_of(characters: Ints, data: Bytes, at: int, end: int, base: int) -> int:
    """Return a number below 2**60, NOT_A_NUMBER, or WIDE if it may be larger.

    at: behind its prefix.
    """
    if at == end:
        return NOT_A_NUMBER
    while at < end - 1 and data[at] == 48:
        at += 1
    wide = end - at > (18 if base == 10 else 15)
    value = 0
    while at < end:
        one = characters[DIGITS + data[at]]
        if one >= base:
            return NOT_A_NUMBER
        if not wide:
            value = value * base + one
        at += 1
    return WIDE if wide else value


@simulated
def wide_half(characters: Ints, data: Bytes, at: int, end: int, base: int, want_high: int) -> int:
    """Return bits 63..32 or 31..0 of a number of any length; the high half at most 2**32."""
    high = 0
    low = 0
    while at < end:
        low = low * base + characters[DIGITS + data[at]]
        high = min(high * base + (low >> 32), 1 << 32)
        low &= 0xFFFFFFFF
        at += 1
    return high if want_high != 0 else low


@simulated
def take_address(pattern: LinePattern, data: Bytes, at: int, end: int, state: Ints) -> int:
    """Put an address into HIGH and LOW. Returns: an outcome."""
    after = pattern.settings[AFTER]
    if after != 0 and data[end] != after:
        return NOT_A_LINE
    absent = pattern.settings[ABSENT]
    if absent != 0 and data[at] == absent:
        return OTHER
    base = pattern.settings[BASE]
    start = at
    if base != 10:
        start = after_prefix(data, at, end)
    if base == AUTOMATIC:
        base = 10 if start == at else 16
    number = number_of(pattern.characters, data, start, end, base)
    if number == NOT_A_NUMBER:
        return NO_ADDRESS
    if number == WIDE:
        state[HIGH] = wide_half(pattern.characters, data, start, end, base, 1)
        state[LOW] = wide_half(pattern.characters, data, start, end, base, 0)
    else:
        state[HIGH] = number >> 32
        state[LOW] = number & 0xFFFFFFFF
    return ACCESS


@simulated
def take_size(pattern: LinePattern, data: Bytes, at: int, end: int, state: Ints) -> int:
    """Put a size into BYTES. Returns: an outcome."""
    start = after_prefix(data, at, end)
    number = number_of(pattern.characters, data, start, end, 10 if start == at else 16)
    if number < 0 or number > MOST_BYTES >> pattern.settings[SIZE_SHIFT]:
        return NO_SIZE
    state[BYTES] = number << pattern.settings[SIZE_SHIFT]
    return ACCESS


@simulated
def hashed(data: Bytes, at: int, end: int, seed: int) -> int:
    """Return 62 bits that stand for a name: two hashes of 31, one FNV-1a, one after Murmur."""
    one = (seed & 0x7FFFFFFF) ^ 0x11C9DC5
    two = seed >> 31 ^ 0x3C6EF372
    while at < end:
        character = data[at]
        one = ((one ^ character) * 0x01000193) & 0xFFFFFFFF
        two = ((two + character + 1) * 0x5BD1E995) & 0xFFFFFFFF
        two ^= two >> 15
        at += 1
    return (one & 0x7FFFFFFF) << 31 | (two & 0x7FFFFFFF)


@simulated
def take_object(pattern: LinePattern, data: Bytes, at: int, end: int, state: Ints) -> int:
    """Make an object a page: its number if it is a plain one, else a hash, below zero."""
    if at == end:
        return NO_ADDRESS
    number = number_of(pattern.characters, data, at, end, 10)
    if number < 0 or (data[at] == 48 and end - at > 1):
        number = -1 - hashed(data, at, end, 0)
    state[FIRST_PAGE] = number
    state[PAGES] = 1
    return ACCESS


@simulated
def take_field(
    pattern: LinePattern, data: Bytes, at: int, end: int, field: int, state: Ints
) -> int:
    """Do what the role of a field asks for. Returns: an outcome."""
    role = pattern.roles[field]
    if role == OPERATION:
        meaning = meaning_of(pattern, data, at, end)
        if meaning <= WRITE:
            state[WRITTEN] = meaning - READ
            return ACCESS
        return meaning
    if role == ADDRESS:
        return take_address(pattern, data, at, end, state)
    if role == SIZE:
        return take_size(pattern, data, at, end, state)
    if role == OBJECT:
        return take_object(pattern, data, at, end, state)
    if at == end:
        return NOT_A_LINE
    if role == SPACE:
        state[NAME] = hashed(data, at, end, state[NAME])
    elif role == COUNTER:
        return ACCESS if pattern.characters[DIGITS + data[at]] < 10 else NOT_A_LINE
    elif packed(data, at, end, 0) != pattern.wanted[field]:
        return UNWANTED if role == WANTED else NOT_A_LINE
    return ACCESS


@simulated
def find_space(spaces: Ints, name: int) -> int:
    """Return the number of a space, a new one if it is new; or -1 if there are too many."""
    for index in range(spaces[0]):
        if spaces[index + 1] == name:
            return index
    if spaces[0] == MOST_SPACES:
        return -1
    spaces[0] += 1
    spaces[spaces[0]] = name
    return spaces[0] - 1


@simulated
def place_pages(pattern: LinePattern, spaces: Ints, state: Ints) -> int:
    """Say which pages an address and a size are: FIRST_PAGE, PAGES. Returns: an outcome."""
    unit = pattern.settings[UNIT_SHIFT]
    rest = PAGE_SHIFT - unit
    if state[HIGH] >> (20 + rest) != 0:
        return TOO_FAR
    page = state[HIGH] << (32 - rest) | state[LOW] >> rest
    offset = (state[LOW] & ((1 << rest) - 1)) << unit
    pages = 0
    if state[BYTES] > 0:
        pages = (offset + state[BYTES] - 1 >> PAGE_SHIFT) + 1
    if page + pages > 1 << NUMBER_BITS:
        return TOO_FAR
    if state[NAME] != 0:
        space = find_space(spaces, state[NAME])
        if space < 0:
            return TOO_MANY_SPACES
        page |= space << NUMBER_BITS
    state[FIRST_PAGE] = page
    state[PAGES] = pages
    return ACCESS


@simulated
def read_line(pattern: LinePattern, data: Bytes, at: int, spaces: Ints, state: Ints) -> int:
    """Read the line that starts here; PLACE is where it was left. Returns: an outcome."""
    start = at
    at = skip_blanks(pattern.characters, data, at)
    state[PLACE] = at
    if pattern.characters[data[at]] == END or at - start >= pattern.settings[INDENT]:
        return NOTHING
    if is_comment(pattern, data, at):
        return NOTHING
    state[BYTES] = 1
    state[WRITTEN] = 0
    state[NAME] = 0
    state[PAGES] = -1
    quote = pattern.settings[QUOTE]
    for field in range(len(pattern.roles)):
        end = field_end(pattern, data, at)
        if pattern.roles[field] != IGNORED:
            if quote != 0 and data[at] == quote:
                at += 1
            outcome = take_field(pattern, data, at, end, field, state)
            if outcome != ACCESS:
                return outcome
        at = next_field(pattern, data, end)
        state[PLACE] = at
    return ACCESS if state[PAGES] >= 0 else place_pages(pattern, spaces, state)


@simulated
def read_lines(
    pattern: LinePattern,
    data: Bytes,
    length: int,
    spaces: Ints,
    state: Ints,
    keys: Ints,
    writes: Ints,
) -> int:
    """Read lines from AT on into keys and writes: COUNT of them, from LINES lines.

    data: whole lines; spaces: how many are known, then their names; keys, writes: room for
    MOST_PAGES at least. Returns: DONE; FULL, to be called again; or BAD, of the line at AT, for
    REASON, or TOO_LONG.
    """
    at = state[AT]
    count = 0
    lines = 0
    status = DONE
    while at < length:
        outcome = read_line(pattern, data, at, spaces, state)
        end = state[PLACE]
        while data[end] != 10:
            end += 1
        if end - at > MOST_LINE_BYTES:
            status = TOO_LONG
            break
        if outcome == ACCESS:
            if count + state[PAGES] > len(keys):
                status = FULL
                break
            for page in range(state[PAGES]):
                keys[count] = state[FIRST_PAGE] + page
                writes[count] = state[WRITTEN]
                count += 1
        elif outcome >= NOT_A_LINE:
            state[REASON] = outcome
            status = BAD
            break
        else:
            state[outcome] += 1
        at = end + 1
        lines += 1
    state[AT] = at
    state[LINES] = lines
    state[COUNT] = count
    return status
