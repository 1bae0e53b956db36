//! Writes mutants into the source of a file, each behind a question whether it is on. Not whether
//! the result compiles: the compiler says that.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use proc_macro2::{LineColumn, Span};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Arm, BinOp, Block, Expr, ExprStruct, Member, Stmt, parse_quote};

use crate::mutant::{Genre, Mutant};

/// The source with these mutants, by number, in it, and the numbers that have found their place.
pub(crate) fn place(
    source: &str,
    mutants: &[(usize, &Mutant)],
) -> Result<(String, BTreeSet<usize>)> {
    let mut file = syn::parse_file(source)?;
    let mut placing = Placing { mutants, placed: BTreeSet::new(), error: None };
    placing.visit_file_mut(&mut file);
    placing.error.map_or(Ok(()), Err)?;
    Ok((prettyplease::unparse(&file), placing.placed))
}

struct Placing<'a> {
    mutants: &'a [(usize, &'a Mutant)],
    placed: BTreeSet<usize>,
    error: Option<anyhow::Error>,
}

impl Placing<'_> {
    /// The mutants of this genre that begin here.
    fn at(&self, genre: Genre, span: Span) -> Vec<(usize, String)> {
        let start: LineColumn = span.start();
        let here = |(_, mutant): &&(usize, &Mutant)| mutant.genre == genre && mutant.start == start;
        self.mutants.iter().filter(here).map(|(n, m)| (*n, m.replacement.clone())).collect()
    }

    fn parsed<T: syn::parse::Parse>(&mut self, number: usize, text: &str) -> Option<T> {
        match syn::parse_str(text).with_context(|| format!("mutant {number}: `{text}`")) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.error.get_or_insert(error);
                None
            }
        }
    }

    /// `other` where this mutant is on, and what was there where it is not.
    fn choose(&mut self, number: usize, other: &Expr, expr: &mut Expr) {
        self.placed.insert(number);
        *expr = parse_quote! { (if crate::mutant::on(#number) { #other } else { #expr }) };
    }

    /// `first` is where the body began before anything was placed in it.
    fn body(&mut self, first: Option<Span>, block: &mut Block) {
        let Some(first) = first else { return };
        let mut answers: Vec<Stmt> = Vec::new();
        for (number, replacement) in self.at(Genre::Body, first) {
            let Some(value) = self.parsed::<Expr>(number, &replacement) else { continue };
            self.placed.insert(number);
            answers.push(parse_quote! { if crate::mutant::on(#number) { return #value; } });
        }
        block.stmts.splice(0..0, answers);
    }

    fn field(&mut self, expr: &mut ExprStruct) {
        let Some(rest) = expr.rest.clone() else { return };
        for field in &mut expr.fields {
            let Member::Named(name) = field.member.clone() else { continue };
            let path = &expr.path;
            for (number, _) in self.at(Genre::Field, field.member.span()) {
                let other = parse_quote! { { let rest: #path = #rest; rest.#name } };
                field.colon_token.get_or_insert_default();
                self.choose(number, &other, &mut field.expr);
            }
        }
    }
}

fn first(block: &Block) -> Option<Span> {
    block.stmts.first().map(Spanned::span)
}

/// Whether part of this is a pattern, which can stand in a condition and nowhere else.
fn has_pattern(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_pattern(&binary.left) || has_pattern(&binary.right),
        _ => false,
    }
}

impl VisitMut for Placing<'_> {
    fn visit_item_fn_mut(&mut self, function: &mut syn::ItemFn) {
        let first = first(&function.block);
        visit_mut::visit_item_fn_mut(self, function);
        self.body(first, &mut function.block);
    }

    fn visit_impl_item_fn_mut(&mut self, function: &mut syn::ImplItemFn) {
        let first = first(&function.block);
        visit_mut::visit_impl_item_fn_mut(self, function);
        self.body(first, &mut function.block);
    }

    fn visit_trait_item_fn_mut(&mut self, function: &mut syn::TraitItemFn) {
        let first = function.default.as_ref().and_then(first);
        visit_mut::visit_trait_item_fn_mut(self, function);
        if let Some(block) = &mut function.default {
            self.body(first, block);
        }
    }

    // What the compiler works out is decided before any mutant can be on.
    fn visit_item_const_mut(&mut self, _: &mut syn::ItemConst) {}
    fn visit_impl_item_const_mut(&mut self, _: &mut syn::ImplItemConst) {}
    fn visit_trait_item_const_mut(&mut self, _: &mut syn::TraitItemConst) {}
    fn visit_item_static_mut(&mut self, _: &mut syn::ItemStatic) {}
    fn visit_type_mut(&mut self, _: &mut syn::Type) {}

    fn visit_arm_mut(&mut self, arm: &mut Arm) {
        let (start, guard) = (arm.pat.span(), arm.guard.as_ref().map(|(_, guard)| guard.span()));
        visit_mut::visit_arm_mut(self, arm);
        for (number, replacement) in guard.map_or(Vec::new(), |span| self.at(Genre::Guard, span)) {
            let Some(value) = self.parsed::<Expr>(number, &replacement) else { continue };
            if let Some((_, guard)) = &mut arm.guard {
                self.choose(number, &value, guard);
            }
        }
        for (number, _) in self.at(Genre::Arm, start) {
            self.placed.insert(number);
            let off: Expr = parse_quote! { !crate::mutant::on(#number) };
            arm.guard = Some(match arm.guard.take() {
                Some((word, guard)) => (word, parse_quote! { #off && #guard }),
                None => (Default::default(), Box::new(off)),
            });
        }
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        let (genre, operator) = match &*expr {
            Expr::Binary(binary) if !has_pattern(expr) => (Genre::Binary, binary.op.span()),
            Expr::Unary(unary) => (Genre::Unary, unary.op.span()),
            _ => (Genre::Field, Span::call_site()),
        };
        visit_mut::visit_expr_mut(self, expr);
        if let Expr::Struct(expr) = expr {
            return self.field(expr);
        }
        let original = expr.clone();
        for (number, replacement) in self.at(genre, operator) {
            let other = match original.clone() {
                Expr::Binary(mut binary) => {
                    let Some(op) = self.parsed::<BinOp>(number, &replacement) else { continue };
                    binary.op = op;
                    Expr::Binary(binary)
                }
                Expr::Unary(unary) => *unary.expr,
                _ => continue,
            };
            self.choose(number, &other, expr);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of this source when the mutant that begins at this text is in it.
    fn with(source: &str, genre: Genre, at: &str, replacement: &str) -> String {
        let column = source.find(at).expect("the text is there");
        let mutant = Mutant {
            name: String::new(),
            file: String::new(),
            genre,
            start: LineColumn { line: 1, column },
            replacement: replacement.to_owned(),
        };
        let (text, placed) = place(source, &[(7, &mutant)]).expect("it parses");
        assert_eq!(placed, BTreeSet::from([7]), "{text}");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_mutant_is_there_only_while_it_is_on() {
        let cases = [
            (
                with("fn f() -> u8 { g(); 1 }", Genre::Body, "g()", "0"),
                "if crate::mutant::on(7usize) { return 0; } g(); 1",
            ),
            (
                with("fn f() -> bool { a == b }", Genre::Binary, "==", "!="),
                "(if crate::mutant::on(7usize) { a != b } else { a == b })",
            ),
            (
                with("fn f() { a -= b; }", Genre::Binary, "-=", "+="),
                "(if crate::mutant::on(7usize) { a += b } else { a -= b });",
            ),
            (
                with("fn f() -> bool { !a }", Genre::Unary, "!", ""),
                "(if crate::mutant::on(7usize) { a } else { !a })",
            ),
            (
                with("fn f() { match a { 1 if b => {} _ => {} } }", Genre::Guard, "b =>", "true"),
                "1 if (if crate::mutant::on(7usize) { true } else { b }) => {}",
            ),
            (
                with("fn f() { match a { 1 if b => {} _ => {} } }", Genre::Arm, "1 if", ""),
                "1 if !crate::mutant::on(7usize) && b => {}",
            ),
            (
                with("fn f() -> S { S { a: 1, ..s } }", Genre::Field, "a: 1", ""),
                "a: (if crate::mutant::on(7usize) { { let rest: S = s; rest.a } } else { 1 })",
            ),
        ];
        for (text, expected) in cases {
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn what_the_compiler_decides_and_what_binds_names_stays_as_it_is() {
        for source in ["const A: bool = 1 == 2;", "fn f() { if a == b && let Some(c) = d {} }"] {
            let at = if source.starts_with("const") { "==" } else { "&&" };
            let column = source.find(at).expect("the text is there");
            let start = LineColumn { line: 1, column };
            let (name, file) = (String::new(), String::new());
            let mutant =
                Mutant { name, file, genre: Genre::Binary, start, replacement: "||".to_owned() };
            let (_, placed) = place(source, &[(7, &mutant)]).expect("it parses");
            assert!(placed.is_empty(), "{source}");
        }
    }
}
