"""The example switch as a child of `reversim`: one JSON document a line in, one out.

    reversim explore sale --faults 2 --party "switch-1=python3 examples/process/switch.py"

All of the switch is in examples/python/switch_core.py; here are only the lines. `--mistake memory`
keeps reversals in memory alone, `--mistake once` sends them once.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))

from actions import Connect, Disconnect, Log, Now, Record, Send  # noqa: E402
from switch_core import Switch  # noqa: E402


def handle(switch, event):
    """One event of the protocol, told the switch."""
    what, now = event["event"], Now(event["at"], event["local"])
    switch.ticket = event["ticket"]
    if what == "received":
        switch.received(now, event["link"], bytes.fromhex(event["bytes"]))
    elif what == "link_up":
        switch.link_up(now, event["port"], event["link"])
    elif what == "link_down":
        switch.link_down(now, event["link"])
    elif what == "connect_failed":
        switch.connect_failed(now, event["port"])
    elif what == "deadline_reached":
        switch.deadline_reached(now)
    elif what == "started":
        # A torn record is no record: what it would have let out never went out.
        switch.started(now, [bytes.fromhex(record) for record in event["journal"]])
    elif what == "commanded" and event["command"] == "cut_over":
        switch.cut_over(now, event["date"], event["window_us"])
    elif what == "commanded" and event["command"] == "maintenance":
        switch.maintenance(now, event["window_us"])
    elif what == "commanded" and event["command"] == "withdraw_keys":
        switch.withdraw_keys(event["port"])


def action(one):
    """One action, as the protocol writes it."""
    if isinstance(one, Record):
        return {"do": "record", "own": one.data.hex(), "ticket": one.ticket}
    if isinstance(one, Send):
        return {"do": "send", "link": one.link, "frame": one.frame.hex(), "ticket": one.ticket}
    if isinstance(one, Connect):
        return {"do": "connect", "port": one.port, "ticket": one.ticket}
    if isinstance(one, Disconnect):
        return {"do": "disconnect", "link": one.link, "ticket": one.ticket}
    assert isinstance(one, Log)
    return {"do": "log", "text": one.text, "ticket": one.ticket}


def main():
    switch = None
    mistake = sys.argv[2] if sys.argv[1:2] == ["--mistake"] else None
    for line in sys.stdin:
        event = json.loads(line)
        answer = {}
        if event["event"] == "reset" and (event["protocol"], event["role"]) != (1, "switch"):
            answer["error"] = "this is a switch, and speaks version 1 of the protocol"
        elif event["event"] == "reset":
            switch = Switch(event["config"], mistake)
            answer["tells_books"] = True
        elif event["event"] == "books":
            answer["books"] = list(switch.stands())
        elif event["event"] == "power_loss":
            switch.forget()
        else:
            handle(switch, event)
            answer["actions"] = [action(one) for one in switch.take()]
            answer["deadline"] = switch.deadline()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
