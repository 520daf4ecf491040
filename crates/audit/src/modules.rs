//! The modules of one target: which file each is in, what it defines and what it imports.
//!
//! Names are looked up as Rust does it, as far as that takes no types: children, items, imports,
//! and imports of everything (`*`). Visibility is not asked, since the sources compile. The module
//! must never follow a name out of its own target: a name it does not find is somebody else's.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Expr, Item, Lit, Meta, UseTree, Visibility};

use crate::repository::{Repository, Target};
use crate::tokens::each_identifier;

/// How many imports are followed for one name, so that two that import each other end.
const MOST_STEPS: usize = 16;

/// The modules of a target. The first one is its root.
pub struct Modules {
    /// Parents come before their children.
    pub list: Vec<Module>,
}

/// One module, in a file of its own or within another's.
pub struct Module {
    /// The path of the file it is in.
    pub file: String,
    /// Whether it is compiled for tests alone.
    pub test: bool,
    /// Where the parent is in the list. The root's is itself.
    pub parent: usize,
    /// Modules within this one, by name.
    pub children: BTreeMap<String, usize>,
    /// Names of what is defined here, with the line where it is; modules are not among them.
    pub items: BTreeMap<String, usize>,
    /// Names that come from elsewhere. Imports for tests alone are not among them.
    pub imports: Vec<Binding>,
    /// All code here but imports, modules, assertions, and what is compiled for tests alone.
    pub code: TokenStream,
    /// What is asserted at compile time: `const _`.
    pub assertions: TokenStream,
}

/// What one `use` brings in.
pub struct Binding {
    /// The name that it has here; `*` where everything is brought in.
    pub name: String,
    /// Where it comes from.
    pub path: Vec<String>,
    /// Whether others may have it from here.
    pub exported: bool,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A module.
    Module(usize),
    /// Something defined in a module, by its name there.
    Item(usize, String),
}

impl Modules {
    /// The modules of a target.
    ///
    /// # Errors
    ///
    /// A text for people: the file of a module is not there.
    pub fn of(repository: &Repository, target: &Target) -> Result<Self, String> {
        let mut this = Self { list: Vec::new() };
        let folder = target.file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let source = repository.sources.get(&target.file).ok_or(format!("no {}", target.file))?;
        let place = Place { file: target.file.clone(), folder: folder.to_owned(), test: false };
        this.take(repository, place, 0, &source.syntax.items)?;
        Ok(this)
    }

    fn take(
        &mut self,
        repository: &Repository,
        place: Place,
        parent: usize,
        items: &[Item],
    ) -> Result<usize, String> {
        let this = self.list.len();
        self.list.push(Module::of(&place, parent, items));
        for item in items {
            let Item::Mod(module) = item else { continue };
            let test = place.test || for_tests(&module.attrs);
            let name = module.ident.to_string();
            let child = if let Some((_, items)) = &module.content {
                let folder = format!("{}/{name}", place.folder);
                let place = Place { file: place.file.clone(), folder, test };
                self.take(repository, place, this, items)?
            } else {
                let place = place.file_of(repository, &name, &module.attrs, test)?;
                let source = &repository.sources[&place.file];
                self.take(repository, place, this, &source.syntax.items)?
            };
            self.list[this].children.insert(name, child);
        }
        Ok(this)
    }

    /// What a path stands for that is written in a module.
    #[must_use]
    pub fn resolve(&self, module: usize, path: &[String]) -> Option<Found> {
        self.resolve_within(module, path, MOST_STEPS)
    }

    /// What a name stands for that everything-imports (`*`) of a module bring in.
    #[must_use]
    pub fn resolve_through_globs(&self, module: usize, name: &str) -> Option<Found> {
        let here = &self.list[module];
        let known = here.items.contains_key(name) || here.children.contains_key(name);
        if known || here.imports.iter().any(|import| import.name == name) {
            return None;
        }
        self.through_globs(module, name, MOST_STEPS)
    }

    fn resolve_within(&self, module: usize, path: &[String], steps: usize) -> Option<Found> {
        let steps = steps.checked_sub(1)?;
        let (first, mut rest) = path.split_first()?;
        let mut found = match first.as_str() {
            "crate" => Found::Module(0),
            "self" => Found::Module(module),
            "super" => Found::Module(self.list[module].parent),
            name => self.lookup(module, name, steps)?,
        };
        while let (Found::Module(module), Some((name, others))) = (&found, rest.split_first()) {
            let module = *module;
            found = match name.as_str() {
                "self" => Found::Module(module),
                "super" => Found::Module(self.list[module].parent),
                name => self.lookup(module, name, steps)?,
            };
            rest = others;
        }
        Some(found)
    }

    fn lookup(&self, module: usize, name: &str, steps: usize) -> Option<Found> {
        let here = &self.list[module];
        if let Some(&child) = here.children.get(name) {
            return Some(Found::Module(child));
        }
        if here.items.contains_key(name) {
            return Some(Found::Item(module, name.to_owned()));
        }
        let mut named = here.imports.iter().filter(|import| import.name == name);
        if let Some(import) = named.next() {
            // `use name;` names something outside.
            let itself = import.path.len() == 1 && import.path[0] == name;
            return if itself { None } else { self.resolve_within(module, &import.path, steps) };
        }
        self.through_globs(module, name, steps)
    }

    fn through_globs(&self, module: usize, name: &str, steps: usize) -> Option<Found> {
        let steps = steps.checked_sub(1)?;
        let globs = self.list[module].imports.iter().filter(|import| import.name == "*");
        globs.into_iter().find_map(|glob| match self.resolve_within(module, &glob.path, steps)? {
            Found::Module(from) if from != module => self.lookup(from, name, steps),
            Found::Module(_) | Found::Item(..) => None,
        })
    }
}

/// Where a module's code is, and where its children's files are.
struct Place {
    file: String,
    folder: String,
    test: bool,
}

impl Place {
    /// The place of a child that has a file of its own.
    fn file_of(
        &self,
        repository: &Repository,
        name: &str,
        attributes: &[Attribute],
        test: bool,
    ) -> Result<Self, String> {
        if let Some(path) = attributes.iter().find_map(path_of) {
            let folder = self.file.rsplit_once('/').map_or("", |(folder, _)| folder);
            let file = normal(&format!("{folder}/{path}"));
            let folder = file.trim_end_matches(".rs").to_owned();
            return Self { file, folder, test }.existing(repository, name);
        }
        let folder = format!("{}/{name}", self.folder);
        let (beside, within) = (format!("{folder}.rs"), format!("{folder}/mod.rs"));
        let file = if repository.sources.contains_key(&beside) { beside } else { within };
        Self { file, folder, test }.existing(repository, name)
    }

    fn existing(self, repository: &Repository, name: &str) -> Result<Self, String> {
        match repository.sources.contains_key(&self.file) {
            true => Ok(self),
            false => Err(format!("no file for the module {name}: {}", self.file)),
        }
    }
}

impl Module {
    fn of(place: &Place, parent: usize, items: &[Item]) -> Self {
        let mut this = Self {
            file: place.file.clone(),
            test: place.test,
            parent,
            children: BTreeMap::new(),
            items: BTreeMap::new(),
            imports: Vec::new(),
            code: TokenStream::new(),
            assertions: TokenStream::new(),
        };
        for item in items.iter().filter(|item| !for_tests(attributes_of(item))) {
            match item {
                Item::Use(item) => {
                    let exported = !matches!(item.vis, Visibility::Inherited);
                    imports(&item.tree, &mut Vec::new(), exported, &mut this.imports);
                }
                Item::Mod(_) => {}
                Item::Const(item) if item.ident == "_" => item.to_tokens(&mut this.assertions),
                item => {
                    this.items.extend(defined_by(item));
                    item.to_tokens(&mut this.code);
                }
            }
        }
        this
    }

    /// All names that the code and the assertions mention.
    #[must_use]
    pub fn mentioned(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for code in [&self.code, &self.assertions] {
            each_identifier(code, &mut |name| {
                names.insert(name);
            });
        }
        names
    }
}

/// Takes a `use` apart.
fn imports(tree: &UseTree, path: &mut Vec<String>, exported: bool, into: &mut Vec<Binding>) {
    let depth = path.len();
    let mut take = |name: String, path: &[String]| {
        into.push(Binding { name, path: path.to_vec(), exported });
    };
    match tree {
        UseTree::Path(tree) => {
            path.push(tree.ident.to_string());
            imports(&tree.tree, path, exported, into);
        }
        UseTree::Name(tree) if tree.ident == "self" => {
            take(path.last().cloned().unwrap_or_default(), path);
        }
        UseTree::Name(tree) => {
            path.push(tree.ident.to_string());
            take(tree.ident.to_string(), path);
        }
        UseTree::Rename(tree) => {
            if tree.ident != "self" {
                path.push(tree.ident.to_string());
            }
            take(tree.rename.to_string(), path);
        }
        UseTree::Glob(_) => take("*".to_owned(), path),
        UseTree::Group(tree) => {
            for tree in &tree.items {
                imports(tree, path, exported, into);
            }
        }
    }
    path.truncate(depth);
}

/// The name that an item defines in its module, and its line.
fn defined_by(item: &Item) -> Option<(String, usize)> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        _ => return None,
    };
    Some((ident.to_string(), ident.span().start().line))
}

/// Whether something is compiled for tests alone: `#[cfg(test)]`, `#[test]`, or the feature
/// `testing`.
fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            let tokens = list.tokens.to_string();
            tokens == "test"
                || tokens.starts_with("any (test")
                || tokens.starts_with("all (test")
                || tokens.contains("feature = \"testing\"")
        }
        Meta::List(_) | Meta::NameValue(_) => false,
    })
}

/// A path in which no folder is left again.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// What `#[path = "..."]` says.
fn path_of(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let Expr::Lit(literal) = &pair.value else { return None };
    let Lit::Str(path) = &literal.lit else { return None };
    pair.path.is_ident("path").then(|| path.value())
}

/// The attributes of an item.
fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
