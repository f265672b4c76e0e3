"""Documents as XML, by the shapes of botocore's models: as much of it as the answers here need."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import botocore.model

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def write(value: Any, shape: botocore.model.Shape, name: str, namespace: str = "") -> str:
    """A value as an element of that name."""
    attribute = f' xmlns="{namespace}"' if namespace else ""
    return f"<{name}{attribute}>{_content(value, shape)}</{name}>"


def _content(value: Any, shape: botocore.model.Shape) -> str:
    if isinstance(shape, botocore.model.StructureShape):
        members = ((shape.members[name], name, member) for name, member in value.items())
        return "".join(write(member, of, of.serialization.get("name", name)) for of, name, member in members)
    if isinstance(shape, botocore.model.ListShape):
        return "".join(write(item, shape.member, shape.member.serialization.get("name", "member")) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return escape(str(value))


def read(body: bytes, shape: botocore.model.Shape) -> dict[str, Any]:
    """A document whose members are all texts and switches."""
    root = ElementTree.fromstring(body)
    assert isinstance(shape, botocore.model.StructureShape)
    elements = {element.tag.rpartition("}")[2]: (element.text or "").strip() for element in root}
    return {
        name: elements[name] == "true" if member.type_name == "boolean" else elements[name]
        for name, member in shape.members.items()
        if name in elements
    }
