//! The files that a qcow2 image names, and which of them may be opened.
//!
//! The names stand in the image, and an image comes from a guest. A raw disk whose guest wrote a qcow2 header into its
//! first sector would be taken for qcow2 and could name any file of the host as its backing file; this program runs as
//! root. So a named file is opened only when it lies in the directory of the image that names it, or when the user
//! listed it; links are resolved before that is decided.

use std::path::Path;
use std::path::PathBuf;

use crate::error::way_out::ImageCure;
use crate::error::way_out::WayOut;
use crate::storage::StorageError;
use crate::storage::file::directory_of;

/// The file that `name`, written in `image`, means, if it may be opened. `listed` are the files that the user trusts.
///
/// # Errors
/// [`StorageError::Unsupported`] for what is no file or lies elsewhere; [`StorageError::Io`] when it is missing.
pub(crate) fn resolve(
    name: &str,
    image: &Path,
    role: &str,
    listed: &[PathBuf],
) -> Result<PathBuf, StorageError> {
    let name = name.strip_prefix("file:").unwrap_or(name);
    // As QEMU has it: a colon before the first slash makes a protocol of what stands before it.
    if name.split('/').next().is_some_and(|first| first.contains(':')) {
        let what = format!("its {role} {name:?} is not a file");
        return Err(StorageError::unsupported(what, ImageCure::Flatten));
    }
    let directory = image.parent().unwrap_or_else(|| Path::new(""));
    let named = directory.join(name);
    let real = named.canonicalize().map_err(|error| {
        let named = named.display().to_string();
        StorageError::io(format!("cannot find its {role} {}", named.escape_debug()), error)
    })?;
    let own = [real_directory(image), image.canonicalize().ok().as_deref().and_then(real_directory)];
    let beside = own.iter().flatten().any(|own| real.parent() == Some(own));
    let mut listed = listed.iter().filter_map(|path| path.canonicalize().ok());
    // Beside an image on a block device lie the host's own disks: those need leave wherever they are.
    let file = real.is_file();
    if (beside && file) || listed.any(|listed| listed == real) {
        return Ok(real);
    }
    let why = if file { "is in another directory" } else { "is not a regular file" };
    let what = format!("its {role} {} {why}", real.display());
    Err(StorageError::unsupported(what, WayOut::AllowBacking(real)))
}

/// The resolved directory of `path`.
fn real_directory(path: &Path) -> Option<PathBuf> {
    directory_of(path).canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use crate::error::way_out::ImageCure;
    use crate::error::way_out::WayOut;
    use crate::storage::open::OpenOptions;
    use crate::storage::open::open;
    use crate::storage::open::open_mut;
    use crate::storage::qcow2::chain::tests::qemu_img;
    use crate::storage::qcow2::chain::tests::two_directories;

    #[test]
    fn a_backing_file_elsewhere_needs_leave() {
        let (_root, here, there) = two_directories();
        std::os::unix::fs::symlink("../there/base", here.join("link")).unwrap();
        let elsewhere = there.join("base");
        for name in ["../there/base", elsewhere.to_str().unwrap(), "link"] {
            qemu_img(&here, &format!("create -q -f qcow2 -b {name} -F raw image"));
            let image = here.join("image");
            let expected = format!(
                "{}: its backing file {1} is in another directory",
                image.display(),
                elsewhere.display()
            );
            let expected = (expected, Some(WayOut::AllowBacking(elsewhere.clone())));
            let mut options = OpenOptions::default();
            assert_eq!(open(&image, &options).err().unwrap().told(), expected);
            assert_eq!(open_mut(&image, &options).err().unwrap().told(), expected);
            options.allow_backing = vec![here.join("link")];
            assert_eq!(open(&image, &options).unwrap().storage.read_vec(7, 1).unwrap(), [0x5a]);
        }
    }

    #[test]
    fn names_that_are_no_files_beside_the_image_are_refused() {
        let (_root, here, _) = two_directories();
        let image = here.join("image");
        let flatten = || Some(ImageCure::Flatten.into());
        let table = [
            ("nbd://host/disk", "its backing file \"nbd://host/disk\" is not a file".to_owned(), flatten()),
            ("json:{}", "its backing file \"json:{}\" is not a file".to_owned(), flatten()),
            (
                "absent",
                format!(
                    "cannot find its backing file {}: No such file or directory (os error 2)",
                    here.join("absent").display()
                ),
                None,
            ),
        ];
        for (name, expected, way_out) in table {
            qemu_img(&here, &format!("create -q -u -f qcow2 -b {name} -F raw image 1M"));
            let error = open(&image, &OpenOptions::default()).err().unwrap();
            assert_eq!(error.told(), (format!("{}: {expected}", image.display()), way_out));
        }
        qemu_img(&here, "create -q -u -f qcow2 -b base -F vmdk image 1M");
        let error = open(&image, &OpenOptions::default()).err().unwrap();
        let expected = format!("{}: backing file base has the format vmdk", image.display());
        assert_eq!(error.told(), (expected, flatten()));
        qemu_img(&here, "create -q -u -f qcow2 -b . -F raw image 1M");
        let error = open(&image, &OpenOptions::default()).err().unwrap();
        assert!(error.to_string().contains("is not a regular file"), "{error}");
    }

    #[test]
    fn a_data_file_elsewhere_needs_leave() {
        let (_root, here, there) = two_directories();
        qemu_img(&here, &format!("create -q -f qcow2 -o data_file={}/data image 1M", there.display()));
        let image = here.join("image");
        let data = there.join("data");
        let expected =
            format!("{}: its data file {1} is in another directory", image.display(), data.display());
        let expected = (expected, Some(WayOut::AllowBacking(data.clone())));
        let mut options = OpenOptions::default();
        assert_eq!(open(&image, &options).err().unwrap().told(), expected);
        assert_eq!(open_mut(&image, &options).err().unwrap().told(), expected);
        options.allow_backing = vec![data];
        open_mut(&image, &options).unwrap().write_at(0x1b8, &[1; 4]).unwrap();
        assert_eq!(open(&image, &options).unwrap().storage.read_vec(0x1b8, 4).unwrap(), [1; 4]);
    }
}
