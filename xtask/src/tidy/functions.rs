//! Rules on functions: their length, and no `unwrap` outside tests.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::Finding;

const FUNCTION_LINES_MAX: usize = 70;

/// Checks the functions of one file.
pub(super) fn check(name: &str, source: &str) -> Vec<Finding> {
    let file = match syn::parse_file(source) {
        Ok(file) => file,
        Err(error) => return vec![Finding::new(name, format!("cannot be parsed: {error}"))],
    };
    let in_tests = name.contains("/tests/");
    let mut visitor = Functions { name, findings: Vec::new(), in_tests };
    visitor.visit_file(&file);
    visitor.findings
}

struct Functions<'a> {
    name: &'a str,
    findings: Vec<Finding>,
    in_tests: bool,
}

impl Functions<'_> {
    fn function(&mut self, ident: &syn::Ident, span: proc_macro2::Span) {
        let lines = span.end().line - span.start().line + 1;
        if lines > FUNCTION_LINES_MAX {
            let place = format!("{}:{}", self.name, span.start().line);
            let message = format!("function {ident} has {lines} lines; at most {FUNCTION_LINES_MAX}");
            self.findings.push(Finding::new(place, message));
        }
    }

    fn nested(&mut self, is_test: bool, walk: impl FnOnce(&mut Self)) {
        let outside = self.in_tests;
        self.in_tests |= is_test;
        walk(self);
        self.in_tests = outside;
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        let is_cfg_test = path.is_ident("cfg")
            && matches!(&attribute.meta, syn::Meta::List(list) if list.tokens.to_string().contains("test"));
        path.is_ident("test") || is_cfg_test
    })
}

/// Lines of the function's own text, without the documentation above it.
fn body_span(signature: &syn::Signature, block: &syn::Block) -> proc_macro2::Span {
    signature.span().join(block.span()).unwrap_or_else(|| block.span())
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.nested(is_test(&item.attrs), |this| visit::visit_item_mod(this, item));
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig.ident, body_span(&item.sig, &item.block));
        self.nested(is_test(&item.attrs), |this| visit::visit_item_fn(this, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig.ident, body_span(&item.sig, &item.block));
        self.nested(is_test(&item.attrs), |this| visit::visit_impl_item_fn(this, item));
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.method == "unwrap" && !self.in_tests {
            let place = format!("{}:{}", self.name, call.method.span().start().line);
            self.findings.push(Finding::new(place, "unwrap outside tests"));
        }
        visit::visit_expr_method_call(self, call);
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn long_functions_and_unwraps_are_found() {
        let long = format!("fn f() {{\n{}}}\n", "    g();\n".repeat(80));
        assert_eq!(check("a.rs", &long).len(), 1);
        assert_eq!(check("a.rs", "fn f() { g().unwrap(); }").len(), 1);
        assert!(check("a.rs", "#[cfg(test)] mod tests { fn f() { g().unwrap(); } }").is_empty());
    }
}
