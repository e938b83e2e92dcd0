//! `bcdrescue-make-image`, of the project's other package: cargo names to tests only the programs of their own.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

/// The program, beside the first and as its sources are now: cargo builds it where it is missing or older.
pub(crate) fn make_image() -> &'static str {
    static PROGRAM: LazyLock<String> = LazyLock::new(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
        let program = Path::new(env!("CARGO_BIN_EXE_bcdrescue")).with_file_name("bcdrescue-make-image");
        let folder = program.parent().and_then(Path::file_name).expect("the profile's folder");
        let profile = if folder == "debug" { "dev".as_ref() } else { folder };
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--package", "bcdrescue-make-image", "--lib", "--bins"])
            .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "--target-dir"])
            .arg(target)
            .arg("--profile")
            .arg(profile)
            .output()
            .expect("cargo");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        assert!(program.exists(), "{} is not where cargo builds", program.display());
        program.to_str().expect("UTF-8").to_owned()
    });
    &PROGRAM
}
