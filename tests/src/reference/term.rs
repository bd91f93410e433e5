//! What an expression can be: a value, or one of the ways of not being one.

use std::cell::RefCell;
use std::collections::HashMap;

use claw_runtime::{Arg, BuiltinId, Out, Tri, Value, by_name};

/// The meaning of an expression for one request.
#[derive(Clone, Debug)]
pub enum Term {
    /// Known.
    Known(Value),
    /// An optional field that the request does not have.
    Absent,
    /// Not known.
    Unknown,
    /// A list of these elements; `false`: there may be others.
    List(Vec<Term>, bool),
    /// An integer between these two, both included.
    Between(i64, i64),
}

impl Term {
    /// As a condition.
    pub fn truth(&self) -> Tri {
        match self {
            Term::Known(Value::Bool(b)) => Tri::from(*b),
            _ => Tri::Unknown,
        }
    }

    /// Of a condition.
    pub fn of(truth: Tri) -> Term {
        match truth {
            Tri::True => Term::Known(Value::Bool(true)),
            Tri::False => Term::Known(Value::Bool(false)),
            Tri::Unknown => Term::Unknown,
        }
    }

    /// The number of elements of something counted.
    pub fn count(low: usize, high: Option<usize>) -> Term {
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        match high {
            Some(high) if high == low => Term::Known(Value::Int(number(low))),
            Some(high) => Term::Between(number(low), number(high)),
            None => Term::Between(number(low), i64::MAX),
        }
    }

    /// The elements, and whether there are no others; `None` if nothing is known.
    pub fn elements(&self) -> Option<(Vec<Term>, bool)> {
        match self {
            Term::Known(Value::List(items) | Value::Set(items)) => {
                Some((items.iter().cloned().map(Term::Known).collect(), true))
            }
            Term::List(items, complete) => Some((items.clone(), *complete)),
            _ => None,
        }
    }
}

/// Calls a row of the runtime's table; how values look inside is its business.
pub fn leaf(id: BuiltinId, args: &[Term]) -> Term {
    let lists: Vec<Option<Vec<Value>>> = args.iter().map(written).collect();
    let wholes: Vec<Option<Value>> = lists.iter().map(|list| list.clone().map(Value::list)).collect();
    let shown: Vec<Arg<'_>> = args
        .iter()
        .zip(lists.iter().zip(&wholes))
        .map(|(term, lists)| match (term, lists) {
            (Term::Known(value), _) => Arg::Known(value),
            (Term::List(_, true), (_, Some(list))) => Arg::Known(list),
            (Term::List(_, false), (Some(items), _)) => Arg::Partial(items),
            (Term::Between(low, high), _) => Arg::Interval(*low, *high),
            _ => Arg::Unknown,
        })
        .collect();
    match id.call(&shown) {
        Out::Known(value) => Term::Known(value),
        Out::Unknown => Term::Unknown,
        Out::Partial(items) => Term::List(items.iter().cloned().map(Term::Known).collect(), false),
        Out::Interval(low, high) => Term::Between(low, high),
    }
}

/// The elements that are listed, if each of them is known: a list with an unknown one is not known.
fn written(term: &Term) -> Option<Vec<Value>> {
    let Term::List(items, _) = term else { return None };
    items.iter().map(|item| if let Term::Known(value) = item { Some(value.clone()) } else { None }).collect()
}

thread_local! {
    static ROWS: RefCell<HashMap<&'static str, BuiltinId>> = RefCell::default();
}

/// Calls a row by its name.
pub fn named(name: &'static str, args: &[Term]) -> Term {
    let find = || by_name(name).unwrap_or_else(|| panic!("no builtin is called {name}"));
    leaf(ROWS.with_borrow_mut(|rows| *rows.entry(name).or_insert_with(find)), args)
}
