"""Writes what a party of a scenario is told of its place to a file, for `tcp_switch.py --config`.

    reversim explore sale --faults 0 --party "switch-1=python3 configuration.py FILE"

It is a party that keeps the first line it hears and does nothing else.
"""

import os
import sys

for number, line in enumerate(sys.stdin):
    if number == 0:
        new = f"{sys.argv[1]}.{os.getpid()}"
        with open(new, "w", encoding="utf-8") as file:
            file.write(line)
        os.replace(new, sys.argv[1])
    print("{}", flush=True)
