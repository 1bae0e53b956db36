"""The example switch over TCP: terminals connect to it, it connects to the issuer.

    tcp_switch.py --config FILE --terminals PORT[,PORT...] --issuer HOST:PORT [--issuer HOST:PORT]
                  [--store FILE] [--host ADDRESS] [--time-scale N]
                  [--mistake memory|once]

FILE is a document of the shape that `reset` has in docs/process-protocol.md: either the whole line
or its `config`; configuration.py writes one. Terminal ports and issuers are those of its downstream
and upstream ports, in order; a port of 0 takes any that is free. When all terminals can connect, it
prints one line of JSON: the ports.

What the switch records is appended to --store and is on the disk (fsync) before anything that
follows it is sent, so it may be killed at any moment: the next start reads it. A last line that is
not whole was never answered for, and is cut off. `--time-scale` makes its timers run so many times
faster, as `reversim live` does with its own. `--mistake` makes a mistake (see switch_core.py).
"""

import argparse
import asyncio
import datetime
import json
import os
import sys
import time
from pathlib import Path

from actions import Connect, Disconnect, Log, Now, Record, Send
from switch_core import Switch


class Store:
    """Records in a file, one a line. Without a file nothing outlives the process."""

    def __init__(self, path):
        self.records, self.file = [], None
        if path is None:
            return
        Path(path).touch()
        self.file = open(path, "r+b")  # pylint: disable=consider-using-with
        whole = 0
        for line in self.file:
            if not line.endswith(b"\n"):
                break
            self.records.append(line[:-1])
            whole += len(line)
        self.file.truncate(whole)
        self.file.seek(whole)

    def append(self, records):
        if self.file is not None:
            self.file.write(b"".join(record + b"\n" for record in records))
            self.file.flush()
            os.fsync(self.file.fileno())


class Host:
    """Sockets, a clock and a disk for the switch, which has none."""

    def __init__(self, switch, store, issuers, scale):
        self.switch, self.store, self.issuers, self.scale = switch, store, issuers, scale
        self.writers, self.last_link = {}, 0
        self.alarm, self.tasks = None, set()

    def now(self):
        local = datetime.datetime.now().isoformat(timespec="seconds")
        return Now(time.monotonic_ns() * self.scale // 1000, local)

    def tell(self, event, *values):
        """Lets the switch handle an event, and does what it wants, in order."""
        getattr(self.switch, event)(self.now(), *values)
        commit = []
        for action in self.switch.take():
            if isinstance(action, Record):
                commit.append(action.data)
                continue
            if commit:
                # What follows a record waits for it.
                self.store.append(commit)
                commit = []
            self.perform(action)
        if commit:
            self.store.append(commit)
        self.set_alarm()

    def perform(self, action):
        if isinstance(action, Send):
            writer = self.writers.get(action.link)
            if writer is not None and not writer.is_closing():
                writer.write(action.frame)
        elif isinstance(action, Connect):
            self.spawn(self.connect(action.port))
        elif isinstance(action, Disconnect):
            writer = self.writers.pop(action.link, None)
            if writer is not None:
                writer.close()
        elif isinstance(action, Log):
            print(action.text, file=sys.stderr, flush=True)

    def set_alarm(self):
        if self.alarm is not None:
            self.alarm.cancel()
        deadline = self.switch.deadline()
        if deadline is not None:
            wait = max(0, deadline - self.now().at) / 1_000_000 / self.scale
            loop = asyncio.get_running_loop()
            self.alarm = loop.call_later(wait, self.tell, "deadline_reached")

    def spawn(self, work):
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def connect(self, port):
        try:
            reader, writer = await asyncio.open_connection(*self.issuers[port])
        except OSError:
            self.tell("connect_failed", port)
            return
        await self.serve(port, reader, writer)

    async def serve(self, port, reader, writer):
        """One connection, from its beginning to its end."""
        self.last_link += 1
        link = self.last_link
        self.writers[link] = writer
        self.tell("link_up", port, link)
        try:
            while data := await reader.read(65_536):
                if link not in self.writers:
                    return
                self.tell("received", link, data)
        except OSError:
            pass
        finally:
            if self.writers.pop(link, None) is not None:
                self.tell("link_down", link)
            writer.close()


def address(text):
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"`{text}` is no HOST:PORT")
    return host, int(port)


def numbers(text):
    try:
        return [int(port) for port in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"`{text}` is no PORT[,PORT...]") from error


def arguments():
    parser = argparse.ArgumentParser(description="The example switch over TCP.")
    parser.add_argument("--config", required=True, help="keys, ids and ports, as `reset` has them")
    parser.add_argument("--terminals", required=True, type=numbers, metavar="PORT[,PORT...]")
    parser.add_argument("--issuer", required=True, type=address, action="append",
                        metavar="HOST:PORT")
    parser.add_argument("--store", help="where records are kept")
    parser.add_argument("--host", default="127.0.0.1", help="where terminals connect")
    parser.add_argument("--time-scale", type=int, default=1, metavar="N")
    parser.add_argument("--mistake", choices=["memory", "once"], help="with reversals")
    return parser.parse_args()


def configuration(path):
    try:
        document = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        sys.exit(f"{path} cannot be read: {error}")
    return document.get("config", document)


async def main():
    args = arguments()
    config = configuration(args.config)
    sides = {side: [port["port"] for port in config["ports"] if port["side"] == side]
             for side in ("downstream", "upstream")}
    for name, side, given in (("--terminals", "downstream", args.terminals),
                              ("--issuer", "upstream", args.issuer)):
        if len(given) != len(sides[side]):
            there = len(sides[side])
            sys.exit(f"{args.config} has {there} {side} ports; {name} names {len(given)}")
    issuers = dict(zip(sides["upstream"], args.issuer))
    store = Store(args.store)
    host = Host(Switch(config, args.mistake), store, issuers, args.time_scale)
    host.tell("started", store.records)
    servers = []
    for number, port in zip(args.terminals, sides["downstream"]):
        def serve(reader, writer, port=port):
            return host.serve(port, reader, writer)
        try:
            servers.append(await asyncio.start_server(serve, args.host, number))
        except OSError as error:
            sys.exit(f"terminals cannot connect to port {number}: {error}")
    bound = [server.sockets[0].getsockname()[1] for server in servers]
    print(json.dumps({"terminals": bound}), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
