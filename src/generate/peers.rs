//! Legal but weak settings, one by one: what a search draws at random, an exploration goes through.
//!
//! A test compares them with what searches draw. What no correct party can survive beside is in
//! [`UNSAFE_POLICIES`](super::UNSAFE_POLICIES) and not here.

/// Each weak setting, as the assignments that make it.
#[rustfmt::skip]
pub const WEAK_PEERS: &[&[&str]] = &[
    &["switch-timeout-code=68"],
    &["switch-timeout-code=91"],
    &["switch-timeout-code=96"],
    &["issuer-unknown-original-code=12"],
    &["issuer-unknown-original-code=22"],
    &["terminal-clears-on-not-found=false"],
    &["issuer-matches-by-rrn-alone=true"],
    &["issuer-partial-approvals=true"],
    &["reversal-attempts=1"],
    &["reversal-attempts=2"],
    &["saf-attempts=1"],
    &["saf-attempts=2"],
    &["saf-attempts=3"],
    &["saf-max=1"],
    &["saf-max=2"],
    &["batch-max=1"],
    &["batch-max=2"],
    &["batch-max=3"],
    &["pin=false"],
    &["pin-tries-max=1"],
    &["pin-tries-max=2"],
    &["amount-min=150"],
    &["amount-min=10000"],
    &["sales-per-card-max=1"],
    &["sales-per-card-max=2"],
    &["network-mac=x9.9"],
    &["network-mac=3des-cbc"],
    &["network-mac=aes-cmac"],
    &["network-mac=pos-ecb"],
    &["terminal-stan-max=12", "terminal-stan-start=10"],
    &["switch-stan-max=12"],
    &["timing.terminal-response-ms=30000", "timing.switch-response-ms=30000"],
    &["timing.terminal-response-ms=20000", "timing.switch-response-ms=40000"],
    &["timing.terminal-response-ms=10000", "timing.switch-response-ms=9000"],
    &["timing.terminal-response-ms=60000", "timing.switch-response-ms=5000"],
    &["timing.saf-retry-ms=1000"],
    &["timing.saf-retry-ms=60000"],
    &["timing.think-ms=0"],
    &["timing.commit-ms=200"],
    &["timing.latency-min-us=0", "timing.latency-max-us=0"],
    &["timing.latency-min-us=5000", "timing.latency-max-us=2000000"],
    &["topology.pool=2"],
    &["topology.workers=2", "timing.commit-ms=50"],
    // Last, because what is explored beside it takes longest: the world is never quiet.
    &["timing.echo-interval-ms=15000"],
];
