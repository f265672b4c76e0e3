"""Holds a document against the AWS service model that botocore carries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator


def problems(document: Any, shape: Shape) -> list[str]:
    """Lists what is wrong with a document: types, required and unknown members, lengths, enumerations, patterns."""
    report = ParamValidator().validate(document, shape)
    return [report.generate_report()] if report.has_errors() else list(_constraints(document, shape, "$"))


def _constraints(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Checks what botocore leaves to the service, for a document of the right types."""
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if name in value:
                yield from _constraints(value[name], member, f"{path}.{name}")
    elif isinstance(shape, ListShape):
        largest = shape.metadata.get("max", len(value))
        if len(value) > largest:
            yield f"{path} has {len(value)} items, more than {largest}"
        for index, item in enumerate(value):
            yield from _constraints(item, shape.member, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        for name, item in value.items():
            yield from _constraints(name, shape.key, f"{path} key {name}")
            yield from _constraints(item, shape.value, f"{path}.{name}")
    elif isinstance(shape, StringShape):
        if shape.enum and value not in shape.enum:
            yield f"{path} is {value!r}, none of {shape.enum}"
        pattern = shape.metadata.get("pattern")
        if pattern and not re.search(pattern, value):
            yield f"{path} is {value!r}, which is not {pattern}"
