"""Prints our prompt file; ``semvid prompts`` runs it."""

from __future__ import annotations

from transmitter.mllm.prompts import PROMPTS

if __name__ == "__main__":
    print(PROMPTS.read_text(encoding="utf-8"), end="")
