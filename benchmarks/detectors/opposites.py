"""Makes the list of opposites of the groundedness detector from the data files of WordNet 3.1 (WordNet licence).

python -m benchmarks.detectors.opposites DICT_FOLDER monitoring/detectors/weights/opposites.json
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

_PARTS = ("adj", "adv", "noun", "verb")
_WORD = re.compile(r"[a-z]{2,20}\Z")


def make(folder: Path, target: Path) -> None:
    """Write every pair of single words that WordNet calls antonyms."""
    synsets = {part: _synsets(folder / f"data.{part}") for part in _PARTS}
    pairs = set()
    for part in _PARTS:
        for words, pointers in synsets[part].values():
            for offset, numbers in pointers:
                one, other = int(numbers[:2], 16), int(numbers[2:], 16)
                pair = words[one - 1], synsets[part][offset][0][other - 1]
                if all(_WORD.match(word) for word in pair):
                    pairs.add(" ".join(sorted(pair)))
    origin = (
        "antonyms of single words in WordNet 3.1, copyright 2011 by Princeton University, under the WordNet licence"
    )
    target.write_text(json.dumps({"origin": origin, "pairs": sorted(pairs)}, indent=0) + "\n", encoding="utf-8")


def _synsets(path: Path) -> dict[str, tuple[list[str], list[tuple[str, str]]]]:
    found = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        if line.startswith(" "):
            continue
        fields = line.split("|")[0].split()
        count = int(fields[3], 16)
        words = [re.sub(r"\(.*", "", word).lower() for word in fields[4 : 4 + 2 * count : 2]]
        pointers = fields[5 + 2 * count : 5 + 2 * count + 4 * int(fields[4 + 2 * count])]
        found[fields[0]] = (
            words,
            [
                (pointers[place + 1], pointers[place + 3])
                for place in range(0, len(pointers), 4)
                if pointers[place] == "!"
            ],
        )
    return found


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
