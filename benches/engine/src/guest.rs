//! Measures the states of one trace inside Wasm, in the runtime that the edge function is tried
//! in. The states are in a key-value store, where the module `wasm` puts them; what each took goes
//! out line by line.

#[cfg(target_family = "wasm")]
fn main() {
    use redwedding_engine_bench::engine::Stored;
    use redwedding_engine_bench::engines;
    use redwedding_engine_bench::wasm::{COLD, Line, SAVE, STORE, end_key, state_key};

    fastly::init();
    let store = fastly::KVStore::open(STORE).ok().flatten().expect("the store with the states");
    let value = |key: &str| Some(store.lookup(key).ok()?.take_body_bytes());
    let mut arguments = std::env::args().skip(1);
    let trace = arguments.next().expect("the name of a trace");
    let named = arguments.next().expect("the name of a measure");
    let measure = [COLD, SAVE].into_iter().find(|measure| measure.name == named);
    let measure = measure.expect("a measure of that name");
    let end = value(&end_key(&trace)).and_then(|end| String::from_utf8(end).ok());
    let end = end.expect("the text at the end of the trace");
    for (entrant, of) in engines::entrants().iter().enumerate() {
        let Some(document) = value(&state_key(&trace, entrant)) else { continue };
        let stored = Stored { document, history: Vec::new() };
        let time = (measure.of)(of.engine.as_ref(), &stored, &end);
        let line = Line { entrant, time: time.map_err(|failure| failure.to_string()) };
        println!("{}", serde_json::to_string(&line).expect("a line is plain"));
    }
}

/// It runs in that runtime alone.
#[cfg(not(target_family = "wasm"))]
fn main() {}
