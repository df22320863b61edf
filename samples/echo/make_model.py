"""Make the folder that a model would lie in; this script needs none."""

from pathlib import Path

folder = Path(__file__).parent / "model"
folder.mkdir(exist_ok=True)
path = folder / "NOTE.txt"
path.write_text("The echo sample has no model.\n")
print(f"wrote {path}")
