//! An operator's settings, as they stand in the Config Store and Secret Store.
//!
//! There are few items, and each is read once per sandbox: an execution may look
//! up 32. An item that is missing has a default. One that is wrong is an error,
//! and the edge answers 503 until it is mended; it never runs with a guess.

use redwedding_document::entry::RULES;
use redwedding_replica::Config;

/// Names of what `fastly.toml` declares.
pub mod names {
    /// The KV store.
    pub const KV_STORE: &str = "redwedding";
    /// The Config Store.
    pub const CONFIG_STORE: &str = "redwedding_config";
    /// The Secret Store.
    pub const SECRET_STORE: &str = "redwedding_secrets";
    /// The backend of the relay.
    pub const RELAY: &str = "relay";
    /// The backend of the origin.
    pub const ORIGIN: &str = "origin";
    /// Secret: session tokens, edit ids, flush ids.
    pub const SESSION_KEY: &str = "session_key";
    /// Secret: tokens between edge and relay, and of the wiki's users.
    pub const RELAY_KEY: &str = "relay_key";
}

/// Least length of a secret, in bytes.
const SECRET_BYTES: usize = 16;

/// Everything that is set.
#[derive(Clone)]
pub struct Settings {
    /// What the replica runs with.
    pub replica: Config,
    /// Signs and checks tokens between edge and relay.
    pub relay_key: Vec<u8>,
    /// Whether everybody may write.
    pub anonymous_writes: bool,
    /// Whether answers say how much CPU time the sandbox has used.
    pub timing: bool,
}

/// Why the settings cannot be used. The operator's fault.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SettingsError {
    /// A number is none.
    #[error("the setting {0} is not a number")]
    Number(&'static str),
    /// A flag is neither true nor false.
    #[error("the setting {0} is neither true nor false")]
    Flag(&'static str),
    /// A secret is missing or too short.
    #[error("the secret {0} is missing or shorter than {SECRET_BYTES} bytes")]
    Secret(&'static str),
    /// This origin is not supported.
    #[error("the setting origin_kind must be \"embedded\"; other origins are not supported yet")]
    Origin,
}

impl Settings {
    /// Reads the settings. `item` gives a Config Store item, `secret` a secret,
    /// `pop` is the platform's name for this point of presence.
    ///
    /// # Errors
    /// [`SettingsError`] for the first setting that cannot be used.
    pub fn read(
        item: impl Fn(&'static str) -> Option<String>,
        secret: impl Fn(&'static str) -> Option<Vec<u8>>,
        pop: &str,
    ) -> Result<Self, SettingsError> {
        let long = |name, found: Option<Vec<u8>>| match found {
            Some(found) if found.len() < SECRET_BYTES => Err(SettingsError::Secret(name)),
            found => Ok(found),
        };
        // Only there while keys are exchanged.
        let next = long("next_session_key", secret("next_session_key"))?;
        let previous = long("previous_session_key", secret("previous_session_key"))?;
        let secret = |name| long(name, secret(name))?.ok_or(SettingsError::Secret(name));
        let number = |name, default: u64| match item(name) {
            None => Ok(default),
            Some(text) => text.trim().parse().map_err(|_| SettingsError::Number(name)),
        };
        if item("origin_kind").is_some_and(|kind| kind != "embedded") {
            return Err(SettingsError::Origin);
        }
        let site = item("site").unwrap_or_else(|| "wiki".to_owned());
        let pop = item("pop").unwrap_or_else(|| pop.to_owned());
        let mut replica = Config::new(&site, &pop, &secret(names::SESSION_KEY)?);
        if let Some(next) = next {
            replica = replica.before_exchange_with(&next);
        }
        if let Some(previous) = previous {
            replica = replica.after_exchange_of(&previous);
        }
        replica.staleness_ms = number("staleness_ms", replica.staleness_ms)?;
        replica.poll_ms = number("poll_ms", replica.poll_ms)?;
        let rules = number("merge_rules", replica.rules.into())?;
        let known = u8::try_from(rules).ok().filter(|rules| (2..=RULES).contains(rules));
        replica.rules = known.ok_or(SettingsError::Number("merge_rules"))?;
        let flag = |name| match item(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(SettingsError::Flag(name)),
        };
        Ok(Self {
            replica,
            relay_key: secret(names::RELAY_KEY)?,
            anonymous_writes: flag("anonymous_writes")?,
            timing: flag("timing")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(items: &[(&str, &str)], secret: &str) -> Result<Settings, SettingsError> {
        let item = |name: &'static str| {
            items.iter().find(|item| item.0 == name).map(|item| item.1.to_owned())
        };
        let kept = [names::SESSION_KEY, names::RELAY_KEY];
        let secret = |name| kept.contains(&name).then(|| secret.into());
        Settings::read(item, secret, "AMS")
    }

    #[test]
    fn defaults_are_closed() {
        let settings = read(&[], "0123456789abcdef").expect("settings");
        assert!(!settings.anonymous_writes);
        assert_eq!(settings.replica.pop, "AMS");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let secret = "0123456789abcdef";
        let wrong = |items: &[(&str, &str)], secret| read(items, secret).err();
        assert_eq!(wrong(&[], "short"), Some(SettingsError::Secret("session_key")));
        let number = Some(SettingsError::Number("staleness_ms"));
        assert_eq!(wrong(&[("staleness_ms", "soon")], secret), number);
        let flag = Some(SettingsError::Flag("anonymous_writes"));
        assert_eq!(wrong(&[("anonymous_writes", "yes")], secret), flag);
        assert_eq!(wrong(&[("origin_kind", "mediawiki")], secret), Some(SettingsError::Origin));
    }
}
