"""The moving picture at the top of the README: `python notebooks/pictures/learning.py` draws it anew.

A frame is what Chromium shows of `micrograd explore --moons` at an epoch, which the address of the page asks for. Needs
Chromium and Pillow.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

PICTURE = Path(__file__).with_name("learning.png")
EPOCHS = [0, 1, 2, 3, 4, 6, 8, 11, 15, 20, 26, 33, 42, 55, 75, 100]
SIZE = (1000, 690)  # of a frame, in pixels
FRAME, LAST = 350, 2600  # how long a frame is seen, in milliseconds
COLOURS = 96
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb"]


def frame_at(epoch: int, page: Path, folder: Path) -> Image.Image:
    """What the page shows at an epoch."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    shot = folder / f"{epoch}.png"
    command = [chromium, *OPTIONS, f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=8000"]
    window = "{},{}".format(*SIZE)
    address = f"{page.as_uri()}#epoch={epoch}"
    command += [f"--window-size={window}", f"--screenshot={shot}", address]
    subprocess.run(command, check=True, capture_output=True)
    return Image.open(shot).convert("RGB").crop((0, 0, *SIZE))


def main() -> None:
    """Make the page, see it at each epoch, write the frames."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = folder / "moons.html"
        subprocess.run([sys.executable, "-m", "micrograd", "explore", "--moons", "-o", str(page)], check=True)
        frames = [frame_at(epoch, page, folder) for epoch in EPOCHS]
    palette = frames[len(frames) // 2].quantize(COLOURS, dither=Image.Dither.NONE)
    first, *others = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    durations = [FRAME] * len(others) + [LAST]
    first.save(PICTURE, save_all=True, append_images=others, duration=durations, loop=0, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
