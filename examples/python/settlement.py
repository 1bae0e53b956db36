"""Settlement at the example switch: totals compared (0500), details uploaded (0320), batches closed."""

from reversals import Reversals


class Settlement(Reversals):
    """The part of the switch that closes batches."""

    def compare(self, now, caller, message):
        batch, totals = self.batch_of(message), message.get("48", "")
        if batch is None or len(totals) != 62:
            self.answer(now, caller, message, "30")
            return
        if batch == self.batches.get(caller.port, 1):
            counted = self.counted(caller.port, batch)
            ours = f"{sum(counted.values()):012}{len(counted):03}{0:015}"
            balanced = totals[:30] == ours and totals[31:61] == "0" * 30
            self.record(k="compared", port=caller.port, batch=batch, balanced=balanced,
                        counted=counted)
            code, result = "00", "1" if balanced else "2"
        elif (known := self.compared.get((caller.port, batch))) is not None:
            code, result = "00", "1" if known["balanced"] else "2"
        else:
            code, result = "77", "3"
        foreign = "1" if code == "00" else "3"
        extra = {"48": totals[:30] + result + totals[31:61] + foreign}
        extra |= {"63": message["63"]} if "63" in message else {}
        self.answer(now, caller, message, code, extra)

    def upload(self, now, caller, message):
        port, batch, step = caller.port, self.batch_of(message), message.get("60", "")[8:11]
        if batch is None:
            code = "30"
        elif batch != self.batches.get(port, 1):
            code = "00" if (port, batch) in self.closed else "77"
        else:
            code = self.upload_step(now, port, batch, step, message)
        self.answer(now, caller, message, code)
        for upstream in self.upstreams:
            self.send_reversals(now, upstream["port"])

    def upload_step(self, now, port, batch, step, message):
        known = self.compared.get((port, batch))
        if step == "201":
            details = message.get("48", "")
            new = {details[at + 2:at + 8]: int(details[at + 28:at + 40])
                   for at in range(2, len(details) - 39, 40)}
            self.record(k="details", port=port, batch=batch, details=new)
            return "00"
        if known is None or step not in ("202", "207") or (step == "207") != known["balanced"]:
            return "95"
        for id, one in list(self.transactions.items()):
            # Who settles waits for nothing: what is still on its way is taken back.
            if one["name"][:2] == (port, batch) and one["answer"] is None:
                if self.owes_reversal(one) and one["name"] not in self.reversals:
                    self.about(one["ticket"], self.queue_reversal, now, id, "4021")
                self.pending.pop(id, None)
                self.timers.pop(("answer", id), None)
        theirs = known["counted"] if known["balanced"] else self.details.get((port, batch), {})
        ours = self.counted(port, batch)
        settled = sorted(stan for stan in ours if theirs.get(stan) == ours[stan])
        self.record(k="closed", port=port, batch=batch, settled=settled,
                    differences=sorted((set(ours) | set(theirs)) - set(settled)))
        return "00"
