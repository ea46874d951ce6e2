"""The moving picture at the top of the README: `python notebooks/pictures/learning.py` draws it anew.

A frame is what Chromium shows of `micrograd explore --moons` at an epoch, which the address of the page asks for.
Needs Chromium and Pillow.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageColor

PICTURE = Path(__file__).with_name("learning.png")
EPOCHS = [0, 1, 2, 4, 7, 12, 20, 30, 45, 65, 100]
WINDOW, SCALE = (1220, 890), 0.68  # of a frame, in the page's pixels, and how much smaller it is drawn
FRAME, LAST = 450, 2700  # how long a frame is seen, in milliseconds
COLOURS = 56
SIGNAL = ["#23232e", "#5a5a66", "#ffffff", "#e8871e", "#2f7fc0", "#d64a40", "#2672b1", "#c9c9d1"]  # always among them
NETWORK = ["--moons", "--hidden", "6,6"]
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb"]


def frame_at(epoch: int, page: Path, folder: Path) -> Image.Image:
    """What the page shows at an epoch."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    shot = folder / f"{epoch}.png"
    command = [chromium, *OPTIONS, f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=8000"]
    command += [f"--force-device-scale-factor={SCALE}", "--window-size={},{}".format(*WINDOW)]
    address = f"{page.as_uri()}#epoch={epoch}"
    subprocess.run([*command, f"--screenshot={shot}", address], check=True, capture_output=True)
    return Image.open(shot).convert("RGB")


def palette_of(frame: Image.Image) -> Image.Image:
    """An image with the colours of all frames."""
    most = frame.quantize(COLOURS, dither=Image.Dither.NONE).getpalette()[: 3 * COLOURS]
    palette = Image.new("P", (1, 1))
    palette.putpalette(most + [channel for colour in SIGNAL for channel in ImageColor.getrgb(colour)])
    return palette


def main() -> None:
    """Make the page, see it at each epoch, write the frames."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = folder / "moons.html"
        subprocess.run([sys.executable, "-m", "micrograd", "explore", *NETWORK, "-o", str(page)], check=True)
        frames = [frame_at(epoch, page, folder) for epoch in EPOCHS]
    palette = palette_of(frames[len(frames) // 2])
    first, *others = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    durations = [FRAME] * len(others) + [LAST]
    first.save(PICTURE, save_all=True, append_images=others, duration=durations, loop=0, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
