//! Parts die under load: the relay at any instruction, every sandbox with its
//! cache, the KV store. What was acknowledged is there, once, everywhere.

use crate::figures::{seed, size};
use crate::ground::on_an_own_network;
use crate::load::Load;

/// Saves that are acknowledged in each phase.
fn phase() -> usize {
    size("PHASE", 25)
}

fn people() -> usize {
    size("PEOPLE", 8)
}

#[test]
fn nothing_is_lost_when_the_relay_is_killed() {
    let deaths = size("DEATHS", 2);
    on_an_own_network(
        |builder| builder,
        async |network| {
            let load = Load::start(network, "Relay_killed", people(), seed()).await;
            for _ in 0..deaths {
                load.acknowledges(phase()).await;
                network.relay_kill().await.unwrap();
                load.acknowledges(phase()).await;
                network.relay_start().await.unwrap();
            }
            load.acknowledges(phase()).await;
            load.end(network, &format!("the relay killed {deaths} times")).await;
        },
    );
}

#[test]
fn nothing_is_lost_when_every_sandbox_and_cache_goes() {
    let deaths = size("DEATHS", 2);
    on_an_own_network(
        |builder| builder,
        async |network| {
            let load = Load::start(network, "Memory_dropped", people(), seed()).await;
            for _ in 0..deaths {
                load.acknowledges(phase()).await;
                for pop in 0..network.pops() {
                    network.kill_sandboxes(pop).await.unwrap();
                }
                load.acknowledges(phase()).await;
                for pop in 0..network.pops() {
                    network.drop_pop_memory(pop).await.unwrap();
                }
            }
            load.acknowledges(phase()).await;
            load.end(network, &format!("all sandboxes and caches gone {deaths} times")).await;
        },
    );
}

#[test]
fn nothing_is_lost_when_the_store_goes() {
    let deaths = size("DEATHS", 2);
    on_an_own_network(
        |builder| builder,
        async |network| {
            let load = Load::start(network, "Store_gone", people(), seed()).await;
            for _ in 0..deaths {
                load.acknowledges(phase()).await;
                network.kv_down(true).await.unwrap();
                load.acknowledges(phase()).await;
                network.kv_down(false).await.unwrap();
            }
            load.acknowledges(phase()).await;
            load.end(network, &format!("the KV store gone {deaths} times")).await;
        },
    );
}
