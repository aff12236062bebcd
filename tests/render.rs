//! Every good topology, rendered: exact text.
use djanginx::{
    render,
    topology::{model::Topology, settle},
};
#[test]
fn topologies() {
    for entry in std::fs::read_dir("fixtures/topologies").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "yaml") {
            continue;
        }
        let text = std::fs::read(&path).unwrap();
        let mut topology: Topology = serde_yaml::from_slice(&text).unwrap();
        settle::settle(&mut topology);
        let target = topology.target().unwrap();
        let files = render::render(&topology, target, &text, None).unwrap();
        for f in &files {
            println!("=== {} {}\n{}", path.display(), f.path, f.text);
            let out = std::path::Path::new("/tmp/out")
                .join(path.file_stem().unwrap())
                .join(&f.path);
            std::fs::create_dir_all(out.parent().unwrap()).unwrap();
            std::fs::write(out, &f.text).unwrap();
        }
    }
}
