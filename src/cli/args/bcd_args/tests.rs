//! Words to jobs, and recipes to requests.

use clap::CommandFactory;
use clap::Parser;

use super::*;
use crate::bcd::element::ElementFormat;
use crate::bcd::fresh::Generation;
use crate::bcd::object_type::ObjectType;
use crate::cli::args::bcd_args::place::StorePath;
use crate::cli::args::bcd_args::request::Application;
use crate::cli::args::bcd_args::request::CreateKind;
use crate::cli::args::bcd_args::request::Inherit;
use crate::cli::args::bcd_args::request::ListEdit;
use crate::cli::args::command_line::Cli;
use crate::cli::args::command_line::Command;

fn parsed(line: &str) -> Result<BcdArgs, clap::Error> {
    let cli = Cli::try_parse_from(["bcdrescue", "bcd"].into_iter().chain(line.split_whitespace()))?;
    match cli.command {
        Command::Bcd(args) => Ok(args),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn job(line: &str) -> Job {
    parsed(line).unwrap().job(false).unwrap()
}

/// The requests of a line, as they are shown.
#[track_caller]
fn shown(line: &str, windows: Option<Generation>) -> Vec<String> {
    let requests = match job(line) {
        Job::Edit(requests) => requests,
        Job::Recipe(recipe) => recipe.requests(windows),
        other => panic!("{line}: {other:?}"),
    };
    requests.iter().map(Request::to_string).collect()
}

#[test]
fn what_is_read_is_a_job() {
    assert_eq!(job("enum vdb"), Job::Enum(None));
    assert_eq!(job("enum vdb ALL"), Job::Enum(Some("ALL".to_owned())));
    assert_eq!(job("enum vdb {bootmgr}"), Job::Enum(Some("{bootmgr}".to_owned())));
    let get = |object: Option<&str>, element: Option<&str>| Job::Get {
        object: object.map(str::to_owned),
        element: element.map(str::to_owned),
    };
    assert_eq!(job("get vdb {default} device"), get(Some("{default}"), Some("device")));
    assert_eq!(job("get vdb device"), get(None, Some("device")));
    assert_eq!(job("get vdb {default}"), get(Some("{default}"), None));
    assert_eq!(job("get vdb"), get(None, None));
    assert_eq!(job("diff vdb vdc"), Job::Diff { other: "vdc".into() });
    assert_eq!(job("export vdb FILE"), Job::Export { to: Some("FILE".into()) });
    assert_eq!(parsed("export vdb").unwrap().job(true).unwrap(), Job::Export { to: None });
    assert!(parsed("export vdb").unwrap().job(false).is_err());
    assert!(parsed("export vdb FILE").unwrap().job(true).is_err());
    assert_eq!(job("import vdb FILE"), Job::Import { from: "FILE".into() });
    assert_eq!(job("createstore BCD"), Job::CreateStore);
    assert!(parsed("enum vdb").unwrap().edit().is_none());
}

#[test]
fn set_takes_an_object_or_means_current() {
    let set = |object: Option<&str>, value: &[&str], how, as_type| Request::Set {
        object: object.map(str::to_owned),
        element: "x".to_owned(),
        value: value.iter().map(|&word| word.to_owned()).collect(),
        how,
        as_type,
    };
    let replace = ListEdit::Replace;
    let guid = "{ca73fe21-fc0c-11de-8f38-8e2c5384be89}";
    for (line, expected) in [
        ("{default} x a b", set(Some("{default}"), &["a", "b"], replace, None)),
        ("x a", set(None, &["a"], replace, None)),
        ("{ca73fe21-fc0c-11de-8f38-8e2c5384be89} x a", set(Some(guid), &["a"], replace, None)),
        ("ca73fe21-fc0c-11de-8f38-8e2c5384be89 x a", set(Some(&guid[1..37]), &["a"], replace, None)),
        ("x {a} --addfirst", set(None, &["{a}"], ListEdit::AddFirst, None)),
        ("x {a} --addlast", set(None, &["{a}"], ListEdit::AddLast, None)),
        ("--remove x {a}", set(None, &["{a}"], ListEdit::Remove, None)),
        ("x 1 --type Integer", set(None, &["1"], replace, Some(ElementFormat::Integer))),
        ("x 1 2 --type intlist -n", set(None, &["1", "2"], replace, Some(ElementFormat::IntegerList))),
        ("-y -- x --dry-run -y", set(None, &["--dry-run", "-y"], replace, None)),
    ] {
        assert_eq!(job(&format!("set vdb {line}")), Job::Edit(vec![expected]), "{line}");
    }
    for line in ["{default}", "x", "{default} x"] {
        let error = parsed(&format!("set vdb {line}")).unwrap().job(false).unwrap_err();
        assert!(error.to_string().contains("[{ID}] ELEMENT VALUE"), "{error}");
    }
    assert!(parsed("set vdb x a --addfirst --remove").is_err());
    assert!(parsed("set vdb x a --type word").is_err());
}

#[test]
fn commands_are_requests() {
    for (line, expected) in [
        ("unset vdb safeboot", &["unset {current} safeboot"][..]),
        ("deletevalue vdb {default} safeboot", &["unset {default} safeboot"]),
        ("default vdb {a}", &["set {bootmgr} default {a}"]),
        ("displayorder vdb {a} {b}", &["set {bootmgr} displayorder {a} {b}"]),
        ("toolsdisplayorder vdb {a} --addlast", &["set {bootmgr} toolsdisplayorder {a} --addlast"]),
        ("bootsequence vdb {a} --remove", &["set {bootmgr} bootsequence {a} --remove"]),
        ("timeout vdb 30", &["set {bootmgr} timeout 30"]),
        ("ems vdb on", &["set {current} ems on"]),
        ("ems vdb {default} OFF", &["set {default} ems OFF"]),
        ("bootems vdb {bootmgr} on", &["set {bootmgr} bootems on"]),
        (
            "emssettings vdb EMSPORT:2 EMSBAUDRATE:115200",
            &["set {emssettings} emsport 2", "set {emssettings} emsbaudrate 115200"],
        ),
        ("emssettings vdb BIOS", &["unset {emssettings} emsport", "unset {emssettings} emsbaudrate"]),
        ("copy vdb {default} -d Safe", &["copy {default} -d \"Safe\""]),
        ("copy vdb {default} --description=-x", &["copy {default} -d \"-x\""]),
        ("delete vdb {a}", &["delete {a}"]),
        ("delete vdb {a} --cleanup", &["delete {a}"]),
        ("delete vdb {ntldr} --force --no-cleanup", &["delete {ntldr} --force --no-cleanup"]),
        ("create vdb {ntldr}", &["create {ntldr}"]),
        ("create vdb -d PE --application OSLOADER", &["create --application osloader -d \"PE\""]),
        ("create vdb {a} --inherit", &["create {a} --inherit any"]),
        ("create vdb --inherit resume", &["create --inherit resume"]),
        ("create vdb {a} --device", &["create {a} --device"]),
    ] {
        assert_eq!(shown(line, None), expected, "{line}");
    }
    for line in ["unset vdb a b", "unset vdb {a}", "ems vdb {a}", "ems vdb on off"] {
        assert!(parsed(line).unwrap().job(false).is_err(), "{line}");
    }
    for line in [
        "timeout vdb soon",
        "emssettings vdb emsport:x",
        "emssettings vdb emsport",
        "delete vdb {a} --cleanup --no-cleanup",
        "create vdb --device --inherit",
        "create vdb --application x",
        "unset vdb",
        "timeout vdb",
    ] {
        assert!(parsed(line).is_err(), "{line}");
    }
    assert!(
        matches!(job("unset vdb x"), Job::Edit(it) if matches!(it[0], Request::Unset { if_there: false, .. }))
    );
}

#[test]
fn a_new_object_has_its_type() {
    for (kind, expected) in [
        (CreateKind::Application(Application::Osloader), 0x1020_0003),
        (CreateKind::Application(Application::Resume), 0x1020_0004),
        (CreateKind::Application(Application::Bootsector), 0x1040_0008),
        (CreateKind::Application(Application::Startup), 0x1040_0009),
        (CreateKind::Application(Application::Bootapp), 0x1020_000a),
        (CreateKind::Inherit(Inherit::Any), 0x2010_0000),
        (CreateKind::Inherit(Inherit::Osloader), 0x2020_0003),
        (CreateKind::Inherit(Inherit::Startup), 0x2020_0009),
        (CreateKind::Inherit(Inherit::Device), 0x2030_0000),
        (CreateKind::Device, 0x3000_0000),
    ] {
        assert_eq!(kind.object_type(), ObjectType(expected), "{kind}");
    }
}

#[test]
fn a_recipe_is_its_edits() {
    let (seven, eight) = (Some(Generation::Seven), Some(Generation::Eight));
    let shows_menu = ["set {bootmgr} displaybootmenu Yes", "set {bootmgr} timeout 5"];
    for (line, windows, expected) in [
        ("safe-mode vdb", None, &["set {current} safeboot Minimal"][..]),
        ("safe-mode vdb Network", None, &["set {current} safeboot Network"]),
        ("safe-mode vdb off", None, &["unset {current} safeboot", "unset {current} safebootalternateshell"]),
        (
            "auto-repair vdb off",
            None,
            &["set {current} recoveryenabled No", "set {current} bootstatuspolicy IgnoreAllFailures"],
        ),
        (
            "auto-repair vdb on",
            None,
            &["set {current} recoveryenabled Yes", "unset {current} bootstatuspolicy"],
        ),
        ("menu vdb 5", None, &shows_menu),
        ("menu vdb 5", seven, &shows_menu),
        ("menu vdb 5", eight, &[shows_menu[0], shows_menu[1], "set {current} bootmenupolicy Legacy"]),
        ("menu vdb off", seven, &["unset {bootmgr} displaybootmenu"]),
        (
            "menu vdb OFF",
            eight,
            &["unset {bootmgr} displaybootmenu", "set {current} bootmenupolicy Standard"],
        ),
        ("last-known-good vdb", None, &["set {current} lastknowngood Yes"]),
        ("last-known-good vdb off", None, &["unset {current} lastknowngood"]),
        (
            "serial-console vdb --port 2 --baud 9600",
            None,
            &[
                "set {current} ems Yes",
                "set {bootmgr} bootems Yes",
                "set {emssettings} emsport 2",
                "set {emssettings} emsbaudrate 9600",
                "set {bootmgr} displaybootmenu Yes",
                "set {bootmgr} timeout 10",
            ],
        ),
        (
            "serial-console vdb off",
            eight,
            &[
                "unset {current} ems",
                "unset {bootmgr} bootems",
                "unset {emssettings} emsport",
                "unset {emssettings} emsbaudrate",
                "unset {bootmgr} displaybootmenu",
            ],
        ),
    ] {
        assert_eq!(shown(line, windows), expected, "{line}");
        let Job::Recipe(recipe) = job(line) else { panic!("{line}") };
        let is_forgiving = |request: &Request| !matches!(request, Request::Unset { if_there: false, .. });
        assert!(recipe.requests(windows).iter().all(is_forgiving), "{line}");
    }
    let Job::Recipe(Recipe::SerialConsole { port: 1, baud: 115_200 }) = job("serial-console vdb") else {
        panic!()
    };
    for line in
        ["menu vdb soon", "menu vdb", "safe-mode vdb some", "auto-repair vdb", "serial-console vdb --port 0"]
    {
        assert!(parsed(line).is_err(), "{line}");
    }
}

/// A request that is shown can be typed: it is the same again.
#[test]
fn what_is_shown_is_taken() {
    let all = [
        "safe-mode vdb",
        "safe-mode vdb off",
        "auto-repair vdb off",
        "menu vdb 7",
        "serial-console vdb",
        "displayorder vdb {a} {b} --addlast",
        "delete vdb {a} --no-cleanup",
        "create vdb {a} --inherit",
    ];
    for request in all.iter().flat_map(|line| shown(line, Some(Generation::Ten))) {
        let (command, rest) = request.split_once(' ').unwrap();
        assert_eq!(shown(&format!("{command} vdb {rest}"), None), [request.as_str()]);
    }
}

#[test]
fn one_of_several_stores_is_named() {
    let path = |word: &str| {
        parsed(&format!("enum --store-path {word} vdb")).map(|args| args.place().store_path.clone())
    };
    let store = |partition, path: &str| Some(StorePath { partition, path: path.to_owned() });
    assert_eq!(path(r"\Boot\BCD").unwrap(), store(None, r"\Boot\BCD"));
    assert_eq!(path("1:/EFI/Microsoft/Boot/BCD").unwrap(), store(Some(1), r"\EFI\Microsoft\Boot\BCD"));
    assert_eq!(path(r"2:Boot\BCD").unwrap(), store(Some(2), r"\Boot\BCD"));
    assert!(path("C:/Boot/BCD").is_err() && path("1:").is_err());
    let args = parsed("safe-mode vdb --entry {ca73fe21-fc0c-11de-8f38-8e2c5384be89} -o new.bcd").unwrap();
    assert!(args.place().entry.is_some() && args.edit().is_some_and(|edit| edit.output.is_some()));
}

#[test]
fn the_help_names_every_command() {
    let mut program = Cli::command();
    program.build();
    let bcd = program.find_subcommand("bcd").unwrap();
    let mut names: Vec<&str> = bcd.get_subcommands().map(clap::Command::get_name).collect();
    let groups = help::GROUPS.lines().filter(|line| line.starts_with("  "));
    let groups = groups.map(|line| line.trim().split_once("   ").map_or(line, |(_, names)| names));
    let mut named: Vec<&str> = groups.flat_map(|names| names.split(',').map(str::trim)).collect();
    names.sort_unstable();
    named.sort_unstable();
    assert_eq!(named, names);
    assert!(help::GROUPS_AND_EXAMPLES.starts_with(help::GROUPS));
}

#[test]
fn what_is_made_has_the_type_of_its_word() {
    for (words, expected) in [
        ("--application OSLOADER", 0x1020_0003),
        ("--application resume", 0x1020_0004),
        ("--application bootsector", 0x1040_0008),
        ("--application startup", 0x1040_0009),
        ("--application bootapp", 0x1020_000a),
        ("--inherit fwbootmgr", 0x2020_0001),
        ("--inherit osloader", 0x2020_0003),
        ("--inherit DEVICE", 0x2030_0000),
        ("--device", 0x3000_0000),
    ] {
        let Job::Edit(requests) = job(&format!("create vdb {words}")) else { panic!("{words}") };
        let [Request::Create { kind: Some(kind), .. }] = requests.as_slice() else { panic!("{requests:?}") };
        assert_eq!(kind.object_type(), ObjectType(expected), "{words}");
    }
}
