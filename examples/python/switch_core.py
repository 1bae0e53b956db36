"""A small acquirer switch without input and output: events in, actions out.

One upstream per issuer, one terminal per downstream port. It signs terminals on, forwards sales and
balance inquiries, takes reversals (0400) and settlement (0500, 0320), and tells issuers of every
reversal (0420, then 0421) until they answer. What it must not forget it records first, and all it
knows after a loss of power is what it recorded.

With a `mistake` it makes one that real switches make. "memory": reversals wait in memory alone;
until power fails, nobody can tell. "once": they wait nowhere, and a 0420 that is lost is lost for
good.

The same core runs as a child of `reversim` (examples/process/switch.py) and over TCP
(tcp_switch.py).
"""

import hashlib
import json

from actions import (Caller, Connect, Disconnect, Send, Waiting, answered, key_of, mmdd,
                     transmission)
from book import APPROVED
from line import BadFrame, BadMessage, Line, translated_pin, wrapped
from reversals import UPSTREAM
from settlement import Settlement

# What is wrong between switch and issuer is nothing a terminal can mend by signing on.
ZONE_TROUBLE = {"A0": "96", "97": "96", "99": "96"}
KINDS = {"000000": "sale", "310000": "inquiry"}
RECONNECT_US, ECHO, MISSES_MAX = 500_000, "301", 2


class Switch(Settlement):
    """The switch. `handle` methods append to `self.actions`; `take` hands them out."""

    def __init__(self, config, mistake=None):
        assert mistake in (None, "memory", "once")
        super().__init__(config)
        self.mistake = mistake
        self.ports = {port["port"]: port for port in config["ports"]}
        self.upstreams = [p for p in config["ports"] if p["side"] == "upstream"]
        self.timing, self.policy = config["timing"], config["policy"]
        self.forget()

    def forget(self):
        """What a loss of power does."""
        self.actions, self.ticket = [], 0
        self.links, self.timers, self.pending = {}, {}, {}
        self.connecting, self.failures = {}, {}
        self.keys, self.sign_ons, self.sending = {}, {}, {}
        self.cut_over_until = self.maintenance_until = 0
        self.clear()

    def take(self):
        """The actions of the event that was handled."""
        actions, self.actions = self.actions, []
        return actions

    def deadline(self):
        """When `deadline_reached` is due; none for never."""
        halves = [link.line.half_since + self.timing["frame_us"]
                  for link in self.links.values() if link.line.half_since is not None]
        return min(list(self.timers.values()) + halves, default=None)

    # Events.

    def started(self, now, journal):
        self.forget()
        for data in journal:
            self.apply(json.loads(data))
        for advice in self.advices.values():
            # The last sending was written down; whether it left, nobody knows.
            advice["attempts"] = max(advice["attempts"] - 1, 0)
        for port in self.generations:
            self.load_keys(port)
        for id, one in list(self.transactions.items()):
            # Nobody remembers who waits: it is taken back.
            if one["answer"] is None and self.owes_reversal(one):
                self.about(one["ticket"], self.queue_reversal, now, id, "4021")
        for upstream in self.upstreams:
            self.connect(upstream["port"])

    def link_up(self, now, port, link):
        peer = self.ports.get(port)
        if peer is None:
            self.act(Disconnect(link, self.ticket))
            return
        if peer["side"] == "upstream":
            line = Line("network", bytes.fromhex(peer["mac_key"]), peer["mac_algorithm"])
            self.connecting[port] = max(self.connecting.get(port, 1) - 1, 0)
            self.failures[port] = 0
        else:
            line = Line("pos", self.keys.get(port, (None, None))[1])
        self.links[link] = Link(port, peer["side"] == "upstream", line)
        if peer["side"] == "upstream":
            self.send_reversals(now, port)

    def connect_failed(self, now, port):
        self.connecting[port] = max(self.connecting.get(port, 1) - 1, 0)
        self.failures[port] = self.failures.get(port, 0) + 1
        self.connect_later(now, port)

    def link_down(self, now, link):
        gone = self.links.pop(link, None)
        if gone and gone.is_upstream:
            # What went out on it is in doubt until its own time-out: it may have been done.
            self.connect_later(now, gone.port)

    def received(self, now, link, data):
        known = self.links.get(link)
        if known is None:
            return
        try:
            for read in known.line.receive(now.at, data):
                if isinstance(read, BadMessage):
                    self.log(f"not a message: {read}")
                    continue
                message, is_sealed, envelope = read
                if known.is_upstream:
                    self.hear(now, link, message, is_sealed)
                else:
                    self.serve(now, Caller(link, known.port, envelope), message, is_sealed)
        except BadFrame as error:
            self.log(f"not a frame: {error}")
            self.hang_up(now, link)

    def deadline_reached(self, now):
        for link, known in list(self.links.items()):
            since = known.line.half_since
            if since is not None and since + self.timing["frame_us"] <= now.at:
                self.hang_up(now, link)
        while due := min(((at, name) for name, at in self.timers.items() if at <= now.at),
                         default=None):
            what, number = due[1]
            del self.timers[due[1]]
            if what == "connect":
                self.connect(number)
            elif what == "answer":
                self.give_up(now, number)
            elif what == "advice":
                self.missed(now, self.sending.pop(number, None))
                self.send_reversals(now, number)

    def cut_over(self, now, date, window_us):
        self.record(k="date", date=date)
        self.cut_over_until = now.at + window_us

    def maintenance(self, now, window_us):
        self.maintenance_until = now.at + window_us

    def withdraw_keys(self, port):
        if port in self.keys:
            self.record(k="revoked", port=port)
            self.load_keys(port)

    # Connections.

    def connect(self, port):
        standing = sum(1 for link in self.links.values() if link.port == port)
        there = standing + self.connecting.get(port, 0)
        for _ in range(there, self.ports[port]["connections"]):
            self.connecting[port] = self.connecting.get(port, 0) + 1
            self.act(Connect(port, 0))

    def connect_later(self, now, port):
        wait = RECONNECT_US << min(self.failures.get(port, 0), 5)
        self.timers.setdefault(("connect", port), now.at + wait)

    def hang_up(self, now, link):
        self.act(Disconnect(link, self.ticket))
        self.link_down(now, link)

    def missed(self, now, link):
        """An answer that did not come: twice in a row, and the line is taken for dead."""
        known = self.links.get(link)
        if known:
            known.misses += 1
            if known.misses >= MISSES_MAX:
                self.hang_up(now, link)

    def upstream_link(self, port, preferred=None):
        if preferred in self.links:
            return preferred
        return next((n for n, link in self.links.items() if link.port == port), None)

    # Terminals.

    def serve(self, now, caller, message, is_sealed):
        mti = message["t"]
        peer = self.ports[caller.port]
        if mti[2] not in "02":
            return
        if mti[1] in "124" and not is_sealed:
            self.answer(now, caller, message, "A0", signed=False)
        elif (message.get("41"), message.get("42")) != (peer["terminal"], peer["merchant"]):
            self.answer(now, caller, message, "97", signed=False)
        elif mti == "0800":
            self.sign_on(now, caller, message)
        elif mti == "0820":
            code = "00" if message.get("60", "")[8:11] == ECHO else "40"
            self.answer(now, caller, message, code, only=("41", "42", "60"))
        elif mti in ("0400", "0500", "0320") and now.at < self.maintenance_until:
            pass
        elif mti == "0400":
            self.reverse(now, caller, message)
        elif mti == "0500":
            self.compare(now, caller, message)
        elif mti == "0320":
            self.upload(now, caller, message)
        else:
            self.request(now, caller, message)

    def sign_on(self, now, caller, message):
        port, private = caller.port, message.get("60", "")
        if private[8:11] != "003" or "11" not in message:
            self.answer(now, caller, message, "30")
            return
        # A copy of the sign-on gets the same keys, or its terminal would be left with retired ones.
        if self.sign_ons.get(port) != message["11"] or port not in self.keys:
            self.record(k="keys", port=port, generation=self.generations.get(port, 0) + 1)
            self.load_keys(port)
            self.sign_ons[port] = message["11"]
        pin, mac = self.keys[port]
        master = bytes.fromhex(self.ports[port]["master_key"])
        (pin_key, pin_check), (mac_key, mac_check) = wrapped(master, pin), wrapped(master, mac)
        extra = {"60": f"00{self.batches.get(port, 1):06}003",
                 "62": (pin_key + pin_check + mac_key + bytes(8) + mac_check).hex().upper()}
        self.answer(now, caller, message, "00", extra)

    def load_keys(self, port):
        if port in self.revoked or port not in self.generations:
            self.keys.pop(port, None)
        else:
            seed = f"{self.config['key_seed']}/{port}/{self.generations[port]}".encode()
            material = hashlib.sha256(seed).digest()
            self.keys[port] = material[:16], material[16:24]
        for link in self.links.values():
            if link.port == port:
                link.line.mac_key = self.keys.get(port, (None, None))[1]

    def request(self, now, caller, message):
        name, kind = self.name_of(caller, message), KINDS.get(message.get("3"))
        pan = message.get("2") or message.get("35", "").split("D")[0]
        amount = int(message.get("4", 0))
        if name is None or not pan or not message.get("49") or message["t"] != "0200":
            self.answer(now, caller, message, "30")
            return
        id = self.by_name.get(name)
        known = self.transactions.get(id)
        if known is None and name in self.reversals:
            # Its reversal overtook it: it must not move money any more.
            self.refuse(now, caller, message, name, "94")
        elif known is None:
            self.forward(now, caller, message, name, kind, pan, amount)
        elif id in self.pending:
            pass
        elif known["answer"] is None:
            self.record(k="answered", id=id, answer=dict(code="94"))
            self.repeat(now, caller, message, known)
        elif (known.get("pan", pan), known.get("amount", amount)) != (pan, amount):
            self.answer(now, caller, message, "94")
        else:
            self.repeat(now, caller, message, known)

    def forward(self, now, caller, message, name, kind, pan, amount):
        upstream = next((up for up in self.upstreams
                         if any(pan.startswith(bin) for bin in up["bins"])), None)
        code, block, link = self.refusal(now, message, kind, amount, upstream), None, None
        if code is None:
            link = self.upstream_link(upstream["port"])
            code = "91" if link is None else None
        if code is None and message.get("52"):
            old, new = self.keys[caller.port][0], bytes.fromhex(upstream["pin_key"])
            block = translated_pin(bytes.fromhex(message["52"]), pan, old, new)
            code = "99" if block is None else None
        if code is not None:
            self.refuse(now, caller, message, name, code)
            return
        id, stan = len(self.transactions) + 1, self.next_stan()
        self.record(k="forwarded", id=id, ticket=self.ticket, name=name, kind=kind, pan=pan,
                    amount=amount, to=upstream["port"], stan=stan, sent=transmission(now),
                    rrn=self.rrn(id), terminal=message["41"], merchant=message["42"],
                    currency=message["49"], date=self.date)
        one = self.transactions[id]
        request = {"t": "0200", "2": pan, "3": UPSTREAM[kind]} | self.upstream_marks(one, stan)
        if kind == "sale":
            request["4"] = f"{amount:012}"
        request |= {"12": one["sent"][4:], "13": one["sent"][:4], "18": "5411"}
        request |= {n: message[n] for n in ("14", "22", "23", "25", "26", "55") if n in message}
        if block:
            request["52"] = block.hex().upper()
            request["53"] = message.get("53", "2600000000000000")
        self.send(link, request)
        self.pending[id] = Waiting(caller, message, link)
        self.timers["answer", id] = now.at + self.timing["response_us"]

    def refusal(self, now, message, kind, amount, upstream):
        """Why a request goes nowhere; none if it may go."""
        if kind is None or message.get("25") != "00":
            return "40"
        if kind == "sale" and (amount == 0 or amount < self.policy["amount_min"]):
            return "13"
        if upstream is None:
            return "14"
        if now.at < self.cut_over_until:
            return "90"
        if now.at < self.maintenance_until:
            return "91"
        queue = self.queues.get(upstream["port"], [])
        return "91" if kind == "sale" and len(queue) >= self.policy["saf_max"] else None

    def refuse(self, now, caller, message, name, code):
        id = len(self.transactions) + 1
        self.record(k="refused", id=id, ticket=self.ticket, name=name, kind="refused",
                    sent=transmission(now), rrn=self.rrn(id), date=self.date,
                    answer=dict(code=code))
        self.repeat(now, caller, message, self.transactions[id])

    def repeat(self, now, caller, message, one):
        """Sends an answer that is recorded."""
        answer = one["answer"]
        extra = {"12": one["sent"][4:], "13": one["sent"][:4], "37": one["rrn"],
                 "15": mmdd(one["date"])}
        if answer["code"] == "10":
            extra["4"] = f"{answer['amount']:012}"
        extra |= {number: answer[number] for number in ("38", "54") if answer.get(number)}
        self.answer(now, caller, message, answer["code"], extra)

    def answer(self, now, caller, message, code, extra=None, only=None, signed=True):
        link = self.links.get(caller.link)
        if link is None:
            return
        echoed = only or ("2", "3", "4", "11", "25", "41", "42", "49", "60")
        answer = {number: message[number] for number in echoed if number in message}
        if only is None:
            sent = transmission(now)
            answer |= {"12": sent[4:], "13": sent[:4], "32": self.institution,
                       "37": self.rrn(900_000 + int(message.get("11", 0)) % 100_000)}
            if message["t"][1] not in "38":
                answer["15"] = mmdd(self.date)
        if "2" not in answer and message["t"][1] in "12" and "35" in message:
            answer["2"] = message["35"].split("D")[0]
        answer |= extra or {}
        answer |= {"t": answered(message["t"]), "39": code}
        frame = link.line.seal(answer, caller.envelope, signed)
        self.act(Send(caller.link, frame, self.ticket))

    # Issuers.

    def hear(self, now, link, message, is_sealed):
        self.links[link].misses = 0
        mti = message["t"]
        if mti == "0800":
            echo = {number: message[number] for number in ("7", "11", "33", "70")
                    if number in message}
            self.send(link, echo | {"t": "0810", "39": "00"})
        elif is_sealed and mti == "0210":
            self.answered(now, message)
        elif is_sealed and mti == "0430":
            self.taken(now, self.links[link].port, message)

    def answered(self, now, message):
        id, code = self.by_key.get(key_of(message)), message.get("39", "")
        one = self.transactions.get(id)
        if one is None:
            return
        is_approved = code in APPROVED
        if id in self.pending:
            answer = self.read_answer(one, message, code)
            if answer is not None:
                self.about(one["ticket"], self.decide, now, id, answer, None)
        elif not is_approved or one["kind"] != "sale" or one["absorbed"]:
            pass
        elif one["answer"] is None or one["answer"]["code"] not in APPROVED:
            self.about(one["ticket"], self.absorb, now, id, code)

    def read_answer(self, one, message, code):
        """What an answer says, if it fits its request; one that does not is as good as none."""
        asked, told = one["amount"], int(message.get("4", one["amount"]))
        is_partial = code == "10" and one["kind"] == "sale" and 1 <= told <= asked
        if message.get("41", one["terminal"]) != one["terminal"]:
            return None
        if code in APPROVED and told != asked and not is_partial:
            return None
        answer = dict(code=ZONE_TROUBLE.get(code, code), amount=told)
        if code in APPROVED:
            answer["38"] = message.get("38")
            answer["54"] = message.get("54", "")[:20] if one["kind"] == "inquiry" else None
        return answer

    def give_up(self, now, id):
        one = self.transactions[id]
        self.missed(now, self.pending[id].link)
        reason = "4021" if self.owes_reversal(one) else None
        answer = dict(code=self.policy["timeout_code"])
        self.about(one["ticket"], self.decide, now, id, answer, reason)

    def decide(self, now, id, answer, reason):
        """Ends a transaction towards its terminal: what protects first, then the answer."""
        waiting, one = self.pending.pop(id), self.transactions[id]
        self.timers.pop(("answer", id), None)
        if reason:
            self.queue_reversal(now, id, reason)
        self.record(k="answered", id=id, answer=answer)
        self.repeat(now, waiting.caller, waiting.message, one)
        self.send_reversals(now, one["to"])


class Link:
    """A connection that stands."""

    def __init__(self, port, is_upstream, line):
        self.port, self.is_upstream, self.line, self.misses = port, is_upstream, line, 0
