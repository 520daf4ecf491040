//! Whether the Fastly manifest declares all resources that the edge function opens.
//!
//! Their names are the constants in `settings::names`. What a name is of, the constant's own name
//! says: a store (`KV_STORE`), a secret (`..._KEY`), or a backend (all others).

use syn::{Expr, Item, ItemConst, Lit};
use toml::{Table, Value};

use crate::finding::Finding;
use crate::repository::Repository;

/// The manifest.
const MANIFEST: &str = "fastly.toml";

/// The file with the names.
const SETTINGS: &str = "src/settings.rs";

/// Its parts that declare resources: for a new service, and for the local server.
const PARTS: [&str; 2] = ["setup", "local_server"];

/// Names that are opened and not declared.
///
/// # Errors
///
/// A text for people: the manifest or the names are not where they should be.
pub fn judge(repository: &Repository) -> Result<Vec<Finding>, String> {
    let text = repository.others.get(MANIFEST).ok_or(format!("no {MANIFEST}"))?;
    let manifest: Table = text.parse().map_err(|error| format!("{MANIFEST}: {error}"))?;
    let names = names(repository)?;
    let stores: Vec<&str> =
        names.iter().filter(|name| name.0 == "SECRET_STORE").map(|name| &*name.1).collect();
    let mut findings = Vec::new();
    for part in PARTS {
        let declared = |kind: &str, name: &str| manifest.get(part)?.get(kind)?.get(name);
        for (constant, name) in &names {
            let found = match constant.as_str() {
                "KV_STORE" => declared("kv_stores", name).is_some(),
                "CONFIG_STORE" => declared("config_stores", name).is_some(),
                "SECRET_STORE" => declared("secret_stores", name).is_some(),
                secret if secret.ends_with("_KEY") => {
                    let mut stores = stores.iter().filter_map(|it| declared("secret_stores", it));
                    stores.any(|store| has_secret(store, name))
                }
                _ => declared("backends", name).is_some(),
            };
            if !found {
                let what = format!("[{part}] does not declare {name} (names::{constant})");
                findings.push(Finding::file(MANIFEST, what));
            }
        }
    }
    Ok(findings)
}

/// A store lists secrets as a table of entries (for setup) or as a list (for the local server).
fn has_secret(store: &Value, name: &str) -> bool {
    let entry = store.get("entries").and_then(|entries| entries.get(name));
    let mut listed = store.as_array().into_iter().flatten();
    entry.is_some() || listed.any(|entry| entry.get("key").and_then(Value::as_str) == Some(name))
}

/// The constants in `settings::names`: their names and values.
fn names(repository: &Repository) -> Result<Vec<(String, String)>, String> {
    let source = repository.sources.get(SETTINGS).ok_or(format!("no {SETTINGS}"))?;
    let within = source.syntax.items.iter().find_map(|item| match item {
        Item::Mod(module) if module.ident == "names" => Some(&module.content.as_ref()?.1),
        _ => None,
    });
    let within = within.ok_or(format!("no module `names` in {SETTINGS}"))?;
    let constants = within.iter().filter_map(|item| match item {
        Item::Const(item) => Some((item.ident.to_string(), text_of(item)?)),
        _ => None,
    });
    Ok(constants.collect())
}

fn text_of(item: &ItemConst) -> Option<String> {
    let Expr::Lit(literal) = &*item.expr else { return None };
    let Lit::Str(text) = &literal.lit else { return None };
    Some(text.value())
}
