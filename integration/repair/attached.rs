//! Disks that are attached together: each is judged by itself, and what it is to the others the user says.
//!
//! Loop devices stand for the disks, and the program sees these alone, whatever else the machine has. That needs root; without it
//! these cases say so.

use serde_json::Value as Json;

use crate::support::attached::Machine;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::judges::judge;
use crate::support::made_disks::pair;
use crate::support::oracle::identities_of_table;
use crate::support::program::Run;
use crate::support::program::text;
use crate::support::store::named as stored;
use crate::support::store::store_of;

/// The findings that say that another disk is named.
fn named(target: &Json) -> Vec<&Json> {
    let findings = target["findings"].as_array().unwrap();
    findings.iter().filter(|finding| finding["code"] == "names-other-disk").collect()
}

/// The two commands that are printed: for disks of one machine, and for a copy.
fn ways(run: &Run) -> [String; 2] {
    let commands: Vec<&str> = run
        .stdout
        .lines()
        .filter(|line| {
            line.starts_with("    one machine with") || line.starts_with("    this disk is a copy:")
        })
        .map(|line| &line[line.find("bcdrescue fix").unwrap()..])
        .collect();
    let [one, copy] = commands.as_slice() else { panic!("two ways on in:\n{}", run.stdout) };
    [(*one).to_owned(), (*copy).to_owned()]
}

#[test]
fn a_copy_beside_its_original_is_broken_and_both_ways_on_are_said() {
    for (copy, original, sector, windows, count) in [
        ("win2008r2-bios", "win2008r2-bios-healthy", "512", "2", 9),
        ("win2022-uefi-4kn", "win2022-uefi-4kn-healthy", "4096", "3", 14),
    ] {
        let disks = [Disk::raw(copy), Disk::raw(original)];
        let before = disks.each_ref().map(|disk| hash(&disk.path));
        let Some(machine) = Machine::of(&disks.each_ref().map(|disk| (disk, sector))) else { return };
        let (copy, original) = (machine.device(0), machine.device(1));
        let records = text(disks[0].folder.path());

        let alone = machine.run(&["check", copy, "--independent", "--json"]).exits(4).target();
        let target = machine.run(&["check", copy, "--json"]).exits(4).target();
        for field in ["verdict", "stop"] {
            let part = |target: &Json| match field {
                "stop" => target["stop"]["predicted_status"].clone(),
                field => target[field].clone(),
            };
            assert_eq!(part(&target), part(&alone), "{copy} {field}");
        }
        assert_eq!((&target["verdict"], &target["stop"]["hop"]), (&"broken".into(), &"device".into()));
        assert_eq!(target["restore_identity"], Json::Null);
        assert_eq!(named(&target).len(), count, "{:#}", target["findings"]);
        for finding in named(&target) {
            assert_eq!(finding["other_disk"]["disk"], *original);
            assert!(finding["other_disk"]["partition"].is_u64(), "{finding}");
            assert_eq!(finding["cure"], Json::Null);
        }
        assert_eq!(named(&alone).len(), 0);
        // The recovery environment of the larger one is in its own configuration, too.
        let config = |target: &Json| {
            let mut findings = target["findings"].as_array().unwrap().iter();
            findings.find(|it| it["code"] == "recovery-config").map(|it| it["evidence"].to_string())
        };
        let [of_copy, of_alone] = [&target, &alone].map(config);
        assert_eq!(of_copy.is_some(), sector == "4096");
        assert!(of_copy.is_none_or(|it| it.contains(&format!("which is {original}"))));
        assert!(of_alone.is_none_or(|it| it.contains("this disk's old identity")));
        let told = machine.run(&["check", "-v", copy]).exits(4);
        let mut rows = told.stdout.lines();
        let [headline, why] = [(); 2].map(|()| rows.next().unwrap());
        assert!(headline.contains("Windows stops at boot with 0xc0000"), "{headline}");
        assert!(why.contains(&format!("of {original}, which is a different disk")), "{why}");
        assert!(!told.stdout.contains("fix would"), "{}", told.stdout);

        // Nothing is guessed at, named or not.
        for words in [&["fix", copy, "--yes"][..], &["fix", "--yes"]] {
            let fix = machine.run(&[words, &["--record-dir", records]].concat()).exits(4);
            assert!(!fix.stdout.contains("fixed"), "{}", fix.stdout);
        }
        // A partition of this disk is not what the elements mean, as long as the other disk has that.
        let chosen = ["fix", copy, "--windows", windows, "--yes", "--record-dir", records];
        let [_, is_copy] = ways(&machine.run(&chosen).exits(8).says("nothing was written"));
        assert_eq!(
            is_copy,
            format!("bcdrescue fix {copy} --windows {windows} --record-dir {records} --independent")
        );
        machine.run(&["fix", "--yes", "--independent"]).exits(16).says("need a target");
        let all: Json = serde_json::from_str(&machine.run(&["check", "--json"]).exits(4).stdout).unwrap();
        let verdicts = [0, 1].map(|index| all["targets"][index]["verdict"].as_str().unwrap());
        assert_eq!(verdicts, ["broken", "healthy"]);
        let with = ["fix", copy, "--independent", "--restore-identity", "--yes"];
        machine.run(&with).exits(8).says("has that identity: two attached disks cannot share one");
        assert_eq!(disks.each_ref().map(|disk| hash(&disk.path)), before);

        let more = ["--yes", "--record-dir", records];
        let [one_machine, is_copy] = ways(&told);
        machine.printed(&one_machine, &more).exits(0).says("nothing was written");
        machine.printed(&is_copy, &more).exits(1).says("verified: healthy");
        machine.run(&["check", "-v", copy]).exits(0);
        machine.run(&["fix", copy, "--yes"]).exits(0).says("nothing was written");
        machine.run(&["undo", text(&disks[0].record()), "--yes"]).exits(1);
        assert_eq!(disks.each_ref().map(|disk| hash(&disk.path)), before);
    }
}

/// System Reserved on one disk, Windows on the other, and all is as it was made: only the user knows that.
#[test]
fn a_machine_of_two_disks_is_one_when_the_user_says_so() {
    for (image, number, path) in
        [("win2008r2-bios-healthy", 2, "/Boot/BCD"), ("win11-uefi-healthy", 3, "/EFI/Microsoft/Boot/BCD")]
    {
        let (system, windows) = pair(image, number, path);
        let before = [hash(&system.path), hash(&windows.path)];
        let Some(machine) = Machine::of(&[(&system, "512"), (&windows, "512")]) else { return };
        let device = machine.device(0);
        let records = text(system.folder.path());
        let target = machine.run(&["check", device, "--json"]).exits(4).target();
        assert_eq!((&target["verdict"], &target["stop"]["hop"]), (&"broken".into(), &"device".into()));
        assert!(named(&target).iter().all(|finding| finding["other_disk"]["partition"] == 1));
        let fix = machine.run(&["fix", device, "--yes", "--record-dir", records]).exits(4);
        let [one_machine, is_copy] = ways(&fix);
        machine.printed(&one_machine, &["--yes"]).exits(0).says(": healthy");
        // A copy of what has no Windows has none either.
        machine.printed(&is_copy, &["--yes"]).exits(4).says("nothing was written");
        machine.run(&["check", "-v", device, "--with", machine.device(1)]).exits(0);
        assert_eq!([hash(&system.path), hash(&windows.path)], before);
    }
}

/// The disk with the store has another signature: what names that is cured, what names the other disk is a question still.
#[test]
fn what_is_no_question_is_cured_and_the_question_stays() {
    let (system, windows) = pair("win2008r2-bios-healthy", 2, "/Boot/BCD");
    let elsewhere = identities_of_table(&windows.path)[0];
    judge("sfdisk", &["-q", "--disk-id", system.name(), "0x7ab1e0ff"]);
    let count = |disk: &Disk| stored(&store_of(disk, "/Boot/BCD"), elsewhere);
    let named = count(&system);
    assert!(named > 2);
    let Some(machine) = Machine::of(&[(&system, "512"), (&windows, "512")]) else { return };
    let device = machine.device(0);
    let fix = ["fix", device, "--yes", "--record-dir", text(system.folder.path())];
    let run = machine.run(&fix).exits(5).says("written and verified (2 elements re-pointed, ");
    let [one_machine, _] = ways(&run);
    assert_eq!(count(&system), named);
    machine.printed(&one_machine, &["--dry-run"]).exits(0).says(": healthy");
    assert_eq!(count(&system), named);
}

#[test]
fn a_partition_that_the_other_disk_has_not_got_either_is_missing() {
    let (system, windows) = pair("win2008r2-bios-healthy", 2, "/Boot/BCD");
    judge("sfdisk", &["-q", "--delete", windows.name(), "1"]);
    let Some(machine) = Machine::of(&[(&system, "512"), (&windows, "512")]) else { return };
    let target = machine.run(&["check", machine.device(0), "--json"]).exits(4).target();
    assert_eq!(target["verdict"], "broken");
    assert!(!named(&target).is_empty());
    for finding in named(&target) {
        let other = &finding["other_disk"];
        assert_eq!((&other["disk"], &other["partition"]), (&machine.device(1).into(), &Json::Null));
    }
}

/// The GUIDs of the partitions are the same on both, and by these a boot manager goes.
#[test]
fn a_copy_with_another_disk_guid_alone_starts() {
    let disks = [Disk::raw("win11-uefi-healthy"), Disk::raw("win11-uefi-healthy")];
    judge("sfdisk", &["-q", "--disk-id", disks[0].name(), "11111111-2222-4333-8444-555555555555"]);
    let Some(machine) = Machine::of(&disks.each_ref().map(|disk| (disk, "512"))) else { return };
    let target = machine.run(&["check", machine.device(0), "--json"]).exits(4).target();
    assert_eq!(target["verdict"], "degraded");
    assert!(!named(&target).is_empty());
    assert!(named(&target).iter().all(|finding| finding["severity"] == "stale"), "{:#}", target["findings"]);
    assert!(target["chain"].as_array().unwrap().iter().all(|hop| hop["state"] == "ok"), "{target:#}");
    machine.run(&["fix", machine.device(0), "--yes"]).exits(4).says("nothing was written");
}

#[test]
fn nothing_attached_is_no_good_news() {
    let Some(machine) = Machine::of(&[]) else { return };
    for command in [&["check"][..], &["fix", "--yes"], &["fix", "--dry-run"]] {
        machine.run(command).exits(8).says("no Windows disk is attached; see `bcdrescue list`");
    }
    let target = machine.run(&["fix", "--yes", "--json"]).exits(8).target();
    assert_eq!(target["action"], "failed");
    assert_eq!(target["error"], "no Windows disk is attached; see `bcdrescue list`");
    machine.run(&["list"]).exits(0).says("no disks are attached");

    let empty = Disk::raw("win2008r2-bios-healthy");
    empty.put(0, &[0; 512]);
    let Some(machine) = Machine::of(&[(&empty, "512")]) else { return };
    machine.run(&["fix", "--yes"]).exits(8).says("no Windows disk is attached");

    let healthy = Disk::raw("win2008r2-bios-healthy");
    let Some(machine) = Machine::of(&[(&healthy, "512")]) else { return };
    machine.run(&["check"]).exits(0);
    machine.run(&["fix", "--yes"]).exits(0).says("no attached Windows disk needs a repair");
    let fix = machine.run(&["fix", "--yes", "--json"]).exits(0);
    assert_eq!(serde_json::from_str::<Json>(&fix.stdout).unwrap()["targets"], Json::Array(Vec::new()));
    machine.run(&["list"]).exits(0);
    // The kernel lists it, and nothing can open it.
    let hidden = machine.script("mount -t tmpfs none /dev; bcdrescue list", &[]).exits(8);
    hidden.says("cannot be read: ").says("error: no attached disk can be read: ").says(machine.device(0));
}
