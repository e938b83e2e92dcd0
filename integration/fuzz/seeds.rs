//! Writes what each target begins with: `seeds FOLDER [FOLDER OF REAL STORES]`.

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(std::path::PathBuf::from);
    let folder = arguments.next().expect("a folder for the seeds");
    bcdrescue_fuzz::targets::seeds::write(&folder, arguments.next().as_deref())
}
