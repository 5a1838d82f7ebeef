"""Figures as SVG text, from a few primitives, so that drawing them needs no package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
"""Colours that are told apart with every kind of sight (Okabe and Ito 2008)."""

Scale = Callable[[float], float]


@dataclass
class Drawing:
    """A white page of so many points, and what has been drawn on it."""

    width: int
    height: int
    title: str
    parts: list[str] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float, color: str, width: float) -> None:
        """Draw a straight line."""
        ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        self.parts.append(f'<line {ends} stroke="{color}" stroke-width="{width}"/>')

    def path(self, points: Sequence[tuple[float, float]], color: str) -> None:
        """Draw a line through points."""
        through = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(
            f'<polyline points="{through}" fill="none" stroke="{color}" stroke-width="1.5"/>'
        )

    def dot(self, x: float, y: float, color: str, radius: float = 3.5) -> None:
        """Draw a dot that others shine through."""
        self.parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{color}" fill-opacity="0.6"/>'
        )

    def box(self, x1: float, x2: float, y: float, height: float, color: str) -> None:
        """Draw a pale box from ``x1`` to ``x2`` around the height ``y``."""
        place = f'x="{x1:.1f}" y="{y - height / 2:.1f}" width="{x2 - x1:.1f}" height="{height}"'
        self.parts.append(f'<rect {place} fill="{color}" fill-opacity="0.15"/>')

    def text(
        self, x: float, y: float, words: str, anchor: str = "start", color: str = "#222222"
    ) -> None:
        """Write words, the anchor being their start, middle or end."""
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}"'
        self.parts.append(f"<text {place}>{words}</text>")

    def svg(self) -> str:
        """Give the whole figure as text."""
        size = f'width="{self.width}" height="{self.height}"'
        return "\n".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" {size}'
                f' viewBox="0 0 {self.width} {self.height}" font-family="sans-serif"'
                ' font-size="12">',
                f"<title>{self.title}</title>",
                f'<rect {size} fill="white"/>',
                *self.parts,
                "</svg>\n",
            )
        )


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """Map ``low`` to ``high`` in a straight line onto ``start`` to ``end``."""
    return lambda value: start + (value - low) / (high - low) * (end - start)
