//! `GET /`: how the relay does, for people. No script, everything escaped.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use redwedding_fold::relay::{Measures, PendingDocument};

use super::state::ServerState;
use crate::service::RelayService;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:44rem;\
    padding:0 1rem;color-scheme:light dark}table{border-collapse:collapse;width:100%}\
    th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8884}\
    td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}";

/// The status page.
pub(super) async fn status_page(State(state): State<Arc<ServerState>>) -> Response {
    let measures = state.service.measure();
    let headers = [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "no-store")];
    (headers, Html(render(&state.service, &measures).into_string())).into_response()
}

fn render(service: &RelayService, measures: &Measures) -> Markup {
    let node = &service.relay.node;
    let metrics = &service.metrics;
    let gauges = metrics.gauges();
    let now_ms = service.now_ms();
    let alarms = gauges.quarantined.get() + gauges.unreadable.get() + gauges.refused_kept.get();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "Redwedding relay" }
                style { (STYLE) }
            }
            body {
                h1 { "Redwedding relay" }
                @if !node.is_writable() {
                    p {
                        strong { "The log cannot be written." }
                        " Reads go on; pushes are not acknowledged."
                    }
                }
                @if alarms > 0 {
                    p {
                        strong { (alarms) " entries were kept out." }
                        " See the metrics named “alarm”."
                    }
                }
                table {
                    tr { th { "Documents" } td.n { (gauges.documents.get()) } }
                    tr { th { "Waiting for the origin" } td.n { (gauges.pending.get()) } }
                    tr { th { "Due now" } td.n { (gauges.due.get()) } }
                    tr {
                        th { "Waiting in the outbox for the log, as sweeps found" }
                        td.n { (gauges.outbox_waiting.get()) }
                    }
                    tr {
                        th { "Oldest of them, s" }
                        td.n { (gauges.outbox_oldest_s.get()) }
                    }
                    tr {
                        th { "Entries appended since the start" }
                        td.n { (metrics.appended.get()) }
                    }
                    tr { th { "Batches" } td.n { (metrics.batches.get()) } }
                    tr { th { "Log" } td.n { (format!("{:016x}", node.log.epoch())) } }
                }
                h2 { "Longest waiting for the origin" }
                (pending(&measures.longest_pending))
                h2 { "Points of presence" }
                (members(service, now_ms))
                h2 { "Shards" }
                (shards(service))
                p { a href="/metrics" { "Metrics" } " · " a href="/healthz" { "Health" } }
            }
        }
    }
}

fn pending(documents: &[PendingDocument]) -> Markup {
    html! {
        @if documents.is_empty() { p { "The origin holds everything." } }
        @else {
            table {
                tr { th { "Page" } th.n { "Edits" } th.n { "For, s" } th { "State" } }
                @for document in documents {
                    tr {
                        td { (document.key) }
                        td.n { (document.edits) }
                        td.n { (document.waiting_ms / 1_000) }
                        td { @if document.announced { "being written" } @else { "waiting" } }
                    }
                }
            }
            p {
                "A page that waits for minutes is stuck: see “A page that does not reach the \
                 origin” in the operations manual."
            }
        }
    }
}

fn members(service: &RelayService, now_ms: u64) -> Markup {
    let members = service.members();
    html! {
        @if members.iter().next().is_none() { p { "None has spoken yet." } }
        @else {
            table {
                tr { th { "Name" } th { "Version" } th.n { "Saves" } th.n { "Heard, s ago" } }
                @for (pop, member) in members.iter() {
                    tr {
                        td { (pop) }
                        td { (member.version) }
                        td.n { (member.saves) }
                        td.n { (now_ms.saturating_sub(member.heartbeat_ms) / 1_000) }
                    }
                }
            }
        }
    }
}

fn shards(service: &RelayService) -> Markup {
    html! {
        table {
            tr { th.n { "Shard" } th.n { "Position" } th.n { "Documents" } th { "Prefix" } }
            @for shard in &service.relay.shards {
                @let (head, documents) = {
                    let state = shard.read();
                    (state.head, state.documents.len())
                };
                tr {
                    td.n { (shard.number) }
                    td.n { (head.position) }
                    td.n { (documents) }
                    td { code { (head.prefix) } }
                }
            }
        }
    }
}
