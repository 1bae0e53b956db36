//! Deterministic simulation testing for ISO 8583 card payments.
