"""XML from strangers as a plain tree: names without namespace or prefix, no entities, bounded.

Senders bind different namespaces to the same elements and some forget the prefix, so only local names count. A document
type declaration is refused outright: with it go entity bombs and references to other files (OWASP XXE).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

MOST_DEPTH = 40
MOST_ELEMENTS = 20_000


class XmlRefused(ValueError):
    """Not XML that is read here; `code` is `xml-malformed`, `xml-doctype` or `xml-too-large`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(slots=True)
class Node:
    """One element: local name, own text, children in order."""

    name: str
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def find(self, *path: str) -> Node:
        """The first element at the path of local names; an empty one where there is none."""
        node = self
        for name in path:
            node = next((child for child in node.children if child.name == name), _NOTHING)
        return node

    def all(self, name: str) -> list[Node]:
        """Every child of that name."""
        return [child for child in self.children if child.name == name]

    def says(self, *path: str) -> str:
        """The text there, without blanks around it; "" where there is none."""
        return self.find(*path).text.strip()

    def descendant(self, name: str) -> Node:
        """The first element of that name anywhere below; an empty one where there is none."""
        waiting = list(reversed(self.children))
        while waiting:
            node = waiting.pop()
            if node.name == name:
                return node
            waiting.extend(reversed(node.children))
        return _NOTHING


_NOTHING = Node("")


def parse(content: bytes) -> Node:
    """The root element. Raises: XmlRefused."""
    building = _Building()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 18
    parser.StartElementHandler = building.start
    parser.EndElementHandler = building.end
    parser.CharacterDataHandler = building.characters
    parser.StartDoctypeDeclHandler = building.doctype
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise XmlRefused("xml-malformed", str(error)) from error
    except (LookupError, ValueError) as error:
        if isinstance(error, XmlRefused):
            raise
        raise XmlRefused("xml-malformed", f"encoding: {error}") from error
    return building.root.children[0]


class _Building:
    def __init__(self) -> None:
        self.root = Node("")
        self._open = [self.root]
        self._pieces: list[list[str]] = [[]]
        self._count = 0

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS or len(self._open) > MOST_DEPTH:
            raise XmlRefused("xml-too-large", f"{self._count} elements, {len(self._open)} levels")
        node = Node(name.rpartition(":")[2])
        self._open[-1].children.append(node)
        self._open.append(node)
        self._pieces.append([])

    def end(self, _name: str) -> None:
        self._open.pop().text = "".join(self._pieces.pop())

    def characters(self, text: str) -> None:
        self._pieces[-1].append(text)

    def doctype(self, *_declared: object) -> None:
        raise XmlRefused("xml-doctype")
