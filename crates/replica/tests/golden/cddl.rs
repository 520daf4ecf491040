//! As much of CDDL (RFC 8610) as `docs/wire.cddl` uses, and whether bytes match.
//!
//! A crate that knows all of it exists, and brings a hundred others; the file is
//! checked against that one by hand when it changes. Known here: rules, choices
//! of types and of groups, arrays, maps of one pair with a text key, `*`,
//! numbers, ranges, texts, `.size`, `.cbor`, and the plain types. Anything else
//! is an error. A list takes all that it can: nothing is tried twice.

use std::collections::BTreeMap;

use ciborium::Value;

/// Rules by name.
pub(crate) struct Rules(BTreeMap<String, Rule>);

enum Rule {
    Type(Type),
    Group(Group),
}

/// Alternatives, each a row of members.
type Group = Vec<Vec<Member>>;

struct Member {
    many: bool,
    is: Type,
}

#[derive(Clone)]
enum Literal {
    Number(u64),
    Text(String),
}

enum Type {
    Is(Literal),
    Range(u64, u64),
    Plain(String),
    Sized(Box<Type>, u64),
    Encoded(Box<Type>),
    Array(Group),
    Pair(String, Box<Type>),
    Any(Vec<Type>),
}

impl Rules {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens };
        let mut rules = BTreeMap::new();
        while let Some(token) = parser.next() {
            let Token::Name(name) = token else { return Err(format!("{token:?} is no name")) };
            parser.expect("=")?;
            let rule = match parser.take("(") {
                true => Rule::Group(parser.group(")")?),
                false => Rule::Type(parser.choice()?),
            };
            if rules.insert(name.clone(), rule).is_some() {
                return Err(format!("{name} twice"));
            }
        }
        Ok(Self(rules))
    }

    /// Whether all names that are used are defined.
    pub(crate) fn check_names(&self) -> Result<(), String> {
        let mut names = Vec::new();
        for rule in self.0.values() {
            match rule {
                Rule::Type(is) => names_in(is, &mut names),
                Rule::Group(group) => names_in_group(group, &mut names),
            }
        }
        let plain = ["uint", "bstr", "tstr", "bool", "null", "any"];
        let known = |name: &&String| !plain.contains(&name.as_str()) && !self.0.contains_key(*name);
        match names.into_iter().find(|name| known(name)) {
            Some(name) => Err(format!("{name} is not defined")),
            None => Ok(()),
        }
    }

    /// The rules that `name` is a choice of.
    pub(crate) fn alternatives(&self, name: &str) -> Vec<String> {
        let mut names = Vec::new();
        if let Some(Rule::Type(is)) = self.0.get(name) {
            names_in(is, &mut names);
        }
        names.into_iter().cloned().collect()
    }

    /// Whether `bytes` are what the rule `name` describes.
    pub(crate) fn check(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        self.plain(name, &read(bytes)?)
    }

    fn plain(&self, name: &str, value: &Value) -> Result<(), String> {
        let matches = match name {
            "uint" => number(value).is_some(),
            "bstr" => value.is_bytes(),
            "tstr" => value.is_text(),
            "bool" => value.is_bool(),
            "null" => value.is_null(),
            "any" => true,
            name => match self.0.get(name) {
                Some(Rule::Type(is)) => {
                    return self.is(is, value).map_err(|why| format!("{name}: {why}"));
                }
                _ => return Err(format!("{name} is no type")),
            },
        };
        matches.then_some(()).ok_or_else(|| format!("{value:?} is no {name}"))
    }

    fn is(&self, is: &Type, value: &Value) -> Result<(), String> {
        let matches = match is {
            Type::Plain(name) => return self.plain(name, value),
            Type::Is(Literal::Number(expected)) => number(value) == Some(*expected),
            Type::Is(Literal::Text(expected)) => value.as_text() == Some(expected),
            Type::Range(from, to) => number(value).is_some_and(|it| (*from..=*to).contains(&it)),
            Type::Sized(is, size) => {
                self.is(is, value)?;
                match value {
                    Value::Bytes(bytes) => bytes.len() as u64 == *size,
                    value => number(value).is_some_and(|it| it < 1 << (size * 8)),
                }
            }
            Type::Encoded(is) => {
                let bytes = value.as_bytes().ok_or("no bytes")?;
                return self.is(is, &read(bytes)?);
            }
            Type::Array(group) => {
                let items = value.as_array().ok_or_else(|| format!("{value:?} is no array"))?;
                match self.row(group, items)? {
                    [] => true,
                    more => return Err(format!("{} items too many", more.len())),
                }
            }
            Type::Pair(key, is) => match value.as_map().map(Vec::as_slice) {
                Some([(found, value)]) if found.as_text() == Some(key) => {
                    return self.is(is, value);
                }
                _ => false,
            },
            Type::Any(choices) => choices.iter().any(|choice| self.is(choice, value).is_ok()),
        };
        matches.then_some(()).ok_or_else(|| format!("{value:?} does not match"))
    }

    /// The items after those that match.
    fn row<'v>(&self, group: &Group, items: &'v [Value]) -> Result<&'v [Value], String> {
        let mut why = String::new();
        for choice in group {
            match self.members(choice, items) {
                Ok(rest) => return Ok(rest),
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    fn members<'v>(
        &self,
        members: &[Member],
        mut items: &'v [Value],
    ) -> Result<&'v [Value], String> {
        for member in members {
            match (&member.is, member.many) {
                (Type::Plain(name), false) if matches!(self.0.get(name), Some(Rule::Group(_))) => {
                    let Some(Rule::Group(group)) = self.0.get(name) else { continue };
                    items = self.row(group, items)?;
                }
                (is, false) => {
                    let (first, rest) = items.split_first().ok_or("items are missing")?;
                    self.is(is, first)?;
                    items = rest;
                }
                (is, true) => {
                    while let Some((first, rest)) = items.split_first() {
                        self.is(is, first)?;
                        items = rest;
                    }
                }
            }
        }
        Ok(items)
    }
}

fn read(bytes: &[u8]) -> Result<Value, String> {
    let mut rest = bytes;
    let value = ciborium::from_reader(&mut rest).map_err(|error| error.to_string())?;
    rest.is_empty().then_some(value).ok_or_else(|| "bytes after the end".to_owned())
}

fn number(value: &Value) -> Option<u64> {
    value.as_integer().and_then(|number| u64::try_from(number).ok())
}

fn names_in<'t>(is: &'t Type, names: &mut Vec<&'t String>) {
    match is {
        Type::Plain(name) => names.push(name),
        Type::Sized(is, _) | Type::Encoded(is) | Type::Pair(_, is) => names_in(is, names),
        Type::Array(group) => names_in_group(group, names),
        Type::Any(choices) => choices.iter().for_each(|is| names_in(is, names)),
        Type::Is(_) | Type::Range(..) => {}
    }
}

fn names_in_group<'t>(group: &'t Group, names: &mut Vec<&'t String>) {
    group.iter().flatten().for_each(|member| names_in(&member.is, names));
}

#[derive(Clone, PartialEq, Debug)]
enum Token {
    Name(String),
    Number(u64),
    Text(String),
    Sign(&'static str),
}

/// Longer signs before those that they begin with.
const SIGNS: [&str; 15] =
    ["=>", "=", "//", "/", "..", ".size", ".cbor", "[", "]", "(", ")", "{", "}", ":", ","];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    for line in text.lines() {
        let mut rest = line.split(';').next().unwrap_or_default().trim_start();
        while !rest.is_empty() {
            let length = |test: fn(char) -> bool| rest.find(|c| !test(c)).unwrap_or(rest.len());
            let (token, used) = if let Some(after) = rest.strip_prefix('"') {
                let end = after.find('"').ok_or("a text without end")?;
                (Token::Text(after[..end].to_owned()), end + 2)
            } else if rest.starts_with('*') {
                (Token::Sign("*"), 1)
            } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                (Token::Sign(sign), sign.len())
            } else if rest.starts_with(|c: char| c.is_ascii_digit()) {
                let used = length(|c| c.is_ascii_digit());
                let number = rest[..used].parse().map_err(|_| "a number too great")?;
                (Token::Number(number), used)
            } else {
                let used = length(|c| c.is_ascii_alphanumeric() || c == '-');
                (Token::Name(rest[..used].to_owned()), used)
            };
            if used == 0 {
                return Err(format!("what is {rest}?"));
            }
            tokens.push(token);
            rest = rest[used..].trim_start();
        }
    }
    Ok(tokens)
}

struct Parser<'t> {
    tokens: &'t [Token],
}

impl<'t> Parser<'t> {
    fn next(&mut self) -> Option<&'t Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn take(&mut self, sign: &'static str) -> bool {
        let found = self.tokens.first() == Some(&Token::Sign(sign));
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        match self.take(sign) {
            true => Ok(()),
            false => Err(format!("no {sign} before {:?}", self.tokens.first())),
        }
    }

    fn number(&mut self) -> Result<u64, String> {
        match self.next() {
            Some(Token::Number(number)) => Ok(*number),
            other => Err(format!("{other:?} is no number")),
        }
    }

    fn choice(&mut self) -> Result<Type, String> {
        let mut choices = vec![self.controlled()?];
        while self.take("/") {
            choices.push(self.controlled()?);
        }
        let only = choices.len() == 1;
        Ok(if only { choices.remove(0) } else { Type::Any(choices) })
    }

    fn controlled(&mut self) -> Result<Type, String> {
        let is = self.simple()?;
        if self.take(".size") {
            return Ok(Type::Sized(Box::new(is), self.number()?));
        }
        if self.take(".cbor") {
            return Ok(Type::Encoded(Box::new(self.simple()?)));
        }
        Ok(is)
    }

    fn simple(&mut self) -> Result<Type, String> {
        match self.next() {
            Some(Token::Name(name)) => Ok(Type::Plain(name.clone())),
            Some(Token::Text(text)) => Ok(Type::Is(Literal::Text(text.clone()))),
            Some(Token::Number(from)) => match self.take("..") {
                true => Ok(Type::Range(*from, self.number()?)),
                false => Ok(Type::Is(Literal::Number(*from))),
            },
            Some(Token::Sign("[")) => Ok(Type::Array(self.group("]")?)),
            Some(Token::Sign("{")) => {
                let Some(Token::Text(key)) = self.next() else { return Err("no key".to_owned()) };
                self.expect("=>")?;
                let is = self.choice()?;
                self.expect("}")?;
                Ok(Type::Pair(key.clone(), Box::new(is)))
            }
            other => Err(format!("{other:?} is no type")),
        }
    }

    fn group(&mut self, end: &'static str) -> Result<Group, String> {
        let mut group = vec![Vec::new()];
        while !self.take(end) {
            if self.take("//") {
                group.push(Vec::new());
                continue;
            }
            let many = self.take("*");
            if let [Token::Name(_), Token::Sign(":"), ..] = self.tokens {
                self.tokens = &self.tokens[2..];
            }
            let is = self.choice()?;
            self.take(",");
            if let Some(row) = group.last_mut() {
                row.push(Member { many, is });
            }
        }
        Ok(group)
    }
}
