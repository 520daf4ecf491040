//! The text engine beside its peers.
mod engine;
mod engines;
mod measure;
mod replicas;
mod sample;
mod trace;

fn main() {
    let data = std::path::PathBuf::from(std::env::var_os("REDWEDDING_DATA").expect("data"));
    let entrants = engines::entrants();
    let only: Vec<String> = std::env::args().skip(1).collect();
    for listed in &trace::TRACES {
        if !only.is_empty() && !only.iter().any(|n| n == listed.name) { continue }
        let t = listed.read(&data).expect("read");
        let results = measure::trace(listed, &t, &entrants, std::time::Duration::from_secs(30));
        println!("{}", serde_json::to_string(&results).expect("json").replace("{\"engine", "\n  {\"engine"));
    }
    for (name, file) in trace::WIKIS {
        if !only.is_empty() && !only.iter().any(|n| n == name) { continue }
        let t = trace::read_wiki(&data, file).expect("read");
        println!("{}", serde_json::to_string(&measure::wiki(name, &t, &entrants)).expect("json").replace("{\"engine", "\n  {\"engine"));
    }
}
