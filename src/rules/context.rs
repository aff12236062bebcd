//! What a rule works with.

use super::facts::Pass;
use super::meta::Meta;
use super::places::Places;
use super::settings::Settings;
use crate::finding::{Finding, Wording};
use crate::model::{Model, Texts};
use crate::source::Span;
use crate::syntax::Word;
use crate::version::Target;
use std::cell::OnceCell;
use std::rc::Rc;

/// What a rule asks, and whom it tells.
pub struct RuleContext<'a, 'm> {
    /// The configuration.
    pub model: &'a Model<'m>,
    /// Its texts.
    pub texts: &'m Texts<'m>,
    /// What the user states.
    pub settings: &'a Settings,
    meta: &'static Meta,
    findings: Vec<Finding>,
    places: OnceCell<Rc<Places<'a, 'm>>>,
}

impl<'a, 'm> RuleContext<'a, 'm> {
    pub(super) fn new(model: &'a Model<'m>, texts: &'m Texts<'m>, settings: &'a Settings) -> Self {
        Self {
            model,
            texts,
            settings,
            meta: &Meta::DEFAULT,
            findings: Vec::new(),
            places: OnceCell::new(),
        }
    }

    /// The nginx that the configuration is for.
    #[must_use]
    pub fn target(&self) -> Target {
        self.model.target
    }

    /// Every word of the configuration that has a `$`, names of directives and lines of tables
    /// as well.
    pub fn words_with_dollar(&self) -> impl Iterator<Item = Word<'m>> + use<'m, '_> {
        let files = self.model.files.iter();
        files.flat_map(|file| self.texts.parse(*file).tree.words_with_dollar())
    }

    /// Every place that hands requests to a backend, in reading order.
    #[must_use]
    pub fn passes(&self) -> &[Pass<'m>] {
        &self.shared().passes
    }

    /// The servers and locations.
    #[must_use]
    pub fn places(&self) -> Rc<Places<'a, 'm>> {
        Rc::clone(self.shared())
    }

    fn shared(&self) -> &Rc<Places<'a, 'm>> {
        self.places
            .get_or_init(|| Rc::new(Places::new(self.model, self.texts, self.settings)))
    }

    /// A finding of the rule that is being asked, with its usual severity.
    #[must_use]
    pub fn finding(&self, span: Span, message: impl Into<Wording>) -> Finding {
        Finding::new(self.meta.id, self.meta.severity, span, message)
    }

    /// Tells a finding.
    pub fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(super) fn ask(&mut self, meta: &'static Meta) {
        self.meta = meta;
    }

    pub(super) fn finish(self) -> Vec<Finding> {
        self.findings
    }
}
