//! What a child is told of its place: keys, names, ports and what is behind each, as JSON.
//!
//! The same document configures a party that runs over real lines. docs/process-protocol.md lists
//! it. Planted defects are ours, and not in it.

use super::wire::hex;
use crate::stage::Config;
use reversim_models::line::Zone;
use reversim_models::switch::{Downstream, Peer, Upstream};
use reversim_models::{issuer, switch};
use serde_json::{Value, json};

/// The configuration of a switch or an issuer as `reset` has it; none for any other party.
pub(super) fn document(config: &Config) -> Option<Value> {
    match config {
        Config::Switch(config) => Some(of_switch(config)),
        Config::Issuer(config) => Some(of_issuer(config)),
        Config::Terminal(_) | Config::Clearing(_) => None,
    }
}

fn of_switch(config: &switch::Config) -> Value {
    let mut ports: Vec<Value> = config.downstream.iter().map(downstream).collect();
    ports.extend(config.upstream.iter().map(upstream));
    if let Some(clearing) = &config.clearing {
        let port = json!({
            "port": clearing.port.0,
            "side": "clearing",
            "institution": clearing.institution.to_string(),
            "returns": clearing.returns.0,
        });
        ports.push(with_zone(port, &clearing.zone));
    }
    json!({
        "institution": config.institution.to_string(),
        "currency": config.currency.0,
        "business_date": config.business_date.to_string(),
        "zone_minutes": config.zone,
        "key_seed": hex(config.key_seed.bytes()),
        "ports": ports,
        "timing": {
            "response_us": config.response_timeout.0,
            "frame_us": config.frame_timeout.0,
            "echo_us": config.echo_interval.map(|interval| interval.0),
            "saf_retry_us": config.saf_retry.0,
        },
        "policy": {
            "saf_attempts": config.saf_attempts,
            "saf_max": config.saf_max,
            "stan_max": config.stan_max,
            "timeout_code": config.timeout_code.to_string(),
            "answers_advices": config.answers_advices,
            "instant_payout": config.instant_payout,
            "stand_in_max": config.stand_in_max,
            "refund_days": config.refund_days,
            "tip_percent": config.tip_percent,
            "claim_days": config.claim_days,
            "amount_min": config.amount_min,
            "sales_per_card_max": config.sales_per_card_max,
            "card_spacing_us": config.card_spacing.0,
            "hold_for_us": config.hold_for.0,
        },
    })
}

fn downstream(downstream: &Downstream) -> Value {
    let port = downstream.port.0;
    match &downstream.peer {
        Peer::Terminal { terminal, merchant, master_key } => json!({
            "port": port,
            "side": "downstream",
            "peer": "terminal",
            "terminal": String::from_utf8_lossy(terminal),
            "merchant": String::from_utf8_lossy(merchant),
            "master_key": hex(master_key.bytes()),
        }),
        Peer::Switch { zone } => {
            with_zone(json!({ "port": port, "side": "downstream", "peer": "switch" }), zone)
        }
    }
}

fn upstream(upstream: &Upstream) -> Value {
    let port = json!({
        "port": upstream.port.0,
        "side": "upstream",
        "bins": upstream.bins,
        "connections": upstream.pool,
    });
    with_zone(port, &upstream.zone)
}

fn with_zone(mut port: Value, zone: &Zone) -> Value {
    port["pin_key"] = hex(zone.pin.bytes()).into();
    port["mac_key"] = hex(zone.mac.bytes()).into();
    port["mac_algorithm"] = zone.algorithm.name().into();
    port
}

fn of_issuer(config: &issuer::Config) -> Value {
    let line = |(port, zone): &(_, Zone)| {
        let reversim_models::node::Port(port) = port;
        with_zone(json!({ "port": port, "side": "downstream", "peer": "switch" }), zone)
    };
    json!({
        "institution": config.institution.to_string(),
        "currency": config.currency.0,
        "business_date": config.business_date.to_string(),
        "zone_minutes": config.zone,
        "ports": config.lines.iter().map(line).collect::<Vec<_>>(),
        "accounts": config.accounts.iter().map(account).collect::<Vec<_>>(),
        "timing": { "frame_us": config.frame_timeout.0 },
        "policy": {
            "pin_tries_max": config.pin_tries_max,
            "hold_days": config.hold_days,
            "texts": config.texts,
            "unknown_original_code": config.unknown_original_code.to_string(),
            "partial_approvals": config.partial_approvals,
            "surcharge": config.surcharge,
        },
    })
}

fn account(account: &issuer::AccountSpec) -> Value {
    json!({
        "pan": account.pan.as_str(),
        "pin": String::from_utf8_lossy(account.pin.digits()),
        "codes": account.codes,
        "balance": account.balance,
        "day_limit": account.day_limit,
        "expiry": format!("{:04}", account.expiry),
        "escrow": account.escrow,
        "chip_key": account.chip_key.as_ref().map(|key| hex(key.bytes())),
        "standing": match account.standing {
            issuer::Standing::Good => "good",
            issuer::Standing::Lost => "lost",
            issuer::Standing::Stolen => "stolen",
        },
    })
}
