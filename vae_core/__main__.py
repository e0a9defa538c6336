"""python -m vae_core."""

import sys

from vae_core.leaving import GOES_ON, leaving_at_once

if __name__ == "__main__":
    with leaving_at_once(GOES_ON if sys.argv[1:2] == ["train"] else ""):
        from vae_core.cli import main

        main()
