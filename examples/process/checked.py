"""Runs another party and holds every line in both directions against the schema of the protocol.

    reversim explore sale --party "switch-1=python3 examples/process/checked.py COMMAND..."

A line that does not fit ends it with a message, which `reversim` reports as an error. One line in
`EVERY` is looked at after the first few of its kind, because a schema is slow.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import jsonschema

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "process-protocol.schema.json"
EVERY, FIRST = 50, 20


def main():
    schema = json.loads(SCHEMA.read_text())
    validators = {name: jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}",
                                                         "$defs": schema["$defs"]})
                  for name in ("line", "answer")}
    jsonschema.Draft202012Validator.check_schema(schema)
    seen = Counter()

    def check(name, text):
        document = json.loads(text)
        kinds = [document.get("event", name)]
        kinds += [action.get("do") for action in document.get("actions", [])]
        for kind in kinds:
            seen[kind] += 1
        if any(seen[kind] <= FIRST or seen[kind] % EVERY == 0 for kind in kinds):
            validators[name].validate(document)

    with subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as party:
        for line in sys.stdin.buffer:
            check("line", line)
            party.stdin.write(line)
            party.stdin.flush()
            answer = party.stdout.readline()
            check("answer", answer)
            sys.stdout.buffer.write(answer)
            sys.stdout.buffer.flush()


main()
