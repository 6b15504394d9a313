# SPDX-License-Identifier: GPL-2.0-only
"""Text of others that is shown, such as names of files: it must not steer a terminal."""


def printable(text: str, keep: str = "") -> str:
    r"""Return text in which what is no printable character is written as Python writes it: "\x1b".

    That are controls, line ends, marks that turn the direction of writing, and bytes of a file name
    that are no UTF-8. keep: characters that stay. The text stays one line unless they allow more.
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in keep else ascii(letter)[1:-1] for letter in text
    )
