"""Photograph the page while a chorale plays, for the top of README.md: python -m docs.picture.

Writes docs/playing.png, an animated PNG that plays once, from reports/index.html as git has it. The
piece is the last continuation of CHORALE on the page, that of the network with relative attention.
Needs Chromium on the PATH.
"""

import base64
import io
import tempfile
from pathlib import Path

from PIL import Image

from tests.reporting.browser import Browser, browser

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "reports" / "index.html"
PICTURE = ROOT / "docs" / "playing.png"
CHORALE = "bwv110.7"
FIRST, LAST, STEP = 8.0, 13.0, 0.25  # seconds of the piece
WIDTH, SCALE = 480, 1.5  # of the piece on the page, and pixels of the picture for one of the page
COLOURS = 64

_ALONE = """
    const piece = [...document.querySelectorAll(".piece:has(audio)")].findLast((each) =>
      each.textContent.includes(chorale));
    document.body.replaceChildren(piece);
    const {x, y, width, height} = piece.getBoundingClientRect();
    return {x, y, width, height, scale: 1};
"""
_SEEK = """new Promise((done) => {{
    const audio = document.querySelector("audio");
    audio.addEventListener("seeked", () => requestAnimationFrame(done), {{once: true}});
    audio.currentTime = {time};
}})"""


def main() -> None:
    """Write PICTURE: a frame for each STEP of the piece, at the speed of the music."""
    count = round((LAST - FIRST) / STEP) + 1
    with tempfile.TemporaryDirectory() as profile, browser(Path(profile)) as chromium:
        chromium.open(PAGE)
        chromium.call(
            "Emulation.setDeviceMetricsOverride",
            width=WIDTH, height=WIDTH, deviceScaleFactor=SCALE, mobile=False,
        )  # fmt: skip
        box = chromium.evaluate(f"((chorale) => {{ {_ALONE} }})('{CHORALE}')")
        frames = [_frame(chromium, box, FIRST + index * STEP) for index in range(count)]
    palette = frames[-1].quantize(COLOURS)  # one for all: what does not move keeps its colour
    first, *others = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    first.save(
        PICTURE, save_all=True, append_images=others, duration=round(1000 * STEP), loop=1,
        optimize=True,
    )  # fmt: skip
    print(f"{PICTURE.name}: {count} frames, {PICTURE.stat().st_size:,} bytes")


def _frame(chromium: Browser, box: dict[str, float], time: float) -> Image.Image:
    """Return a picture of `box` of the page with the piece at `time`, in seconds."""
    chromium.evaluate(_SEEK.format(time=time))
    shot = chromium.call("Page.captureScreenshot", clip=box)
    return Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")


if __name__ == "__main__":
    main()
