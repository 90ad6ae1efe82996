"""The picture of a shared link: what the first screen of the report shows, and the best scores."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from pipeline.config import Params
from pipeline.publishing.drawing import PANEL, colours, font
from pipeline.publishing.headlines import Headline
from pipeline.publishing.preview import HEIGHT, WIDTH
from pipeline.publishing.publication import publication_of
from pipeline.reporting.results import Result, by_task
from pipeline.reporting.section import page_of

_MARGIN, _GAP = 64, 32
_MOST = (WIDTH - 2 * _MARGIN + _GAP) // (PANEL[0] + _GAP)  # panels side by side
_TITLE, _CAPTION, _TEXT = 50, 30, 23  # pixels of the font
_TITLE_TOP, _PANELS_TOP, _OTHERS_TOP = 52, 200, 560


def write_picture(
    params: Params, results: Sequence[Result], headlines: Sequence[Headline], path: Path
) -> None:
    """Write a PNG of WIDTH x HEIGHT pixels; equal results give equal bytes."""
    shown = _panels(params, results)
    tasks = [each for each in headlines if each.task in shown][:_MOST]
    others = [f"{each.title}: {each.score}" for each in headlines if each not in tasks]
    colour = colours()
    picture = Image.new("RGB", (WIDTH, HEIGHT), colour["page"])
    draw = ImageDraw.Draw(picture)
    title = textwrap.fill(params.report.title, 46, max_lines=2, placeholder=" ...")
    draw.multiline_text((_MARGIN, _TITLE_TOP), title, colour["ink"], font(_TITLE), spacing=10)
    for index, headline in enumerate(tasks):
        left, below = _MARGIN + index * (PANEL[0] + _GAP), _PANELS_TOP + PANEL[1]
        picture.paste(shown[headline.task], (left, _PANELS_TOP))
        draw.text((left, below + 14), headline.title, colour["ink"], font(_CAPTION))
        draw.text((left, below + 54), headline.score, colour["muted"], font(_TEXT))
    draw.text((_MARGIN, _OTHERS_TOP), " · ".join(others), colour["muted"], font(_TEXT))
    picture.save(path, "PNG", optimize=True)


def _panels(params: Params, results: Sequence[Result]) -> dict[str, Image.Image]:
    """Return what each task shows on the first screen as a picture, of tasks that can draw it."""
    panels = {}
    for task, of_task in by_task(results).items():
        page, draw = page_of(task), publication_of(task).draw
        if draw and (highlight := page.highlight(page.show(of_task, params.report))):
            panels[task] = draw(highlight)
    return panels
