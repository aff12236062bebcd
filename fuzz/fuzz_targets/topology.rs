//! Reading a topology says something or loads something, whatever it reads:
//! `cargo +nightly fuzz run topology fuzz/corpus/topology fixtures/topologies`.

#![no_main]

use djanginx::report::{concise, full};
use djanginx::source::SourceMap;
use djanginx::topology::{self, Options};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut sources = SourceMap::new();
    let result = topology::check(&mut sources, "topology.yaml", text, &Options::default());
    let findings = match &result {
        Ok(valid) => &valid.remarks,
        Err(findings) => findings,
    };
    assert!(result.is_ok() || !findings.is_empty());
    for finding in findings {
        for label in finding.related.iter().chain([&finding.primary]) {
            assert!(label.span.start <= label.span.end && label.span.end as usize <= text.len());
        }
    }
    let mut out = Vec::new();
    full::write(&mut out, findings, &sources, full::Style::default()).expect("memory takes all");
    concise::write(&mut out, findings, &sources).expect("memory takes all");
});
