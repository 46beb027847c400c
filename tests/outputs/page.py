"""Reads the page of a scan as a browser's parser would, and says what should not be in it."""

import html.parser

ELEMENTS = {"html", "head", "meta", "title", "style", "body", "header", "main", "section",
            "article", "details", "summary", "h1", "h2", "h3", "p", "div", "span", "strong", "b",
            "code", "pre", "ul", "li", "dl", "dt", "dd", "table", "tr", "td", "svg", "g", "path",
            "rect", "text"}
ATTRIBUTES = {"class", "id", "open", "lang", "charset", "content", "name", "http-equiv", "role",
              "aria-label", "width", "height", "viewbox", "d", "x", "y", "rx"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.problems = []
        self.elements = set()
        self.ids = []
        self.policy = ""
        self.text = ""
        self.cells = []
        self._in = []

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        if tag not in ELEMENTS:
            self.problems.append(f"<{tag}>")
        for name, value in attrs:
            if name not in ATTRIBUTES:
                self.problems.append(f"{tag} {name}={value!r}")
            if name == "id":
                self.ids.append(value)
            if value == "Content-Security-Policy":
                self.policy = dict(attrs)["content"]
        self._in.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag):
        while self._in and self._in.pop() != tag:
            pass

    def handle_comment(self, data):
        self.problems.append(f"<!--{data}-->")

    def handle_data(self, data):
        if "style" in self._in:
            return
        self.text += data
        if "td" in self._in:
            self.cells[-1] += data


def read(text):
    page = Page()
    page.feed(text)
    page.close()
    return page
