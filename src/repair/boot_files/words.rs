//! What a file begins with, in words.

use crate::layout::boot_file::Content;

/// What a file is, in words.
pub(super) fn words(content: Content) -> String {
    match content {
        Content::Empty => "a file of 0 bytes".to_owned(),
        Content::Zeros => "zeros".to_owned(),
        Content::Cut { wants } => format!("a program that is cut: it has at least {wants} bytes when whole"),
        Content::Program(machine) => format!("a program for {machine}"),
        Content::RealMode { wants } => format!("code for 16 bits of at least {wants} bytes"),
        Content::Unclear => "a program for MS-DOS".to_owned(),
        Content::NoProgram => "no program".to_owned(),
    }
}
