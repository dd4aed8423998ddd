# SPDX-License-Identifier: Apache-2.0
"""A page taken apart: its tables by caption, lists of facts, words, and whatever in it could run or ask for something."""

from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input"}
ASKS = {"src", "srcset", "data", "action", "formaction", "poster", "background", "ping", "manifest", "xlink:href", "href"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words, self.ids = [], set(), [], []
        self.tables, self.facts, self.asks, self.runs, self.unnamed = [], [], [], [], []
        self._cell = self._caption = self._name = None
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name in ASKS and not (value or "").startswith("#"):
                self.asks.append((tag, name, value))
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.runs.append((tag, name, value))
            if name == "id":
                self.ids.append(value)
            if name == "style" and "url(" in value:
                self.asks.append((tag, name, value))
        names = dict(attributes)
        if tag == "svg" and names.get("aria-hidden") != "true" and not names.get("aria-label"):
            self.unnamed.append(tag)
        if tag == "th" and "scope" not in names:
            self.unnamed.append(tag)
        if tag == "table":
            self.tables.append(["", []])
        elif tag == "tr":
            self.tables[-1][1].append([])
        elif tag in ("td", "th", "caption", "dt", "dd"):
            self._cell = []

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}"
        self.open.pop()
        if tag in ("td", "th"):
            self.tables[-1][1][-1].append("".join(self._cell))
        elif tag == "caption":
            self.tables[-1][0] = "".join(self._cell)
        elif tag == "dt":
            self._name = "".join(self._cell)
        elif tag == "dd":
            self.facts.append((self._name, "".join(self._cell)))

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.words.append(data)
        if self._cell is not None:
            self._cell.append(data)

    @property
    def text(self):
        return "".join(self.words)

    def rows(self, caption):
        """The rows of every table with that caption, as {heading: text}, in the order of the page."""
        found = []
        for named, rows in self.tables:
            if named == caption:
                found.append([dict(zip(rows[0], row, strict=True)) for row in rows[1:]])
        return found
