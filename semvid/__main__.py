"""``python -m semvid``: the `semvid` command, by name, as this package imports none that build on it."""

import runpy

from semvid.safe_path import forget_current_folder

forget_current_folder()
runpy.run_module("console", run_name="__main__", alter_sys=True)
