//! Lines of articles, and what they are here.

use clap::CommandFactory;

use super::*;
use crate::cli::args::bcd_args::own_words::VALUED;
use crate::cli::args::bcd_args::own_words::VALUED_SHORT;
use crate::cli::args::command_line::Cli;

fn words(line: &str) -> Vec<OsString> {
    let mut words = Vec::new();
    for (index, part) in line.split('"').enumerate() {
        match index % 2 {
            1 => words.push(OsString::from(part)),
            _ => words.extend(part.split_whitespace().map(OsString::from)),
        }
    }
    words
}

#[track_caller]
fn becomes(line: &str, expected: &str) {
    let rewritten = rewritten(words(&format!("bcdrescue bcd {line}"))).unwrap();
    assert_eq!(rewritten, words(&format!("bcdrescue bcd {expected}")), "{line}");
}

#[track_caller]
fn stays(line: &str) {
    becomes(line, line);
}

#[track_caller]
fn is_refused(line: &str, said: &str) {
    let error = rewritten(words(&format!("bcdrescue bcd {line}"))).unwrap_err().to_string();
    assert!(error.contains(said), "{line}: {error}");
}

#[test]
fn lines_of_articles_are_this_programs() {
    for (line, expected) in [
        ("/store /dev/vdb /set {default} device partition=2", "set /dev/vdb {default} device partition=2"),
        ("/store /dev/vdb /enum", "enum /dev/vdb"),
        ("/store /dev/vdb", "enum /dev/vdb"),
        ("/store /dev/vdb /v", "enum -v /dev/vdb"),
        ("/dev/vdb /enum all /v", "enum -v /dev/vdb all"),
        ("/ENUM ALL /V /Store disk.qcow2", "enum -v disk.qcow2 ALL"),
        ("/enum /store X", "enum X"),
        ("/enum {bootmgr} /store X", "enum X {bootmgr}"),
        ("/store X /deletevalue {default} safeboot", "unset X {default} safeboot"),
        ("/store X /deletevalue safeboot", "unset X safeboot"),
        ("/store X /set {default} recoveryenabled Off", "set X {default} recoveryenabled Off"),
        (
            "/store X /set {default} bootstatuspolicy IgnoreAllFailures",
            "set X {default} bootstatuspolicy IgnoreAllFailures",
        ),
        ("/store X /set {bootmgr} integrityservices enable", "set X {bootmgr} integrityservices enable"),
        ("/store X /set {bootmgr} displaybootmenu yes", "set X {bootmgr} displaybootmenu yes"),
        (
            "/store X /ems {18b123cd-2bf6-11db-bfae-00e018e2b8db} ON",
            "ems X {18b123cd-2bf6-11db-bfae-00e018e2b8db} ON",
        ),
        ("/store X /emssettings EMSPORT:1 EMSBAUDRATE:115200", "emssettings X EMSPORT:1 EMSBAUDRATE:115200"),
        ("/store X /bootems {bootmgr} on", "bootems X {bootmgr} on"),
        ("/timeout 30 /store X", "timeout X 30"),
        ("X /timeout 30", "timeout X 30"),
        (
            "/store X /default {cbd971bf-b7b8-4885-951a-fa03044f5d71}",
            "default X {cbd971bf-b7b8-4885-951a-fa03044f5d71}",
        ),
        ("/store X /displayorder {current} {ntldr}", "displayorder X {current} {ntldr}"),
        ("/store X /displayorder {ntldr} /addlast", "displayorder --addlast X {ntldr}"),
        ("/store X /toolsdisplayorder {memdiag} /AddFirst", "toolsdisplayorder --addfirst X {memdiag}"),
        ("/store X /bootsequence {ntldr} /remove", "bootsequence --remove X {ntldr}"),
        ("/store X /set {bootmgr} displayorder {a} /addlast", "set --addlast X {bootmgr} displayorder {a}"),
        ("/store X /delete {a} /f /cleanup", "delete --force --cleanup X {a}"),
        ("/store X /delete {a} /nocleanup", "delete --no-cleanup X {a}"),
        ("/store X /export /root/bcd.bak", "export X /root/bcd.bak"),
        ("/store X /import /root/bcd.bak", "import X /root/bcd.bak"),
        ("/createstore /tmp/BCD", "createstore /tmp/BCD"),
        ("-store X -set TESTSIGNING ON", "set X TESTSIGNING ON"),
        ("-enum all -v -store X", "enum X all -v"),
        ("/store X -set {bootmgr} displayorder {a} -addlast", "set --addlast X {bootmgr} displayorder {a}"),
        (
            "/store X /set {default} device ramdisk=[2]\\a.wim,{b}",
            "set X {default} device ramdisk=[2]\\a.wim,{b}",
        ),
        ("/set --help", "set --help"),
        ("/?", "--help"),
        ("/? /set", "set --help"),
        ("/set /?", "set --help"),
    ] {
        becomes(line, expected);
    }
}

#[test]
fn descriptions_and_kinds_are_words_behind_their_switch() {
    for (line, expected) in [
        ("/store X /copy {default} /d \"/debug\"", "copy --description=/debug X {default}"),
        ("/store X /copy {current} /d DebugEntry", "copy --description=DebugEntry X {current}"),
        ("/store X /create /d PE /application osloader", "create --description=PE --application=osloader X"),
        ("/store X /create {ramdiskoptions} /d Ram", "create --description=Ram X {ramdiskoptions}"),
        ("/store X /create {ntldr} /d \"-x\"", "create --description=-x X {ntldr}"),
        ("/store X /create /inherit /d Any", "create --inherit=any --description=Any X"),
        ("/store X /create /inherit osloader", "create --inherit=osloader X"),
        ("/store X /create {a} /device", "create --device X {a}"),
    ] {
        becomes(line, expected);
    }
    is_refused("/store X /copy {default} /d", "/d: a word is missing behind it");
    is_refused("/store", "/store: a word is missing behind it");
}

#[test]
fn a_disk_stands_where_the_drive_was() {
    for (word, target, path) in [
        (r"/dev/vdb\boot\bcd", "/dev/vdb", r"\boot\bcd"),
        ("/dev/vdb/boot/bcd", "/dev/vdb", r"\boot\bcd"),
        ("/dev/mapper/vg-a/Boot/BCD", "/dev/mapper/vg-a", r"\boot\bcd"),
        ("/dev/vdb/EFI/Microsoft/Boot/BCD", "/dev/vdb", r"\efi\microsoft\boot\bcd"),
        (r"disk.qcow2:\EFI\Microsoft\Boot\BCD", "disk.qcow2", r"\EFI\Microsoft\Boot\BCD"),
        ("disk.qcow2:/EFI/Microsoft/Boot/BCD", "disk.qcow2", r"\efi\microsoft\boot\bcd"),
        (r"/dev/vdb:\boot\bcd", "/dev/vdb", r"\boot\bcd"),
        (r"nbd://host/disk:\Boot\BCD", "nbd://host/disk", r"\Boot\BCD"),
        // The shell took the backslashes away.
        ("/dev/vdbbootbcd", "/dev/vdb", r"\boot\bcd"),
        ("/dev/vdbEFIMicrosoftBootBCD", "/dev/vdb", r"\efi\microsoft\boot\bcd"),
        ("disk.qcow2:bootbcd", "disk.qcow2", r"\boot\bcd"),
    ] {
        becomes(
            &format!("/store {word} /set {{default}} safeboot minimal"),
            &format!("set --store-path={path} {target} {{default}} safeboot minimal"),
        );
    }
    for whole in [
        "/mnt/boot/bcd",
        "./BCD",
        "/dev/vdb",
        "nbd://host/disk",
        "nbd+unix:///?socket=/run/x",
        "/dev/bootbcd",
    ] {
        becomes(&format!("/store {whole} /enum"), &format!("enum {whole}"));
    }
    becomes("/store -x.img /enum", "enum ./-x.img");
    is_refused(r"/store F:\boot\bcd /enum", r"name the disk instead: /store '/dev/vdb\boot\bcd'");
    is_refused("/store c: /enum", "Linux has no drive letters");
    is_refused(r"/store \boot\bcd /enum", "the disk is missing");
}

#[test]
fn values_keep_their_slashes() {
    for (line, expected) in [
        ("/store X /set {a} loadoptions /debug", "set X {a} loadoptions /debug"),
        ("/store X /set {a} loadoptions /store /v", "set X {a} loadoptions /store /v"),
        ("/store X /set loadoptions /set /enum", "set X loadoptions /set /enum"),
        ("/store X /set {a} loadoptions /addlast /v", "set X {a} loadoptions /addlast /v"),
        ("/set {a} description \"/d\" /store X", "set X {a} description /d"),
        ("set X {a} loadoptions /debug", "set X {a} loadoptions /debug"),
        ("set X loadoptions /v", "set X loadoptions /v"),
        ("set X {bootmgr} displayorder {a} /addfirst", "set --addfirst X {bootmgr} displayorder {a}"),
    ] {
        becomes(line, expected);
    }
}

#[test]
fn own_words_stay() {
    for line in [
        "",
        "-h",
        "set /dev/vdb {default} device partition=2",
        "set --record-dir /v /dev/vdb recoveryenabled No --dry-run",
        "set /dev/vdb -- loadoptions --x /store y",
        "set --entry {default} /dev/vdb safeboot minimal",
        "enum /dev/vdb all -v",
        "unset X safeboot",
        "sett /dev/vdb",
        "safe-mode X network",
        "diff X Y",
    ] {
        stays(line);
    }
    becomes("enum X all /v", "enum -v X all");
    becomes("enum /store X all", "enum X all");
    becomes("/dev/vdb", "enum /dev/vdb");
    becomes("./BCD --json", "enum ./BCD --json");
    for line in ["list /v", "--json check /store", "fix bcd /set", "--color never inspect bcd"] {
        let line = words(&format!("bcdrescue {line}"));
        assert_eq!(rewritten(line.clone()).unwrap(), line);
    }
    let line = words("bcdrescue --json --color never bcd /store X /enum");
    assert_eq!(rewritten(line).unwrap(), words("bcdrescue --json --color never bcd enum X"));
}

#[test]
fn own_switches_go_with_lines_of_bcdedit() {
    for (line, expected) in [
        ("/store X /set {a} safeboot minimal --dry-run", "set X {a} safeboot minimal --dry-run"),
        (
            "--yes /store X --record-dir D /set safeboot minimal",
            "set X --yes --record-dir D safeboot minimal",
        ),
        (
            "/store X /set {bootmgr} displayorder {a} /addlast --record-dir D",
            "set --addlast X {bootmgr} displayorder {a} --record-dir D",
        ),
        ("/store X /set -- loadoptions --x", "set X -- loadoptions --x"),
    ] {
        becomes(line, expected);
    }
}

#[test]
fn what_is_not_here_says_what_is() {
    is_refused(
        "/store X /bootdebug {default} on",
        "/bootdebug: bcd has no such command; use bcdrescue bcd set DISK {ID} bootdebug Yes",
    );
    is_refused("/hypervisorsettings serial", "{hypervisorsettings}");
    is_refused("/store X /Debug on", "debug Yes");
    is_refused("/sysstore F:", "found by itself");
    is_refused("/store X /event on", "event Yes");
    is_refused("/store X /mirror {a}", "bcd copy");
    is_refused("/store X /import bcd.bak /clean", "firmware's own boot entries");
    is_refused("/store X /enum /set {a} x y", "/set: only one command at a time, and enum came first");
    is_refused("/store X /store Y /enum", "Y: only one store at a time, and X came first");
    is_refused("/store X /frobnicate", "/frobnicate: neither bcdedit nor bcd has such a command");
    for line in [
        "/enum",
        "/enum all",
        "/v",
        "/set {default} device partition=2",
        "set {default} device boot",
        "/timeout 30",
    ] {
        is_refused(line, "no store is named, and a Linux machine has none of its own");
    }
}

#[test]
fn names_that_are_no_utf8_go_through() {
    use std::os::unix::ffi::OsStringExt;
    let name = OsString::from_vec(b"/\xff/boot/bcd".to_vec());
    let line = |rest: &[&OsStr]| {
        [&["bcdrescue".as_ref(), "bcd".as_ref()], rest].concat().iter().map(Into::into).collect()
    };
    let rewritten = rewritten(line(&["/store".as_ref(), &name, "/enum".as_ref()])).unwrap();
    assert_eq!(rewritten, line(&["enum".as_ref(), &name]));
}

#[test]
fn the_words_are_those_of_the_grammar() {
    let mut program = Cli::command();
    program.build();
    let bcd = program.find_subcommand("bcd").unwrap();
    let names =
        bcd.get_subcommands().flat_map(|it| std::iter::once(it.get_name()).chain(it.get_all_aliases()));
    let mut names: Vec<&str> = names.collect();
    let mut own = COMMANDS.to_vec();
    names.sort_unstable();
    own.sort_unstable();
    assert_eq!(names, own);
    let arguments = bcd.get_subcommands().flat_map(|it| it.get_arguments());
    for argument in arguments.filter(|argument| !argument.is_positional()) {
        let long = format!("--{}", argument.get_long().unwrap());
        let takes_value = argument.get_action().takes_values() && long != "--inherit";
        assert_eq!(VALUED.contains(&long.as_str()), takes_value, "{long}");
        if let Some(short) = argument.get_short() {
            assert_eq!(VALUED_SHORT.contains(&format!("-{short}").as_str()), takes_value, "-{short}");
        }
    }
}
