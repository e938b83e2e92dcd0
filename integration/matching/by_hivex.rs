//! The oracle reads stores with the library's hive; here hivex reads some of them, and sees what changed.

use std::collections::BTreeSet;

use crate::matching::fat;
use crate::matching::happen;
use crate::matching::outcome::outcomes;
use crate::matching::run::End;
use crate::matching::run::run;
use crate::matching::scene::Scene;
use crate::matching::store::StoreSpec;
use crate::matching::store::records;
use crate::support::judges::hivex_bytes;
use crate::support::judges::hivex_difference;
use crate::support::sparse::SparseRam;

/// Repairs that are read so.
const REPAIRS: usize = 20;

fn file(scene: &Scene, raw: &SparseRam, store: &StoreSpec) -> Vec<u8> {
    let (_, part) = scene.now.place(scene.now.system()).expect("the system volume");
    fat::get(raw, scene.now.disks[0].parts[part].start, store.path).expect("the store")
}

#[test]
fn hivex_reads_what_the_oracle_reads() {
    let scenes = (0..).filter_map(|seed| happen::scene(seed).ok());
    let plain = scenes.filter(|scene| !scene.command.restore_identity && !scene.command.firmware_entries);
    let repairs = plain.map(|scene| (run(&scene), scene)).filter(|(ran, _)| ran.end == End::Wrote);
    for (ran, scene) in repairs.take(REPAIRS) {
        let outcomes = outcomes(&scene, &ran.after);
        for store in &scene.now.volumes[scene.now.system()].stores {
            let [before, after] = [&ran.before, &ran.after].map(|raw| file(&scene, raw, store));
            let mut changed = BTreeSet::new();
            for outcome in outcomes.iter().filter(|outcome| outcome.store == store.path) {
                let name = outcome.name;
                let path = format!(r"Objects\{}\Elements\{}\Element", name.object.braced(), name.element);
                let [was, is] = [&before, &after].map(|bytes| {
                    records(&hivex_bytes(bytes, &format!(r"NewStoreRoot\{path}")))[name.record].0
                });
                assert_eq!((was, is), (name.named, outcome.after), "{path}");
                if was != is {
                    changed.insert(path);
                }
            }
            let seen: BTreeSet<String> = hivex_difference(&before, &after)
                .into_iter()
                .map(|path| path.split_once('\\').expect("a path").1.to_owned())
                .collect();
            assert_eq!(seen, changed);
        }
    }
}
