//! The language server as editors see it: the real binary, spoken to over its standard input and output.

mod between;
mod changes;
mod completion;
mod editor;
mod features;
mod files;
mod findings;
mod hierarchy;
mod session;
mod speed;
mod structure;
mod sync;

use editor::{Editor, Folder, starts};

/// A policy with two unknown names; an emoji, which is two units of UTF-16 and four bytes, stands before the second.
pub const TWO_ERRORS: &str = "package p\nenvironments dev\nroles r\ntool t(a: string)\ngrant t to nobody\n\
    rule x { on t deny \"😀\" unless args.b == \"y\" }\n";
pub const CLEAN: &str = "package p\nenvironments dev\nroles r\ntool t(a: string)\ngrant t to r\nrule x { on t when args.a == \"y\" deny \"no\" }\n";
pub const URI: &str = "untitled:one";
