//! Planted defects of the store-and-forward queue.

use super::*;

/// What became of a reversal.
#[derive(Debug, PartialEq, Eq)]
struct Fate {
    /// How often it was sent.
    sent: usize,
    is_completed: bool,
    is_exception: bool,
}

fn fate(bench: &Bench) -> Fate {
    Fate {
        sent: bench.count("advice-tried"),
        is_completed: bench.count("advice-completed") > 0,
        is_exception: bench.count("exception-opened") > 0,
    }
}

fn both<T>(defect: Defect, schedule: impl Fn(Config) -> T) -> (T, T) {
    (schedule(with_defect(None)), schedule(with_defect(Some(defect))))
}

#[test]
fn w06_retries_a_poison_record_for_ever_and_starves_the_rest() {
    let delivered = both(Defect::W06, |config| {
        let mut bench = Bench::new(config);
        bench.tell(TERMINAL, &sale(7));
        bench.tell(TERMINAL, &sale(8));
        bench.heard(ISSUER);
        bench.wait(TIMEOUT);
        let poison = network_key(&bench.heard_one(ISSUER));
        for _ in 0..20 {
            bench.wait(RETRY);
            for advice in bench.heard(ISSUER) {
                let code = match network_key(&advice) == poison {
                    true => ResponseCode::SYSTEM_MALFUNCTION,
                    false => ResponseCode::APPROVED,
                };
                bench.tell(ISSUER, &answer(&advice, code));
            }
        }
        fate(&bench)
    });
    assert_eq!(delivered.0, Fate { sent: 4, is_completed: true, is_exception: true });
    assert_eq!(delivered.1, Fate { sent: 21, is_completed: false, is_exception: false });
}

#[test]
fn w07_loses_an_advice_when_power_fails_before_it_is_sent() {
    let sent = both(Defect::W07, |config| {
        let mut bench = Bench::new(config);
        bench.forwarded(&sale(7));
        bench.wait(Duration::secs(9));
        // Queued, answered, told, "tried" — and not sent.
        bench.power = Some(4);
        bench.wait(Duration::secs(1));
        assert_eq!(bench.journal.last().map(Record::name), Some("advice-tried"));
        bench.restart();
        bench.link_up(ISSUER);
        bench.wait(RETRY.times(9));
        bench.heard(ISSUER).len()
    });
    assert_eq!(sent, (3, 0));
}

/// An issuer that takes nothing for longer than the whole budget.
fn outage(config: Config) -> Fate {
    let mut bench = Bench::new(config);
    bench.forwarded(&sale(7));
    bench.wait(TIMEOUT + RETRY.times(9));
    fate(&bench)
}

#[test]
fn w09_drops_an_advice_that_grew_old() {
    let (healthy, wrong) = both(Defect::W09, outage);
    assert_eq!(healthy, Fate { sent: 3, is_completed: false, is_exception: true });
    assert_eq!(wrong, Fate { sent: 2, is_completed: false, is_exception: false });
}

#[test]
fn w09_drops_what_waited_for_a_line() {
    let sent = both(Defect::W09, |config| {
        let mut bench = Bench::new(config);
        bench.forwarded(&sale(7));
        bench.link_down(ISSUER);
        bench.wait(RETRY.times(9));
        bench.link_up(ISSUER);
        bench.heard(ISSUER).len()
    });
    assert_eq!(sent, (1, 0));
}

#[test]
fn w11_drops_an_advice_after_the_last_try() {
    let (healthy, wrong) = both(Defect::W11, outage);
    assert!(healthy.is_exception);
    assert_eq!(wrong, Fate { sent: 3, is_completed: false, is_exception: false });
}

#[test]
fn w35_gives_every_repeat_a_new_number() {
    let names = both(Defect::W35, |config| {
        let mut bench = Bench::new(config);
        bench.forwarded(&sale(7));
        bench.wait(TIMEOUT + RETRY);
        let advices = bench.heard(ISSUER);
        bench.tell(ISSUER, &answer(&advices[1], ResponseCode::APPROVED));
        let names: Vec<NetworkKey> = advices.iter().map(network_key).collect();
        (names[0] == names[1], fate(&bench).is_completed)
    });
    assert_eq!(names, ((true, true), (false, true)));
}
