//! How a type that an author wrote relates to the one a server says.

use claw_syntax::ast::{EnumDecl, File, Item, ItemKind, RecordDecl, TypeExpr, TypeExprKind};

use super::{Declaration, Shape, Ty};

/// The author's type, seen from the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// The same, but perhaps for what [`Pair`]s hold.
    Same,
    /// Values of the author's type are values of the server's; or both are written as strings, and the author has
    /// said of which kind they must be.
    Narrower,
    /// The other way round.
    Wider,
    /// Neither.
    Other,
}

/// A record or an enum of the file that stands for one of the server's.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pair<'a> {
    Enum(&'a Item, &'a EnumDecl, &'a [String]),
    Record(&'a Item, &'a RecordDecl, &'a [super::Param]),
}

/// Types that are written as strings in JSON and hold fewer of them than `string`.
const TEXTS: [&str; 11] =
    ["email", "host", "url", "ip", "path", "remote_path", "date", "time", "duration", "bytes", "secret"];

/// Compares the author's type with the server's; `pairs` collects what must be compared inside.
pub(super) fn relate<'a>(
    file: &'a File,
    mine: &'a TypeExpr,
    theirs: &Ty,
    of: &'a Declaration,
    pairs: &mut Vec<Pair<'a>>,
) -> Relation {
    match (&mine.kind, theirs) {
        (TypeExprKind::Generic { name, args }, Ty::List(element)) => {
            let inner = args.first().map_or(Relation::Other, |arg| relate(file, arg, element, of, pairs));
            // A set forgets the order: it is the author's choice where the server says a list.
            if name.name == "set" && inner == Relation::Same { Relation::Narrower } else { inner }
        }
        (TypeExprKind::Name(path), theirs) => {
            let name = path.text();
            let item = file.items.iter().find(|i| i.name().is_some_and(|n| n.name == name) && is_type(i));
            match item {
                Some(item) => declared(item, theirs, of, pairs),
                // A type of another module: the author's choice.
                None if path.as_ident().is_none() => Relation::Narrower,
                None => built_in(&name, theirs, of),
            }
        }
        (_, Ty::Word("json")) => Relation::Narrower,
        (TypeExprKind::Dialect { .. }, Ty::Word(theirs)) if is_text(theirs) => Relation::Narrower,
        _ => Relation::Other,
    }
}

fn is_text(word: &str) -> bool {
    word == "string" || TEXTS.contains(&word)
}

fn is_type(item: &Item) -> bool {
    matches!(item.kind, ItemKind::Enum(_) | ItemKind::Record(_))
}

fn declared<'a>(item: &'a Item, theirs: &Ty, of: &'a Declaration, pairs: &mut Vec<Pair<'a>>) -> Relation {
    let shape = match theirs {
        Ty::Own(own) => of.types.get(*own).map(|t| &t.shape),
        _ => None,
    };
    match (&item.kind, shape, theirs) {
        (ItemKind::Enum(mine), Some(Shape::Enum(values)), _) => {
            pairs.push(Pair::Enum(item, mine, values));
            Relation::Same
        }
        (ItemKind::Record(mine), Some(Shape::Record(fields)), _) => {
            pairs.push(Pair::Record(item, mine, fields));
            Relation::Same
        }
        (_, _, Ty::Word("json")) | (ItemKind::Enum(_), _, Ty::Word("string")) => Relation::Narrower,
        _ => Relation::Other,
    }
}

fn built_in(mine: &str, theirs: &Ty, of: &Declaration) -> Relation {
    let is_enum =
        matches!(theirs, Ty::Own(own) if matches!(of.types.get(*own).map(|t| &t.shape), Some(Shape::Enum(_))));
    match (mine, theirs) {
        (mine, Ty::Word(theirs)) if mine == *theirs => Relation::Same,
        (_, Ty::Word("json")) | ("int", Ty::Word("decimal")) => Relation::Narrower,
        ("json", _) | ("decimal", Ty::Word("int")) => Relation::Wider,
        (mine, Ty::Word(theirs)) if TEXTS.contains(&mine) && is_text(theirs) => Relation::Narrower,
        ("string", Ty::Word(theirs)) if TEXTS.contains(theirs) => Relation::Wider,
        ("string", _) if is_enum => Relation::Wider,
        _ => Relation::Other,
    }
}
