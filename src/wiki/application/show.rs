//! How an outcome looks: to people ([`people`]) and to programs ([`programs`]).

pub(super) mod people;
pub(super) mod programs;

mod alternatives;
mod author;
mod failure;
mod form;
mod history;
mod overlap;
mod problem;
