"""Changing single settings of an experiment from outside its file: ``train.updates=500``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from msgspec.structs import replace

from epochal.dsl import syntax

TOP = ("dt", "seeds", "model", "task")
BLOCKS = ("train", "curriculum")

Fields = tuple[syntax.Field, ...]
Item = TypeVar("Item")


def is_setting(name: str) -> bool:
    """Whether a name means a setting of an experiment, and no parameter of its task."""
    head, dot, _ = name.partition(".")
    return head in (*BLOCKS, "model") if dot else name in TOP


def overridden(node: syntax.Experiment, settings: Mapping[str, syntax.Expr]) -> syntax.Experiment:
    """Put settings in the place of those that the file has, or beside them."""
    for name, value in settings.items():
        head, dot, rest = name.partition(".")
        if not dot:
            node = replace(node, sections=_with_field(node.sections, name, value))
        elif head == "model":
            node = replace(node, sections=_with_argument(node.sections, rest, value))
        else:
            node = replace(node, sections=_in_block(node.sections, head, rest, value))
    return node


def _with_field(items: tuple[Item, ...], name: str, value: syntax.Expr) -> tuple[Item, ...]:
    field = syntax.Field(value.span, syntax.Ident(value.span, name), value)
    kept = [one for one in items if not (isinstance(one, syntax.Field) and one.name.name == name)]
    return (*kept, field)  # type: ignore[arg-type]


def _with_argument(
    sections: tuple[syntax.ExperimentSection, ...], name: str, value: syntax.Expr
) -> tuple[syntax.ExperimentSection, ...]:
    """Change one argument of the model, a plain ctrnn where none is written."""
    span = value.span
    model: syntax.Expr = syntax.Call(span, syntax.Ident(span, "ctrnn"), ())
    for section in sections:
        if isinstance(section, syntax.Field) and section.name.name == "model":
            model = section.value
    if isinstance(model, syntax.Name):
        model = syntax.Call(model.span, syntax.Ident(model.span, model.name), ())
    if not isinstance(model, syntax.Call):
        return sections
    argument = syntax.Argument(span, syntax.Ident(span, name), value)
    kept = [one for one in model.arguments if one.name is None or one.name.name != name]
    return _with_field(sections, "model", replace(model, arguments=(*kept, argument)))


def _in_block(
    sections: tuple[syntax.ExperimentSection, ...], block: str, name: str, value: syntax.Expr
) -> tuple[syntax.ExperimentSection, ...]:
    changed: list[syntax.ExperimentSection] = []
    found = False
    for section in sections:
        if block == "train" and isinstance(section, syntax.Train):
            section = replace(section, fields=_with_field(section.fields, name, value))
            found = True
        elif block == "curriculum" and isinstance(section, syntax.Curriculum):
            section = replace(section, items=_with_field(section.items, name, value))
            found = True
        changed.append(section)
    if not found:
        field = syntax.Field(value.span, syntax.Ident(value.span, name), value)
        made = syntax.Train if block == "train" else syntax.Curriculum
        changed.append(made(value.span, (field,)))
    return tuple(changed)
