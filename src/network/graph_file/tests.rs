//! Graph files: written and read, and what is refused.

use super::header::{Header, MAGIC, UNIT};
use super::{Check, Draft, Origin, consumers, is_graph_file, open, origin_of};
use crate::network::csr::Csr;
use crate::network::tests::{made, parameters};
use crate::network::{Network, Parameters, Ties, load};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The bytes of the graph file of a network.
fn bytes(network: &Network, origin: &Origin) -> Vec<u8> {
    let draft = Draft::new(network, origin).expect("ties are stored");
    let (mut bytes, mut last) = (Vec::new(), 0);
    let written = draft.write(&mut bytes, &mut |at| {
        last = at;
        Ok(())
    });
    assert!(written.is_ok());
    assert_eq!((draft.bytes(), last), (bytes.len() as u64, bytes.len() as u64));
    bytes
}

fn written(folder: &TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("net.gxn");
    std::fs::write(&path, bytes).expect("written");
    path
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A network comes out as it went in.
fn check(network: &Network, origin: &Origin) {
    let folder = folder();
    let path = written(&folder, &bytes(network, origin));
    assert!(is_graph_file(&path));
    assert_eq!(consumers(&path).ok(), Some(network.n()));
    assert_eq!(origin_of(&path).ok().as_ref(), Some(origin));
    for check in [Check::All, Check::Header] {
        let opened = open(&path, check).expect("a good file");
        assert!(opened.neighbourhoods.map().is_some(), "read without a copy");
        assert_eq!(opened.origin.as_deref(), Some(origin));
        assert_eq!(Network { origin: None, ..opened }, *network);
    }
    let file = Parameters { kind: "file".into(), file: path_text(&path), ..Parameters::default() };
    let (opened, report) = load(&path, &file).expect("a good file");
    assert_eq!((report.nodes, opened.bytes()), (network.n(), network.bytes()));
    assert_eq!(super::bytes_of_columns(&path), Some(network.bytes()));
}

fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn networks_of_all_kinds_come_out_as_they_went_in() {
    for kind in ["community", "erdos_renyi", "watts_strogatz", "barabasi_albert", "complete"] {
        let mut parameters = parameters(kind);
        if kind != "complete" {
            parameters.mean_degree = 7.9;
        }
        check(&made(&parameters, 3_001, 4), &Origin::generated(&parameters, u64::MAX, 3));
    }
}

#[test]
fn imported_networks_keep_ids_weights_and_directions() {
    for (text, direction) in [
        ("a b 1\nb c 2.5\nc a 0\nc \u{5173} 4\na b 3\nd d 1\n", "mutual"),
        ("7 9\n9 7\n18446744073709551615 7\n", "trusts"),
        ("7 9\n9 8\n", "influences"),
    ] {
        let folder = folder();
        let list = folder.path().join("ties.txt");
        std::fs::write(&list, text).expect("written");
        let mut parameters = parameters("file");
        parameters.direction = direction.to_owned();
        let (network, report) = load(&list, &parameters).expect("a list of ties");
        check(&network, &Origin::imported(&parameters, report));
    }
}

#[test]
fn one_network_has_one_file_on_any_number_of_threads() {
    let parameters = parameters("community");
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let origin = Origin::generated(&parameters, 4, 0);
        pool.install(|| bytes(&made(&parameters, 9_000, 4), &origin))
    };
    let one = on(1);
    assert!(one == on(2) && one == on(8));
}

/// The sentence with which a file is refused.
fn refusal(bytes: &[u8]) -> String {
    let folder = folder();
    let path = written(&folder, bytes);
    let error = open(&path, Check::All).err().map(|error| error.to_string());
    let text = error.expect("the file is refused");
    text.replace(&path_text(&path), "PATH")
}

fn small() -> Vec<u8> {
    let network = made(&parameters("community"), 40, 1);
    bytes(&network, &Origin::generated(&parameters("community"), 1, 0))
}

#[test]
fn every_altered_byte_is_found() {
    let good = small();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        let text = refusal(&bad);
        let words = ["altered", "no graph file", "version", "order", "cut short"];
        let words = words.iter().chain(&["line ends", "makes no sense"]);
        assert!(words.into_iter().any(|word| text.contains(word)), "byte {at}: {text}");
    }
}

#[test]
fn every_cut_is_told() {
    let good = small();
    for length in (1..good.len()).rev().step_by(37).chain([1, 7, 8, 63, good.len() - 1]) {
        let text = refusal(&good[..length]);
        assert!(text.contains("cut short"), "{length} bytes: {text}");
    }
    let text = refusal(&[&good[..], b"x"].concat());
    assert!(text.contains("1 bytes behind its end"), "{text}");
}

#[test]
fn refusals_say_what_where_and_what_to_do() {
    let good = small();
    let header = Header::read(&good).expect("a good header");
    let targets = header.column("targets").expect("targets").clone();
    let mut bad = good.clone();
    bad[targets.from as usize + 5] ^= 1;
    let (from, until) = (targets.from, targets.until());
    assert_eq!(
        refusal(&bad),
        format!(
            "the graph file `PATH` cannot be used: its column `targets` (bytes {from} to {until}) \
             was altered; copy it again, or make it again with `guanxi graph generate` or `import`"
        )
    );
    let mut newer = good.clone();
    newer[8] = 2;
    assert_eq!(
        refusal(&newer),
        "the graph file `PATH` cannot be used: its format has version 2; this program reads \
         version 1; use the program that wrote it, or make it again with this one"
    );
    assert_eq!(
        refusal(b"SQLite format 3"),
        "the graph file `PATH` cannot be used: it is no graph file of guanxi; make one with \
         `guanxi graph generate` or `guanxi graph import`"
    );
    let unix: Vec<u8> = good.iter().copied().filter(|byte| *byte != b'\r').collect();
    assert!(refusal(&unix).contains("as a transfer of text does"));
    assert!(refusal(&small()[..UNIT]).contains("cut short"));
}

#[test]
fn impossible_columns_are_refused_though_their_digests_are_right() {
    let origin = Origin::generated(&parameters("erdos_renyi"), 1, 0);
    let plain = |target| {
        let ties = Csr::from_pairs(3, &[(0, target)]);
        Network::plain(Ties::Stored(ties), vec![0, 3])
    };
    check(&plain(2), &origin);
    let many = Network { strong: vec![0, 1, 0].into(), ..plain(1) };
    let few = Network::plain(plain(1).ties, vec![0, 2]);
    for network in [plain(3), many, few] {
        assert!(refusal(&bytes(&network, &origin)).contains("do not fit each other"));
    }
    let short = Network { strong: vec![0, 0].into(), ..plain(1) };
    assert!(refusal(&bytes(&short, &origin)).contains("`strong` is not where it should be"));
}

#[test]
fn text_is_no_graph_file() {
    let folder = folder();
    assert!(!is_graph_file(&written(&folder, b"1 2\n2 3\n4 5\n")));
    assert!(!is_graph_file(&written(&folder, &MAGIC[..7])));
    assert!(!is_graph_file(Path::new("no/such/file")));
}
