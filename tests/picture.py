#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Turns what `tmux capture-pane -pe` prints into an SVG picture of a terminal.

It has its own background, so it can be read on light and on dark pages. Blocks become rectangles, and
each text has its width, so that fonts of other widths do not move the columns.
"""

import re
import sys
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 8, 17  # of a cell
MARGIN = 14
BACKGROUND, FOREGROUND, QUIET = "#171b24", "#dde2ea", "#8b94a5"
COLOURS = {31: "#f0717a", 32: "#7fc77f", 33: "#e8b651", 34: "#5d9df5", 35: "#c58af0", 36: "#4fc4cf"}
BLOCKS = {"█": 1.0, "▌": 0.5}


class Style:
    """What the escape sequences up to here ask for."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.colour, self.bold, self.dim, self.reverse = None, False, False, False

    def apply(self, codes):
        for code in [int(c or 0) for c in codes.split(";")]:
            if code == 0:
                self.reset()
            elif code == 39:
                self.colour = None
            elif code in COLOURS:
                self.colour = COLOURS[code]
            else:
                for name, value in (("bold", 1), ("dim", 2), ("reverse", 7)):
                    if code == value:
                        setattr(self, name, True)

    def key(self):
        ink = self.colour or (QUIET if self.dim else FOREGROUND)
        return (BACKGROUND if self.reverse else ink, self.bold, self.reverse)


def cells(line, style):
    """Yields (character, style) for each cell of a line."""
    for escape_codes, character in re.findall(r"\x1b\[([0-9;]*)m|(.)", line):
        if character:
            yield character, style.key()
        else:
            style.apply(escape_codes)


def runs(line, style):
    """Yields (column, text, style): cells beside each other that look the same."""
    text, start, last = "", 0, None
    for column, (character, key) in enumerate(cells(line, style)):
        kind = (key, character in BLOCKS)
        # Wide gaps are left out, so that the rest is not stretched.
        if kind != last or (text.endswith("  ") and character != " " and not key[2]):
            if text:
                yield start, text, last
            text, start, last = "", column, kind
        text += character
    if text:
        yield start, text, last


def draw(row, column, text, look, background):
    (ink, bold, reverse), is_block = look
    x, y = MARGIN + column * WIDTH, MARGIN + row * HEIGHT
    if reverse:
        background.append(f'<rect x="{x}" y="{y}" width="{len(text) * WIDTH}" height="{HEIGHT}" fill="#b9c3d4"/>')
    if is_block:
        width = sum(BLOCKS[c] for c in text) * WIDTH
        return f'<rect x="{x}" y="{y + 2}" width="{width:g}" height="{HEIGHT - 4}" fill="{ink}"/>'
    indent = len(text) - len(text.lstrip())
    text = text.strip()
    if not text:
        return ""
    x += indent * WIDTH
    fill = "" if ink == FOREGROUND else f' fill="{ink}"'
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y + 13}" textLength="{len(text) * WIDTH}"{fill}{weight}>{escape(text)}</text>'


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    style, shapes, background = Style(), [], []
    columns = 0
    for row, line in enumerate(lines):
        columns = max(columns, sum(1 for _ in cells(line, Style())))
        shapes += [draw(row, *run, background) for run in runs(line, style)]
    width, height = columns * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
          f'height="{height}" role="img" aria-label="loginview on a terminal: logins per hour as bars, '
          'split by device type, with top users, duplicates and rejects">')
    print(f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>')
    print(f'<g font-family="ui-monospace,Menlo,Consolas,\'DejaVu Sans Mono\',monospace" font-size="13" '
          f'fill="{FOREGROUND}" xml:space="preserve">')
    print("\n".join(background + [shape for shape in shapes if shape]))
    print("</g></svg>")


main()
