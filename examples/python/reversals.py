"""Reversals at the example switch: taken from terminals, told to issuers until they answer."""

import json

from actions import (Log, Record, Send, is_reversal_of, key_of, mmdd, original_data, transmission,
                     without)
from book import APPROVED, Book

# A 0430 with one of these ends a reversal; with any other the issuer may still take it later.
TAKEN = APPROVED + ("12", "22", "25", "94")
# Element 3 on the line to the issuer.
UPSTREAM = {"sale": "000000", "inquiry": "300000"}


class Reversals(Book):
    """The part of the switch that must not forget. What it calls beyond the book is the switch's."""

    def reverse(self, now, caller, message):
        name = self.name_of(caller, message)
        if name is None:
            self.answer(now, caller, message, "30")
            return
        id = self.by_name.get(name)
        one = self.transactions.get(id)
        if name in self.reversals:
            code = self.reversals[name]
        elif one is not None and not is_reversal_of(one, message):
            code = "64"
        else:
            code = "25" if one is None else "00"
            self.accept_reversal(now, name, id, one, code)
        self.answer(now, caller, without(message, "2"), code)
        if one is not None and "to" in one:
            self.send_reversals(now, one["to"])

    def accept_reversal(self, now, name, id, one, code):
        # Power may fail inside a commit and keep its beginning: what protects comes first.
        if one is not None and self.owes_reversal(one):
            self.about(one["ticket"], self.queue_reversal, now, id, "4000")
        self.record(k="reversed", name=name, id=id, code=code)
        self.pending.pop(id, None)
        self.timers.pop(("answer", id), None)

    def absorb(self, now, id, code):
        """An approval that came after the switch had said no, or after the reversal."""
        one = self.transactions[id]
        if not one["advised"]:
            self.queue_reversal(now, id, "4006")
        self.record(k="absorbed", id=id, code=code)
        self.send_reversals(now, one["to"])

    def queue_reversal(self, now, id, reason):
        number, to = len(self.advices) + 1, self.transactions[id]["to"]
        advice = dict(k="queued", advice=number, id=id, to=to, stan=self.next_stan(),
                      sent=transmission(now), reason=reason)
        if self.mistake:
            # The mistakes: it is in the queue, and in no record.
            self.apply(advice)
        else:
            self.record(**advice)

    def send_reversals(self, now, port):
        while port not in self.sending and self.queues.get(port):
            advice = self.advices[self.queues[port][0]]
            one = self.transactions[advice["id"]]
            if advice["attempts"] >= self.policy["saf_attempts"]:
                self.log(f"reversal {advice['advice']} is given up: people take over")
                self.note("given-up", advice)
                continue
            link = self.upstream_link(port)
            if link is None:
                return
            mti = "0421" if advice["is_repeat"] else "0420"
            self.note("tried", advice)
            reversal = {"t": mti, "2": one["pan"], "3": UPSTREAM[one["kind"]],
                        "4": f"{one['amount']:012}"}
            reversal |= self.upstream_marks(one, advice["stan"])
            reversal |= {"7": advice["sent"], "15": mmdd(self.date), "18": "5411", "25": "00",
                         "60": advice["reason"], "90": original_data(one, self.institution)}
            self.about(one["ticket"], self.send, link, reversal)
            if self.mistake == "once":
                # The mistake: nobody waits for the 0430.
                self.note("taken", advice)
                continue
            self.sending[port] = link
            self.timers["advice", port] = now.at + self.timing["saf_retry_us"]

    def taken(self, now, port, message):
        head = self.advices[self.queues[port][0]] if self.queues.get(port) else None
        if head is None or not head["is_repeat"] or message.get("39") not in TAKEN:
            return
        if key_of(message) != self.key(head["sent"], head["stan"]):
            return
        ticket = self.transactions[head["id"]]["ticket"]
        self.about(ticket, self.note, "taken", head)
        self.timers.pop(("advice", port), None)
        self.sending.pop(port, None)
        self.send_reversals(now, port)

    def note(self, kind, advice):
        """A record about a reversal; with the mistake there is none to be about."""
        record = dict(k=kind, advice=advice["advice"])
        if self.mistake:
            self.apply(record)
        else:
            self.about(self.transactions[advice["id"]]["ticket"], self.record, **record)

    def upstream_marks(self, one, stan):
        return {"7": one["sent"], "11": f"{stan:06}", "15": mmdd(one["date"]),
                "32": self.institution, "33": self.institution, "37": one["rrn"],
                "41": one["terminal"], "42": one["merchant"], "49": one["currency"]}

    def record(self, **what):
        """Makes it durable, and believes it."""
        self.act(Record(json.dumps(what, separators=(",", ":")).encode(), self.ticket))
        self.apply(what)

    def act(self, action):
        self.actions.append(action)

    def send(self, link, message):
        self.act(Send(link, self.links[link].line.seal(message), self.ticket))

    def log(self, text):
        self.act(Log(text, self.ticket))

    def about(self, ticket, work, *values, **named):
        """Does something on behalf of another ticket."""
        asked, self.ticket = self.ticket, ticket
        work(*values, **named)
        self.ticket = asked

    def name_of(self, caller, message):
        """How a terminal calls a transaction: its port, its batch, its trace number."""
        batch = self.batch_of(message)
        return None if batch is None or "11" not in message else (caller.port, batch, message["11"])

    def batch_of(self, message):
        private = message.get("60", "")
        return int(private[2:8]) if len(private) >= 8 and private.isdigit() else None

    def next_stan(self):
        """A number that nothing in flight has."""
        taken = {self.transactions[id]["stan"] for id in self.pending}
        taken |= {self.advices[n]["stan"] for queue in self.queues.values() for n in queue}
        stan = self.stan
        for _ in range(self.policy["stan_max"]):
            stan = stan % self.policy["stan_max"] + 1
            if stan not in taken:
                break
        return stan

    def rrn(self, number):
        return f"{int(self.institution) % 100:02}{mmdd(self.date)}{number % 1_000_000:06}"
